/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VFs of a PF, from bytes as the kernel lays them out. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/rtnl_parse.h"

struct msg {
	uint8_t *b;
	size_t len;
};

static void add(struct msg *m, const void *data, size_t len)
{
	m->b = realloc(m->b, m->len + NLMSG_ALIGN(len));
	assert_non_null(m->b);
	memcpy(m->b + m->len, data, len);
	memset(m->b + m->len + len, 0, NLMSG_ALIGN(len) - len);
	m->len += NLMSG_ALIGN(len);
}

static void attr(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_type = type, .nla_len = (uint16_t)(sizeof(a) + len)};

	add(m, &a, sizeof(a));
	add(m, data, len);
}

static size_t nest(struct msg *m, uint16_t type)
{
	struct nlattr a = {.nla_type = type};

	add(m, &a, sizeof(a));
	return m->len - sizeof(a);
}

/* As nla_nest_end: 16 bits of the length, and no look at the others. */
static void nest_end(struct msg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->b + at, &len, sizeof(len));
}

static void begin(struct msg *m, uint32_t num_vf)
{
	struct nlmsghdr h = {.nlmsg_type = RTM_NEWLINK};
	struct ifinfomsg ifm = {.ifi_index = 2};

	*m = (struct msg){0};
	add(m, &h, sizeof(h));
	add(m, &ifm, sizeof(ifm));
	attr(m, IFLA_IFNAME, "eth0", 5);
	attr(m, IFLA_NUM_VF, &num_vf, 4);
}

static int parse(struct msg *m, struct via_vf_list *ret)
{
	struct nlmsghdr *nlh = malloc(m->len);
	int r;

	assert_non_null(nlh);
	memcpy(nlh, m->b, m->len);
	nlh->nlmsg_len = (uint32_t)m->len;
	r = via_rtnl_parse_vfs(nlh, ret);
	free(nlh);
	return r;
}

/* What a driver may say about one VF. */
struct vf {
	uint32_t index, vlan, qos, min, max, spoofchk, link, rss, trust;
	uint16_t proto;
};
#define SILENT UINT32_MAX
#define VF(i)                                                                                      \
	{                                                                                          \
		.index = (i), .proto = VIA_VLAN_PROTO_8021Q, .spoofchk = 1, .rss = SILENT          \
	}

static void setting(struct msg *m, uint16_t type, uint32_t index, uint32_t value)
{
	struct ifla_vf_spoofchk s = {index, value};

	attr(m, type, &s, sizeof(s));
}

/* The attributes and their order are rtnl_fill_vfinfo's. */
static void put_vf(struct msg *m, const struct vf *v)
{
	struct ifla_vf_mac mac = {
		.vf = v->index, .mac = {2, 0, 0, 0, (uint8_t)(v->index >> 8), (uint8_t)v->index}};
	struct ifla_vf_vlan_info info = {v->index, v->vlan, v->qos, htons(v->proto)};
	struct ifla_vf_vlan vlan = {v->index, v->vlan, v->qos};
	struct ifla_vf_rate rate = {v->index, v->min, v->max};
	struct ifla_vf_tx_rate tx_rate = {v->index, v->max};
	struct ifla_vf_broadcast broadcast = {{0xff}};
	size_t at = nest(m, IFLA_VF_INFO), list;

	attr(m, IFLA_VF_MAC, &mac, sizeof(mac));
	attr(m, IFLA_VF_BROADCAST, &broadcast, sizeof(broadcast));
	attr(m, IFLA_VF_VLAN, &vlan, sizeof(vlan));
	attr(m, IFLA_VF_RATE, &rate, sizeof(rate));
	attr(m, IFLA_VF_TX_RATE, &tx_rate, sizeof(tx_rate));
	setting(m, IFLA_VF_SPOOFCHK, v->index, v->spoofchk);
	setting(m, IFLA_VF_LINK_STATE, v->index, v->link);
	setting(m, IFLA_VF_RSS_QUERY_EN, v->index, v->rss);
	setting(m, IFLA_VF_TRUST, v->index, v->trust);
	list = nest(m, IFLA_VF_VLAN_LIST);
	attr(m, IFLA_VF_VLAN_INFO, &info, sizeof(info));
	nest_end(m, list);
	nest_end(m, at);
}

static void put_vfs(struct msg *m, uint32_t n)
{
	size_t at = nest(m, IFLA_VFINFO_LIST);

	for (uint32_t i = 0; i < n; i++) {
		struct vf v = VF(i);

		put_vf(m, &v);
	}
	nest_end(m, at);
}

/* What the kernel puts behind the list. */
static void put_rest(struct msg *m)
{
	size_t at = nest(m, IFLA_LINKINFO);

	attr(m, IFLA_INFO_KIND, "none", 5);
	nest_end(m, at);
	attr(m, IFLA_PERM_ADDRESS, "\2\0\0\0\0\1", 6);
	attr(m, IFLA_PARENT_DEV_NAME, "0000:01:00.0", 13);
}

static void test_attributes(void **state)
{
	struct vf v = {.index = 0,
		.vlan = 100,
		.qos = 3,
		.proto = VIA_VLAN_PROTO_8021AD,
		.min = 10,
		.max = 500,
		.spoofchk = 0,
		.link = IFLA_VF_LINK_STATE_DISABLE,
		.rss = 1,
		.trust = 1};
	struct via_vf_attrs *a;
	struct via_vf_list l;
	struct msg m;
	size_t at;

	(void)state;
	begin(&m, 1);
	at = nest(&m, IFLA_VFINFO_LIST);
	put_vf(&m, &v);
	nest_end(&m, at);
	put_rest(&m);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.num_vf, 1);
	assert_int_equal(l.n, 1);
	assert_true(l.complete);
	a = &l.vfs[0].attrs;
	assert_int_equal(a->known, VIA_ATTR_ALL);
	assert_string_equal(via_mac_fmt(a->mac), "02:00:00:00:00:00");
	assert_int_equal(a->vlan, 100);
	assert_int_equal(a->qos, 3);
	assert_int_equal(a->vlan_proto, VIA_VLAN_PROTO_8021AD);
	assert_int_equal(a->min_tx_mbps, 10);
	assert_int_equal(a->max_tx_mbps, 500);
	assert_false(a->spoofchk);
	assert_true(a->rss_query && a->trust);
	assert_int_equal(a->link_state, VIA_LINK_DISABLE);
	via_vf_list_finish(&l);
	free(m.b);
}

/* What the driver does not know about it leaves at -1; nonsense is not believed either. */
static void test_not_reported(void **state)
{
	struct vf v = {.index = 0,
		.vlan = 5000,
		.proto = VIA_VLAN_PROTO_8021Q,
		.spoofchk = SILENT,
		.link = 9,
		.rss = SILENT,
		.trust = SILENT};
	struct via_vf_list l;
	struct msg m;
	size_t at;

	(void)state;
	begin(&m, 1);
	at = nest(&m, IFLA_VFINFO_LIST);
	put_vf(&m, &v);
	nest_end(&m, at);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.vfs[0].attrs.known,
		VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_RATE));
	assert_int_equal(l.vfs[0].attrs.vlan, 0);
	via_vf_list_finish(&l);
	free(m.b);
}

/* An unknown protocol of a VLAN makes the VLAN unknown; without a VLAN there is no protocol. */
static void test_vlan_protocol(void **state)
{
	struct vf v[] = {VF(0), VF(1), VF(2)};
	struct via_vf_list l;
	struct msg m;
	size_t at;

	(void)state;
	v[0].vlan = 7;
	v[0].proto = 0x1234;
	v[1].proto = VIA_VLAN_PROTO_8021AD;
	v[2].vlan = 4095;
	begin(&m, 3);
	at = nest(&m, IFLA_VFINFO_LIST);
	for (size_t i = 0; i < 3; i++)
		put_vf(&m, &v[i]);
	nest_end(&m, at);
	assert_int_equal(parse(&m, &l), 0);
	assert_false(l.vfs[0].attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_true(l.vfs[1].attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_int_equal(l.vfs[1].attrs.vlan_proto, VIA_VLAN_PROTO_8021Q);
	assert_int_equal(l.vfs[2].attrs.vlan, 4095);
	via_vf_list_finish(&l);
	free(m.b);
}

/* A kernel before 4.9 has no IFLA_VF_VLAN_LIST, one before 3.16 no IFLA_VF_RATE. */
static void test_old_kernel(void **state)
{
	struct ifla_vf_mac mac = {.vf = 0, .mac = {2}};
	struct ifla_vf_vlan vlan = {0, 12, 1};
	struct ifla_vf_tx_rate rate = {0, 100};
	struct via_vf_list l;
	struct msg m;
	size_t at, vf;

	(void)state;
	begin(&m, 1);
	at = nest(&m, IFLA_VFINFO_LIST);
	vf = nest(&m, IFLA_VF_INFO);
	attr(&m, IFLA_VF_MAC, &mac, sizeof(mac));
	attr(&m, IFLA_VF_VLAN, &vlan, sizeof(vlan));
	attr(&m, IFLA_VF_TX_RATE, &rate, sizeof(rate));
	nest_end(&m, vf);
	nest_end(&m, at);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.vfs[0].attrs.known,
		VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_int_equal(l.vfs[0].attrs.vlan, 12);
	assert_int_equal(l.vfs[0].attrs.vlan_proto, VIA_VLAN_PROTO_8021Q);
	via_vf_list_finish(&l);
	free(m.b);
}

/* ndo_get_vf_config failed for VF 1: what is there keeps its number. */
static void test_gap(void **state)
{
	struct vf v0 = VF(0), v2 = VF(2);
	struct via_vf_list l;
	struct msg m;
	size_t at;

	(void)state;
	begin(&m, 3);
	at = nest(&m, IFLA_VFINFO_LIST);
	put_vf(&m, &v0);
	put_vf(&m, &v2);
	nest_end(&m, at);
	put_rest(&m);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.vfs[1].index, 2);
	assert_int_equal(l.vfs[1].attrs.mac.b[5], 2);
	assert_false(l.complete);
	via_vf_list_finish(&l);
	free(m.b);
}

/* A driver that puts no number, or one that cannot be. */
static void test_implausible_numbers(void **state)
{
	static const uint32_t second[] = {0, 2, 70000};
	struct vf v0 = VF(0);
	struct via_vf_list l;
	struct msg m;
	size_t at;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct vf v = VF(second[i]);

		begin(&m, 2);
		at = nest(&m, IFLA_VFINFO_LIST);
		put_vf(&m, &v0);
		put_vf(&m, &v);
		nest_end(&m, at);
		assert_int_equal(parse(&m, &l), 0);
		assert_int_equal(l.n, 1);
		assert_int_equal(l.vfs[0].index, 0);
		assert_false(l.complete);
		via_vf_list_finish(&l);
		free(m.b);
	}
}

static void test_no_vfs(void **state)
{
	struct via_vf_list l;
	struct msg m;

	(void)state;
	begin(&m, 0);
	put_vfs(&m, 0);
	put_rest(&m);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.n, 0);
	assert_true(l.complete);
	free(m.b);
	/* A driver without ndo_get_vf_config: VFs, and nothing about them. */
	begin(&m, 4);
	put_rest(&m);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.num_vf, 4);
	assert_int_equal(l.n, 0);
	assert_false(l.complete);
	free(m.b);
}

static void check_all(struct msg *m, uint32_t n)
{
	struct via_vf_list l;

	assert_int_equal(parse(m, &l), 0);
	assert_int_equal(l.n, n);
	assert_int_equal(l.num_vf, n);
	assert_true(l.complete);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(l.vfs[i].index, i);
		assert_int_equal(l.vfs[i].attrs.mac.b[4], i >> 8);
		assert_int_equal(l.vfs[i].attrs.mac.b[5], i & 0xff);
		assert_true(l.vfs[i].attrs.spoofchk);
		assert_false(l.vfs[i].attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY));
	}
	via_vf_list_finish(&l);
}

/* Past 64 KiB, once and more often; with attributes behind the list and without. */
static void test_wrap(void **state)
{
	static const uint32_t counts[] = {256, 300, 334, 335, 400, 700, 1024};
	struct msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		begin(&m, counts[i]);
		put_vfs(&m, counts[i]);
		check_all(&m, counts[i]);
		put_rest(&m);
		check_all(&m, counts[i]);
		free(m.b);
	}
}

/* Wherever the wrapped length points: to a VF's start, into one, behind one. */
static void test_wrap_any_length(void **state)
{
	struct msg m;

	(void)state;
	/* The last VF grows by an attribute that some newer kernel may add. */
	for (size_t extra = 0; extra < 260; extra += 4) {
		uint8_t filler[260] = {0};
		size_t at, vf;

		begin(&m, 340);
		at = nest(&m, IFLA_VFINFO_LIST);
		for (uint32_t i = 0; i < 340; i++) {
			struct vf v = VF(i);

			vf = m.len;
			put_vf(&m, &v);
			if (i == 339) {
				attr(&m, 99, filler, extra);
				nest_end(&m, vf);
			}
		}
		nest_end(&m, at);
		put_rest(&m);
		check_all(&m, 340);
		free(m.b);
	}
}

/* The list's true length is 65,536 and its header shows 0. */
static void test_wrap_to_zero(void **state)
{
	uint8_t filler[4096] = {0};
	uint16_t len;
	struct msg m;
	size_t at, vf, gap;

	(void)state;
	begin(&m, 300);
	at = nest(&m, IFLA_VFINFO_LIST);
	for (uint32_t i = 0; i < 300; i++) {
		struct vf v = VF(i);

		vf = m.len;
		put_vf(&m, &v);
		gap = 65536 - (m.len - at);
		if (i < 299)
			continue;
		while (gap > sizeof(filler) + 8) {
			attr(&m, 99, filler, sizeof(filler) - 4);
			gap -= sizeof(filler);
		}
		attr(&m, 99, filler, gap - 4);
		nest_end(&m, vf);
	}
	nest_end(&m, at);
	memcpy(&len, m.b + at, sizeof(len));
	assert_int_equal(len, 0);
	put_rest(&m);
	check_all(&m, 300);
	free(m.b);
}

/* The message ends inside the wrapped list: what is right is kept, and it is not called complete.
 */
static void test_wrap_cut(void **state)
{
	struct via_vf_list l;
	struct msg m;

	(void)state;
	begin(&m, 400);
	put_vfs(&m, 400);
	m.len -= 100;
	assert_int_equal(parse(&m, &l), 0);
	assert_false(l.complete);
	assert_true(l.n < 400);
	for (size_t i = 0; i < l.n; i++) {
		assert_int_equal(l.vfs[i].index, i);
		assert_int_equal(l.vfs[i].attrs.mac.b[5], i & 0xff);
	}
	via_vf_list_finish(&l);
	free(m.b);
}

/* Behind a list that did not wrap lies what looks like one VF more: it is not the list's. */
static void test_not_beyond_the_list(void **state)
{
	struct vf v = VF(2);
	struct via_vf_list l;
	struct msg m;

	(void)state;
	begin(&m, 3);
	put_vfs(&m, 2);
	put_vf(&m, &v);
	assert_int_equal(parse(&m, &l), 0);
	assert_int_equal(l.n, 2);
	assert_false(l.complete);
	via_vf_list_finish(&l);
	free(m.b);
}

/* Cut anywhere, and with any one byte of the attributes spoilt: never past the end, never wrong. */
static void test_truncated_and_spoilt(void **state)
{
	struct via_vf_list l;
	struct msg m;
	size_t whole;

	(void)state;
	begin(&m, 3);
	put_vfs(&m, 3);
	put_rest(&m);
	whole = m.len;
	for (m.len = NLMSG_HDRLEN; m.len < whole; m.len++) {
		if (parse(&m, &l) < 0)
			continue;
		assert_int_equal(l.complete, l.n == l.num_vf);
		via_vf_list_finish(&l);
	}
	m.len = whole;
	for (size_t i = NLMSG_HDRLEN; i < whole; i++) {
		m.b[i] ^= 0xff;
		if (parse(&m, &l) == 0) {
			for (size_t v = 0; v < l.n; v++)
				assert_true(l.vfs[v].index < l.num_vf);
			via_vf_list_finish(&l);
		}
		m.b[i] ^= 0xff;
	}
	free(m.b);
}

static void test_wrong_type(void **state)
{
	struct via_vf_list l;
	struct msg m;

	(void)state;
	begin(&m, 1);
	((struct nlmsghdr *)(void *)m.b)->nlmsg_type = RTM_NEWADDR;
	assert_int_equal(parse(&m, &l), -EBADMSG);
	((struct nlmsghdr *)(void *)m.b)->nlmsg_type = RTM_NEWLINK;
	m.len = NLMSG_HDRLEN + 4;
	assert_int_equal(parse(&m, &l), -EBADMSG);
	free(m.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_not_reported),
		cmocka_unit_test(test_vlan_protocol),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_implausible_numbers),
		cmocka_unit_test(test_no_vfs),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_any_length),
		cmocka_unit_test(test_wrap_to_zero),
		cmocka_unit_test(test_wrap_cut),
		cmocka_unit_test(test_not_beyond_the_list),
		cmocka_unit_test(test_truncated_and_spoilt),
		cmocka_unit_test(test_wrong_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
