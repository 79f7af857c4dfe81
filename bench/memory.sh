#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Resident memory of the idle daemon on a synthetic host of 64 PFs with 128 VFs each, a minute's worth
# of requests behind it. The peer is lspci, for the time it lists the same devices.
set -euo pipefail
build=${1:-build/release}
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 "$here/memory.py" "$build"
