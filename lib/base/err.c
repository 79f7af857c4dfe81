/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *code;
	const char *varlink;
	int exit;
	const char *text;
} refusals[VIA_REFUSAL_COUNT] = {[VIA_REFUSAL_NONE] = {"none", NULL, 1, ""},
#define VIA_X(sym, c, v, e, t) [VIA_REFUSED_##sym] = {c, v, e, t},
	VIA_REFUSALS(VIA_X)
#undef VIA_X
};

/* Where a text that may end in half a UTF-8 character has to be cut: messages go into JSON. */
static void trim_utf8(char *s)
{
	size_t n = strlen(s), tail = 0;

	while (tail < 4 && tail < n && ((unsigned char)s[n - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail < n && ((unsigned char)s[n - 1 - tail] & 0xc0) == 0xc0) {
		unsigned char lead = (unsigned char)s[n - 1 - tail];
		size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

		if (tail < want)
			s[n - 1 - tail] = '\0';
	}
}

int via_err_setv(struct via_err *err, int code, const char *fmt, va_list ap)
{
	if (err) {
		char buf[VIA_ERR_MSG_MAX];

		/* The arguments may point into err->msg itself. */
		if (vsnprintf(buf, sizeof(buf), fmt, ap) >= (int)sizeof(buf))
			trim_utf8(buf);
		err->code = code;
		snprintf(err->msg, sizeof(err->msg), "%s", buf);
	}
	return code;
}

int via_err_set(struct via_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	via_err_setv(err, code, fmt, ap);
	va_end(ap);
	return code;
}

void via_err_prefix(struct via_err *err, const char *fmt, ...)
{
	char head[VIA_ERR_MSG_MAX];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	via_err_set(err, err->code, "%s: %s", head, err->msg);
}

static unsigned int clamp(enum via_refusal r)
{
	return (unsigned int)r < VIA_REFUSAL_COUNT ? (unsigned int)r : VIA_REFUSAL_NONE;
}

const char *via_refusal_code(enum via_refusal r)
{
	return refusals[clamp(r)].code;
}

const char *via_refusal_varlink(enum via_refusal r)
{
	return refusals[clamp(r)].varlink;
}

int via_refusal_exit(enum via_refusal r)
{
	return refusals[clamp(r)].exit;
}

const char *via_refusal_text(enum via_refusal r)
{
	return refusals[clamp(r)].text;
}

enum via_refusal via_refusal_from_varlink(const char *name)
{
	for (int i = 1; name && i < VIA_REFUSAL_COUNT; i++)
		if (!strcmp(refusals[i].varlink, name))
			return (enum via_refusal)i;
	return VIA_REFUSAL_NONE;
}

enum via_refusal via_refusal_from_code(const char *code)
{
	for (int i = 1; code && i < VIA_REFUSAL_COUNT; i++)
		if (!strcmp(refusals[i].code, code))
			return (enum via_refusal)i;
	return VIA_REFUSAL_NONE;
}
