/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * viaductd over the fake host: the whole daemon, its real socket and state, and a manifest
 * (tests/fake/README.md) for a kernel, which is rewritten after every change, so that the program
 * can be killed at any point and started again on the same host.
 */
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "fake/disk.h"
#include "fake/fake.h"
#include "fake/virt.h"
#include "log.h"
#include "viaductd_poke.h"

static const char usage[] =
	"viaductd-test {--host FILE | --root DIR} --config PATH --state-dir DIR --socket PATH "
	"[OPTION]...\n"
	"  --root DIR            instead of a fake: Linux's door on a captured or made-up tree\n"
	"  --kill-at N[:after]   SIGKILL itself before (after) journal record N\n"
	"  --fail WHAT:NTH:ERRNO the door fails (WHAT may hold colons)\n"
	"  --hang WHAT           calls of the door that match hang until SIGUSR1\n"
	"  --refuse PF:VF:ATTR:ERRNO  setting ATTR is refused always\n"
	"  --pokes FIFO          lines that change the host behind the daemon's back: see "
	"viaductd_poke.h\n"
	"  --virt FILE           a libvirt as the file says, whenever it changes: see fake/virt.h\n"
	"  --disk-full-after BYTES    of state, then ENOSPC; SIGUSR2 makes room again\n"
	"  --power-cut-at N[:torn|:kept]  at the Nth call of the disk: what is not synced is gone "
	"(but for a part, all came through), and so are we; SIGRTMIN does it now\n"
	"  --read-group, --change-group NAME\n"
	"  --ready-timeout, --stop-timeout, --reconcile-interval S; --debug\n"
	"  --heal-backoff, --clean-backoff, --vm-gone MS\n";

struct kill_at {
	unsigned int n;
	bool after;
};

static struct via_fake *fake;
static pthread_mutex_t signal_lock = PTHREAD_MUTEX_INITIALIZER;
static bool over;		   /* by that lock: the fake is about to go with the daemon */
static struct via_fake_disk *disk; /* NULL: Linux's */
static struct via_fake_power_cut power_cut;
static atomic_uint records; /* of journal and ledger together */

static void on_record(unsigned int n, enum via_journal_point at, void *user)
{
	const struct kill_at *k = user;

	if (k->n && n == k->n && at == (k->after ? VIA_JOURNAL_AFTER : VIA_JOURNAL_BEFORE))
		kill(getpid(), SIGKILL);
}

static void parse_kill(const char *s, struct kill_at *k)
{
	k->n = (unsigned int)strtoul(s, NULL, 10);
	k->after = strstr(s, ":after") != NULL;
}

/* The last two fields are numbers; what is before them is the door's business. */
static void parse_fail(char *s)
{
	char *error = strrchr(s, ':'), *nth;

	if (!error)
		exit(2);
	*error++ = '\0';
	nth = strrchr(s, ':');
	if (!nth)
		exit(2);
	*nth++ = '\0';
	via_fake_fail(fake, s, (unsigned int)atoi(nth), atoi(error));
}

static void parse_refuse(const char *s)
{
	char pf[32], attr[32];
	enum via_vf_attr a;
	int vf, error;

	if (sscanf(s, "%12s:%d:%31[a-z_]:%d", pf, &vf, attr, &error) != 4 ||
		via_vf_attr_parse(attr, &a) < 0)
		exit(2);
	via_fake_refuse(fake, pf, vf, a, error, -1, "told to refuse it");
}

/* Everything stands still: what was not synced is gone, and the machine is off. */
static void on_power_cut(void *user)
{
	via_fake_disk_power_cut(disk, user);
	kill(getpid(), SIGKILL);
}

static void release(void)
{
	pthread_mutex_lock(&signal_lock);
	if (!over)
		via_fake_release(fake);
	pthread_mutex_unlock(&signal_lock);
}

/* Async-signal-unsafe calls, in a handler that runs while the main loop sleeps: done by a thread of
 * its own that waits for the signal instead. */
static void *signal_main(void *arg)
{
	sigset_t set;
	int sig;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	while (sigwait(&set, &sig) == 0) {
		if (sig == SIGUSR1)
			release();
		else if (sig == SIGUSR2 && disk)
			via_fake_disk_space(disk, SIZE_MAX);
		else if (disk)
			on_power_cut(&power_cut);
	}
	return NULL;
}

/* A thread that no signal but those waited for reaches. */
static void start_thread(void *(*fn)(void *arg), void *arg)
{
	sigset_t set, old;
	pthread_attr_t attr;
	pthread_t t;

	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_create(&t, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	sigaddset(&old, SIGUSR1);
	sigaddset(&old, SIGUSR2);
	sigaddset(&old, SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum {
	HOST = 256,
	ROOT,
	POKES,
	CONFIG,
	STATE,
	SOCKET,
	KILL,
	FAIL,
	HANG,
	REFUSE,
	READ,
	CHANGE,
	READY,
	STOP,
	HEAL,
	CLEAN,
	GONE,
	RECONCILE,
	VIRT,
	FULL,
	POWER,
	DEBUG
};

static const struct option options[] = {
	{"host", required_argument, NULL, HOST},
	{"root", required_argument, NULL, ROOT},
	{"pokes", required_argument, NULL, POKES},
	{"config", required_argument, NULL, CONFIG},
	{"state-dir", required_argument, NULL, STATE},
	{"socket", required_argument, NULL, SOCKET},
	{"kill-at", required_argument, NULL, KILL},
	{"fail", required_argument, NULL, FAIL},
	{"hang", required_argument, NULL, HANG},
	{"refuse", required_argument, NULL, REFUSE},
	{"read-group", required_argument, NULL, READ},
	{"change-group", required_argument, NULL, CHANGE},
	{"ready-timeout", required_argument, NULL, READY},
	{"stop-timeout", required_argument, NULL, STOP},
	{"heal-backoff", required_argument, NULL, HEAL},
	{"clean-backoff", required_argument, NULL, CLEAN},
	{"vm-gone", required_argument, NULL, GONE},
	{"reconcile-interval", required_argument, NULL, RECONCILE},
	{"virt", required_argument, NULL, VIRT},
	{"disk-full-after", required_argument, NULL, FULL},
	{"power-cut-at", required_argument, NULL, POWER},
	{"debug", no_argument, NULL, DEBUG},
	{0},
};

static void load_host(const char *path)
{
	struct via_err err;

	if (via_fake_load_path(fake, path, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		exit(2);
	}
	via_fake_autosave(fake, path);
}

static void root_door(const char *path, struct via_daemon_options *o)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct via_err err;

	if (fd < 0 || via_kernel_linux_create(fd, &o->kernel, &err)) {
		fprintf(stderr, "%s: cannot be a root\n", path);
		exit(2);
	}
}

static void virt_door(const char *path, struct via_daemon_options *o)
{
	struct via_fake_virt *v = via_fake_virt_create();
	struct via_err err;

	if (via_fake_virt_follow(v, path, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.msg);
		exit(2);
	}
	o->virt = via_fake_virt_door(v);
	o->virt_uri = "fake:///system";
}

static struct via_fake_disk *disk_door(struct via_daemon_options *o)
{
	if (!disk)
		disk = via_fake_disk_create();
	o->disk = via_fake_disk_door(disk);
	return disk;
}

static void power_cut_at(const char *nth, struct via_daemon_options *o)
{
	if (strstr(nth, ":torn"))
		power_cut = (struct via_fake_power_cut){.tail = 33, .cuts = true};
	else if (strstr(nth, ":kept"))
		power_cut = (struct via_fake_power_cut){
			.tail = SIZE_MAX, .cuts = true, .entries = true};
	via_fake_disk_on_stop(disk_door(o), on_power_cut, &power_cut);
	via_fake_disk_stop(disk, (unsigned int)strtoul(nth, NULL, 10), VIA_FAKE_DISK_MIDDLE);
}

static bool take_door(int c, char *arg, struct via_daemon_options *o)
{
	if (c == HOST)
		load_host(arg);
	else if (c == ROOT)
		root_door(arg, o);
	else if (c == VIRT)
		virt_door(arg, o);
	else if (c == FULL)
		via_fake_disk_space(disk_door(o), strtoul(arg, NULL, 10));
	else if (c == POWER)
		power_cut_at(arg, o);
	else
		return false;
	return true;
}

static bool take_value(int c, char *arg, struct via_daemon_options *o)
{
	static const struct {
		int c;
		size_t offset;
	} strings[] = {
		{CONFIG, offsetof(struct via_daemon_options, config)},
		{STATE, offsetof(struct via_daemon_options, state_dir)},
		{SOCKET, offsetof(struct via_daemon_options, socket)},
		{READ, offsetof(struct via_daemon_options, read_group)},
		{CHANGE, offsetof(struct via_daemon_options, change_group)},
	};
	static const struct {
		int c;
		size_t offset;
	} numbers[] = {
		{READY, offsetof(struct via_daemon_options, ready_timeout_s)},
		{STOP, offsetof(struct via_daemon_options, stop_timeout_s)},
		{HEAL, offsetof(struct via_daemon_options, heal_backoff_ms)},
		{CLEAN, offsetof(struct via_daemon_options, clean_backoff_ms)},
		{GONE, offsetof(struct via_daemon_options, vm_gone_ms)},
		{RECONCILE, offsetof(struct via_daemon_options, reconcile_interval_s)},
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strings[i].c == c)
			return (*(const char **)((char *)o + strings[i].offset) = arg) != NULL;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].c == c) {
			*(unsigned int *)((char *)o + numbers[i].offset) = (unsigned int)atoi(arg);
			return true;
		}
	return false;
}

static void take(int c, char *arg, struct via_daemon_options *o, struct kill_at *k)
{
	if (take_value(c, arg, o) || take_door(c, arg, o))
		return;
	if (c == POKES)
		start_thread(via_poke_main, arg);
	else if (c == KILL)
		parse_kill(arg, k);
	else if (c == FAIL)
		parse_fail(arg);
	else if (c == HANG)
		via_fake_hang(fake, arg);
	else if (c == REFUSE)
		parse_refuse(arg);
	else if (c == DEBUG)
		via_log_open(true);
	else if (c == '?') {
		fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct via_daemon_options o;
	struct via_daemon *d = NULL;
	struct via_err err = {0};
	struct kill_at k = {0};
	int c, r;

	mallopt(M_ARENA_MAX, 1);
	via_log_open(false);
	fake = via_fake_create();
	via_poke_setup(fake);
	via_daemon_options_init(&o);
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		take(c, optarg, &o, &k);
	if (o.kernel)
		via_kernel_destroy(via_fake_kernel(fake));
	else
		o.kernel = via_fake_kernel(fake);
	o.journal_hook.fn = on_record;
	o.journal_hook.user = &k;
	o.journal_hook.count = &records;
	start_thread(signal_main, NULL);
	r = via_daemon_create(&o, &d, &err);
	if (r) {
		fprintf(stderr, "viaductd-test: %s\n", err.msg);
		return 1;
	}
	r = via_daemon_run(d);
	pthread_mutex_lock(&signal_lock);
	over = true;
	pthread_mutex_unlock(&signal_lock);
	if (!via_daemon_destroy(d))
		_exit(0);
	return r < 0;
}
