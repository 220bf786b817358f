# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Patroni could use the host's watchdog device. It is never opened: that alone would start its clock."""

from __future__ import annotations

import os
import stat

from ...host.facts import is_container, listed
from ...host.text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context

DEVICE = "/dev/watchdog"
#: One process at a time may have the device open, and the kernel says here whether one has.
STATE = "/sys/class/watchdog/watchdog0/state"
#: The timer in software that patroni.service loads where there is no device (ExecStartPre of its drop-in).
DRIVER = "softdog"


def problem(ctx: Context) -> str:
    """Why Patroni could not use the device; empty where it could."""
    try:
        found = os.stat(ctx.path(DEVICE)).st_mode
    except OSError:
        return _missing(ctx)
    if not stat.S_ISCHR(found):
        return f"{DEVICE} is not a device"
    holder = _holder(ctx) if read(ctx, STATE).strip() == "active" else ""
    if holder and holder != "patroni":
        return f"{DEVICE} is held by {holder}{' (RuntimeWatchdogSec= of systemd-system.conf)' if holder == 'systemd' else ''}"
    return ""


def _missing(ctx: Context) -> str:
    """A driver in software is loaded where the kernel has one; a container has the kernel and the devices of another machine."""
    if is_container(ctx):
        return f"there is no {DEVICE}, and this host is a container: its container host has to provide one"
    kernel = f"/lib/modules/{os.uname().release}"
    if any(f"/{DRIVER}.ko" in read(ctx, f"{kernel}/modules.{kind}") for kind in ("dep", "builtin")):
        return ""
    return f"there is no {DEVICE}, and the kernel has no module {DRIVER}"


def _holder(ctx: Context) -> str:
    """The name of the process that has the device open; empty where none is found."""
    for number in listed(ctx.path("/proc")):
        if not number.isdigit():
            continue
        for descriptor in listed(ctx.path(f"/proc/{number}/fd")):
            try:
                target = os.readlink(ctx.path(f"/proc/{number}/fd/{descriptor}"))
            except OSError:
                continue  # it has just ended
            if target in (DEVICE, f"{DEVICE}0"):
                return read(ctx, f"/proc/{number}/comm").strip()
    return ""
