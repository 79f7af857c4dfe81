/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a door to libvirt promises, held against the fake and against libvirt's own built-in test
 * driver alike; and what only the real one has to bear: a libvirtd that is not there, or hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "fake/virt.h"
#include "virt_libvirt.h"
#include "virt_module.h"

#define UUID "6695eb01-f6a4-8304-79aa-97f2502e1931"
/* For hangs only. */
#define PATIENCE_MS 30000

struct seen {
	struct via_mailbox *mailbox;
	struct via_virt *door;
	struct via_domains domains;
	char why[256];
	unsigned int listings, events, told; /* told: domains() was called */
	struct via_virt_event list[32];
};

static void on_domains(struct via_domains *d, const char *why, void *user)
{
	struct seen *s = user;

	via_domains_finish(&s->domains);
	s->domains = *d;
	*d = (struct via_domains){0};
	snprintf(s->why, sizeof(s->why), "%s", why ? why : "");
	s->listings += s->domains.connected;
	s->told++;
}

static void on_event(const struct via_virt_event *ev, void *user)
{
	struct seen *s = user;

	assert_true(s->events < 32);
	s->list[s->events++] = *ev;
}

static void begin(struct seen *s, struct via_virt *door)
{
	const struct via_virt_listener l = {on_domains, on_event, s};

	*s = (struct seen){.door = door};
	assert_int_equal(via_mailbox_create(&s->mailbox), 0);
	assert_int_equal(door->ops->start(door, s->mailbox, &l), 0);
}

static bool end(struct seen *s)
{
	bool ended = s->door->ops->destroy(s->door);
	unsigned int told = s->told;

	via_mailbox_dispatch(s->mailbox);
	assert_int_equal(s->told, told); /* nothing reaches the listener any more */
	via_domains_finish(&s->domains);
	if (ended)
		via_mailbox_destroy(s->mailbox);
	return ended;
}

/* Work as the main loop does until it is so. */
static void until(struct seen *s, bool (*so)(struct seen *s))
{
	int64_t deadline = via_now_ms() + PATIENCE_MS;
	struct pollfd p = {.fd = via_mailbox_fd(s->mailbox), .events = POLLIN};

	while (!so(s)) {
		assert_true(via_now_ms() < deadline);
		poll(&p, 1, 100);
		via_mailbox_dispatch(s->mailbox);
	}
}

static bool is_connected(struct seen *s)
{
	return s->domains.connected;
}

static bool is_away(struct seen *s)
{
	return s->told && !s->domains.connected;
}

static const struct via_domain *guest(struct seen *s)
{
	return via_domains_find(&s->domains, UUID);
}

static bool runs(struct seen *s)
{
	return guest(s) && guest(s)->active;
}

static bool is_off(struct seen *s)
{
	return guest(s) && !guest(s)->active;
}

static bool is_undefined(struct seen *s)
{
	return is_connected(s) && !guest(s);
}

static bool had(struct seen *s, enum via_virt_event_kind kind)
{
	for (unsigned int i = 0; i < s->events; i++)
		if (s->list[i].kind == kind && !strcmp(s->list[i].uuid, UUID))
			return true;
	return false;
}

/* What changes the world behind the door. */
struct world {
	struct via_virt *(*create)(void **ret);
	void (*define)(void *w, bool active);
	void (*remove)(void *w);
	void (*finish)(void *w);
};

static unsigned int asked_from;

static bool was_listed(struct seen *s)
{
	return s->listings > asked_from;
}

static void keep_promises(const struct world *w)
{
	void *user = NULL;
	struct via_virt *door = w->create(&user);
	struct seen s;
	int64_t before;

	begin(&s, door);
	until(&s, is_connected);
	assert_null(guest(&s));
	assert_string_equal(s.why, "");

	before = via_now_ms();
	w->define(user, false);
	until(&s, is_off);
	assert_true(had(&s, VIA_VIRT_DEFINED));
	assert_true(s.domains.taken_ms >= before && s.domains.taken_ms <= via_now_ms());
	assert_string_equal(guest(&s)->name, "web1");
	assert_int_equal(guest(&s)->n_devs, 1);
	assert_int_equal(guest(&s)->devs[0].tag, 100);

	w->define(user, true);
	until(&s, runs);
	assert_true(had(&s, VIA_VIRT_STARTED));
	assert_false(had(&s, VIA_VIRT_STOPPED));

	asked_from = s.listings;
	for (int i = 0; i < 50; i++)
		door->ops->refresh(door);
	until(&s, was_listed);
	assert_in_range(s.listings - asked_from, 1, 10); /* not one a wish */

	w->remove(user);
	until(&s, is_undefined);
	assert_true(had(&s, VIA_VIRT_STOPPED));
	assert_true(end(&s));
	if (w->finish)
		w->finish(user);
}

/* --- the fake --- */

static struct via_domain_dev vf = {
	.addr = {.domain = 0, .bus = 1, .dev = 16, .fn = 0},
	.interface = true,
	.n_tags = 1,
	.tag = 100,
	.alias = "hostdev0",
};

static struct via_virt *fake_create(void **ret)
{
	struct via_fake_virt *f = via_fake_virt_create();

	*ret = f;
	return via_fake_virt_door(f);
}

static void fake_define(void *w, bool active)
{
	struct via_domain d = {.uuid = UUID, .name = "web1", .active = active};

	d.n_devs = 1;
	d.devs = &vf;
	via_fake_virt_put(w, &d);
}

static void fake_remove(void *w)
{
	via_fake_virt_remove(w, UUID);
}

static void fake_keeps_promises(void **state)
{
	static const struct world w = {fake_create, fake_define, fake_remove, NULL};

	(void)state;
	keep_promises(&w);
}

static void fake_devices_come_and_go(void **state)
{
	struct via_fake_virt *f = via_fake_virt_create();
	struct via_domain d = {.uuid = UUID, .name = "web1", .active = true};
	struct seen s;

	(void)state;
	begin(&s, via_fake_virt_door(f));
	via_fake_virt_put(f, &d);
	until(&s, runs);
	d.n_devs = 1;
	d.devs = &vf;
	via_fake_virt_put(f, &d);
	via_fake_virt_settle(f);
	via_mailbox_dispatch(s.mailbox);
	assert_true(had(&s, VIA_VIRT_DEVICE_ADDED));
	assert_string_equal(s.list[s.events - 1].alias, "hostdev0");
	assert_int_equal(guest(&s)->n_devs, 1);
	d.n_devs = 0;
	via_fake_virt_put(f, &d);
	via_fake_virt_settle(f);
	via_mailbox_dispatch(s.mailbox);
	assert_true(had(&s, VIA_VIRT_DEVICE_REMOVED));
	assert_true(end(&s));
}

static void fake_is_away_and_comes_back(void **state)
{
	struct via_fake_virt *f = via_fake_virt_create();
	unsigned int events;
	struct seen s;

	(void)state;
	begin(&s, via_fake_virt_door(f));
	fake_define(f, true);
	until(&s, runs);
	via_fake_virt_disconnect(f, "it went to lunch");
	until(&s, is_away);
	assert_string_equal(s.why, "it went to lunch");
	assert_true(runs(&s)); /* those of the last listing */
	events = s.events;
	via_fake_virt_remove(f, UUID);
	via_fake_virt_settle(f);
	via_mailbox_dispatch(s.mailbox);
	assert_true(runs(&s));
	via_fake_virt_connect(f);
	until(&s, is_undefined);
	assert_int_equal(s.events, events); /* nobody kept them */
	assert_true(end(&s));
}

static void fake_hangs(void **state)
{
	struct via_fake_virt *f = via_fake_virt_create();
	struct seen s;

	(void)state;
	begin(&s, via_fake_virt_door(f));
	until(&s, is_connected);
	via_fake_virt_hang(f, true);
	fake_define(f, true);
	s.door->ops->refresh(s.door);
	usleep(50000);
	via_mailbox_dispatch(s.mailbox);
	assert_null(guest(&s));
	via_fake_virt_hang(f, false);
	until(&s, runs);
	via_fake_virt_hang(f, true);
	assert_false(end(&s));
	via_mailbox_destroy(s.mailbox);
}

static void write_file(const char *path, const char *text)
{
	char new[128];
	FILE *f;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(new, path), 0);
}

static void fake_follows_a_file(void **state)
{
	char path[] = "/tmp/viaduct-virt-XXXXXX";
	int fd = mkstemp(path);
	struct via_fake_virt *f = via_fake_virt_create();
	struct via_err err;
	struct seen s;

	(void)state;
	close(fd);
	write_file(path, "{}");
	assert_int_equal(via_fake_virt_follow(f, path, &err), 0);
	begin(&s, via_fake_virt_door(f));
	until(&s, is_connected);
	write_file(path,
		"{\"domains\": [{\"uuid\": \"" UUID "\", \"name\": \"web1\", \"active\": true,"
		" \"devices\": [{\"address\": \"0000:01:10.0\", \"interface\": true,"
		" \"managed\": true, \"pool\": false}], \"nics\": []}]}");
	until(&s, runs);
	assert_true(had(&s, VIA_VIRT_STARTED));
	assert_int_equal(guest(&s)->n_devs, 1);
	write_file(path, "{\"connected\": false, \"reason\": \"gone\"}");
	until(&s, is_away);
	assert_string_equal(s.why, "gone");
	assert_true(runs(&s));
	write_file(path, "{}");
	until(&s, is_undefined);
	assert_true(end(&s));
	unlink(path);
}

/* --- libvirt's test driver: in this process, all its connections share the domains --- */

static const char xml[] =
	"<domain type='test'><name>web1</name><uuid>" UUID "</uuid>"
	"<memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>"
	"<interface type='hostdev' managed='yes'><source><address type='pci' domain='0' bus='1' "
	"slot='16' function='0'/></source><vlan><tag id='100'/></vlan></interface>"
	"</devices></domain>";

static virDomainPtr lookup(virConnectPtr conn)
{
	virDomainPtr dom = virDomainLookupByUUIDString(conn, UUID);

	assert_non_null(dom);
	return dom;
}

static struct via_virt *libvirt_create(void **ret)
{
	struct via_virt *door = via_virt_libvirt_create("test:///default");

	assert_non_null(door);
	*ret = virConnectOpen("test:///default");
	assert_non_null(*ret);
	return door;
}

/* The same, loaded when it is wanted. */
static struct via_virt *module_create(void **ret)
{
	struct via_virt *door =
		via_virt_module_create("test:///default", "/nonexistent", VIRT_MODULE);

	assert_non_null(door);
	*ret = virConnectOpen("test:///default");
	assert_non_null(*ret);
	return door;
}

static void libvirt_define(void *w, bool active)
{
	virDomainPtr dom = active ? lookup(w) : virDomainDefineXML(w, xml);

	assert_non_null(dom);
	if (active)
		assert_int_equal(virDomainCreate(dom), 0);
	virDomainFree(dom);
}

static void libvirt_remove(void *w)
{
	virDomainPtr dom = lookup(w);

	assert_int_equal(virDomainDestroy(dom), 0);
	assert_int_equal(virDomainUndefine(dom), 0);
	virDomainFree(dom);
}

static void libvirt_finish(void *w)
{
	virConnectClose(w);
}

static void libvirt_keeps_promises(void **state)
{
	static const struct world w = {
		libvirt_create, libvirt_define, libvirt_remove, libvirt_finish};

	(void)state;
	keep_promises(&w);
}

static void module_keeps_promises(void **state)
{
	static const struct world w = {
		module_create, libvirt_define, libvirt_remove, libvirt_finish};

	(void)state;
	keep_promises(&w);
}

/* More host devices than a domain may have for us; libvirt has no such limit. */
static void define_unreadable(virConnectPtr conn)
{
	static const char head[] = "<domain type='test'><name>web1</name><uuid>" UUID
				   "</uuid><memory unit='MiB'>64</memory><os><type>hvm</type></os>"
				   "<devices>";
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	virDomainPtr dom;

	fputs(head, f);
	for (int i = 0; i <= VIA_DOMAIN_DEVS_MAX; i++)
		fprintf(f,
			"<interface type='hostdev'><source><address type='pci' domain='0' bus='%d' "
			"slot='%d' function='0'/></source></interface>",
			1 + i / 32, i % 32);
	fputs("</devices></domain>", f);
	fclose(f);
	dom = virDomainDefineXML(conn, text);
	assert_non_null(dom);
	virDomainFree(dom);
	free(text);
}

/* What cannot be read is not gone: it stays as it was known. */
static void libvirt_has_an_unreadable_domain(void **state)
{
	void *user = NULL;
	struct via_virt *door = libvirt_create(&user);
	struct seen s;

	(void)state;
	begin(&s, door);
	until(&s, is_connected);
	define_unreadable(user);
	until(&s, is_off);
	assert_string_equal(guest(&s)->name, "web1");
	assert_int_equal(guest(&s)->n_devs, 0);
	assert_true(guest(&s)->unread);
	libvirt_define(user, false);
	asked_from = s.listings;
	until(&s, was_listed);
	assert_int_equal(guest(&s)->n_devs, 1);
	assert_false(guest(&s)->unread);
	define_unreadable(user);
	asked_from = s.listings;
	until(&s, was_listed);
	assert_int_equal(guest(&s)->n_devs, 1);
	assert_false(guest(&s)->unread);
	libvirt_define(user, true);
	until(&s, runs);
	libvirt_remove(user);
	until(&s, is_undefined);
	assert_true(end(&s));
	libvirt_finish(user);
}

/* --- a libvirtd that is not as it should be --- */

struct socket {
	int fd;
	char dir[32], path[64], uri[160];
};

static void make_socket(struct socket *k, bool listens)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(k->dir, "/tmp/viaduct-virt-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	snprintf(k->path, sizeof(k->path), "%s/sock", k->dir);
	snprintf(k->uri, sizeof(k->uri), "qemu+unix:///system?socket=%s", k->path);
	k->fd = -1;
	if (!listens)
		return;
	k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(a.sun_path, k->path);
	assert_int_equal(bind(k->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(k->fd, 8), 0);
}

static void drop_socket(struct socket *k)
{
	if (k->fd >= 0)
		close(k->fd);
	unlink(k->path);
	rmdir(k->dir);
}

static struct via_virt_libvirt *impatient(const char *uri)
{
	struct via_virt *door = via_virt_libvirt_create(uri);
	struct via_virt_libvirt *v = via_container_of(door, struct via_virt_libvirt, door);

	assert_non_null(door);
	v->patience_ms = 200;
	v->backoff_ms = v->backoff_max_ms = 20;
	v->end_ms = 100;
	return v;
}

static bool went_away_otherwise(struct seen *s)
{
	return is_away(s) && !strstr(s->why, "has not answered");
}

static void libvirtd_is_not_there(void **state)
{
	struct via_virt_libvirt *v;
	struct socket k;
	struct seen s;

	(void)state;
	make_socket(&k, false);
	v = impatient(k.uri);
	begin(&s, &v->door);
	until(&s, is_away);
	assert_non_null(strstr(s.why, k.path));
	for (int i = 0; i < 20; i++) {
		s.door->ops->refresh(s.door);
		usleep(10000);
		via_mailbox_dispatch(s.mailbox);
	}
	assert_int_equal(s.told, 1); /* each try fails with the same words: said once */
	assert_true(end(&s));
	drop_socket(&k);
}

static bool was_tried(struct seen *s)
{
	return s->told > 1;
}

/* Nothing of libvirt is loaded while no libvirtd has a socket. */
static void module_waits_for_libvirtd(void **state)
{
	char dir[] = "/tmp/viaduct-virt-XXXXXX", path[64];
	struct seen s;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/libvirt-sock", dir);
	begin(&s, via_virt_module_create("qemu:///system?socket=/nonexistent", dir, VIRT_MODULE));
	until(&s, is_away);
	assert_non_null(strstr(s.why, "libvirtd does not run"));
	assert_non_null(strstr(s.why, dir));
	s.door->ops->refresh(s.door);
	/* Then it is libvirt that says what is wrong. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	until(&s, was_tried);
	assert_non_null(strstr(s.why, "/nonexistent"));
	assert_true(end(&s));
	unlink(path);
	rmdir(dir);
}

static void module_is_missing(void **state)
{
	struct seen s;

	(void)state;
	begin(&s, via_virt_module_create("test:///default", "/nonexistent", "/nonexistent.so"));
	until(&s, is_away);
	assert_non_null(strstr(s.why, "/nonexistent.so"));
	s.door->ops->refresh(s.door);
	assert_true(end(&s));
}

static void libvirtd_hangs(void **state)
{
	struct via_virt_libvirt *v;
	struct socket k;
	struct seen s;

	(void)state;
	make_socket(&k, true); /* somebody listens and never answers */
	v = impatient(k.uri);
	begin(&s, &v->door);
	until(&s, is_away);
	assert_non_null(strstr(s.why, "has not answered"));
	/* When it is killed, the thread comes back and tries again. */
	close(k.fd);
	k.fd = -1;
	until(&s, went_away_otherwise);
	assert_true(end(&s));
	drop_socket(&k);
}

static void libvirtd_hangs_at_the_end(void **state)
{
	struct via_virt_libvirt *v;
	struct socket k;
	struct seen s;

	(void)state;
	make_socket(&k, true);
	v = impatient(k.uri);
	begin(&s, &v->door);
	until(&s, is_away);
	assert_false(end(&s)); /* in a fraction of a second */
	/* Nothing was taken away under its thread, which ends by itself now. */
	drop_socket(&k);
	pthread_join(v->thread, NULL);
	assert_true(v->ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fake_keeps_promises),
		cmocka_unit_test(fake_devices_come_and_go),
		cmocka_unit_test(fake_is_away_and_comes_back),
		cmocka_unit_test(fake_hangs),
		cmocka_unit_test(fake_follows_a_file),
		cmocka_unit_test(libvirt_keeps_promises),
		cmocka_unit_test(module_keeps_promises),
		cmocka_unit_test(module_waits_for_libvirtd),
		cmocka_unit_test(module_is_missing),
		cmocka_unit_test(libvirt_has_an_unreadable_domain),
		cmocka_unit_test(libvirtd_is_not_there),
		cmocka_unit_test(libvirtd_hangs),
		cmocka_unit_test(libvirtd_hangs_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
