/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kernel.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A sysfs text attribute is at most one page (fs/sysfs/file.c, sysfs_kf_seq_show). */
#define TEXT_MAX 4096

void via_net_finish(struct via_net *n)
{
	free(n->links);
	free(n->addrs);
	free(n->routes);
	*n = (struct via_net){0};
}

void via_vf_list_finish(struct via_vf_list *l)
{
	free(l->vfs);
	*l = (struct via_vf_list){0};
}

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return true;
}

int via_kernel_read_str(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	char page[TEXT_MAX + 2];
	/* One byte more than fits, so that "just fits" and "too long" can be told apart. */
	bool small = size < sizeof(page);
	char *p = small ? page : buf;
	ssize_t n = k->ops->read(k, path, p, small ? size + 1 : size);
	size_t len;

	if (n < 0)
		return (int)n;
	len = (size_t)n;
	if (!small && len == size)
		return -EOVERFLOW;
	if (len && p[len - 1] == '\n')
		len--;
	if (len >= size)
		return -EOVERFLOW;
	if (!is_text(p, len))
		return -EILSEQ;
	if (small)
		memcpy(buf, p, len);
	buf[len] = '\0';
	return 0;
}

static int parse_decimal(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -EINVAL;
	}
	*ret = v;
	return 0;
}

int via_kernel_read_u64(struct via_kernel *k, const char *path, uint64_t *ret)
{
	char text[32];
	int r = via_kernel_read_str(k, path, text, sizeof(text));

	if (r == -EOVERFLOW || r == -EILSEQ)
		return -EINVAL;
	if (r < 0)
		return r;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return via_parse_hex(text, UINT64_MAX, ret) ? -EINVAL : 0;
	return parse_decimal(text, ret);
}

int via_kernel_write_str(struct via_kernel *k, const char *path, const char *s)
{
	/* sysfs drops a write of no bytes (sysfs_kf_write): an empty value is a bare newline. */
	if (!*s)
		return k->ops->write(k, path, "\n", 1);
	return k->ops->write(k, path, s, strlen(s));
}

int via_kernel_link_name(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	const char *name;
	size_t len;
	int r = k->ops->readlink(k, path, target, sizeof(target));

	if (r < 0)
		return r;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	len = strlen(name);
	if (!len)
		return -EINVAL;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, name, len + 1);
	return 0;
}
