# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes hosts as manifests of tests/fake (see its README.md), with what a scan reads and no more."""

IGB, IGBVF = (0x8086, 0x10C9), (0x8086, 0x10CA)
ICE, IAVF = (0x8086, 0x1592), (0x8086, 0x1889)
CX5, CX5VF = (0x15B3, 0x1017), (0x15B3, 0x1018)
CX3 = (0x15B3, 0x1003)
I210 = (0x8086, 0x1533)
ROOT_PORT = (0x8086, 0x347A)
PCI_BRIDGE = (0x104C, 0x8231)
GPU, GPU_SOUND = (0x10DE, 0x1C82), (0x10DE, 0x0FB9)
NVME, AHCI, XHCI = (0x144D, 0xA808), (0x8086, 0xA352), (0x8086, 0xA36D)
QAT = (0x8086, 0x37C8)
VIRTIO_NET = (0x1AF4, 0x1041)

CAP_EXPRESS, CAP_MSIX = 0x10, 0x11
EXT_SERIAL, EXT_ACS = 0x03, 0x0D


def config(ids, class_code, *, revision=1, port=None, flr=False, msix=0, speed=3, width=8,
           acs=None, serial=None, size=4096, conventional=False):
    """Configuration space. port: PCIe port type; acs: control bits (None: no ACS)."""
    data = bytearray(size)

    def put(at, value, length):
        if at + length <= size:
            data[at:at + length] = value.to_bytes(length, "little")

    put(0, ids[0], 2)
    put(2, ids[1], 2)
    put(6, 0x10, 2)
    put(8, revision | class_code << 8, 4)
    put(14, 1 if class_code >> 8 == 0x0604 else 0, 1)
    at, link = 0x40, 0x34
    if not conventional:
        put(link, at, 1)
        put(at, CAP_EXPRESS, 1)
        put(at + 2, 2 | (port or 0) << 4, 2)
        put(at + 4, 1 << 28 if flr else 0, 4)
        put(at + 0x0C, speed | width << 4, 4)
        put(at + 0x12, speed | width << 4, 2)
        put(at + 0x2C, (2 << speed) - 2, 4)
        link, at = at + 1, 0x80
    if msix:
        put(link, at, 1)
        put(at, CAP_MSIX, 1)
        put(at + 2, msix - 1, 2)
    extended = []
    if acs is not None:
        extended.append((EXT_ACS, acs << 16 | 0x5F, 0))
    if serial is not None:
        extended.append((EXT_SERIAL, serial & 0xFFFFFFFF, serial >> 32))
    for i, (ident, low, high) in enumerate(extended):
        at = 0x100 + i * 0x20
        last = i == len(extended) - 1
        put(at, ident | 1 << 16 | (0 if last else at + 0x20) << 20, 4)
        put(at + 4, low, 4)
        put(at + 8, high, 4)
    return bytes(data)


def hex_runs(data):
    """Hexadecimal, with long runs of one byte as XX*N."""
    out, i = [], 0
    while i < len(data):
        j = i
        while j < len(data) and data[j] == data[i]:
            j += 1
        if j - i > 3:
            out.append(f" {data[i]:02x}*{j - i} ")
        else:
            out.append(data[i:j].hex())
        i = j
    return "".join(out).strip()


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


class Host:
    def __init__(self, about, kernel="6.1.0-18-amd64", cmdline="intel_iommu=on iommu=pt", iommu=True):
        self.lines = ["viaduct-host 1", f"# {about}"]
        self.dirs = {}
        self.iommu = iommu
        self.group = 0
        self.ifindex = 1
        self.tcp = {4: [], 6: []}
        self.mounts = ["22 1 0:20 / /proc rw - proc proc rw", "23 1 0:21 / /sys rw - sysfs sysfs rw"]
        self.root = "1 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw"
        self.attr("proc/cmdline", f"BOOT_IMAGE=/vmlinuz root=/dev/sda1 {cmdline}")
        self.attr("proc/sys/kernel/osrelease", kernel)
        self.attr("proc/sys/kernel/hostname", "host")
        self.attr("proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555")
        self.add("dir sys/bus/pci/drivers/vfio-pci")
        self.netdev("lo", mac="00:00:00:00:00:00", mtu=65536, up=True)

    def add(self, line):
        self.lines.append(line)

    def attr(self, path, text):
        self.add(f"attr {path} {escape(str(text))}")

    def file(self, path, text):
        self.add(f"file {path} {escape(text)}")

    def link(self, path, target):
        up = "../" * (path.count("/") - 1) if path.startswith("sys/") else ""
        self.add(f"link {path} {up}{target.removeprefix('sys/') if up else target}")

    # --- functions ---
    def function(self, addr, ids, class_code, *, under=None, driver=None, group=None, numa=0,
                 override="(null)", reset="", msix=0, root=None, platform=None, subsystem=None,
                 **caps):
        domain, bus = addr.split(":")[:2]
        if under:
            folder = f"{self.dirs[under]}/{addr}"
        else:
            folder = f"sys/devices/{platform + '/' if platform else ''}{root or f'pci{domain}:{bus}'}/{addr}"
        self.dirs[addr] = folder
        sub = subsystem or (ids[0], 0x0001)
        self.link(f"sys/bus/pci/devices/{addr}", folder)
        self.attr(f"{folder}/modalias", "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X" % (
            *ids, *sub, class_code >> 16, class_code >> 8 & 0xFF, class_code & 0xFF))
        self.attr(f"{folder}/numa_node", numa)
        self.attr(f"{folder}/driver_override", override)
        if reset:
            self.attr(f"{folder}/reset_method", reset)
        self.add(f"bin {folder}/config {hex_runs(config(ids, class_code, msix=msix, **caps))}")
        if driver:
            self.link(f"{folder}/driver", f"sys/bus/pci/drivers/{driver}")
            self.link(f"sys/bus/pci/drivers/{driver}/{addr}", folder)
        if self.iommu:
            self.join(addr, group)
            if driver and "vfio" in driver:
                self.vfio(addr)
        return folder

    def join(self, addr, group):
        if group is None:
            group, self.group = self.group, self.group + 1
        else:
            self.group = max(self.group, group + 1)
        self.dirs[addr, "group"] = group
        self.link(f"{self.dirs[addr]}/iommu_group", f"sys/kernel/iommu_groups/{group}")
        self.link(f"sys/kernel/iommu_groups/{group}/devices/{addr}", self.dirs[addr])

    def vfio(self, addr):
        group = self.dirs[addr, "group"]
        if (group, "vfio") in self.dirs:
            return
        minor = sum(1 for key in self.dirs if isinstance(key, tuple) and key[1] == "vfio")
        self.dirs[group, "vfio"] = minor
        self.attr(f"sys/devices/virtual/vfio/{group}/dev", f"511:{minor}")
        self.link(f"sys/class/vfio/{group}", f"sys/devices/virtual/vfio/{group}")
        self.add(f"node dev/vfio/{group} 511:{minor}")

    def port(self, addr, acs=0x1D, **more):
        return self.function(addr, ROOT_PORT, 0x060400, driver="pcieport", port=4, acs=acs, **more)

    def nic(self, addr, ids, **more):
        more.setdefault("reset", "flr bus")
        more.setdefault("flr", True)
        more.setdefault("msix", 64)
        return self.function(addr, ids, 0x020000, **more)

    def sriov(self, addr, *, total, vf_ids, offset, stride, num=0, vf_driver=None, autoprobe=1,
              vf_msix=5, total_msix=0, drivers=(), overrides=(), group=None):
        """Makes a function a PF with num VFs; drivers[i] and overrides[i] where they differ."""
        folder = self.dirs[addr]
        for name, value in (("totalvfs", total), ("numvfs", num), ("offset", offset),
                            ("stride", stride), ("vf_device", f"{vf_ids[1]:x}"),
                            ("drivers_autoprobe", autoprobe), ("vf_total_msix", total_msix)):
            self.attr(f"{folder}/sriov_{name}", value)
        domain, bus, rest = addr.split(":")
        dev, fn = rest.split(".")
        base = int(bus, 16) << 8 | int(dev, 16) << 3 | int(fn)
        names = []
        for i in range(num):
            rid = base + offset + stride * i
            vf = f"{domain}:{rid >> 8:02x}:{rid >> 3 & 31:02x}.{rid & 7}"
            driver = drivers[i] if i < len(drivers) else vf_driver
            override = overrides[i] if i < len(overrides) else None
            if override is None:
                override = driver if driver and "vfio" in driver else "(null)"
            self.vf(folder, addr, vf, i, vf_ids, driver, override, vf_msix, group)
            names.append(vf)
        return names

    def vf(self, pf_folder, pf, addr, index, ids, driver, override, msix, group):
        folder = pf_folder.rsplit("/", 1)[0] + "/" + addr
        above = pf_folder.rsplit("/", 2)[1]
        under = above if above in self.dirs else None
        self.function(addr, ids, 0x020000, under=under, root=None if under else above, driver=driver,
                      override=override, reset="flr", flr=True, msix=msix, speed=0, width=0,
                      group=group, revision=1)
        self.add(f"file {folder}/sriov_vf_msix_count ")
        self.add(f"link {folder}/physfn ../{pf}")
        self.add(f"link {pf_folder}/virtfn{index} ../{addr}")

    # --- net devices ---
    def netdev(self, name, *, dev=None, mac=None, perm=None, mtu=1500, up=False, carrier=None,
               speed=None, path=None, **more):
        """more: kind, master, lower, netns, switch_id, port_name, port_id, numvf. Returns the ifindex."""
        index = more.pop("index", None) or self.ifindex
        self.ifindex = max(self.ifindex, index + 1)
        line = f"netdev {index} {name} mac={mac or f'02:00:00:00:00:{index:02x}'}"
        if perm or (dev and "netns" not in more):
            line += f" perm={perm or mac or f'02:00:00:00:00:{index:02x}'}"
        line += f" mtu={mtu}"
        if up:
            line += " up"
        if up if carrier is None else carrier:
            line += " carrier"
        if dev:
            line += f" parent={dev}"
        for key, value in more.items():
            if value is not None:
                line += f" {key.replace('_', '-')}={value}"
        self.add(line)
        folder = path or (f"{self.dirs[dev]}/net" if dev else f"sys/devices/virtual/net")
        if speed:
            self.lines[-1] += f" speed={speed}"
        if "netns" not in more:
            self.link(f"sys/class/net/{name}", f"{folder}/{name}")
            self.attr(f"{folder}/{name}/ifindex", index)
            if speed:
                self.attr(f"{folder}/{name}/speed", speed)
        return index

    def vf_state(self, ifindex, index, mac=None, vlan="0,0,0x8100", rate="0,0", spoofchk=1, trust=0,
                 link_state="auto"):
        line = f"vf {ifindex} {index}"
        line += f" mac={mac or '00:00:00:00:00:00'} vlan={vlan} rate={rate} spoofchk={spoofchk}"
        if link_state:
            line += f" link_state={link_state}"
        self.add(line + f" trust={trust}")

    def addr(self, ifindex, text, scope=None):
        self.add(f"addr {ifindex} {text}" + (f" scope={scope}" if scope else ""))

    # --- processes ---
    def process(self, pid, comm, argv=None, fds=()):
        self.attr(f"proc/{pid}/comm", comm)
        self.file(f"proc/{pid}/cmdline", "\\x00".join(argv or [comm]) + "\\x00")
        self.lines[-1] = self.lines[-1].replace("\\\\x00", "\\x00")
        self.add(f"link proc/{pid}/fd/0 /dev/null")
        for fd, target in enumerate(fds, 3):
            self.add(f"link proc/{pid}/fd/{fd} {target}")

    def guest(self, pid, name, uuid, *addrs):
        self.process(pid, "qemu-system-x86", ["/usr/bin/qemu-system-x86_64", "-name",
                     f"guest={name},debug-threads=on", "-S", "-uuid", uuid, "-no-user-config"],
                     ["/dev/vfio/vfio"] + [f"/dev/vfio/{self.dirs[a, 'group']}" for a in addrs])

    def connection(self, family, local, lport, peer, pport, state, inode):
        """Addresses in the table's own hexadecimal."""
        rows = self.tcp[family]
        rows.append(f"{len(rows):4}: {local}:{lport:04X} {peer}:{pport:04X} {state:02X} "
                    f"00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 20 4 31 10 -1")

    def text(self):
        head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        for family, name in ((4, "tcp"), (6, "tcp6")):
            if self.tcp[family]:
                self.file(f"proc/net/{name}", head + "\n".join(self.tcp[family]) + "\n")
        self.file("proc/self/mountinfo", "\n".join([self.root] + self.mounts) + "\n")
        return "\n".join(self.lines) + "\n"
