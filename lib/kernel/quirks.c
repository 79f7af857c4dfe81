/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read from the drivers' sources in Linux 6.1 (drivers/net/ethernet/…); each row names the file. An
 * operation counts as unsupported when the driver's net_device_ops lack its ndo_set_vf_*. What was
 * not found there is left at zero: the first answer teaches it at run time.
 */
#include "kernel/quirks.h"

#include <stddef.h>
#include <string.h>

#include "model/attrs.h"

#define LACKS(attr) VIA_ATTR_BIT(VIA_VF_ATTR_##attr)

static const struct via_quirks table[] = {
	/* intel/igb/igb_main.c: igb_netdev_ops; igb_ndo_set_vf_bw (EINVAL for a min rate, and for
	 * any without E1000_STATUS_LU); igb_ndo_set_vf_vlan; igb_probe_vfs (pci_sriov_set_totalvfs
	 * 7). */
	{
		.driver = "igb",
		.unsupported = LACKS(LINK_STATE) | LACKS(RSS_QUERY),
		.pf_up_first = true,
		.rate_needs_carrier = true,
		.no_min_rate = true,
		.no_8021ad = true,
		.max_vfs = 7,
	},
	/* intel/ixgbe/ixgbe_main.c: ixgbe_netdev_ops, IXGBE_MAX_VFS_DRV_LIMIT; ixgbe_sriov.c:
	 * ixgbe_ndo_set_vf_bw (EINVAL without a link, and with any but 10 Gbit/s),
	 * ixgbe_ndo_set_vf_mac ("Bring the PF device up before attempting to use the VF device").
	 */
	{
		.driver = "ixgbe",
		.pf_up_first = true,
		.rate_needs_carrier = true,
		.no_min_rate = true,
		.no_8021ad = true,
		.max_vfs = 63,
	},
	/* intel/i40e/i40e_main.c: i40e_netdev_ops; i40e_virtchnl_pf.c: i40e_ndo_set_vf_bw,
	 * i40e_ndo_set_vf_port_vlan. */
	{
		.driver = "i40e",
		.unsupported = LACKS(RSS_QUERY),
		.no_min_rate = true,
		.no_8021ad = true,
	},
	/* intel/ice/ice_main.c: ice_netdev_ops; ice_sriov.c: ice_set_vf_port_vlan takes 802.1ad in
	 * double VLAN mode only, ice_set_vf_bw a min rate unless DCB is on: both are found out. */
	{.driver = "ice", .unsupported = LACKS(RSS_QUERY)},
	/* mellanox/mlx5/core/en_main.c: mlx5e_netdev_ops, mlx5e_set_vf_vlan. In switchdev mode a
	 * VLAN is EOPNOTSUPP as well (esw/legacy.c, mlx5_eswitch_set_vport_vlan): found out. */
	{.driver = "mlx5_core", .unsupported = LACKS(RSS_QUERY), .no_8021ad = true},
	/* broadcom/bnxt/bnxt.c: bnxt_netdev_ops; bnxt_sriov.c: bnxt_set_vf_vlan. */
	{.driver = "bnxt_en", .unsupported = LACKS(RSS_QUERY), .no_8021ad = true},
	/* qlogic/qede/qede_main.c: qede_netdev_ops, qede_set_vf_vlan, qede_set_vf_mac
	 * (is_valid_ether_addr). */
	{
		.driver = "qede",
		.unsupported = LACKS(RSS_QUERY),
		.zero_mac_refused = true,
		.no_8021ad = true,
	},
	/* sfc/efx.c: efx_netdev_ops; sfc/sriov.c: efx_sriov_set_vf_vlan. */
	{
		.driver = "sfc",
		.unsupported = LACKS(RATE) | LACKS(RSS_QUERY) | LACKS(TRUST),
		.no_8021ad = true,
	},
	/* chelsio/cxgb4/cxgb4_main.c: cxgb4_mgmt_netdev_ops, cxgb4_mgmt_set_vf_rate ("Link down"),
	 * cxgb4_mgmt_set_vf_mac (is_valid_ether_addr), cxgb4_mgmt_set_vf_vlan. */
	{
		.driver = "cxgb4",
		.unsupported = LACKS(SPOOFCHK) | LACKS(RSS_QUERY) | LACKS(TRUST),
		.rate_needs_carrier = true,
		.zero_mac_refused = true,
		.no_min_rate = true,
		.no_8021ad = true,
	},
	/* cisco/enic/enic_main.c: enic_netdev_ops: a MAC, and port profiles (ndo_set_vf_port). */
	{
		.driver = "enic",
		.unsupported = VIA_ATTR_ALL & ~VIA_ATTR_BIT(VIA_VF_ATTR_MAC),
	},
};

const struct via_quirks *via_quirks_for(const char *driver)
{
	static const struct via_quirks none;

	for (size_t i = 0; driver && i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].driver, driver))
			return &table[i];
	return &none;
}
