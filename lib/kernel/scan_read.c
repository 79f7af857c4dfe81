/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a device's attributes: what is not there is unknown, what is malformed is a problem. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/scan_parts.h"

void scan_path_set(struct scan_path *p, const char *dir)
{
	size_t len = strlen(dir);

	if (len + 2 > sizeof(p->s)) {
		p->base = sizeof(p->s);
		return;
	}
	memcpy(p->s, dir, len);
	p->s[len] = '/';
	p->s[len + 1] = '\0';
	p->base = len + 1;
}

const char *scan_at(struct scan_path *p, const char *name)
{
	size_t len = strlen(name);

	if (p->base >= sizeof(p->s) || len >= sizeof(p->s) - p->base)
		return "path-too-long";
	p->s[p->base - 1] = '/';
	memcpy(p->s + p->base, name, len + 1);
	return p->s;
}

const char *scan_dir(struct scan_path *p)
{
	if (p->base > sizeof(p->s) - 1)
		return "path-too-long";
	p->s[p->base - 1] = '\0';
	return p->s;
}

const char *scan_intern(struct scan *s, const char *text)
{
	return text && *text ? via_arena_intern(&s->inv->arena, text) : NULL;
}

const void *scan_copy(struct scan *s, const void *array, size_t n, size_t size)
{
	void *copy = n ? via_arena_alloc(&s->inv->arena, n * size) : NULL;

	return copy ? memcpy(copy, array, n * size) : NULL;
}

bool scan_busy(const struct scan *s, struct via_addr addr)
{
	for (size_t i = 0; s->opt && i < s->opt->n_busy; i++) {
		if (via_addr_eq(s->opt->busy[i], addr))
			return true;
	}
	return false;
}

void scan_problem(struct scan *s, struct via_device *d, const char *fmt, ...)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (d->problem)
		via_strbuf_addf(&b, "%s; ", d->problem);
	via_strbuf_adds(&b, text);
	d->problem = scan_intern(s, via_strbuf_str(&b));
	s->inv->complete = false;
}

/* The beginning of an attribute's content, fit to be shown. */
static void shown(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	char raw[24];
	ssize_t n = k->ops->read(k, path, raw, sizeof(raw));
	size_t at = 0;

	for (ssize_t i = 0; i < n && at + 5 < size; i++) {
		unsigned char c = (unsigned char)raw[i];

		if (c == '\n' && i == n - 1)
			break;
		at += (size_t)snprintf(buf + at, size - at,
			c < 0x20 || c >= 0x7f || c == '"' ? "\\x%02x" : "%c", c);
	}
	buf[at] = '\0';
}

/* Not there, or there no longer: sysfs answers ENODEV for a device that goes away. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ENXIO || r == -ENOTDIR;
}

static void bad_read(
	struct scan *s, struct via_device *d, const char *path, const char *name, int r)
{
	char content[80];

	if (is_absent(r))
		return;
	if (r == -EILSEQ || r == -EOVERFLOW) {
		shown(s->k, path, content, sizeof(content));
		scan_problem(s, d, "%s: \"%s\" is %s", name, content,
			r == -EILSEQ ? "not text" : "too long");
		return;
	}
	scan_problem(s, d, "%s: cannot read: %s", name, strerror(-r));
}

bool scan_str(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	char *buf, size_t size)
{
	const char *path = scan_at(p, name);
	int r = via_kernel_read_str(s->k, path, buf, size);

	if (r < 0) {
		bad_read(s, d, path, name, r);
		buf[0] = '\0';
	}
	return r == 0;
}

bool scan_u32(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	uint32_t max, uint32_t *ret)
{
	char text[32];
	int64_t v;

	if (!scan_str(s, d, p, name, text, sizeof(text)))
		return false;
	if (via_parse_int(text, 0, max, &v)) {
		scan_problem(s, d, "%s: \"%s\" is no number from 0 to %u", name, text, max);
		return false;
	}
	*ret = (uint32_t)v;
	return true;
}

bool scan_hex16(
	struct scan *s, struct via_device *d, struct scan_path *p, const char *name, uint16_t *ret)
{
	char text[32];
	uint64_t v;

	if (!scan_str(s, d, p, name, text, sizeof(text)))
		return false;
	if (via_parse_hex(text, 0xffff, &v)) {
		scan_problem(s, d, "%s: \"%s\" is no PCI id", name, text);
		return false;
	}
	*ret = (uint16_t)v;
	return true;
}

bool scan_link(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	char *buf, size_t size)
{
	int r = via_kernel_link_name(s->k, scan_at(p, name), buf, size);

	if (r < 0) {
		bad_read(s, d, p->s, name, r);
		buf[0] = '\0';
	}
	return r == 0;
}

size_t scan_text(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	ssize_t n = k->ops->read(k, path, buf, size - 1);

	n = n < 0 ? 0 : n;
	buf[n] = '\0';
	return (size_t)n;
}
