// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vf-attrs-bench NETDEV: sets what standard input says ("VF MAC VLAN MAX_MBPS SPOOFCHK TRUST" a
 * line) through the executor's engine and fails unless every attribute was read back as asked.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/execute.h"

#define MAX_VFS 256

static int read_set(const char *line, struct via_vf_set *set)
{
	char mac[32], spoofchk[8], trust[8];
	unsigned int vlan;

	if (sscanf(line, "%u %31s %u %u %7s %7s", &set->index, mac, &vlan, &set->attrs.max_tx_mbps,
		    spoofchk, trust) != 6 ||
		via_mac_parse(mac, &set->attrs.mac) < 0)
		return -1;
	set->attrs.vlan = (uint16_t)vlan;
	set->attrs.vlan_proto = VIA_VLAN_PROTO_8021Q;
	set->attrs.spoofchk = !strcmp(spoofchk, "on");
	set->attrs.trust = !strcmp(trust, "on");
	set->attrs.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |
			   VIA_ATTR_BIT(VIA_VF_ATTR_RATE) | VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK) |
			   VIA_ATTR_BIT(VIA_VF_ATTR_TRUST);
	return 0;
}

static size_t read_sets(struct via_vf_set *sets)
{
	char line[256];
	size_t n = 0;

	while (n < MAX_VFS && fgets(line, sizeof(line), stdin)) {
		if (read_set(line, &sets[n]) < 0) {
			fprintf(stderr, "vf-attrs-bench: cannot read: %s", line);
			exit(2);
		}
		n++;
	}
	return n;
}

static int all_applied(
	const struct via_vf_set *sets, const struct via_attrs_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int a = 0; a < VIA_VF_ATTR_COUNT; a++) {
			const struct via_attr_result *r = &results[i].attr[a];

			if (!(sets[i].attrs.known & VIA_ATTR_BIT(a)) ||
				r->outcome == VIA_OUTCOME_APPLIED)
				continue;
			fprintf(stderr, "vf-attrs-bench: VF %u: %s: %s %s\n", sets[i].index,
				via_vf_attr_name(a), via_attr_outcome_name(r->outcome), r->extack);
			return 0;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	static struct via_vf_set sets[MAX_VFS];
	static struct via_attrs_result results[MAX_VFS];
	static struct via_vf_attrs left[MAX_VFS];
	struct via_kernel *k = NULL;
	struct via_err err = {0};
	uint32_t unsupported = 0;
	unsigned int ifindex = argc == 2 ? if_nametoindex(argv[1]) : 0;
	size_t n;
	int r;

	if (!ifindex) {
		fprintf(stderr, "usage: vf-attrs-bench NETDEV <LINES\n");
		return 2;
	}
	n = read_sets(sets);
	r = via_kernel_linux_create(-1, &k, &err);
	if (r == 0)
		r = via_execute_vf_attrs(
			k, (int)ifindex, sets, n, results, left, &unsupported, &err);
	via_kernel_destroy(k);
	if (r) {
		fprintf(stderr, "vf-attrs-bench: %s\n", err.msg);
		return 1;
	}
	return all_applied(sets, results, n) ? 0 : 1;
}
