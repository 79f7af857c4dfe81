/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Function-level reset: reset_store() and pci_reset_function() of Linux 6.1, and what igb makes of
 * a VF that is reset (igb_vf_reset_event() in igb_main.c; seen in the lab): what the PF administers
 * stays, MAC included; a MAC that the guest chose while none was administered is gone; one that a
 * trusted guest put in place of an administered one stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

static size_t find(const struct via_fake *f, int ifindex, uint32_t index)
{
	size_t i = 0;

	while (i < f->n_guest_macs &&
		(f->guest_macs[i].ifindex != ifindex || f->guest_macs[i].index != index))
		i++;
	return i;
}

void fake_guest_mac_mark(struct via_fake *f, int ifindex, uint32_t index)
{
	if (find(f, ifindex, index) < f->n_guest_macs)
		return;
	*fake_push(&f->guest_macs, &f->n_guest_macs) = (struct fake_guest_mac){ifindex, index};
	f->dirty = true;
}

bool fake_guest_mac_drop(struct via_fake *f, int ifindex, uint32_t index)
{
	size_t i = find(f, ifindex, index);

	if (i >= f->n_guest_macs)
		return false;
	fake_drop(f->guest_macs, f->n_guest_macs, i);
	f->dirty = true;
	return true;
}

static bool vf_of(struct via_fake *f, struct via_addr a, struct via_addr *pf, uint32_t *index)
{
	char text[64], name[64];

	fake_link_name(f, text, sizeof(text), VIA_PCI_DEVICES "/%s/physfn", via_addr_fmt(a));
	if (!text[0] || via_addr_parse(text, pf))
		return false;
	for (*index = 0;; (*index)++) {
		fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/virtfn%u",
			via_addr_fmt(*pf), *index);
		if (!name[0])
			return false;
		if (via_addr_eq(fake_addr(name), a))
			return true;
	}
}

int fake_reset(struct via_fake *f, struct via_addr a, const char *text)
{
	char methods[64], *end;
	struct fake_netdev *n;
	struct via_addr pf;
	uint32_t index;

	if (strtoul(text, &end, 0) != 1 || *end)
		return -EINVAL;
	fake_get(f, methods, sizeof(methods), VIA_PCI_DEVICES "/%s/reset_method", via_addr_fmt(a));
	if (!methods[0])
		return -ENOTTY;
	if (!vf_of(f, a, &pf, &index))
		return 0;
	n = fake_netdev_of(f, pf);
	if (n && index < n->link.num_vf && fake_guest_mac_drop(f, n->link.ifindex, index))
		n->vfs[index].attrs.mac = (struct via_mac){{0}};
	return 0;
}

bool via_fake_guest_mac(struct via_fake *f, int ifindex, uint32_t index, struct via_mac mac)
{
	struct fake_netdev *n;
	struct via_vf_attrs *a;

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	if (!n || index >= n->link.num_vf)
		abort();
	a = &n->vfs[index].attrs;
	if (via_mac_is_zero(a->mac) || find(f, ifindex, index) < f->n_guest_macs)
		fake_guest_mac_mark(f, ifindex, index);
	else if (!a->trust)
		return false;
	a->mac = mac;
	f->dirty = true;
	return true;
}
