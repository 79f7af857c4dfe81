/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden [--update] HOSTS GOLDEN [NAME…]: for each HOSTS/NAME.host the inventory as JSON, compared
 * with GOLDEN/NAME.inventory.json; for each GOLDEN/NAME[.VARIANT].viaduct.json the plan that this
 * configuration gives on that host, compared with GOLDEN/NAME[.VARIANT].plan.json; where there is
 * no plan but a refusal, with GOLDEN/NAME[.VARIANT].refusal.json. A line of the configuration that
 * begins with "// $ viaduct" is the command the plan is made for:
 *   plan [--recreate] [--disturb ADDRESS]…   bind ADDRESS [--driver D] [--disturb ADDRESS]…
 *   unbind ADDRESS                           (without such a line: plan)
 * Also that an update of the inventory, whatever changed, equals reading all anew.
 * With VIADUCT_DOCS set, every inventory and plan goes into that folder as well.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "fake/fake.h"
#include "kernel/bind.h"
#include "kernel/scan.h"
#include "model/codec.h"
#include "model/plan.h"

#define MAX_SIZE (16 * 1024 * 1024)

/* Names come from the machine's pci.ids, which grows. */
static const struct via_scan_options options = {.no_names = true};

struct run {
	const char *hosts, *golden, *docs;
	bool update;
	unsigned int passed, failed;
};

static void result(struct run *run, const char *name, bool ok)
{
	printf("%s %s\n", ok ? "ok  " : "FAIL", name);
	run->passed += ok;
	run->failed += !ok;
}

static char *text_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Fresh memory; the caller frees. */
static char *text_of(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

/* --- one document --- */

static void show_difference(const char *want, const char *got)
{
	unsigned int line = 1;

	while (*want && *want == *got) {
		line += *want == '\n';
		want++, got++;
	}
	printf("  line %u differs; wanted: %.*s\n", line, (int)strcspn(want, "\n"), want);
	printf("  line %u differs;    got: %.*s\n", line, (int)strcspn(got, "\n"), got);
}

static void write_file(const char *dir, const char *name, const struct via_strbuf *text)
{
	via_autofree char *path = text_of("%s/%s", dir, name);
	struct via_err err;

	if (via_file_replace(AT_FDCWD, path, text->s, text->len, 0644, &err) < 0)
		printf("  %s\n", err.msg);
}

/* kind: "inventory", "plan", "refusal" */
static void compare(struct run *run, const char *name, const char *kind, json_object *o)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	via_autofree char *file = text_of("%s.%s.json", name, kind);
	via_autofree char *path = text_of("%s/%s", run->golden, file);
	via_autostrbuf got = VIA_STRBUF_INIT;
	via_autofree char *want = NULL;
	size_t len;

	via_strbuf_addf(&got, "%s\n", json_object_to_json_string_ext(o, flags));
	/* Of a refusal there is no schema: it is the runner's own document. */
	if (run->docs && strcmp(kind, "refusal") != 0)
		write_file(run->docs, file, &got);
	if (run->update)
		write_file(run->golden, file, &got);
	if (via_file_read(AT_FDCWD, path, MAX_SIZE, &want, &len, NULL) < 0)
		printf("  %s: there is none; --update writes it\n", path);
	else if (strcmp(want, got.s))
		show_difference(want, got.s);
	result(run, file, want && !strcmp(want, got.s));
}

/* What differs from run to run and says nothing about the host. */
static json_object *codec(const struct via_inventory *inv)
{
	json_object *o = via_codec_inventory(inv);

	if (!o)
		abort();
	json_object_object_add(o, "generation", json_object_new_int(1));
	return o;
}

/* --- updates --- */

/* Each function in turn as the changed one; all of them for a small host, some of a large one. */
static bool check_updates(struct via_kernel *k, const struct via_inventory *inv)
{
	via_autojson *want = codec(inv);
	size_t step = inv->n_devices / 24 + 1;

	for (size_t i = 0; i < inv->n_devices; i += step) {
		via_autoinventory *now = NULL;
		via_autojson *got = NULL;
		struct via_err err = {0};

		if (via_scan_update(k, &options, inv, &inv->devices[i].addr, 1, &now, &err)) {
			printf("  update of %s: %s\n", via_addr_fmt(inv->devices[i].addr), err.msg);
			return false;
		}
		got = codec(now);
		if (!json_object_equal(want, got)) {
			printf("  update of %s:\n", via_addr_fmt(inv->devices[i].addr));
			show_difference(
				json_object_to_json_string_ext(want, JSON_C_TO_STRING_PRETTY),
				json_object_to_json_string_ext(got, JSON_C_TO_STRING_PRETTY));
			return false;
		}
	}
	return true;
}

/* --- plans --- */

static int driver_for(const struct via_device *d, enum via_driver_choice choice, char *buf,
	size_t size, void *user)
{
	return via_driver_for(user, d, choice, buf, size);
}

#define COMMAND	  "// $ viaduct "
#define MAX_WORDS 16

/* The command in a configuration's comment. Its words point into the text. */
struct command {
	char *verb, *driver;
	struct via_addr target, disturb[MAX_WORDS];
	struct via_plan_options opt;
};

static int read_addr(const char *word, struct via_addr *ret, struct via_err *err)
{
	if (word && via_addr_parse(word, ret) == 0)
		return 0;
	return via_err_set(err, -EINVAL, "\"%s\" is no address", word ? word : "");
}

static int read_word(struct command *c, const char *word, char **rest, struct via_err *err)
{
	if (!strcmp(word, "--recreate")) {
		c->opt.recreate = true;
		return 0;
	}
	if (!strcmp(word, "--driver")) {
		c->driver = strtok_r(NULL, " ", rest);
		return c->driver ? 0 : via_err_set(err, -EINVAL, "--driver names none");
	}
	if (!strcmp(word, "--disturb") && c->opt.n_disturb < MAX_WORDS)
		return read_addr(strtok_r(NULL, " ", rest), &c->disturb[c->opt.n_disturb++], err);
	return read_addr(word, &c->target, err);
}

/* line: the command's words up to the end of the line; NULL for none. */
static int read_command(struct command *c, char *line, struct via_err *err)
{
	static char plan[] = "plan";
	char *rest = NULL, *word;
	int r = 0;

	c->verb = line ? strtok_r(line, " ", &rest) : plan;
	while (line && r == 0 && (word = strtok_r(NULL, " ", &rest)))
		r = read_word(c, word, &rest, err);
	c->opt.disturb = c->disturb;
	return r;
}

static int run_command(const struct command *c, const struct via_inventory *inv,
	const struct via_config *config, struct via_plan **ret, struct via_err *err)
{
	if (!strcmp(c->verb, "bind"))
		return via_plan_bind(inv, c->target, c->driver, &c->opt, ret, err);
	if (!strcmp(c->verb, "unbind"))
		return via_plan_unbind(inv, c->target, c->driver, &c->opt, ret, err);
	if (!strcmp(c->verb, "plan"))
		return via_plan_make(inv, config, &c->opt, ret, err);
	return via_err_set(err, -EINVAL, "\"%s\" is no command of this runner", c->verb);
}

/* 0, or what via_plan_make and its kin return; *ret then holds nothing. */
static int make_plan(struct via_kernel *k, const struct via_inventory *inv, const char *path,
	const char *file, json_object **ret, struct via_err *err)
{
	struct command c = {.opt = {.driver_for = driver_for, .user = k}};
	struct via_config_source src = {.name = file};
	struct via_config *config = NULL;
	struct via_plan *plan = NULL;
	via_autofree char *text = NULL, *line = NULL;
	const char *at;
	int r = via_file_read(AT_FDCWD, path, MAX_SIZE, &text, &src.len, err);

	if (r < 0)
		return r;
	src.text = text;
	at = strstr(text, COMMAND);
	if (at)
		line = strndup(at + strlen(COMMAND), strcspn(at + strlen(COMMAND), "\n"));
	/* A configuration that is wrong is a mistake here, no refusal to be compared. */
	if (via_config_parse(&src, 1, &config, NULL, err))
		return -EINVAL;
	r = read_command(&c, line, err);
	if (r == 0)
		r = run_command(&c, inv, config, &plan, err);
	if (r == 0)
		*ret = via_codec_plan(plan);
	via_plan_destroy(plan);
	via_config_destroy(config);
	return r;
}

static json_object *refusal(int code, const struct via_err *err)
{
	json_object *o = json_object_new_object();

	json_object_object_add(
		o, "code", json_object_new_string(via_refusal_code((enum via_refusal)code)));
	json_object_object_add(o, "message", json_object_new_string(err->msg));
	return o;
}

/* NAME.viaduct.json or NAME.VARIANT.viaduct.json */
static bool is_config_of(const char *file, const char *name, size_t *len)
{
	static const char suffix[] = ".viaduct.json";
	size_t n = strlen(file), tail = sizeof(suffix) - 1, head = strlen(name);

	if (n < tail || strcmp(file + n - tail, suffix) || strncmp(file, name, head) ||
		file[head] != '.')
		return false;
	*len = n - tail;
	return true;
}

static void check_plan(struct run *run, struct via_kernel *k, const struct via_inventory *inv,
	const char *file, const char *title)
{
	via_autofree char *path = text_of("%s/%s", run->golden, file);
	via_autojson *o = NULL;
	struct via_err err = {0};
	int r = make_plan(k, inv, path, file, &o, &err);

	if (o) {
		json_object_object_add(o, "inventory_generation", json_object_new_int(1));
		compare(run, title, "plan", o);
	} else if (r > 0) {
		o = refusal(r, &err);
		compare(run, title, "refusal", o);
	} else {
		printf("  %s: %s\n", file, err.msg);
		result(run, title, false);
	}
}

static void check_plans(
	struct run *run, struct via_kernel *k, const struct via_inventory *inv, const char *name)
{
	struct dirent **files = NULL;
	int n = scandir(run->golden, &files, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		size_t len;

		if (is_config_of(files[i]->d_name, name, &len)) {
			via_autofree char *title = strndup(files[i]->d_name, len);

			check_plan(run, k, inv, files[i]->d_name, title);
		}
		free(files[i]);
	}
	free(files);
}

/* --- one host --- */

/* The lines of a distribution's modules.alias that plans need; a captured host has none. */
static void add_aliases(struct via_fake *f)
{
	via_fake_add_alias(f, "pci:v00008086d000010CAsv*sd*bc*sc*i*", "igbvf");
	via_fake_add_alias(f, "pci:v00008086d00001889sv*sd*bc*sc*i*", "iavf");
	via_fake_add_alias(f, "pci:v000015B3d00001004sv*sd*bc*sc*i*", "mlx4_core");
	via_fake_add_alias(f, "pci:v000015B3d00001018sv*sd*bc*sc*i*", "mlx5_core");
}

static void check_host(struct run *run, const char *name)
{
	struct via_fake *f = via_fake_create();
	struct via_kernel *k = via_fake_kernel(f);
	via_autoinventory *inv = NULL;
	struct via_err err = {0};
	via_autofree char *path = text_of("%s/%s.host", run->hosts, name);
	via_autofree char *update = text_of("%s: an update equals a scan", name);

	add_aliases(f);
	if (via_fake_load_path(f, path, &err) || via_scan(k, &options, &inv, &err)) {
		printf("  %s: %s\n", path, err.msg);
		result(run, name, false);
	} else {
		via_autojson *o = codec(inv);

		compare(run, name, "inventory", o);
		result(run, update, check_updates(k, inv));
		check_plans(run, k, inv, name);
	}
	via_kernel_destroy(k);
}

static bool is_wanted(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return n == 0;
}

static void check_all(struct run *run, char **names, int n_names)
{
	struct dirent **files = NULL;
	int n = scandir(run->hosts, &files, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *name = files[i]->d_name, *dot = strrchr(name, '.');

		if (dot && !strcmp(dot, ".host")) {
			*dot = '\0';
			if (is_wanted(name, names, n_names))
				check_host(run, name);
		}
		free(files[i]);
	}
	free(files);
}

int main(int argc, char **argv)
{
	struct run run = {.docs = getenv("VIADUCT_DOCS")};
	int at = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (at < argc && !strcmp(argv[at], "--update"))
		run.update = ++at;
	if (argc - at < 2) {
		fprintf(stderr, "usage: golden [--update] HOSTS GOLDEN [NAME…]\n");
		return 2;
	}
	run.hosts = argv[at];
	run.golden = argv[at + 1];
	check_all(&run, argv + at + 2, argc - at - 2);
	if (run.passed + run.failed == 0)
		result(&run, "hosts: there is none of that name", false);
	printf("golden: %u passed, %u failed, 0 skipped\n", run.passed, run.failed);
	return run.failed ? 1 : 0;
}
