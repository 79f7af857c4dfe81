/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/xml.h"
#include "hooks/hook.h"
#include "hooks/judge.h"

/*
 * What there is to do, by libvirt's name of the operation; any other one is none of ours. A hook
 * that fails at reconnect kills the guest; one that fails when the guest has ended changes nothing
 * but libvirt's log.
 */
static const struct via_hook_operation operations[] = {
	{.name = "prepare", .closed = true, .abort = true, .keeps = true},
	{.name = "restore", .closed = true, .abort = true},
	{.name = "migrate", .closed = true, .abort = true},
	{.name = "started", .abort = true},
	{.name = "stopped", .ends = true},
	{.name = "release", .ends = true, .note = true},
	{.name = "reconnect"},
};

static const struct via_hook_operation *operation(const char *name)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(operations); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

/*
 * A guest whose devices were all unplugged while it ran has none in its XML, and yet what it was
 * given at its start is to be released. The quick look finds its UUID as libvirt writes it.
 */
static bool was_given_some(const struct via_hook *h, const char *text, size_t len)
{
	static const char tag[] = "<uuid>";
	const size_t skip = sizeof(tag) - 1;
	const char *s = h->op->ends ? memmem(text, len, tag, skip) : NULL;
	char uuid[VIA_UUID_MAX] = "";

	if (!s || (size_t)(text + len - s) < skip + VIA_UUID_MAX)
		return false;
	memcpy(uuid, s + skip, VIA_UUID_MAX - 1);
	return via_uuid_parse(uuid, uuid) == 0 && via_hook_is_kept(h->p, uuid);
}

static int judge(struct via_hook *h, const char *text, size_t len)
{
	__typeof__(via_hook_judge) *judge_it = NULL;
	void *module = dlopen(h->p->module, RTLD_LAZY | RTLD_LOCAL);

	if (module)
		judge_it = (__typeof__(judge_it))dlsym(module, VIA_HOOK_JUDGE);
	return judge_it ? judge_it(h, sizeof(*h), text, len) : via_hook_give_up(h, dlerror());
}

static int handle(struct via_hook *h)
{
	via_autofree char *text = NULL;
	struct via_err err = {0};
	size_t len = 0;
	int r = via_hook_read(h->deadline, &text, &len, &err);

	/* What goes on writing is told so, rather than left waiting. */
	close(STDIN_FILENO);
	if (r == 0 && !via_domain_may_have_pci(text, len) && !was_given_some(h, text, len))
		return 0;
	return r ? via_hook_give_up(h, err.msg) : judge(h, text, len);
}

static int late_status;

static void on_alarm(int sig)
{
	static const char text[] = "viaduct: the hook took too long and was ended\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(late_status);
	_exit(late_status);
}

/* The last resort, when it is not the daemon that hangs but a disk. */
static void limit_time(const struct via_hook *h)
{
	const struct itimerval t = {.it_value = {.tv_sec = h->p->timeout_ms / 1000,
					    .tv_usec = h->p->timeout_ms % 1000 * 1000}};
	const struct sigaction act = {.sa_handler = on_alarm}, ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	late_status = h->op->closed;
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGALRM, &act, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

/* A file that were opened as 0, 1 or 2 would be read as the XML, or get the messages. */
static int have_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

int via_hook_run(const struct via_hook_places *p, int argc, char **argv)
{
	struct via_hook h = {.p = p};

	if (argc < 3) {
		via_hook_tell(
			"usage: %s DOMAIN OPERATION [SUBOPERATION [EXTRA]], the domain's XML on "
			"standard input; libvirt calls it, see viaduct-libvirt-hook(8)",
			argc ? argv[0] : "viaduct-libvirt-hook");
		return 2;
	}
	h.op = operation(argv[2]);
	if (!h.op)
		return 0;
	h.domain = argv[1];
	h.suboperation = argc > 3 ? argv[3] : NULL;
	limit_time(&h);
	if (have_standard_descriptors() < 0)
		return h.op->closed;
	/* What is left then is for looking at the disk. */
	h.deadline = via_now_ms() + p->timeout_ms - p->timeout_ms / 10;
	return handle(&h);
}
