/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/devlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/linux_nl.h"

static const char *const modes[] = {
	[DEVLINK_ESWITCH_MODE_LEGACY] = "legacy",
	[DEVLINK_ESWITCH_MODE_SWITCHDEV] = "switchdev",
};

struct request {
	_Alignas(struct nlmsghdr) char buf[256];
};

static struct nlmsghdr *request_init(
	struct request *rq, uint16_t family, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rq->buf);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->cmd = cmd;
	g->version = version;
	return nlh;
}

/* One attribute of an answer, 16 bits wide. */
struct answer {
	uint16_t attr, value;
	bool has;
};

static int on_answer(const struct nlmsghdr *nlh, void *user)
{
	struct via_nl_span s = via_nl_attrs(nlh, sizeof(struct genlmsghdr));
	struct answer *ans = user;
	struct via_nl_attr a;

	while (via_nl_attr_next(&s, &a)) {
		if (a.type == ans->attr)
			ans->has = via_nl_get(&a, &ans->value, sizeof(ans->value));
	}
	return 0;
}

static int get_family(struct via_nl *nl, uint16_t *ret)
{
	struct answer ans = {.attr = CTRL_ATTR_FAMILY_ID};
	struct nlmsghdr *nlh;
	struct request rq;
	int r;

	nlh = request_init(&rq, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	r = via_nl_ask(nl, nlh, on_answer, &ans);
	if (r < 0)
		return r == -ENOENT ? -EOPNOTSUPP : r;
	if (!ans.has)
		return -EBADMSG;
	*ret = ans.value;
	return 0;
}

/* mode below 0: only ask. */
static int eswitch(struct via_nl *nl, struct via_addr pf, uint8_t cmd, int mode, struct answer *ret)
{
	struct nlmsghdr *nlh;
	struct request rq;
	uint16_t family = 0;
	int r = via_nl_open(nl, NETLINK_GENERIC);

	if (r == 0)
		r = get_family(nl, &family);
	if (r < 0)
		return r;
	nlh = request_init(&rq, family, cmd, DEVLINK_GENL_VERSION);
	mnl_attr_put_strz(nlh, DEVLINK_ATTR_BUS_NAME, "pci");
	mnl_attr_put_strz(nlh, DEVLINK_ATTR_DEV_NAME, via_addr_fmt(pf));
	if (mode >= 0)
		mnl_attr_put_u16(nlh, DEVLINK_ATTR_ESWITCH_MODE, (uint16_t)mode);
	r = via_nl_ask(nl, nlh, on_answer, ret);
	/* The driver registered no devlink instance for this function (net/devlink, get from
	 * attrs). */
	return r == -ENODEV ? -EOPNOTSUPP : r;
}

int via_devlink_get_eswitch(struct via_addr pf, char *buf, size_t size)
{
	struct answer ans = {.attr = DEVLINK_ATTR_ESWITCH_MODE};
	via_autonl nl = {0};
	int r = eswitch(&nl, pf, DEVLINK_CMD_ESWITCH_GET, -1, &ans);

	if (r < 0)
		return r;
	if (!ans.has || ans.value >= VIA_ARRAY_SIZE(modes))
		return -EOPNOTSUPP;
	if (strlen(modes[ans.value]) >= size)
		return -EOVERFLOW;
	strcpy(buf, modes[ans.value]);
	return 0;
}

int via_devlink_set_eswitch(struct via_addr pf, const char *mode, struct via_err *err)
{
	struct answer ans = {.attr = DEVLINK_ATTR_ESWITCH_MODE};
	via_autonl nl = {0};
	size_t m = 0;
	int r;

	while (m < VIA_ARRAY_SIZE(modes) && strcmp(mode, modes[m]) != 0)
		m++;
	if (m == VIA_ARRAY_SIZE(modes))
		return via_err_set(err, -EINVAL,
			"%s: there is no eswitch mode \"%s\"; it is \"%s\" or "
			"\"%s\"",
			via_addr_fmt(pf), mode, modes[0], modes[1]);
	r = eswitch(&nl, pf, DEVLINK_CMD_ESWITCH_SET, (int)m, &ans);
	if (r == 0)
		return 0;
	return via_err_set(err, r, "%s: cannot set the eswitch mode to %s: %s%s%s",
		via_addr_fmt(pf), mode, strerror(-r), nl.extack[0] ? ": " : "", nl.extack);
}
