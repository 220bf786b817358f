# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and clients among UDP sockets on ports that the kernel gives to clients; loaded only where there is such a socket.

A socket of a client that does not connect looks like one of a server. What tells them apart:

- No process has it open: it is the kernel's (WireGuard, VXLAN, L2TP), and serves.
- It is gone at a second look: a question to a name server or a time server.
- A program that is known to keep sockets for its own questions has it. Answers to these come in through any firewall that
  follows connections.

Everything else serves: a port that nobody reaches is found out late.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .model import Context

    Key = tuple[str, int]
    Sockets = dict[Key, set[str]]

#: What /proc/<pid>/comm (15 letters at most) says of programs that ask from ports of the kernel's choice. They serve on lower ports.
CLIENTS = frozenset(
    (
        "avahi-daemon chronyd collectd connmand dhclient dhcpcd dnsmasq iwd named NetworkManager nscd ntpd ntpsec openntpd rpc.statd"
        " rpcbind rsyslogd snmpd sssd sssd_be syslog-ng systemd-network systemd-resolve systemd-timesyn udhcpc unbound"
    ).split()
)


def servers(
    ctx: Context, unsure: Sockets, again: Callable[[], Sockets], sleep: Callable[[float], None] | None = None
) -> tuple[set[Key], dict[str, str]]:
    """Which of the sockets are clients', and the names of the programs that have the others.

    :param unsure: protocol and port -> inodes
    :param again: looks a second time
    """
    holders = programs(ctx, {inode for inodes in unsure.values() for inode in inodes})
    kernel = {key for key, inodes in unsure.items() if not any(holders.get(inode) for inode in inodes)}
    clients = {key for key, inodes in unsure.items() if key not in kernel and all(holders.get(i, "") in CLIENTS for i in inodes)}
    if len(unsure) > len(clients):
        import time

        from .listening import PAUSE

        (sleep or time.sleep)(PAUSE)
        now = again()
        clients |= {key for key, inodes in unsure.items() if not inodes & now.get(key, set())}
    names = {}
    for (protocol, port), inodes in unsure.items():
        if (protocol, port) not in clients:
            names[f"{protocol}/{port}"] = next((holders[inode] for inode in sorted(inodes) if holders.get(inode)), "the kernel")
    return clients, names


def programs(ctx: Context, inodes: set[str]) -> dict[str, str]:
    """Inode of a socket -> the program that has it open."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, str] = {}
    for pid in os.listdir(ctx.path("/proc")):
        if not pid.isdigit():
            continue
        folder = ctx.path(f"/proc/{pid}")
        try:
            for descriptor in os.listdir(f"{folder}/fd"):
                inode = wanted.get(os.readlink(f"{folder}/fd/{descriptor}"))
                if inode is not None and inode not in found:
                    with open(f"{folder}/comm", encoding="utf-8", errors="replace") as file:
                        found[inode] = file.read().strip()
        except OSError:  # it has ended
            continue
    return found
