/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static const char *const severity_names[] = {"ok", "info", "warning", "error"};

void via_check_add(json_object *list, const char *id, enum via_severity severity,
	const char *subject, const char *fix, const char *fmt, ...)
{
	json_object *o = json_object_new_object();
	char msg[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	via_json_add_str(o, "id", id);
	via_json_add_str(o, "severity", severity_names[severity]);
	via_json_add_str(o, "subject", subject);
	via_json_add_str(o, "message", msg);
	via_json_add_str(o, "fix", fix);
	json_object_array_add(list, o);
}

bool via_check_cmdline(const struct via_inventory *inv, const char *word)
{
	const char *p = inv->host.cmdline;
	size_t n = strlen(word);

	while (p && (p = strstr(p, word))) {
		bool begins = p == inv->host.cmdline || p[-1] == ' ';
		char after = p[n];

		if (begins &&
			(word[n - 1] == '=' || after == '\0' || after == ' ' || after == '\n'))
			return true;
		p += n;
	}
	return false;
}

json_object *via_check(const struct via_check_input *in)
{
	json_object *list = json_object_new_array();

	via_check_host(in, list);
	via_check_devices(in, list);
	via_check_software(in, list);
	return list;
}
