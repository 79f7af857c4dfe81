/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/xml_elements.h"

#define NODE_MAX 65535 /* what any kernel may count to; the mask ends at 64 */

/* The attribute's five entries, NULL when it is not there. Those of a namespace are not libvirt's.
 */
static const xmlChar **attr(const struct via_xml_tag *t, const char *name)
{
	for (int i = 0; i < t->n_attrs; i++)
		if (!t->attrs[5 * i + 1] && !strcmp((const char *)t->attrs[5 * i], name))
			return &t->attrs[5 * i];
	return NULL;
}

/*
 * The value's text; false when it does not fit or holds a control character. SAX2 leaves an
 * ampersand as "&#38;" while entities are not substituted (xmlParseAttValueComplex).
 */
static bool copy(const char *s, const char *end, char *buf, size_t size)
{
	static const char amp[] = "&#38;";
	size_t n = 0;

	while (s < end) {
		size_t left = (size_t)(end - s);

		if ((unsigned char)*s < 0x20 || *s == 0x7f || n + 1 >= size)
			return false;
		buf[n++] = *s;
		s += left >= sizeof(amp) - 1 && !memcmp(s, amp, sizeof(amp) - 1) ? sizeof(amp) - 1
										 : 1;
	}
	buf[n] = '\0';
	return true;
}

bool via_xml_hint(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, char *buf, size_t size)
{
	const xmlChar **a = attr(t, name);

	(void)x;
	if (a && copy((const char *)a[3], (const char *)a[4], buf, size))
		return true;
	buf[0] = '\0';
	return false;
}

bool via_xml_attr(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, char *buf, size_t size)
{
	const xmlChar **a = attr(t, name);

	if (!a)
		return false;
	if (copy((const char *)a[3], (const char *)a[4], buf, size))
		return true;
	via_xml_fail(x, t->name, "%s is longer than %zu bytes, or holds control characters", name,
		size - 1);
	return false;
}

bool via_xml_yes(struct via_xml *x, const struct via_xml_tag *t, const char *name)
{
	char s[8];

	if (!via_xml_attr(x, t, name, s, sizeof(s)))
		return false;
	if (strcmp(s, "yes") && strcmp(s, "no"))
		via_xml_fail(x, t->name, "%s='%s' is neither yes nor no", name, s);
	return !strcmp(s, "yes");
}

static int number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 0);
	if (*end)
		return -EINVAL;
	if (errno || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

bool via_xml_number(struct via_xml *x, const struct via_xml_tag *t, const char *name, uint64_t max,
	uint64_t *ret)
{
	char s[32];
	int r;

	if (!via_xml_attr(x, t, name, s, sizeof(s)))
		return false;
	r = number(s, max, ret);
	if (r < 0)
		via_xml_fail(x, t->name, "%s='%s' is no number from 0 to %llu", name, s,
			(unsigned long long)max);
	return r == 0;
}

bool via_xml_mac(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, struct via_mac *ret)
{
	struct via_mac m;
	char s[32];

	if (!via_xml_attr(x, t, name, s, sizeof(s)))
		return false;
	if (via_mac_parse(s, &m) < 0 || m.b[0] & 1) {
		via_xml_fail(x, t->name, "%s='%s' is no unicast MAC address", name, s);
		return false;
	}
	*ret = m;
	return true;
}

/* A part of a PCI address that must be there. */
static bool part(struct via_xml *x, const struct via_xml_tag *t, const char *name, uint64_t max,
	uint8_t *ret)
{
	uint64_t v;

	if (via_xml_number(x, t, name, max, &v)) {
		*ret = (uint8_t)v;
		return true;
	}
	if (!x->r)
		via_xml_fail(x, t->name, "the PCI address has no %s", name);
	return false;
}

bool via_xml_address(struct via_xml *x, const struct via_xml_tag *t, struct via_addr *ret)
{
	struct via_addr a = {0};
	uint64_t domain = 0;

	if (!via_xml_number(x, t, "domain", UINT32_MAX, &domain) && x->r)
		return false;
	if (!part(x, t, "bus", 0xff, &a.bus) || !part(x, t, "slot", 0x1f, &a.dev) ||
		!part(x, t, "function", 7, &a.fn))
		return false;
	a.domain = (uint32_t)domain;
	if (via_addr_is_none(a)) {
		via_xml_fail(x, t->name, "0000:00:00.0 is no function to give away");
		return false;
	}
	*ret = a;
	return true;
}

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static int node(const char **s, uint64_t *ret)
{
	char *end;
	unsigned long v;

	*s = skip_space(*s);
	if (!isdigit((unsigned char)**s))
		return -EINVAL;
	v = strtoul(*s, &end, 10); /* ULONG_MAX on overflow */
	*s = skip_space(end);
	*ret = v;
	return v > NODE_MAX ? -EINVAL : 0;
}

static void mark(uint64_t first, uint64_t last, bool off, uint64_t *mask)
{
	for (; first <= last && first < 64; first++)
		*mask = off ? *mask & ~(UINT64_C(1) << first) : *mask | UINT64_C(1) << first;
}

/* One of "3", "0-3", "^1", *s moved behind it. */
static int nodes(const char **s, uint64_t *mask)
{
	uint64_t first, last;
	bool off;

	*s = skip_space(*s);
	off = **s == '^';
	*s += off;
	if (node(s, &first) < 0)
		return -EINVAL;
	last = first;
	if (**s == '-' && !off) {
		(*s)++;
		if (node(s, &last) < 0 || last < first)
			return -EINVAL;
	}
	mark(first, last, off, mask);
	return 0;
}

static int nodeset(const char *s, uint64_t *ret)
{
	uint64_t mask = 0;

	for (;;) {
		if (nodes(&s, &mask) < 0)
			return -EINVAL;
		if (!*s)
			break;
		if (*s++ != ',')
			return -EINVAL;
	}
	*ret = mask;
	return 0;
}

bool via_xml_nodeset(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, uint64_t *ret)
{
	char s[1024];

	if (!via_xml_attr(x, t, name, s, sizeof(s)))
		return false;
	if (nodeset(s, ret) == 0)
		return true;
	via_xml_fail(x, t->name, "%s='%.64s' is no set of nodes such as 0-1,3", name, s);
	return false;
}
