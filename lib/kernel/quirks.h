/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What drivers are known to do differently. One table, each row with its source. */
#ifndef VIA_KERNEL_QUIRKS_H
#define VIA_KERNEL_QUIRKS_H

#include <stdbool.h>
#include <stdint.h>

struct via_quirks {
	const char *driver;
	uint32_t unsupported;	 /* VIA_ATTR_BIT mask: driver has no such operation */
	bool pf_up_first;	 /* PF must be up before VFs are configured or probed */
	bool rate_needs_carrier; /* a rate is refused while the link is down */
	bool zero_mac_refused;	 /* clearing the admin MAC is refused: park a local one */
	bool no_min_rate;	 /* a min rate other than 0 is refused */
	bool no_8021ad;
	uint32_t max_vfs; /* below sriov_totalvfs, 0 none (igb: 7 of 8) */
};
/* Never NULL: an all-zero row for an unknown driver. */
const struct via_quirks *via_quirks_for(const char *driver);

#endif
