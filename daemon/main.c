/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "offline.h"
#include "options.h"
#include "virt_module.h"
#include "virt.h"

/* sysexits(3), which systemd shows by name. */
#define EXIT_BUSY  75 /* EX_TEMPFAIL: another daemon */
#define EXIT_STATE 78 /* EX_CONFIG: state that must be looked at by a person */

/* Beside the program where it was built, else where it was installed. */
static struct via_virt *make_virt(const char *uri)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(VIA_VIRT_MODULE));
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;

	if (slash)
		strcpy(slash + 1, VIA_VIRT_MODULE);
	if (!slash || access(path, R_OK) < 0)
		snprintf(path, sizeof(path), "%s/%s", VIADUCT_MODULEDIR, VIA_VIRT_MODULE);
	return via_virt_module_create(uri, VIA_LIBVIRT_RUNDIR, path);
}

static int run(struct via_kernel *k, const struct via_options *o)
{
	struct via_daemon_options opt;
	struct via_daemon *d = NULL;
	struct via_err err = {0};
	int r;

	via_daemon_options_init(&opt);
	opt.kernel = k;
	opt.config = o->config;
	opt.state_dir = o->state_dir;
	opt.socket = o->socket;
	opt.virt_uri = o->libvirt;
	if (o->libvirt && !(opt.virt = make_virt(o->libvirt))) {
		via_log(LOG_CRIT, "out of memory");
		via_kernel_destroy(k);
		return 1;
	}
	r = via_daemon_create(&opt, &d, &err);
	if (r) {
		via_log(LOG_CRIT, "%s", err.msg);
		return r == VIA_REFUSED_BUSY ? EXIT_BUSY : r == -EUCLEAN ? EXIT_STATE : 1;
	}
	r = via_daemon_run(d);
	if (r < 0)
		via_log(LOG_CRIT, "the event loop failed: %s", strerror(-r));
	if (!via_daemon_destroy(d))
		_exit(r < 0);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct via_options o = {0};
	struct via_kernel *k = NULL;
	struct via_err err = {0};
	int r = via_options_parse(argc, argv, &o);

	if (r)
		return r == 1 ? 0 : r;
	/* Scans come and go on several threads: one arena, so that what they free can be given
	 * back. */
	mallopt(M_ARENA_MAX, 1);
	via_log_open(o.debug);
	if (o.mode == VIA_MODE_CHECK_CONFIG)
		return via_offline_check_config(o.check ? o.check : o.config, o.json);
	if (via_kernel_linux_create(-1, &k, &err)) {
		via_log(LOG_CRIT, "%s", err.msg);
		return 1;
	}
	if (o.mode == VIA_MODE_PRINT) {
		r = via_offline_print(k, &o);
		via_kernel_destroy(k);
		return r;
	}
	return run(k, &o);
}
