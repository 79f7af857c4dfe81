#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# GetStatus with 32 clients on a host of 64 PFs with 128 VFs each: requests a second and the p99, against
# an echo server that answers canned bytes through the same event loop (as fast as it can be), and
# against the same service in Python's asyncio.
set -euo pipefail
build=${1:-build/release}
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 "$here/varlink.py" "$build"
