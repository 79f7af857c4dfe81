# SPDX-License-Identifier: GPL-2.0-or-later
"""The outer side of the lab: what runs on the user's machine."""

EXIT_MACHINE_DIED = 123
EXIT_TIME_LIMIT = 124
EXIT_LAB_ERROR = 125


class LabError(Exception):
    """The lab cannot run here; the message names the fix."""
