/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virt.h"

const char *via_virt_event_name(enum via_virt_event_kind k)
{
	static const char *const names[] = {
		[VIA_VIRT_STARTED] = "started",
		[VIA_VIRT_STOPPED] = "stopped",
		[VIA_VIRT_DEFINED] = "defined",
		[VIA_VIRT_DEVICE_ADDED] = "device_added",
		[VIA_VIRT_DEVICE_REMOVED] = "device_removed",
		[VIA_VIRT_DEVICE_REMOVAL_FAILED] = "device_removal_failed",
	};

	return names[k];
}
