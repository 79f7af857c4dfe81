/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "kernel/rtnl.h"

#define THREAD_STACK (256 * 1024)

/* A namespace that has been seen. */
struct netns_id {
	dev_t dev;
	ino_t ino;
};

struct search {
	int root;
	int own;	       /* our namespace */
	struct netns_id *seen; /* ours first */
	size_t n, cap;
	struct via_net *net;
	size_t n_ours; /* links in net that are ours */
	int result;
};

static bool is_seen(const struct search *s, const struct stat *st)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->seen[i].ino == st->st_ino && s->seen[i].dev == st->st_dev)
			return true;
	}
	return false;
}

static int add_seen(struct search *s, const struct stat *st)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct netns_id *p = reallocarray(s->seen, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		s->seen = p;
		s->cap = cap;
	}
	s->seen[s->n++] = (struct netns_id){st->st_dev, st->st_ino};
	return 0;
}

static int by_ifindex(const void *key, const void *item)
{
	int a = *(const int *)key, b = ((const struct via_link *)item)->ifindex;

	return (a > b) - (a < b);
}

static const struct via_link *find_link(const struct via_link *links, size_t n, int ifindex)
{
	return n ? bsearch(&ifindex, links, n, sizeof(*links), by_ifindex) : NULL;
}

static int on_nsid(const struct nlmsghdr *nlh, void *user)
{
	struct via_nl_span s = via_nl_attrs(nlh, sizeof(struct rtgenmsg));
	struct via_nl_attr a;
	uint32_t id;

	while (nlh->nlmsg_type == RTM_NEWNSID && via_nl_attr_next(&s, &a)) {
		if (a.type == NETNSA_NSID && via_nl_get_u32(&a, &id))
			*(int32_t *)user = (int32_t)id;
	}
	return 0;
}

/* The number by which the namespace nl was opened in knows ours; -1 when it does not. */
static int32_t nsid_of_ours(struct via_nl *nl, int own)
{
	_Alignas(struct nlmsghdr) char buf[64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int32_t nsid = -1;

	nlh->nlmsg_type = RTM_GETNSID;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)own);
	return via_nl_ask(nl, nlh, on_nsid, &nsid) < 0 ? -1 : nsid;
}

struct foreign {
	const struct search *search;
	const struct via_link *links;
	size_t n;
	int32_t ours; /* nsid of our namespace there */
};

/* Follows IFLA_LINK down to a link on a PCI device. Depth bounds a cycle that a race may show. */
static bool sits_on_pci(const struct foreign *f, const struct via_link *l)
{
	const struct via_link *links = f->links;
	size_t n = f->n;

	for (int depth = 0; l && depth < 16; depth++) {
		if (l->parent[0])
			return true;
		if (!l->lower || strcmp(l->kind, "veth") == 0)
			return false;
		if (l->lower_nsid >= 0) {
			if (links != f->links || l->lower_nsid != f->ours)
				return false;
			links = f->search->net->links;
			n = f->search->n_ours;
		}
		l = find_link(links, n, l->lower);
	}
	return false;
}

static int append(struct via_net *net, const struct via_link *l, const char *netns)
{
	struct via_link *p = reallocarray(net->links, net->n_links + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	net->links = p;
	p += net->n_links++;
	*p = *l;
	snprintf(p->netns, sizeof(p->netns), "%s", netns);
	return 0;
}

/* Only -ENOMEM is an error: all else means "cannot look in there". */
static int visit(struct search *s, int ns, const char *name)
{
	via_autofree struct via_link *links = NULL;
	struct foreign f = {.search = s, .ours = -1};
	via_autonl nl = {0};
	int r = 0;

	if (setns(ns, CLONE_NEWNET) < 0 || via_nl_open(&nl, NETLINK_ROUTE) < 0 ||
		via_rtnl_dump_links(&nl, &links, &f.n) < 0)
		return 0;
	f.links = links;
	f.ours = nsid_of_ours(&nl, s->own);
	for (size_t i = 0; r == 0 && i < f.n; i++) {
		if (sits_on_pci(&f, &links[i]))
			r = append(s->net, &links[i], name);
	}
	return r;
}

/* One namespace is open at a time: a host may have more of them than we may have descriptors. */
static int visit_path(struct search *s, int dir, const char *path, const char *name)
{
	via_autoclose int ns = -1;
	char number[64];
	struct stat st;
	int r;

	if (fstatat(dir, path, &st, 0) < 0 || is_seen(s, &st))
		return 0;
	ns = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* A process may have ended and another have taken its number since. */
	if (ns < 0 || fstat(ns, &st) < 0 || is_seen(s, &st))
		return 0;
	snprintf(number, sizeof(number), "net:[%lu]", (unsigned long)st.st_ino);
	r = add_seen(s, &st);
	return r < 0 ? r : visit(s, ns, name ? name : number);
}

static DIR *open_dir(int root, const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

/* Those that have a name come first: a namespace is listed once. */
static int visit_named(struct search *s)
{
	DIR *d = open_dir(s->root, "run/netns");
	struct dirent *e;
	int r = 0;

	while (d && r == 0 && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			r = visit_path(s, dirfd(d), e->d_name, e->d_name);
	}
	if (d)
		closedir(d);
	return r;
}

static int visit_of_processes(struct search *s)
{
	DIR *d = open_dir(s->root, "proc");
	struct dirent *e;
	char path[32];
	int r = 0;

	while (d && r == 0 && (e = readdir(d))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		if (snprintf(path, sizeof(path), "%s/ns/net", e->d_name) < (int)sizeof(path))
			r = visit_path(s, dirfd(d), path, NULL);
	}
	if (d)
		closedir(d);
	return r;
}

/* Runs in the helper thread: its namespace changes and ends with it. */
static void *visit_all(void *arg)
{
	struct search *s = arg;

	s->result = visit_named(s);
	if (s->result == 0)
		s->result = visit_of_processes(s);
	return NULL;
}

static int run_thread(struct search *s)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r = pthread_attr_init(&attr);

	if (r)
		return -r;
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	r = pthread_create(&thread, &attr, visit_all, s);
	pthread_attr_destroy(&attr);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return s->result;
}

static void finish(struct search *s)
{
	free(s->seen);
	if (s->own >= 0)
		close(s->own);
}

int via_netns_add_links(int root, struct via_net *net)
{
	VIA_CLEANUP(finish)
	struct search s = {.root = root, .net = net, .n_ours = net->n_links};
	struct stat st;
	int r;

	s.own = openat(root, "proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	/* Without /proc or network namespaces there are no others to be seen. */
	if (s.own < 0 || fstat(s.own, &st) < 0)
		return 0;
	r = add_seen(&s, &st);
	return r < 0 ? r : run_thread(&s);
}
