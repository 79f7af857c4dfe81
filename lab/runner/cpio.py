# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the "newc" cpio archives that the kernel unpacks as its initramfs."""

import stat


class Archive:
    def __init__(self):
        self._parts = []
        self._count = 0

    def folder(self, name):
        self._entry(name, b"", stat.S_IFDIR | 0o755)

    def file(self, name, data, mode):
        self._entry(name, data, stat.S_IFREG | mode)

    def finish(self):
        self._entry("TRAILER!!!", b"", 0)
        return b"".join(self._parts)

    def _entry(self, name, data, mode):
        self._count += 1
        raw = name.encode() + b"\0"
        # inode, mode, uid, gid, links, mtime, size, device, rdevice, name, check
        fields = (self._count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts.append(padded(header + raw))
        self._parts.append(padded(data))


def padded(data):
    return data + b"\0" * (-len(data) % 4)
