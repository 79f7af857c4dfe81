/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second half, in a module of its own: what needs libxml2, json-c and libviaduct. */
#include <errno.h>

#include "domain/xml.h"
#include "hooks/judge.h"
#include "hooks/notes.h"

/* Not judged, or not answered. */
static int give_up(const struct via_hook *h, const struct via_err *err)
{
	return via_hook_give_up(h, err->msg);
}

static int without_daemon(const struct via_hook *h, const struct via_err *why)
{
	struct via_err err = {0};

	if (via_hook_managed(h, &err) == 0)
		return 0;
	via_hook_tell("guest %s must not start: %s, and %s; start viaductd and try again",
		h->domain, why->msg, err.msg);
	return 1;
}

static int leave_note(const struct via_hook *h, const struct via_err *why)
{
	struct via_err err = {0};

	if (via_hook_note(h, &err) < 0) {
		via_hook_tell(
			"release of guest %s could not be told to viaductd (%s), nor left for "
			"it (%s); it finds out by itself",
			h->domain, why->msg, err.msg);
		return 0;
	}
	via_hook_forget(h);
	return 0;
}

static int unanswered(const struct via_hook *h, const struct via_err *err)
{
	if (h->op->closed)
		return without_daemon(h, err);
	return h->op->note ? leave_note(h, err) : give_up(h, err);
}

/* The daemon's answer is no. */
static int refused(const struct via_hook *h, const struct via_err *err)
{
	if (h->op->abort) {
		via_hook_tell("%s", err->msg);
		return 1;
	}
	via_hook_tell(
		"viaductd does not accept %s of guest %s: %s", h->op->name, h->domain, err->msg);
	if (h->op->note)
		via_hook_forget(h);
	return 0;
}

static int answered(const struct via_hook *h)
{
	struct via_err err = {0};

	if (h->op->note)
		via_hook_forget(h);
	if (h->op->keeps && via_hook_keep(h, &err) < 0)
		via_hook_tell("the generations of guest %s are not kept: %s", h->domain, err.msg);
	return 0;
}

static int ask(struct via_hook *h)
{
	struct via_err err = {0};
	int r = via_hook_request(h, &err);

	if (r < 0)
		return unanswered(h, &err);
	return r ? refused(h, &err) : answered(h);
}

VIA_HOOK_EXPORT int via_hook_judge(struct via_hook *h, size_t size, const char *text, size_t len)
{
	struct via_err err = {0};
	int r;

	if (size != sizeof(*h))
		return via_hook_give_up(h, "the hook and its module are of different releases");
	r = via_domain_from_xml(text, len, &h->dom, &err);
	if (r)
		return give_up(h, &err);
	if (h->op->ends)
		via_hook_recall(h);
	r = h->dom.n_devs || h->n_generations ? ask(h) : 0;
	via_domain_finish(&h->dom);
	return r;
}
