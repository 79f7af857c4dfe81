/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields, escapes and errno names of the manifest. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/kv.h"

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* One escape behind the backslash: its byte, and how many characters it took; 0 for none. */
static size_t escape_at(const char *s, char *ret)
{
	static const char from[] = "nts\\", to[] = "\n\t \\";
	const char *p = *s ? strchr(from, *s) : NULL;

	if (p) {
		*ret = to[p - from];
		return 1;
	}
	if (*s != 'x' || !isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
		return 0;
	*ret = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
	return 3;
}

ssize_t fake_unescape(char *s)
{
	char *out = s, *start = s;

	while (*s) {
		size_t n;

		if (*s != '\\') {
			*out++ = *s++;
			continue;
		}
		n = escape_at(s + 1, out);
		if (!n)
			return -1;
		out++;
		s += n + 1;
	}
	*out = '\0';
	return out - start;
}

char *fake_field(char **rest)
{
	char *s = *rest, *end;

	if (!s || !*s)
		return NULL;
	end = strchr(s, ' ');
	if (end)
		*end++ = '\0';
	*rest = end;
	return fake_unescape(s) < 0 ? NULL : s;
}

void fake_escape(FILE *out, const char *s, size_t len, bool spaces)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c == '\\')
			fputs("\\\\", out);
		else if (c == ' ' && spaces)
			fputs("\\s", out);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

#define ERRNO(name)                                                                                \
	{                                                                                          \
#name, name                                                                        \
	}
static const struct {
	const char *name;
	int error;
} errnos[] = {
	ERRNO(EPERM),
	ERRNO(ENOENT),
	ERRNO(EIO),
	ERRNO(ENXIO),
	ERRNO(EAGAIN),
	ERRNO(ENOMEM),
	ERRNO(EACCES),
	ERRNO(EBUSY),
	ERRNO(EEXIST),
	ERRNO(ENODEV),
	ERRNO(EINVAL),
	ERRNO(ENOSPC),
	ERRNO(ERANGE),
	ERRNO(EPROTONOSUPPORT),
	ERRNO(EOPNOTSUPP),
	ERRNO(ENOBUFS),
	ERRNO(ETIMEDOUT),
	ERRNO(ENETDOWN),
	ERRNO(ENETUNREACH),
	ERRNO(EMSGSIZE),
};

int fake_errno_parse(const char *s)
{
	int64_t n;

	for (size_t i = 0; i < VIA_ARRAY_SIZE(errnos); i++)
		if (!strcmp(errnos[i].name, s))
			return errnos[i].error;
	return via_parse_int(s, 0, 4095, &n) ? -1 : (int)n;
}

const char *fake_errno_name(int error, char buf[16])
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(errnos); i++)
		if (errnos[i].error == error)
			return errnos[i].name;
	snprintf(buf, 16, "%d", error);
	return buf;
}
