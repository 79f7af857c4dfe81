/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doc.h"
#include "print.h"

extern char **environ;

static int config_show(struct cli *c)
{
	via_autojson *config = NULL;
	int r = cli_call(c, CLI_READS, "GetConfig", NULL, "config", &config);
	int flags = c->opt.json && !c->tty ? JSON_C_TO_STRING_PLAIN
					   : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;

	if (r)
		return r;
	puts(json_object_to_json_string_ext(config, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	return 0;
}

/* viaductd: next to this program, in the sbin of the same tree, where it was installed, or in PATH.
 */
static void find_daemon(char path[PATH_MAX])
{
	static const char *const places[] = {"viaductd", "../sbin/viaductd"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < VIA_ARRAY_SIZE(places); i++) {
		slash[1] = '\0';
		if (snprintf(path, PATH_MAX, "%s%s", self, places[i]) < PATH_MAX &&
			access(path, X_OK) == 0)
			return;
	}
	snprintf(path, PATH_MAX, "%s/viaductd", VIADUCT_SBINDIR);
	if (access(path, X_OK) < 0)
		strcpy(path, "viaductd"); /* which posix_spawnp() looks for */
}

static int cannot_run(struct cli *c, const char *path, int error)
{
	if (error == ENOENT)
		return cli_fail(c, CLI_FAILED,
			"viaductd, which checks the files, is not next to viaduct, not in %s and "
			"not in PATH: is it installed?",
			VIADUCT_SBINDIR);
	return cli_fail(c, CLI_FAILED, "cannot run %s: %s", path, strerror(error));
}

/* viaductd --check-config: 0 valid, 1 not valid, which is here what it is on a reload. */
static int end_check(struct cli *c, const char *path, pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cli_fail(c, CLI_FAILED, "%s: %s", path, strerror(errno));
	if (!WIFEXITED(status))
		return cli_fail(c, CLI_FAILED, "%s was ended by a signal", path);
	if (WEXITSTATUS(status) > 1)
		return cli_fail(
			c, CLI_FAILED, "%s failed with status %d", path, WEXITSTATUS(status));
	if (WEXITSTATUS(status))
		return via_refusal_exit(VIA_REFUSED_INVALID);
	if (!c->opt.json)
		puts("The configuration is valid.");
	return CLI_OK;
}

/* The daemon's program reads the files as the daemon would, without being one; its words are ours.
 */
static int config_check(struct cli *c, const char *file)
{
	char path[PATH_MAX], check[PATH_MAX + 32];
	char *argv[] = {path, check, NULL, NULL};
	pid_t pid;
	int r;

	if (file && strlen(file) >= PATH_MAX)
		return cli_usage(c, "the path is too long");
	snprintf(check, sizeof(check), "--check-config%s%s", file ? "=" : "", file ? file : "");
	if (c->opt.json)
		argv[2] = (char *)"--json";
	find_daemon(path);
	r = posix_spawnp(&pid, path, NULL, NULL, argv, environ);
	return r ? cannot_run(c, path, r) : end_check(c, path, pid);
}

static int run_config(struct cli *c, char **args, size_t n)
{
	bool check = !strcmp(args[0], "check");

	if (!check && strcmp(args[0], "show"))
		return cli_usage(c,
			"\"%s\" is not something to do with the configuration; there are "
			"check and show",
			args[0]);
	if (n > 2 || (n > 1 && !check))
		return cli_usage(c, "config %s does not take \"%s\"", args[0], args[n - 1]);
	if (check)
		return config_check(c, n > 1 ? args[1] : NULL);
	return config_show(c);
}

const struct cli_command cli_cmd_config = {
	.name = "config",
	.args = "check [PATH] | show",
	.summary = "Check configuration files, or show what is in force",
	.about = "check reads the files as the daemon would and prints every problem with file, "
		 "line and\n"
		 "place. PATH is a file, or a directory with viaduct.json and conf.d; without "
		 "it,\n" VIADUCT_SYSCONFDIR ". It needs no running daemon and changes nothing.\n\n"
		 "show prints the configuration in force, every default filled in.",
	.examples = "viaduct config check\n"
		    "viaduct config check ./new.json && viaduct reload\n"
		    "viaduct config show",
	.exits = "0  valid; shown\n19 not valid",
	.min_args = 1,
	.max_args = 3,
	.run = run_config,
};
