/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How other programs' files are understood. */
#include "base/strbuf.h"
#include "kernel/scan_managers.h"
#include "kernel/scan_storage.h"
#include "test_scan_host.h"

static void test_word(void **state)
{
	(void)state;
	assert_true(scan_has_word("eth0", "eth0"));
	assert_true(scan_has_word("a eth00 eth0:", "eth0"));
	assert_true(scan_has_word("{name: \"eth0\"}", "eth0"));
	assert_false(scan_has_word("eth00 xeth0 eth0.5 eth0-x", "eth0"));
	assert_true(scan_has_word("pci 0000:01:00.0,", "0000:01:00.0"));
	assert_false(scan_has_word("", "eth0"));
}

static void test_matches(void **state)
{
	(void)state;
	assert_true(scan_matches("eth0", " ", "eth0"));
	assert_true(scan_matches("a b eth*", " ", "eth0"));
	assert_true(scan_matches("  eth0  ", " ", "eth0"));
	assert_false(scan_matches("eth1 eth2", " ", "eth0"));
	assert_false(scan_matches("!eth*", " ", "eth0"));
	assert_true(scan_matches("!lo wl*", " ", "eth0"));
	assert_true(scan_matches("eth[0-3]|x", "|", "eth2"));
	assert_false(scan_matches("", " ", "eth0"));
}

static void on_key(const char *section, const char *key, const char *value, void *user)
{
	via_strbuf_addf(user, "[%s]%s=%s;", section, key, value);
}

static void test_ini(void **state)
{
	char text[] = "top=1\n[Match]\n # no\n; no\n Name = a b \\\n   "
		      "c\t\n\n[Link]\nEmpty=\nword\n[x\nk==v=\r\n";
	via_autostrbuf b = VIA_STRBUF_INIT;

	(void)state;
	scan_ini(text, on_key, &b);
	assert_string_equal(
		via_strbuf_str(&b), "[]top=1;[Match]Name=a b      c;[Link]Empty=;[Link]k==v=;");
}

static int on_mount(const struct scan_mount *m, void *user)
{
	via_strbuf_addf(user, "%u:%u %s %s %s %s;", m->major, m->minor, m->target, m->type,
		m->source, m->options);
	return 0;
}

static void test_mounts(void **state)
{
	static const char table[] =
		"29 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw,errors=x\n"
		"30 29 0:44 / /a\\040b\\134c rw - nfs4 10.0.0.1:/x\\040y rw,addr=10.0.0.1\n"
		"31 29 0:45 / /c rw master:2 propagate_from:3 - tmpfs none\n"
		"nonsense\n32 29 x:y / / rw - a b c\n33 29 0:1 / /d rw\n - a b\n";
	via_autostrbuf b = VIA_STRBUF_INIT;
	autohost h = {.f = via_fake_create()};

	(void)state;
	h.k = via_fake_kernel(h.f);
	via_fake_file(h.f, "proc/self/mountinfo", table, sizeof(table) - 1);
	assert_int_equal(scan_mounts(h.k, on_mount, &b), 0);
	assert_string_equal(via_strbuf_str(&b),
		"8:1 / ext4 /dev/sda1 rw,errors=x;"
		"0:44 /a b\\c nfs4 10.0.0.1:/x y rw,addr=10.0.0.1;0:45 /c tmpfs none ;");
}

/* --- whole sources, on a host with one PF (eth0, 0000:01:00.0, igb) --- */

static size_t others(const char *path, const char *text)
{
	autohost h = {.f = via_fake_create()};

	h.k = via_fake_kernel(h.f);
	via_fake_add_usual_drivers(h.f);
	via_fake_add_igb(h.f, "0000:01:00.0", "eth0", "52:54:00:76:00:01");
	if (!strncmp(path, "run/systemd/netif", 17))
		path = "etc/systemd/network/x.network", via_fake_dir(h.f, "run/systemd/netif");
	via_fake_file(h.f, path, text, strlen(text));
	scan_host_read(&h, NULL);
	return scan_host_device(&h, "0000:01:00.0")->n_others;
}

static void test_sources(void **state)
{
	static const struct {
		const char *path, *text;
		size_t n;
	} cases[] = {
		{"etc/systemd/network/a.link",
			"[Match]\nDriver=igb\n[Link]\nSR-IOVVirtualFunctions=1\n", 1},
		{"run/systemd/network/a.link", "[Match]\nPath=pci-*\n[SR-IOV]\nTrust=yes\n", 1},
		{"usr/lib/systemd/network/a.link", "[Match]\nOriginalName=eth*\n[SR-IOV]\n", 0},
		{"etc/systemd/network/a.link",
			"[Match]\nMACAddress=00:11:22:33:44:55 5254.0076.0001\n[SR-IOV]\nTrust=1\n",
			1},
		{"etc/systemd/network/a.link",
			"[Match]\nMACAddress=52:54:00:76:00:0\n[SR-IOV]\nTrust=1\n", 0},
		{"etc/systemd/network/a.link", "[Match]\nType=wlan\n[SR-IOV]\nTrust=1\n", 0},
		{"etc/systemd/network/a.link", "[Match]\nHost=x\n[SR-IOV]\nTrust=1\n", 1},
		{"etc/systemd/network/a.link", "[SR-IOV]\nTrust=1\n", 0},
		{"etc/systemd/network/a.link", "[Match]\nOriginalName=*\n[Link]\nMTUBytes=1500\n",
			0},
		{"etc/systemd/network/x.network", "[Match]\nName=eth0\n[SR-IOV]\nTrust=1\n", 0},
		{"run/systemd/netif", "[Match]\nName=eth0\n[SR-IOV]\nTrust=1\n", 1},
		{"etc/NetworkManager/system-connections/a.nmconnection",
			"[ethernet]\nmac-address=52:54:00:76:00:01\n[sriov]\ntotal-vfs=1\n", 1},
		{"etc/NetworkManager/system-connections/a.nmconnection",
			"[ethernet]\nmac-address=52:54:00:76:00:09\n[sriov]\ntotal-vfs=1\n", 0},
		{"run/NetworkManager/system-connections/a.nmconnection",
			"[match]\ndriver=e*;igb\n[sriov]\nvf.0=mac=x\n", 1},
		{"etc/NetworkManager/system-connections/a.nmconnection",
			"[connection]\ninterface-name=eth0\n[sriov]\n", 0},
		{"etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=\"eth0\"\nSRIOV_TOTAL_VFS=2\n",
			1},
		{"etc/sysconfig/network-scripts/ifcfg-eth1", "DEVICE=eth1\nSRIOV_TOTAL_VFS=2\n", 0},
		{"etc/udev/rules.d/a.rules",
			"ACTION==\"add\", KERNELS==\"0000:01:*\", ATTR{sriov_numvfs}=\"3\"\n", 1},
		{"etc/udev/rules.d/a.rules",
			"KERNEL!=\"eth0\", SUBSYSTEM==\"net\", ATTR{device/sriov_numvfs}=\"3\"\n",
			0},
		{"etc/udev/rules.d/a.rules", "DRIVERS==\"ice\", ATTR{sriov_numvfs}=\"3\"\n", 0},
		{"etc/udev/rules.d/a.rules",
			"ENV{ID_PATH}==\"pci-0000:01:00.0\", RUN+=\"/bin/sh -c 'echo 1 > "
			"/sys/x/sriov_numvfs'\"\n",
			1},
		{"etc/udev/rules.d/a.rules", "ATTR{device/sriov_numvfs}==\"0\", TAG+=\"systemd\"\n",
			0},
		{"etc/udev/rules.d/a.rules", "# ATTR{sriov_numvfs}=\"3\"\nATTR{sriov_numvfs\n", 0},
		{"run/udev/rules.d/a.rules",
			"NAME==\"eth9|eth0\", \\\n ATTR{device/sriov_numvfs}=\"3\"\n", 1},
		{"etc/udev/rules.d/a.conf", "ATTR{sriov_numvfs}=\"3\"\n", 0},
		{"etc/driverctl.d/pci-0000:01:00.0", "vfio-pci\n", 1},
		{"etc/driverctl.d/0000:01:00.0", "vfio-pci\n", 1},
		{"etc/driverctl.d/pci-0000:02:00.0", "vfio-pci\n", 0},
		{"etc/sriov-operator/pci/0000:01:00.0", "{}", 1},
		{"etc/sriov-operator/sriov-interface-config.yaml",
			"spec:\n  interfaces:\n  - pciAddress: 0000:01:00.0\n", 1},
		{"etc/os-net-config/sriov_config.yaml",
			"- {device_type: pf, name: eth0, numvfs: 2}\n", 1},
		{"etc/netplan/a.yaml", "eth0: {virtual-function-count: 3}\n", 1},
		{"etc/netplan/a.yaml", "eth0: {dhcp4: true}\n", 0},
		{"etc/modprobe.d/a.conf", "options igb max_vfs=7\n", 1},
		{"etc/modprobe.d/a.conf", "options igbx max_vfs=7\noptions igb debug=1\n", 0},
		{"etc/libvirt/qemu/networks/a.xml",
			"<network><forward mode=\"hostdev\"><pf dev=\"eth0\"/></forward></network>",
			1},
		{"etc/libvirt/qemu/networks/a.xml",
			"<network><forward mode='nat'><pf dev='eth0'/></forward></network>", 0},
		{"etc/libvirt/qemu/networks/a.xml",
			"<forward mode='hostdev'><address type='pci' domain='0x0000' bus='0x01' "
			"slot='0x00' function='0x0'/></forward>",
			1},
		{"etc/libvirt/qemu/networks/a.xml", "<forward mode='hostdev'><pf dev='eth0", 0},
		{"etc/libvirt/qemu/networks/a.xml",
			"<forward mode='hostdev'/></network><pf dev='eth0'/>", 0},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		size_t n = others(cases[i].path, cases[i].text);

		if (n != cases[i].n)
			fail_msg("%s: %s: %zu instead of %zu", cases[i].path, cases[i].text, n,
				cases[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_ini),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
