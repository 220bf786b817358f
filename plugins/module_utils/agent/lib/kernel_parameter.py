# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of kernel parameters."""

from __future__ import annotations

from ..core.model import AgentError


def normal_name(name: str) -> str:
    """A parameter's name as sysctl.d(5) reads it, with dots between the parts.

    The first separator says which one it is: ``net/ipv4/conf/eth0.1/forwarding`` and ``net.ipv4.conf.eth0/1.forwarding``
    are the same.

    :raises AgentError: ``bad-sysctl``
    """
    found = name.strip()
    first = min((at for at in (found.find("."), found.find("/")) if at > 0), default=-1)
    if first > 0 and found[first] == "/":
        found = found.translate({ord("/"): ".", ord("."): "/"})
    parts = found.split(".")
    if len(parts) < 2 or any(not part or part.startswith("/") for part in parts):
        raise AgentError("bad-sysctl", f"{name!r} is not a kernel parameter: write it as in /proc/sys, for example net.ipv4.ip_forward")
    if not all(sign.isalnum() or sign in "._-/:@" for sign in found):
        raise AgentError("bad-sysctl", f"{name!r} is not a kernel parameter: patterns and spaces are not allowed")
    return found
