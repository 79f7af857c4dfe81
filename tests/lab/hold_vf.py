# SPDX-License-Identifier: GPL-2.0-or-later
"""hold_vf.py GROUP ADDRESS: open a VF through vfio as a guest does, say "held", stay.

The ioctls are those of linux/vfio.h: type ';' (0x3b), base 100.
"""
import fcntl
import os
import sys
import time

VFIO_GROUP_SET_CONTAINER, VFIO_GROUP_GET_DEVICE_FD, VFIO_SET_IOMMU = 0x3B68, 0x3B6A, 0x3B66
VFIO_TYPE1v2_IOMMU = 3

container = os.open("/dev/vfio/vfio", os.O_RDWR)
group = os.open(f"/dev/vfio/{sys.argv[1]}", os.O_RDWR)
fcntl.ioctl(group, VFIO_GROUP_SET_CONTAINER, container.to_bytes(4, sys.byteorder))
fcntl.ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)
device = fcntl.ioctl(group, VFIO_GROUP_GET_DEVICE_FD, sys.argv[2].encode() + b"\0")
print("held", flush=True)
time.sleep(600)
