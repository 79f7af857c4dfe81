/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int via_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	/* No sign where none is meant: "-0" is no count. */
	const char *digits = *s == '-' && min < 0 ? s + 1 : s;
	char *end;
	long long v;

	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int via_parse_hex(const char *s, uint64_t max, uint64_t *ret)
{
	unsigned long long v;
	char *end;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	/* strtoull() would take a second 0x. */
	if (!*s || s[strspn(s, "0123456789abcdefABCDEF")])
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 16);
	if (*end)
		return -EINVAL;
	if (errno || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* Hex digits of one address part: reads min to max of them and moves *s on. */
static int hex_part(const char **s, int min, int max, uint32_t *ret)
{
	uint32_t v = 0;
	int n = 0;

	for (; n < max && isxdigit((unsigned char)**s); n++, (*s)++) {
		char c = (char)tolower((unsigned char)**s);

		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return n >= min ? 0 : -EINVAL;
}

static int colons(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == ':';
	return n;
}

int via_addr_parse(const char *s, struct via_addr *ret)
{
	uint32_t dom = 0, bus, dev, fn;
	int parts = colons(s);

	if (parts == 2) {
		if (hex_part(&s, 4, 8, &dom) < 0 || *s++ != ':')
			return -EINVAL;
	} else if (parts != 1) {
		return -EINVAL;
	}
	if (hex_part(&s, 2, 2, &bus) < 0 || *s++ != ':' || hex_part(&s, 2, 2, &dev) < 0 ||
		*s++ != '.' || hex_part(&s, 1, 1, &fn) < 0 || *s)
		return -EINVAL;
	if (dev > 0x1f || fn > 7)
		return -EINVAL;
	*ret = (struct via_addr){dom, (uint8_t)bus, (uint8_t)dev, (uint8_t)fn};
	return 0;
}

const char *via_addr_str(struct via_addr a, char buf[VIA_ADDR_STR_MAX])
{
	snprintf(buf, VIA_ADDR_STR_MAX, "%04x:%02x:%02x.%x", a.domain, a.bus, a.dev, a.fn);
	return buf;
}

static uint64_t addr_key(struct via_addr a)
{
	return (uint64_t)a.domain << 24 | (uint64_t)a.bus << 16 | (uint64_t)a.dev << 8 | a.fn;
}

int via_addr_cmp(struct via_addr a, struct via_addr b)
{
	uint64_t x = addr_key(a), y = addr_key(b);

	return x < y ? -1 : x > y;
}

int via_mac_parse(const char *s, struct via_mac *ret)
{
	struct via_mac m;

	if (strlen(s) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++, s += 3) {
		char two[3] = {s[0], s[1], 0};
		uint64_t v;

		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]) ||
			via_parse_hex(two, 0xff, &v) < 0 || s[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		m.b[i] = (uint8_t)v;
	}
	*ret = m;
	return 0;
}

const char *via_mac_str(struct via_mac m, char buf[VIA_MAC_STR_MAX])
{
	snprintf(buf, VIA_MAC_STR_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", m.b[0], m.b[1], m.b[2],
		m.b[3], m.b[4], m.b[5]);
	return buf;
}

bool via_mac_eq(struct via_mac a, struct via_mac b)
{
	return !memcmp(a.b, b.b, sizeof(a.b));
}

bool via_mac_is_zero(struct via_mac m)
{
	return via_mac_eq(m, (struct via_mac){{0}});
}

bool via_mac_is_unicast(struct via_mac m)
{
	return !via_mac_is_zero(m) && !(m.b[0] & 1);
}

bool via_glob_match(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}
