/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "doc.h"

#define OWN_INTERFACE	  "org.viaduct."
#define DEFAULT_SOCKET(c) ((c)->opt.socket ? (c)->opt.socket : VIADUCT_SOCKET_DEFAULT)

/* The document of a failure under --json: whoever reads the output needs not read the errors. */
static void print_error_document(
	int code, const char *name, const char *reason, json_object *parameters)
{
	json_object *doc = json_object_new_object(), *e = json_object_new_object();

	via_json_add_int(e, "exit", code);
	via_json_add_str(e, "name", name);
	if (code >= 10) {
		for (int i = 1; i < VIA_REFUSAL_COUNT; i++)
			if (via_refusal_exit((enum via_refusal)i) == code)
				via_json_add_str(e, "code", via_refusal_code((enum via_refusal)i));
	}
	via_json_add_str(e, "reason", reason);
	if (parameters)
		json_object_object_add(e, "parameters", json_object_get(parameters));
	json_object_object_add(doc, "error", e);
	(void)cli_print_json_line(doc);
	json_object_put(doc);
}

int cli_fail(const struct cli *c, int code, const char *fmt, ...)
{
	char reason[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "viaduct: %s\n", reason);
	if (c->opt.json)
		print_error_document(code, NULL, reason, NULL);
	return code;
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	fputs("viaduct: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nviaduct: see viaduct %s%s--help\n", c->command ? c->command->name : "",
		c->command ? " " : "");
	return CLI_USAGE;
}

int cli_fail_connection(const struct cli *c, int error)
{
	const char *socket = DEFAULT_SOCKET(c);

	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return cli_fail(c, CLI_UNREACHABLE,
			"viaductd is not running: nothing listens on %s; start it with "
			"\"systemctl start viaductd\"",
			socket);
	case EACCES:
	case EPERM:
		return cli_fail(c, via_refusal_exit(VIA_REFUSED_PERMISSION),
			"no permission to connect to %s: reading is for root and the group "
			"viaduct, "
			"changing for root and the group viaduct-admin; join one with "
			"\"usermod -aG viaduct USER\" and log in again",
			socket);
	case ETIMEDOUT:
		return cli_fail(c, CLI_UNREACHABLE,
			"viaductd did not answer on %s within %u s; see \"journalctl -u "
			"viaductd\", or "
			"wait longer with --timeout",
			socket, (c->timeout_ms + 999) / 1000);
	case ECONNRESET:
		return cli_fail(c, CLI_UNREACHABLE,
			"viaductd went away before it had answered; see \"journalctl -u "
			"viaductd\"%s",
			c->command && c->command->changes ? ". What it had begun stands in its "
							    "journal and is settled when it "
							    "starts again: see \"viaduct status\""
							  : "");
	case EPROTO:
	case EMSGSIZE:
		return cli_fail(c, CLI_FAILED,
			"what answers on %s does not speak viaductd's protocol; is this its "
			"socket?",
			socket);
	}
	return cli_fail(
		c, CLI_FAILED, "cannot talk to viaductd on %s: %s", socket, strerror(-error));
}

/* Errors of varlink itself (the interface org.varlink.service). */
static const struct {
	const char *name, *key, *text;
} protocol_errors[] = {
	{"org.varlink.service.MethodNotFound", "method",
		"viaductd does not know the method \"%s\"; it is of another version than this "
		"viaduct"},
	{"org.varlink.service.InterfaceNotFound", "interface",
		"what answers has no interface \"%s\"; is this viaductd's socket?"},
	{"org.varlink.service.MethodNotImplemented", "method",
		"viaductd does not implement the method \"%s\""},
	{"org.varlink.service.InvalidParameter", "parameter",
		"viaductd does not take the parameter \"%s\""},
	{"org.varlink.service.PermissionDenied", "", "viaductd does not permit this%s"},
	{"org.varlink.service.ExpectedMore", "", "viaductd answers this only with `more`%s"},
};

static void protocol_sentence(struct via_strbuf *b, const char *name, json_object *parameters)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(protocol_errors); i++) {
		const char *format = protocol_errors[i].text, *mark = strstr(format, "%s");
		const char *value = doc_text(parameters, protocol_errors[i].key);

		if (strcmp(protocol_errors[i].name, name))
			continue;
		via_strbuf_add(b, format, (size_t)(mark - format));
		via_strbuf_adds(b, value ? value : "");
		via_strbuf_adds(b, mark + 2);
		return;
	}
	via_strbuf_addf(b, "viaductd answered with the error %s", name);
}

static void reply_sentence(
	struct via_strbuf *b, const char *name, enum via_refusal refusal, json_object *parameters)
{
	const char *reason = doc_text(parameters, "reason"), *error = doc_text(parameters, "errno");

	if (reason && *reason)
		via_strbuf_adds(b, reason);
	else if (refusal && !strncmp(name, OWN_INTERFACE, strlen(OWN_INTERFACE)))
		via_strbuf_adds(b, via_refusal_text(refusal));
	else
		protocol_sentence(b, name, parameters);
	if (error && !strstr(via_strbuf_str(b), error))
		via_strbuf_addf(b, " (%s)", error);
}

static enum via_refusal refusal_of(const char *name)
{
	size_t n = strlen(OWN_INTERFACE);

	if (!strcmp(name, "org.varlink.service.PermissionDenied"))
		return VIA_REFUSED_PERMISSION;
	if (!strcmp(name, "org.varlink.service.InvalidParameter"))
		return VIA_REFUSED_INVALID;
	return strncmp(name, OWN_INTERFACE, n) ? VIA_REFUSAL_NONE
					       : via_refusal_from_varlink(name + n);
}

int cli_fail_reply(const struct cli *c, const char *name, json_object *parameters)
{
	enum via_refusal refusal = refusal_of(name);
	via_autostrbuf b = VIA_STRBUF_INIT;
	json_object *problems;
	int code = refusal ? via_refusal_exit(refusal) : CLI_FAILED;

	if (c->opt.json)
		print_error_document(code, name, doc_text(parameters, "reason"), parameters);
	doc_clean(parameters);
	reply_sentence(&b, name, refusal, parameters);
	fflush(stdout);
	fprintf(stderr, "viaduct: %s\n", via_strbuf_str(&b));
	problems = doc_array(parameters, "problems");
	for (size_t i = 0; i < doc_length(problems); i++) {
		const char *text = doc_word_at(problems, i);

		if (text && strcmp(text, via_strbuf_str(&b)))
			fprintf(stderr, "  %s\n", text);
	}
	return code;
}
