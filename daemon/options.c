/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	OPT_STATE_DIR = 256,
	OPT_SOCKET,
	OPT_LIBVIRT,
	OPT_FOREGROUND,
	OPT_CHECK,
	OPT_PRINT,
	OPT_JSON,
	OPT_DEBUG
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"libvirt", required_argument, NULL, OPT_LIBVIRT},
	{"foreground", no_argument, NULL, OPT_FOREGROUND},
	{"check-config", optional_argument, NULL, OPT_CHECK},
	{"print", required_argument, NULL, OPT_PRINT},
	{"json", no_argument, NULL, OPT_JSON},
	{"debug", no_argument, NULL, OPT_DEBUG},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

#define LIBVIRT_URI "qemu:///system"

static const char help[] =
	"Usage: viaductd [OPTION]...\n"
	"Manage the SR-IOV virtual functions and passthrough devices of this host.\n"
	"\n"
	"  -c, --config PATH      configuration: a directory (viaduct.json, conf.d/*.json in it) "
	"or a\n"
	"                         file (" VIADUCT_SYSCONFDIR ")\n"
	"      --state-dir DIR    journal, bound devices, baselines (" VIADUCT_STATEDIR ")\n"
	"      --socket PATH      where to listen, unless systemd hands a socket over\n"
	"                         (" VIADUCT_SOCKET ")\n"
	"      --libvirt URI      whose domains hold what (" LIBVIRT_URI
	"); none: no libvirt here\n"
	"      --foreground       stay in the foreground (always so)\n"
	"      --debug            log more\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n"
	"\n"
	"Without a daemon:\n"
	"      --check-config [PATH]  tell every problem of a configuration, FILE:LINE: POINTER: "
	"what;\n"
	"                         exit status 1 if there is one\n"
	"      --print WHAT       print as JSON: inventory, plan (of the configuration) or check\n"
	"      --json             --check-config: as JSON\n"
	"\n"
	"SIGHUP reads the configuration again, SIGTERM ends after the running steps.\n"
	"Exit status: 1 failed, 2 wrong command line, 75 another viaductd has the state "
	"directory,\n"
	"78 a state file is damaged: viaductd(8) tells how to recover.\n";

static int usage(const char *what, const char *arg)
{
	fprintf(stderr, "viaductd: %s%s; see viaductd --help\n", what, arg ? arg : "");
	return 2;
}

static bool is_printable(const char *what)
{
	return !strcmp(what, "inventory") || !strcmp(what, "plan") || !strcmp(what, "check");
}

/* As via_options_parse for one option; -1: unknown. */
static int take(int c, const char *arg, struct via_options *o)
{
	switch (c) {
	case 'c':
		o->config = arg;
		return 0;
	case OPT_STATE_DIR:
		o->state_dir = arg;
		return 0;
	case OPT_SOCKET:
		o->socket = arg;
		return 0;
	case OPT_LIBVIRT:
		o->libvirt = strcmp(arg, "none") ? arg : NULL;
		return 0;
	case OPT_CHECK:
		o->mode = VIA_MODE_CHECK_CONFIG;
		o->check = arg;
		return 0;
	case OPT_PRINT:
		o->mode = VIA_MODE_PRINT;
		o->print = arg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_DEBUG:
		o->debug = true;
		return 0;
	case OPT_FOREGROUND:
		return 0;
	case 'h':
		fputs(help, stdout);
		return 1;
	case 'V':
		puts("viaductd " VIADUCT_VERSION);
		return 1;
	}
	return usage("unknown option", NULL);
}

int via_options_parse(int argc, char **argv, struct via_options *ret)
{
	struct via_options o = {
		.config = VIADUCT_SYSCONFDIR,
		.state_dir = VIADUCT_STATEDIR,
		.socket = VIADUCT_SOCKET,
		.libvirt = LIBVIRT_URI,
	};
	int c, r;

	while ((c = getopt_long(argc, argv, "c:hV", long_options, NULL)) >= 0) {
		r = take(c, optarg, &o);
		if (r)
			return r;
	}
	/* getopt takes an optional argument only after '='; a path behind a blank is meant as well.
	 */
	if (o.mode == VIA_MODE_CHECK_CONFIG && !o.check && optind < argc)
		o.check = argv[optind++];
	if (optind < argc)
		return usage("unexpected argument ", argv[optind]);
	if (o.mode == VIA_MODE_PRINT && !is_printable(o.print))
		return usage("--print knows inventory, plan and check, not ", o.print);
	*ret = o;
	return 0;
}
