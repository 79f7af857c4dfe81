/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink as the real door uses it: one socket an exchange, so any thread may have one. */
#ifndef VIA_KERNEL_LINUX_NL_H
#define VIA_KERNEL_LINUX_NL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest extended ack that is kept (struct via_vf_set.extack). */
#define VIA_NL_EXTACK_MAX 96
/* How long an answer may take before the exchange fails with -ETIMEDOUT. */
#define VIA_NL_TIMEOUT_MS 30000

struct mnl_socket;

struct via_nl {
	struct mnl_socket *sock;
	uint32_t portid;
	uint32_t seq; /* of the last request */
	uint8_t *buf; /* the datagram received last */
	size_t size;
	char extack[VIA_NL_EXTACK_MAX]; /* of the last failed request, "" none */
};

/* bus: NETLINK_ROUTE, NETLINK_GENERIC. 0 or a negated errno; closes itself on failure. */
int via_nl_open(struct via_nl *nl, int bus);
void via_nl_close(struct via_nl *nl); /* takes a zeroed one */
#define via_autonl __attribute__((cleanup(via_nl_close))) struct via_nl

/* Called per message; the whole message can be read. Below 0 ends the exchange, 1 too (with 0). */
typedef int via_nl_fn(const struct nlmsghdr *nlh, void *user);

/* Send as it is: one message or many. */
int via_nl_send(struct via_nl *nl, const void *data, size_t len);
/* Receive and call fn until it says that it is done. */
int via_nl_receive(struct via_nl *nl, via_nl_fn *fn, void *user);
/*
 * Send one request (NLM_F_ACK or NLM_F_DUMP set by the caller, sequence number set here) and call
 * fn (may be NULL) for each message of the answer. 0, the kernel's negated errno (extack filled),
 * what fn returned, or -EAGAIN for a dump during which the dumped objects changed: ask again.
 */
int via_nl_ask(struct via_nl *nl, struct nlmsghdr *nlh, via_nl_fn *fn, void *user);

/*
 * Parsing, without sockets. Nothing outside the given bytes is ever read: libmnl's own iterators
 * take a length with its top bit set for a negative one, and leave payload lengths to the caller.
 */

/* The first message of *p and advance; NULL at the end or when the rest is no message. */
const struct nlmsghdr *via_nl_next(const uint8_t **p, size_t *left);

struct via_nl_span {
	const uint8_t *p;
	size_t left;
};
struct via_nl_attr {
	uint16_t type; /* without NLA_F_* */
	size_t len;    /* of the payload */
	const uint8_t *data;
};
/* The attributes behind a fixed header of `header` bytes; an empty span when it is not there. */
struct via_nl_span via_nl_attrs(const struct nlmsghdr *nlh, size_t header);
static inline struct via_nl_span via_nl_nest(const struct via_nl_attr *a)
{
	return (struct via_nl_span){a->data, a->len};
}
/* The next attribute; false at the end or at a malformed one, behind which nothing can be trusted.
 */
bool via_nl_attr_next(struct via_nl_span *s, struct via_nl_attr *ret);
/* The fixed header: false when the message is too short. */
bool via_nl_header(const struct nlmsghdr *nlh, void *ret, size_t size);

/* Payloads. Outputs are untouched when the payload is too short or too long for them. */
bool via_nl_get(const struct via_nl_attr *a, void *ret, size_t size); /* at least size bytes */
bool via_nl_get_u32(const struct via_nl_attr *a, uint32_t *ret);
bool via_nl_get_str(const struct via_nl_attr *a, char *buf, size_t size);
bool via_nl_get_hex(const struct via_nl_attr *a, char *buf, size_t size);

/* NLMSG_ERROR or NLMSG_DONE: the negated errno (0: an ack) and the extended ack's text. */
int via_nl_parse_error(const struct nlmsghdr *nlh, char *extack, size_t size);

#endif
