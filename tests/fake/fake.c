/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of the fake, its lock, and its file tree for builders. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "fake/state.h"

void *fake_grow(void **array, size_t *n, size_t size)
{
	char *p = *array;

	/* Capacity is the next power of two. */
	if (!(*n & (*n - 1))) {
		p = realloc(p, (*n ? *n * 2 : 1) * size);
		if (!p)
			abort();
		*array = p;
	}
	return memset(p + (*n)++ * size, 0, size);
}

void fake_lock(struct via_fake *f)
{
	pthread_mutex_lock(&f->lock);
}

void fake_unlock(struct via_fake *f)
{
	fake_autosave(f);
	pthread_mutex_unlock(&f->lock);
}

uint64_t fake_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct via_kernel *via_fake_kernel(struct via_fake *f)
{
	return &f->door;
}

struct via_fake *via_fake_of(struct via_kernel *k)
{
	return (struct via_fake *)k;
}

/* What every host has. */
static void base_tree(struct via_fake *f)
{
	static const char *const dirs[] = {VIA_PCI_DEVICES, "sys/bus/pci/drivers", "sys/class/net",
		"sys/module", "sys/kernel", "proc/net", "run/netns", "dev"};
	static const char mountinfo[] = "22 1 0:20 / /proc rw - proc proc rw\n"
					"23 1 0:21 / /sys rw - sysfs sysfs rw\n"
					"1 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
	static const char tcp[] = "  sl  local_address rem_address   st tx_queue rx_queue tr "
				  "tm->when retrnsmt   uid  timeout inode\n";

	for (size_t i = 0; i < VIA_ARRAY_SIZE(dirs); i++)
		fake_tree_dir(&f->tree, dirs[i]);
	fake_tree_file(&f->tree, "sys/bus/pci/drivers_probe", "", 0);
	fake_tree_file(&f->tree, "proc/self/mountinfo", mountinfo, strlen(mountinfo));
	fake_tree_link(&f->tree, "proc/self/ns/net", "net:[4026531840]");
	fake_tree_file(&f->tree, "proc/net/tcp", tcp, strlen(tcp));
	fake_tree_file(&f->tree, "proc/net/tcp6", tcp, strlen(tcp));
	fake_put(f, "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 intel_iommu=on iommu=pt");
	fake_put(f, "proc/sys/kernel/osrelease", "6.1.0-fake-amd64");
	fake_put(f, "proc/sys/kernel/hostname", "fake");
	fake_put(f, "proc/sys/kernel/random/boot_id", "%s", "0b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d");
}

struct via_fake *via_fake_create(void)
{
	struct via_fake *f = fake_alloc(sizeof(*f));
	struct via_link lo = {.ifindex = 1,
		.name = "lo",
		.mtu = 65536,
		.up = true,
		.carrier = true,
		.lower_nsid = -1};

	f->door.ops = &fake_ops;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->wake, NULL);
	fake_tree_init(&f->tree);
	f->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->event_fd < 0)
		abort();
	base_tree(f);
	fake_netdev_add(f, &lo, 0);
	return f;
}

static void free_strings(struct via_fake *f)
{
	for (size_t i = 0; i < f->n_drivers; i++)
		for (size_t j = 0; j < VIA_ARRAY_SIZE(f->drivers[i].match); j++)
			free(f->drivers[i].match[j]);
	for (size_t i = 0; i < f->n_aliases; i++) {
		free(f->aliases[i].pattern);
		free(f->aliases[i].module);
	}
	for (size_t i = 0; i < f->n_deferred; i++) {
		free(f->deferred[i].path);
		free(f->deferred[i].target);
	}
	for (size_t i = 0; i < f->n_faults; i++)
		fake_fault_free(&f->faults[i]);
	for (size_t i = 0; i < f->n_netdevs; i++)
		free(f->netdevs[i].vfs);
}

void fake_destroy(struct via_kernel *k)
{
	struct via_fake *f = via_fake_of(k);
	void *const arrays[] = {f->netdevs, f->addrs, f->routes, f->dests, f->drivers, f->aliases,
		f->pfs, f->eswitches, f->rules, f->cards, f->guest_macs, f->faults, f->deferred,
		f->uevents, f->autosave};

	free_strings(f);
	for (size_t i = 0; i < VIA_ARRAY_SIZE(arrays); i++)
		free(arrays[i]);
	via_strbuf_finish(&f->journal);
	fake_tree_finish(&f->tree);
	close(f->event_fd);
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

void via_fake_dir(struct via_fake *f, const char *path)
{
	FAKE_GUARD(f);
	fake_tree_dir(&f->tree, path);
	f->dirty = true;
}

void via_fake_file(struct via_fake *f, const char *path, const void *data, size_t len)
{
	FAKE_GUARD(f);
	fake_tree_file(&f->tree, path, data, len);
	f->dirty = true;
}

void via_fake_attr(struct via_fake *f, const char *path, const char *fmt, ...)
{
	via_autostrbuf text = VIA_STRBUF_INIT;
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	via_strbuf_addf(&text, "%s\n", line);
	via_fake_file(f, path, text.s, text.len);
}

void via_fake_symlink(struct via_fake *f, const char *path, const char *target)
{
	FAKE_GUARD(f);
	fake_tree_link(&f->tree, path, target);
	f->dirty = true;
}

void via_fake_node(struct via_fake *f, const char *path, unsigned int major, unsigned int minor)
{
	FAKE_GUARD(f);
	fake_tree_chr(&f->tree, path, makedev(major, minor));
	f->dirty = true;
}

static struct fake_node *must_find(struct via_fake *f, const char *path)
{
	struct fake_node *n = fake_find(f, "%s", path);

	if (n)
		return n;
	fprintf(stderr, "fake: there is no %s\n", path);
	abort();
}

void via_fake_chmod(struct via_fake *f, const char *path, mode_t mode, uid_t uid)
{
	struct fake_node *n;

	FAKE_GUARD(f);
	n = must_find(f, path);
	n->mode = mode;
	n->uid = uid;
	f->dirty = true;
}

void via_fake_read_fails(struct via_fake *f, const char *path, int error)
{
	FAKE_GUARD(f);
	must_find(f, path)->read_error = error;
	f->dirty = true;
}

void via_fake_remove(struct via_fake *f, const char *path)
{
	FAKE_GUARD(f);
	fake_drop_path(f, "%s", path);
	f->dirty = true;
}

bool via_fake_exists(struct via_fake *f, const char *path)
{
	FAKE_GUARD(f);
	return fake_find(f, "%s", path) != NULL;
}

const char *via_fake_text(struct via_fake *f, const char *path)
{
	FAKE_GUARD(f);
	return fake_get(f, f->text, sizeof(f->text), "%s", path);
}

char *via_fake_journal(struct via_fake *f)
{
	char *s;

	FAKE_GUARD(f);
	s = via_strbuf_steal(&f->journal);
	return s ? s : fake_strdup("");
}

void via_fake_uevent(struct via_fake *f, enum via_uevent_action action, const char *subsystem,
	const char *sysname, const char *pci)
{
	struct via_addr a;

	FAKE_GUARD(f);
	if (pci)
		a = fake_addr(pci);
	fake_uevent(f, action, subsystem, sysname, pci ? &a : NULL);
}
