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
#include "fake/fake.h"
#include "log.h"

static const char usage[] =
	"viaductd-test {--host FILE | --root DIR} --config PATH --state-dir DIR --socket PATH "
	"[OPTION]...\n"
	"  --root DIR            instead of a fake: Linux's door on a captured or made-up tree\n"
	"  --kill-at N[:after]   SIGKILL itself before (after) journal record N\n"
	"  --fail WHAT:NTH:ERRNO the door fails (WHAT may hold colons)\n"
	"  --hang WHAT           calls of the door that match hang until SIGUSR1\n"
	"  --refuse PF:VF:ATTR:ERRNO  setting ATTR is refused always\n"
	"  --pokes FIFO          lines that change the host behind the daemon's back: see poke()\n"
	"  --read-group, --change-group NAME\n"
	"  --ready-timeout, --stop-timeout S; --heal-backoff MS; --debug\n";

struct kill_at {
	unsigned int n;
	bool after;
};

static struct via_fake *fake;

static void on_record(unsigned int n, bool after, void *user)
{
	const struct kill_at *k = user;

	if (k->n && n == k->n && after == k->after)
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

/* Async-signal-unsafe calls, in a handler that runs while the main loop sleeps: done by a thread of
 * its own that waits for the signal instead. */
static void *signal_main(void *arg)
{
	sigset_t set;
	int sig;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwait(&set, &sig) == 0)
		via_fake_release(fake);
	return NULL;
}

/* A thread that no signal but SIGUSR1 (waited for) reaches. */
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
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void poke_vf(const char *pf, unsigned int index, const char *what)
{
	struct via_vf_attrs a = {0};
	char name[32];
	unsigned int value;
	struct via_addr addr;
	struct via_net net;

	if (sscanf(what, "%31[a-z]=%u", name, &value) != 2 || via_addr_parse(pf, &addr) < 0)
		return;
	if (!strcmp(name, "vlan")) {
		a.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
		a.vlan = (uint16_t)value;
		a.vlan_proto = VIA_VLAN_PROTO_8021Q;
	} else {
		a.known = VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK);
		a.spoofchk = value;
	}
	if (via_fake_kernel(fake)->ops->get_net(via_fake_kernel(fake), false, &net, NULL) < 0)
		return;
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, pf))
			via_fake_set_vf(fake, net.links[i].ifindex, index, &a);
	via_net_finish(&net);
}

/* What the kernel does when a card is pulled: the driver lets go (and its VFs end), the device
 * ends. */
static void poke_unplug(const char *pf)
{
	struct via_kernel *k = via_fake_kernel(fake);
	char path[128], target[192];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/sriov_numvfs", pf);
	(void)k->ops->write(k, path, "0", 1);
	(void)k->ops->write(k, "sys/bus/pci/drivers/igb/unbind", pf, strlen(pf));
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", pf);
	if (k->ops->readlink(k, path, target, sizeof(target)) == 0 && strstr(target, "devices/")) {
		char real[256];

		snprintf(real, sizeof(real), "sys/%s", strstr(target, "devices/"));
		via_fake_remove(fake, real);
	}
	via_fake_remove(fake, path);
	via_fake_uevent(fake, VIA_UEVENT_REMOVE, "pci", pf, pf);
}

/*
 * vf PF INDEX vlan=N | spoofchk=N      drift
 * guest PID NAME UUID ADDRESS          a domain holds a function
 * unplug PF, plug PF NETDEV MAC        a card goes, an igb comes
 * hang WHAT                            calls of the door that match hang until SIGUSR1
 */
static void poke(char *line)
{
	char a[64], b[64], c[64];
	unsigned int n;

	if (sscanf(line, "vf %63s %u %63s", a, &n, b) == 3) {
		poke_vf(a, n, b);
	} else if (sscanf(line, "guest %u %63s %63s %63s", &n, a, b, c) == 4) {
		via_fake_add_guest(fake, (int)n, a, b, c);
	} else if (sscanf(line, "unplug %63s", a) == 1) {
		poke_unplug(a);
	} else if (sscanf(line, "plug %63s %63s %63s", a, b, c) == 3) {
		via_fake_add_igb(fake, a, b, c);
		via_fake_uevent(fake, VIA_UEVENT_ADD, "pci", a, a);
		via_fake_uevent(fake, VIA_UEVENT_ADD, "net", b, a);
	} else if (sscanf(line, "hang %63s", a) == 1) {
		via_fake_hang(fake, a);
	} else {
		fprintf(stderr, "not understood: %s\n", line);
	}
}

/* The writer opens the pipe for each line; PIPE.done tells it that the host has changed. */
static void *poke_main(void *arg)
{
	char line[256], done[256];

	snprintf(done, sizeof(done), "%s.done", (const char *)arg);
	for (;;) {
		FILE *in = fopen(arg, "re"), *out;

		if (!in)
			return NULL;
		while (fgets(line, sizeof(line), in)) {
			poke(line);
			out = fopen(done, "we");
			if (out)
				fclose(out);
		}
		fclose(in);
	}
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

static void take(int c, char *arg, struct via_daemon_options *o, struct kill_at *k)
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
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strings[i].c == c)
			*(const char **)((char *)o + strings[i].offset) = arg;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].c == c)
			*(unsigned int *)((char *)o + numbers[i].offset) = (unsigned int)atoi(arg);
	if (c == HOST)
		load_host(arg);
	else if (c == ROOT)
		root_door(arg, o);
	else if (c == POKES)
		start_thread(poke_main, arg);
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
	via_daemon_options_init(&o);
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		take(c, optarg, &o, &k);
	if (o.kernel)
		via_kernel_destroy(via_fake_kernel(fake));
	else
		o.kernel = via_fake_kernel(fake);
	o.journal_hook.fn = on_record;
	o.journal_hook.user = &k;
	start_thread(signal_main, NULL);
	r = via_daemon_create(&o, &d, &err);
	if (r) {
		fprintf(stderr, "viaductd-test: %s\n", err.msg);
		return 1;
	}
	r = via_daemon_run(d);
	if (!via_daemon_destroy(d))
		_exit(0);
	return r < 0;
}
