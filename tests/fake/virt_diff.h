/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events that libvirt sends when its domains turn from one state into another. */
#ifndef VIA_TESTS_FAKE_VIRT_DIFF_H
#define VIA_TESTS_FAKE_VIRT_DIFF_H

#include "fake/virt.h"

typedef void via_fake_virt_tell_fn(const struct via_virt_event *ev, void *user);
/* Was there any difference? */
bool via_fake_virt_diff(const struct via_domains *was, const struct via_domains *is,
	via_fake_virt_tell_fn *fn, void *user);

#endif
