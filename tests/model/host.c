/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host, and what happens on it without the daemon. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- the door that can be shut: a machine that has stopped does nothing any more --- */

/* What only reads goes on: a thread that waits for something to show must come to an end. */

static struct model *the_model;

#define SHUT	   (atomic_load(&the_model->frozen))
#define REAL	   (via_fake_kernel(the_model->fake))
#define UNUSED_(k) ((void)(k))

static ssize_t gate_read(struct via_kernel *k, const char *path, void *buf, size_t size)
{
	UNUSED_(k);
	return REAL->ops->read(REAL, path, buf, size);
}

static int gate_write(struct via_kernel *k, const char *path, const char *data, size_t len)
{
	UNUSED_(k);
	return SHUT ? -EIO : REAL->ops->write(REAL, path, data, len);
}

static int gate_list(struct via_kernel *k, const char *path, via_list_fn *fn, void *user)
{
	UNUSED_(k);
	return REAL->ops->list(REAL, path, fn, user);
}

static int gate_readlink(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	UNUSED_(k);
	return REAL->ops->readlink(REAL, path, buf, size);
}

static int gate_stat(struct via_kernel *k, const char *path, struct via_stat *ret)
{
	UNUSED_(k);
	return REAL->ops->stat(REAL, path, ret);
}

static int shut(struct via_err *err)
{
	return via_err_set(err, -EIO, "the machine has stopped");
}

static int gate_get_net(struct via_kernel *k, bool others, struct via_net *ret, struct via_err *err)
{
	UNUSED_(k);
	return REAL->ops->get_net(REAL, others, ret, err);
}

static int gate_route_to(struct via_kernel *k, int family, const void *addr, int *ret)
{
	UNUSED_(k);
	return REAL->ops->route_to(REAL, family, addr, ret);
}

static int gate_get_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_list *ret, struct via_err *err)
{
	UNUSED_(k);
	return REAL->ops->get_vfs(REAL, ifindex, ret, err);
}

static int gate_set_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_set *sets, size_t n, struct via_err *err)
{
	UNUSED_(k);
	return SHUT ? shut(err) : REAL->ops->set_vfs(REAL, ifindex, sets, n, err);
}

static int gate_set_link(
	struct via_kernel *k, int ifindex, const struct via_link_set *set, struct via_err *err)
{
	UNUSED_(k);
	return SHUT ? shut(err) : REAL->ops->set_link(REAL, ifindex, set, err);
}

static int gate_get_eswitch(struct via_kernel *k, struct via_addr pf, char *buf, size_t size)
{
	UNUSED_(k);
	return REAL->ops->get_eswitch(REAL, pf, buf, size);
}

static int gate_set_eswitch(
	struct via_kernel *k, struct via_addr pf, const char *mode, struct via_err *err)
{
	UNUSED_(k);
	return SHUT ? shut(err) : REAL->ops->set_eswitch(REAL, pf, mode, err);
}

static int gate_load_module(struct via_kernel *k, const char *name)
{
	UNUSED_(k);
	return SHUT ? -EIO : REAL->ops->load_module(REAL, name);
}

static int gate_lookup_alias(struct via_kernel *k, const char *alias, via_list_fn *fn, void *user)
{
	UNUSED_(k);
	return REAL->ops->lookup_alias(REAL, alias, fn, user);
}

static int gate_uevent_fd(struct via_kernel *k)
{
	UNUSED_(k);
	return REAL->ops->uevent_fd(REAL);
}

static int gate_next_uevent(struct via_kernel *k, struct via_uevent *ret)
{
	UNUSED_(k);
	return REAL->ops->next_uevent(REAL, ret);
}

/* The host outlives the daemon. */
static void gate_destroy(struct via_kernel *k)
{
	UNUSED_(k);
}

static const struct via_kernel_ops gate_ops = {
	.read = gate_read,
	.write = gate_write,
	.list = gate_list,
	.readlink = gate_readlink,
	.stat = gate_stat,
	.get_net = gate_get_net,
	.route_to = gate_route_to,
	.get_vfs = gate_get_vfs,
	.set_vfs = gate_set_vfs,
	.set_link = gate_set_link,
	.get_eswitch = gate_get_eswitch,
	.set_eswitch = gate_set_eswitch,
	.load_module = gate_load_module,
	.lookup_alias = gate_lookup_alias,
	.uevent_fd = gate_uevent_fd,
	.next_uevent = gate_next_uevent,
	.destroy = gate_destroy,
};

void model_host_wrap(struct model *m)
{
	the_model = m;
	m->gate.ops = &gate_ops;
}

/* --- cards --- */

int model_host_pf_of(const struct model *m, struct via_addr addr)
{
	for (int i = 0; i < N_PFS; i++) {
		struct via_addr pf;

		via_addr_parse(m->pfs[i].addr, &pf);
		if (pf.bus == addr.bus)
			return i;
	}
	return -1;
}

void model_host_plug(struct model *m, size_t pf)
{
	struct model_pf *p = &m->pfs[pf];

	via_fake_add_igb(m->fake, p->addr, p->name, p->mac);
	via_fake_uevent(m->fake, VIA_UEVENT_ADD, "pci", p->addr, p->addr);
	via_fake_uevent(m->fake, VIA_UEVENT_ADD, "net", p->name, p->addr);
	p->present = true;
}

void model_host_set_vfs(struct model *m, size_t pf, unsigned int n)
{
	struct via_kernel *k = via_fake_kernel(m->fake);
	char path[128], text[8];

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/sriov_numvfs", m->pfs[pf].addr);
	snprintf(text, sizeof(text), "%u", n);
	(void)k->ops->write(k, path, text, strlen(text));
}

/* What the kernel does when a card is pulled: the driver lets go (and its VFs end), the device
 * ends. */
void model_host_unplug(struct model *m, size_t pf)
{
	struct via_kernel *k = via_fake_kernel(m->fake);
	struct model_pf *p = &m->pfs[pf];
	char path[128], target[192], real[256];

	model_host_set_vfs(m, pf, 0);
	(void)k->ops->write(k, "sys/bus/pci/drivers/igb/unbind", p->addr, strlen(p->addr));
	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s", p->addr);
	if (k->ops->readlink(k, path, target, sizeof(target)) == 0 && strstr(target, "devices/")) {
		snprintf(real, sizeof(real), "sys/%s", strstr(target, "devices/"));
		via_fake_remove(m->fake, real);
	}
	via_fake_remove(m->fake, path);
	via_fake_uevent(m->fake, VIA_UEVENT_REMOVE, "pci", p->addr, p->addr);
	p->present = false;
}

void model_host_build(struct model *m)
{
	if (m->fake)
		via_kernel_destroy(via_fake_kernel(m->fake));
	m->fake = via_fake_create();
	via_fake_add_usual_drivers(m->fake);
	via_fake_attr(m->fake, "proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-%012u",
		++m->boot);
	for (size_t i = 0; i < N_PFS; i++)
		model_host_plug(m, i);
	m->failing = false;
}

bool model_host_vf(struct model *m, struct via_addr vf, struct via_vf_attrs *ret)
{
	struct via_kernel *k = via_fake_kernel(m->fake);
	int pf = model_host_pf_of(m, vf);
	uint32_t index = (uint32_t)((vf.dev - 16) * 4 + vf.fn / 2);
	struct via_vf_list list = {0};
	bool found = false;

	if (pf < 0 || !m->pfs[pf].present || vf.dev < 16 ||
		k->ops->get_vfs(k, via_fake_ifindex(m->fake, m->pfs[pf].name), &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < list.n; i++) {
		if (list.vfs[i].index != index)
			continue;
		*ret = list.vfs[i].attrs;
		found = true;
	}
	via_vf_list_finish(&list);
	return found;
}

/* --- guests --- */

struct via_mac model_mac(size_t vm, size_t dev)
{
	return (struct via_mac){{0x52, 0x54, 0, 0xaa, (uint8_t)vm, (uint8_t)dev}};
}

/* managed='yes': libvirt takes it from its driver before the guest opens it. */
static void take_for_guest(struct model *m, struct via_addr vf)
{
	struct via_kernel *k = via_fake_kernel(m->fake);
	char path[128], driver[64];
	const char *addr = via_addr_fmt(vf);

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/driver", addr);
	if (via_kernel_link_name(k, path, driver, sizeof(driver)) == 0) {
		if (!strcmp(driver, "vfio-pci"))
			return;
		snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/driver/unbind", addr);
		via_kernel_write_str(k, path, addr);
	}
	k->ops->load_module(k, "vfio-pci");
	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/driver_override", addr);
	via_kernel_write_str(k, path, "vfio-pci");
	via_kernel_write_str(k, "sys/bus/pci/drivers_probe", addr);
}

void model_host_guest(struct model *m, struct model_vm *vm)
{
	vm->pid = m->next_pid++;
	for (size_t i = 0; i < vm->n; i++)
		take_for_guest(m, vm->devs[i].addr);
	for (size_t i = 0; i < vm->n; i++) {
		if (i == 0)
			via_fake_add_guest(m->fake, vm->pid, vm->name, vm->uuid,
				via_addr_fmt(vm->devs[0].addr));
		else
			via_fake_hold(m->fake, vm->pid, via_addr_fmt(vm->devs[i].addr));
	}
}

void model_domain(const struct model *m, const struct model_vm *vm, struct via_domain *ret,
	struct via_domain_dev devs[N_DEVS])
{
	(void)m;
	*ret = (struct via_domain){.n_devs = vm->n, .devs = devs};
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", vm->uuid);
	snprintf(ret->name, sizeof(ret->name), "%s", vm->name);
	for (size_t i = 0; i < vm->n; i++) {
		const struct model_dev *d = &vm->devs[i];

		devs[i] = (struct via_domain_dev){
			.addr = d->addr, .managed = true, .has_mac = d->has_mac, .mac = d->mac};
		if (d->network)
			snprintf(devs[i].network, sizeof(devs[i].network), "%s", d->network);
		/* With a MAC in its XML it is an <interface>, whose VLAN stands there as well. */
		devs[i].interface = d->has_mac;
		if (d->has_mac && d->vlan) {
			devs[i].n_tags = 1;
			devs[i].tag = (uint16_t)(d->vlan + d->wrong_tag);
		}
	}
}

void model_tell_libvirt(struct model *m, const struct model_vm *vm, bool active)
{
	struct via_domain_dev devs[N_DEVS];
	struct via_domain dom;

	model_domain(m, vm, &dom, devs);
	dom.active = active;
	via_fake_virt_put(m->virt, &dom);
}
