# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and clients among UDP sockets on ports that clients may have; loaded only where there is such a socket.

A socket of a client that does not connect looks like one of a server. What tells them apart:

- No process has it open: it is the kernel's (WireGuard, VXLAN, L2TP), and serves.
- It is closed at a second check: a query to a name server or a time server.
- A program that is known to keep sockets for its own questions has it, on a port that the kernel gives to clients. Answers to these
  come in through any firewall that follows connections. On another port such a program may serve (syslog on 1514), or ask (a resolver
  chooses its ports itself): it serves where the socket stays for some seconds.

All other programs count as servers: an unreachable port would be noticed late.
"""

from __future__ import annotations

import os

from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.model import Context

    Key = tuple[str, int]
    Sockets = dict[Key, set[str]]

#: Seconds between further looks at a known client's socket on a port that the kernel does not give to clients.
FURTHER = (1.0, 2.0)
#: What /proc/<pid>/comm (15 letters at most) says of programs that ask from ports of the kernel's choice, or of their own.
CLIENTS = frozenset(
    (
        "avahi-daemon chronyd collectd connmand dhclient dhcpcd dnsmasq iwd kresd named NetworkManager nscd ntpd ntpsec openntpd"
        " pdns_recursor rpc.statd rpcbind rsyslogd snmpd sssd sssd_be syslog-ng systemd-network systemd-resolve systemd-timesyn udhcpc"
        " unbound"
    ).split()
)


def servers(
    ctx: Context,
    unsure: Sockets,
    again: Callable[[], Sockets],
    sleep: Callable[[float], None] | None = None,
    given: tuple[int, int] = (32768, 60999),
) -> tuple[set[Key], dict[str, str]]:
    """Which of the sockets are clients', and the names of the programs that have the others.

    :param unsure: protocol and port -> inodes
    :param again: looks a second time
    :param given: the first and the last port that the kernel gives to clients
    """
    holders = programs(ctx, {inode for inodes in unsure.values() for inode in inodes})
    kernel = {key for key, inodes in unsure.items() if not any(holders.get(inode) for inode in inodes)}
    known = {key for key, inodes in unsure.items() if key not in kernel and all(holders.get(i, "") in CLIENTS for i in inodes)}
    clients = {key for key in known if given[0] <= key[1] <= given[1]}
    if len(unsure) > len(clients):
        import time

        from .proc_net import PAUSE

        for pause in (PAUSE, *FURTHER):
            (sleep or time.sleep)(pause)
            now = again()
            clients |= {key for key, inodes in unsure.items() if not inodes & now.get(key, set())}
            if known <= clients:
                break
    names = {}
    for (protocol, port), inodes in unsure.items():
        if (protocol, port) not in clients:
            names[f"{protocol}/{port}"] = next((holders[inode] for inode in sorted(inodes) if holders.get(inode)), "the kernel")
    return clients, names


def programs(ctx: Context, inodes: set[str]) -> dict[str, str]:
    """Inode of a socket -> the program that has it open."""
    return {inode: program for inode, (program, _unit) in holders(ctx, inodes).items()}


def holders(ctx: Context, inodes: set[str]) -> dict[str, tuple[str, str]]:
    """Inode of a socket -> the program that has it open, and the unit that this one belongs to; empty where it belongs to none.

    What systemd listens on for a service is the service's: it has the socket too once it runs, and is reported in place of systemd.
    """
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, tuple[str, str]] = {}
    # The first process last.
    for pid in sorted((name for name in os.listdir(ctx.path("/proc")) if name.isdigit()), key=int, reverse=True):
        folder = ctx.path(f"/proc/{pid}")
        try:
            for descriptor in os.listdir(f"{folder}/fd"):
                inode = wanted.get(os.readlink(f"{folder}/fd/{descriptor}"))
                if inode is not None and inode not in found:
                    with open(f"{folder}/comm", encoding="utf-8", errors="replace") as file:
                        found[inode] = file.read().strip(), unit(read(ctx, f"/proc/{pid}/cgroup"))
        except OSError:  # it has ended
            continue
    return found


def unit(text: str) -> str:
    """The unit of a process, from /proc/<pid>/cgroup: the innermost service or scope in its path."""
    for line in text.splitlines():
        for part in reversed(line.split("/")):
            if part.endswith((".service", ".scope")):
                return part
    return ""
