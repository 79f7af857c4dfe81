/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/hook.h"

#define LINE_MAX_BYTES 1400 /* below PIPE_BUF: a pipe takes it whole or not at all */

/* The words may be a guest's owner's: they must not forge a second line, or move a terminal's
 * cursor (by C1 controls neither, U+0080 to U+009F, which are two bytes). */
static void make_one_line(char *line)
{
	for (unsigned char *s = (unsigned char *)line; *s; s++) {
		if (*s < 0x20 || *s == 0x7f)
			*s = ' ';
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
			s[0] = s[1] = ' ';
	}
}

void via_hook_tell(const char *fmt, ...)
{
	static const char prefix[] = "viaduct: ";
	char line[LINE_MAX_BYTES + 2];
	va_list ap;
	size_t n;

	memcpy(line, prefix, sizeof(prefix));
	va_start(ap, fmt);
	vsnprintf(line + sizeof(prefix) - 1, LINE_MAX_BYTES - sizeof(prefix), fmt, ap);
	va_end(ap);
	make_one_line(line);
	n = strlen(line);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nobody listens */
}

int via_hook_give_up(const struct via_hook *h, const char *why)
{
	if (h->op->closed)
		via_hook_tell("guest %s must not start: %s", h->domain, why);
	else
		via_hook_tell("%s of guest %s could not be told to viaductd: %s", h->op->name,
			h->domain, why);
	return h->op->closed;
}
