/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/linux_nl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* MAX_ERRNO, include/linux/err.h */
#define ERRNO_MAX 4095

const struct nlmsghdr *via_nl_next(const uint8_t **p, size_t *left)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)*p;
	size_t len;

	if (*left < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > *left)
		return NULL;
	len = NLMSG_ALIGN((size_t)nlh->nlmsg_len);
	if (len > *left)
		len = *left;
	*p += len;
	*left -= len;
	return nlh;
}

bool via_nl_header(const struct nlmsghdr *nlh, void *ret, size_t size)
{
	if (nlh->nlmsg_len < NLMSG_HDRLEN + size)
		return false;
	memcpy(ret, NLMSG_DATA(nlh), size);
	return true;
}

struct via_nl_span via_nl_attrs(const struct nlmsghdr *nlh, size_t header)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header);

	if (nlh->nlmsg_len < skip)
		return (struct via_nl_span){0};
	return (struct via_nl_span){(const uint8_t *)nlh + skip, nlh->nlmsg_len - skip};
}

bool via_nl_attr_next(struct via_nl_span *s, struct via_nl_attr *ret)
{
	struct nlattr a;
	size_t step;

	if (s->left < NLA_HDRLEN)
		return false;
	memcpy(&a, s->p, sizeof(a));
	if (a.nla_len < NLA_HDRLEN || a.nla_len > s->left)
		return false;
	*ret = (struct via_nl_attr){.type = a.nla_type & NLA_TYPE_MASK,
		.len = a.nla_len - (size_t)NLA_HDRLEN,
		.data = s->p + NLA_HDRLEN};
	step = NLA_ALIGN((size_t)a.nla_len);
	if (step > s->left)
		step = s->left;
	s->p += step;
	s->left -= step;
	return true;
}

bool via_nl_get(const struct via_nl_attr *a, void *ret, size_t size)
{
	if (a->len < size)
		return false;
	memcpy(ret, a->data, size);
	return true;
}

bool via_nl_get_u32(const struct via_nl_attr *a, uint32_t *ret)
{
	return via_nl_get(a, ret, sizeof(*ret));
}

bool via_nl_get_str(const struct via_nl_attr *a, char *buf, size_t size)
{
	size_t len = strnlen((const char *)a->data, a->len);

	if (len >= size)
		return false;
	memcpy(buf, a->data, len);
	buf[len] = '\0';
	return true;
}

bool via_nl_get_hex(const struct via_nl_attr *a, char *buf, size_t size)
{
	if (size == 0 || a->len > (size - 1) / 2)
		return false;
	buf[0] = '\0';
	for (size_t i = 0; i < a->len; i++)
		snprintf(buf + 2 * i, 3, "%02x", a->data[i]);
	return true;
}

/* Where the extended ack's attributes start: behind the request's copy, unless that was left out.
 */
static struct via_nl_span extack_attrs(const struct nlmsghdr *nlh, const struct nlmsgerr *e)
{
	size_t header = sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return (struct via_nl_span){0};
	if (nlh->nlmsg_type == NLMSG_DONE)
		return via_nl_attrs(nlh, sizeof(int));
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > NLMSG_HDRLEN)
		header += e->msg.nlmsg_len - NLMSG_HDRLEN;
	return via_nl_attrs(nlh, header);
}

int via_nl_parse_error(const struct nlmsghdr *nlh, char *extack, size_t size)
{
	bool is_error = nlh->nlmsg_type == NLMSG_ERROR;
	struct nlmsgerr e = {0};
	struct via_nl_span s;
	struct via_nl_attr a;

	extack[0] = '\0';
	/* NLMSG_DONE carries the error alone; of a dump that went well it may carry nothing. */
	if (!via_nl_header(nlh, &e, is_error ? sizeof(e) : sizeof(e.error)))
		return is_error ? -EBADMSG : 0;
	s = extack_attrs(nlh, &e);
	while (via_nl_attr_next(&s, &a)) {
		if (a.type != NLMSGERR_ATTR_MSG)
			continue;
		snprintf(extack, size, "%.*s", (int)strnlen((const char *)a.data, a.len),
			(const char *)a.data);
	}
	return e.error <= 0 && e.error >= -ERRNO_MAX ? e.error : -EBADMSG;
}
