/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree by formatted paths. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

#define FORMAT_PATH(buf, fmt)                                                                      \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		vsnprintf((buf), sizeof(buf), (fmt), ap_);                                         \
		va_end(ap_);                                                                       \
	} while (0)

struct fake_node *fake_find(struct via_fake *f, const char *fmt, ...)
{
	char path[FAKE_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return fake_tree_find(&f->tree, NULL, path, true, NULL);
}

static const char *text_of(const struct fake_node *n, char *buf, size_t size)
{
	size_t len = n && n->type == FAKE_FILE ? n->len : 0;

	if (len && n->data[len - 1] == '\n')
		len--;
	snprintf(buf, size, "%.*s", (int)len, len ? n->data : "");
	return buf;
}

const char *fake_get(struct via_fake *f, char *buf, size_t size, const char *fmt, ...)
{
	char path[FAKE_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return text_of(fake_tree_find(&f->tree, NULL, path, true, NULL), buf, size);
}

uint64_t fake_get_num(struct via_fake *f, int base, const char *fmt, ...)
{
	char path[FAKE_PATH_MAX], text[64];

	FORMAT_PATH(path, fmt);
	text_of(fake_tree_find(&f->tree, NULL, path, true, NULL), text, sizeof(text));
	return strtoull(text, NULL, base);
}

void fake_put(struct via_fake *f, const char *path, const char *fmt, ...)
{
	via_autostrbuf text = VIA_STRBUF_INIT;
	char line[FAKE_PATH_MAX];

	FORMAT_PATH(line, fmt);
	via_strbuf_addf(&text, "%s\n", line);
	fake_tree_file(&f->tree, path, text.s, text.len);
}

void fake_drop_path(struct via_fake *f, const char *fmt, ...)
{
	char path[FAKE_PATH_MAX];

	FORMAT_PATH(path, fmt);
	fake_tree_remove(&f->tree, fake_tree_find(&f->tree, NULL, path, false, NULL));
}

/* Length of the directories both paths start with, slash included. */
static size_t common_prefix(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			common = i + 1;
	return common;
}

void fake_link(struct via_fake *f, const char *dir, const char *name, const char *target)
{
	via_autostrbuf rel = VIA_STRBUF_INIT;
	char from[FAKE_PATH_MAX], path[FAKE_PATH_MAX + 64];
	struct fake_node *n = fake_tree_dir(&f->tree, dir);
	size_t skip;

	fake_node_path(n, from);
	strncat(from, "/", sizeof(from) - strlen(from) - 1);
	skip = common_prefix(from, target);
	for (const char *s = from + skip; *s; s++)
		if (*s == '/')
			via_strbuf_adds(&rel, "../");
	via_strbuf_adds(&rel, target + skip);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fake_tree_link(&f->tree, path, rel.s);
}

const char *fake_link_name(struct via_fake *f, char *buf, size_t size, const char *fmt, ...)
{
	char path[FAKE_PATH_MAX];
	struct fake_node *n;
	const char *slash;

	FORMAT_PATH(path, fmt);
	n = fake_tree_find(&f->tree, NULL, path, false, NULL);
	if (!n || n->type != FAKE_LINK)
		return buf[0] = '\0', buf;
	slash = strrchr(n->data, '/');
	snprintf(buf, size, "%s", slash ? slash + 1 : n->data);
	return buf;
}

struct fake_node *fake_pci(struct via_fake *f, struct via_addr a)
{
	return fake_find(f, VIA_PCI_DEVICES "/%s", via_addr_fmt(a));
}

struct via_addr fake_addr(const char *text)
{
	struct via_addr a;

	if (via_addr_parse(text, &a)) {
		fprintf(stderr, "fake: \"%s\" is no PCI address\n", text);
		abort();
	}
	return a;
}
