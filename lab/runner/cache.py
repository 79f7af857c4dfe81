# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made once and kept: the kernel, its modules, the initramfs images.

Everything lives below one cache folder. A finished entry is moved into place
whole, under a lock, so that runs that start at once never see half of one.
"""

import contextlib
import fcntl
import hashlib
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

from . import LabError
from .cpio import Archive
from .tools import call

KERNEL_PACKAGE = "linux-image-amd64"

# L1's own root file system arrives over 9p; virtio_console carries its output.
HOST_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console")
# failover before igbvf: net_failover must be there when the second NIC arrives.
GUEST_MODULES = ("virtio_pci", "net_failover", "virtio_net", "igbvf")

GUEST_SOURCES = pathlib.Path(__file__).resolve().parent.parent / "guest"


def cache_root():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    root = pathlib.Path(base) / "viaduct" / "lab"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextlib.contextmanager
def locked(name):
    """Holds one named lock of the cache; others wait for it."""
    with open(cache_root() / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def built_whole(target):
    """Gives a scratch folder that becomes target when the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


# --- the kernel --------------------------------------------------------------

class Kernel:
    """An unpacked kernel: a bootable vmlinux and its modules."""

    def __init__(self, root):
        self.root = root
        self.vmlinux = root / "vmlinux"
        self.modules = root / "modules"
        self.version = (root / "version").read_text().strip()


def kernel():
    """The kernel of the lab, fetched the first time."""
    current = cache_root() / "kernel"
    with locked("kernel"):
        if not (current / "version").exists():
            with built_whole(current) as scratch:
                unpack_kernel(scratch)
    return Kernel(current)


def forget_kernel():
    with locked("kernel"):
        shutil.rmtree(cache_root() / "kernel", ignore_errors=True)


def unpack_kernel(scratch):
    package = scratch / "package"
    package.mkdir()
    archive = download_kernel(scratch)
    call("dpkg-deb", "-x", archive, package)
    archive.unlink()
    image = only(package.glob("boot/vmlinuz-*"), "kernel image")
    version = image.name.removeprefix("vmlinuz-")
    # Newer packages put their modules below /usr; depmod looks below /lib.
    if not (package / "lib").exists():
        (package / "lib").symlink_to("usr/lib")
    call("depmod", "-b", package, version)
    (package / "lib/modules" / version).rename(scratch / "modules")
    (scratch / "vmlinux").write_bytes(payload_of(image.read_bytes()))
    (scratch / "version").write_text(version + "\n")
    shutil.rmtree(package)


def download_kernel(folder):
    """Fetches the generic kernel; the machine's own packages stay as they are."""
    listing = call("apt-cache", "depends", "--important", KERNEL_PACKAGE)
    names = [line.split()[-1] for line in listing.splitlines() if "Depends:" in line]
    if not names:
        raise LabError(f"apt knows no {KERNEL_PACKAGE}: run apt-get update; "
                       "the lab needs the distribution's generic kernel, which has igb")
    call("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", names[0],
         cwd=folder)
    return only(folder.glob("*.deb"), "kernel package")


def only(found, what):
    found = list(found)
    if len(found) != 1:
        raise LabError(f"expected one {what}, found {len(found)}")
    return found[0]


def payload_of(image):
    """Takes the plain vmlinux out of a bzImage.

    Offsets are those of Documentation/arch/x86/boot.rst: setup_sects at 0x1f1,
    payload_offset and payload_length at 0x248. The payload ends with four
    bytes of length that are no part of the compressed stream.
    """
    if image[0x202:0x206] != b"HdrS":
        raise LabError("the kernel image is no bzImage: this kernel cannot be used")
    setup_sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    vmlinux = decompress(image[start:start + length])
    if vmlinux[:4] != b"\x7fELF":
        raise LabError("the kernel image holds no ELF: this kernel cannot be used")
    return vmlinux


def decompress(data):
    if data.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(data)
    for magic, tool in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x02\x21\x4c\x18", "lz4")):
        if data.startswith(magic):
            return decompress_with(tool, data)
    raise LabError("the kernel image is compressed in a way the lab does not know")


def decompress_with(tool, data):
    # The trailing length makes these tools complain after all is written.
    try:
        done = subprocess.run([tool, "-dc"], input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise LabError(f"{tool} is not installed: run scripts/deps lab") from None
    return done.stdout


# --- initramfs images --------------------------------------------------------

def host_initramfs(kern):
    return initramfs(kern, "init-host", HOST_MODULES)


def guest_initramfs(kern):
    return initramfs(kern, "init-guest", GUEST_MODULES)


def initramfs(kern, init, modules):
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    if not busybox:
        raise LabError("busybox is not installed: run scripts/deps lab")
    script = (GUEST_SOURCES / init).read_bytes()
    key = hashlib.sha256()
    for part in (script, pathlib.Path(__file__).read_bytes(),
                 repr(modules).encode(), str(os.stat(busybox).st_mtime_ns).encode()):
        key.update(part)
    image = cache_root() / f"{init}-{kern.version}-{key.hexdigest()[:12]}.cpio"
    with locked("initramfs"):
        if not image.exists():
            forget_old_images(init)
            scratch = image.with_suffix(".new")
            scratch.write_bytes(initramfs_bytes(kern, script, busybox, modules))
            scratch.rename(image)
    return image


def forget_old_images(init):
    # Not at once: another checkout may be starting from its own right now.
    for old in cache_root().glob(f"{init}-*.cpio"):
        if time.time() - old.stat().st_mtime > 7 * 24 * 3600:
            old.unlink()


def initramfs_bytes(kern, script, busybox, modules):
    # Not compressed: unpacking costs an emulated CPU more than reading does.
    archive = Archive()
    for folder in ("bin", "dev", "proc", "sys", "modules"):
        archive.folder(folder)
    archive.file("bin/busybox", pathlib.Path(busybox).read_bytes(), 0o755)
    archive.file("init", script, 0o755)
    order = load_order(kern, modules)
    for path in order:
        archive.file(f"modules/{module_name(path)}.ko", module_bytes(path), 0o644)
    names = "".join(f"{module_name(path)}\n" for path in order)
    archive.file("modules/order", names.encode(), 0o644)
    return archive.finish()


def module_name(path):
    return path.name.split(".")[0]


def module_bytes(path):
    data = path.read_bytes()
    return data if data[:4] == b"\x7fELF" else decompress(data)


def load_order(kern, modules):
    """Module files in an order in which insmod takes them."""
    dependencies = {}
    for line in (kern.modules / "modules.dep").read_text().splitlines():
        path, _, needs = line.partition(":")
        path = kern.modules / path
        dependencies[module_name(path)] = (path, needs.split())
    order = []
    for name in modules:
        if name not in dependencies:
            continue  # built in
        path, needs = dependencies[name]
        # modules.dep lists what to load last first.
        for wanted in [kern.modules / need for need in reversed(needs)] + [path]:
            if wanted not in order:
                order.append(wanted)
    return order
