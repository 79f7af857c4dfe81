/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *code;
	const char *varlink;
	int exit;
	const char *text;
} refusals[VIA_REFUSAL_COUNT] = {
	[VIA_REFUSAL_NONE] = { "none", NULL, 1, "" },
#define VIA_X(sym, c, v, e, t) [VIA_REFUSED_##sym] = { c, v, e, t },
	VIA_REFUSALS(VIA_X)
#undef VIA_X
};

int via_err_setv(struct via_err *err, int code, const char *fmt, va_list ap)
{
	if (err) {
		char buf[VIA_ERR_MSG_MAX];

		/* The arguments may point into err->msg itself. */
		vsnprintf(buf, sizeof(buf), fmt, ap);
		err->code = code;
		memcpy(err->msg, buf, sizeof(buf));
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
	for (int i = 1; i < VIA_REFUSAL_COUNT; i++)
		if (!strcmp(refusals[i].varlink, name))
			return (enum via_refusal)i;
	return VIA_REFUSAL_NONE;
}

enum via_refusal via_refusal_from_code(const char *code)
{
	for (int i = 1; i < VIA_REFUSAL_COUNT; i++)
		if (!strcmp(refusals[i].code, code))
			return (enum via_refusal)i;
	return VIA_REFUSAL_NONE;
}
