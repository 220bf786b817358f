# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves to others, and which firewall of somebody else it has: asked before the first firewall of ours."""

from __future__ import annotations

import os
import sys

from .facts import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .model import Context

#: WireGuard's usual port lies among those that clients' sockets get.
WIREGUARD = 51820
LISTEN, UNCONNECTED = "0A", "07"  # states in /proc/net/tcp and /proc/net/udp


def facts(ctx: Context) -> dict[str, Any]:
    """``listening`` (``tcp/443``: ports that others reach) and ``firewalls`` (``ufw``, ``firewalld``)."""
    return {"listening": listening(ctx), "firewalls": firewalls(ctx)}


def listening(ctx: Context) -> list[str]:
    """The ports that are served on any address but the loopback's.

    A UDP socket of a client looks like one of a server. Its port comes from the range of the kernel, where no server is looked for.
    """
    low, high = _clients(read(ctx, "/proc/sys/net/ipv4/ip_local_port_range"))
    found = set()
    for name, protocol, state in (
        ("tcp", "tcp", LISTEN),
        ("tcp6", "tcp", LISTEN),
        ("udp", "udp", UNCONNECTED),
        ("udp6", "udp", UNCONNECTED),
    ):
        for address, port in sockets(read(ctx, f"/proc/net/{name}"), state):
            client = protocol == "udp" and low <= port <= high and port != WIREGUARD
            if not is_loopback(address) and not client:
                found.add((protocol, port))
    return [f"{protocol}/{port}" for protocol, port in sorted(found)]


def _clients(text: str) -> tuple[int, int]:
    words = text.split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (32768, 60999)


def sockets(text: str, state: str) -> Iterator[tuple[bytes, int]]:
    """Local address and port of the sockets in a state (proc_pid_net(5): the address is written as words of the machine)."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != state:
            continue
        digits, _colon, port = fields[1].partition(":")
        raw = bytes.fromhex(digits)
        if sys.byteorder == "little":
            raw = b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
        yield raw, int(port, 16)


def is_loopback(address: bytes) -> bool:
    """127.0.0.0/8, ::1, and the former as it is written in IPv6."""
    if len(address) == 16 and address[:12] == bytes(10) + b"\xff\xff":
        address = address[12:]
    return address[:1] == b"\x7f" if len(address) == 4 else address == bytes(15) + b"\x01"


def firewalls(ctx: Context) -> list[str]:
    """Somebody else's firewalls that are active. Their rules are not looked into."""
    found = []
    if any(line.replace('"', "").strip().lower() == "enabled=yes" for line in read(ctx, "/etc/ufw/ufw.conf").splitlines()):
        found.append("ufw")
    groups = ("/sys/fs/cgroup/system.slice/firewalld.service", "/sys/fs/cgroup/systemd/system.slice/firewalld.service")
    if any(os.path.isdir(ctx.path(path)) for path in groups):
        found.append("firewalld")
    return found
