# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves to others, and which other firewall it has: asked before our first firewall."""

from __future__ import annotations

import os

from .proc_net import is_loopback, sockets
from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..core.model import Context
    from ..facts import Facts

LISTEN, UNCONNECTED = "0A", "07"  # states in /proc/net/tcp and /proc/net/udp
#: Tables of the kernel, the protocol each is of, and the state of a socket that waits for others.
TABLES = (
    ("tcp", "tcp", LISTEN),
    ("tcp6", "tcp", LISTEN),
    ("udp", "udp", UNCONNECTED),
    ("udp6", "udp", UNCONNECTED),
    ("udplite", "udplite", UNCONNECTED),
    ("udplite6", "udplite", UNCONNECTED),
)
#: The last port that only root may take: a client does not choose one of these.
RESERVED = 1023


def facts(ctx: Context, sleep: Callable[[float], None] | None = None) -> Facts:
    """``listening`` (``tcp/443``: ports that others reach; ``ip/112``: protocols), ``firewalls`` (``ufw``, ``firewalld``).

    ``listeners`` names programs as far as they are known: ``{"udp/51821": "wg-agent"}``.
    """
    found = ports(ctx)
    names: dict[str, str] = {}
    low, high = _clients(read(ctx, "/proc/sys/net/ipv4/ip_local_port_range"))
    # Resolvers ask from ports of their own choice, below the kernel's range too.
    unsure = {key for key in found if key[0] in ("udp", "udplite") and (key[1] > RESERVED or low <= key[1] <= high)}
    if unsure:
        from .sockets import servers

        clients, names = servers(ctx, {key: found[key] for key in unsure}, lambda: ports(ctx), sleep, (low, high))
        for key in clients:
            del found[key]
    listed = [f"{protocol}/{port}" for protocol, port in sorted(found)]
    unnamed = {key: inodes for key, inodes in found.items() if f"{key[0]}/{key[1]}" not in names}
    if unnamed:
        from .sockets import programs

        known = programs(ctx, set().union(*unnamed.values()))
        for (protocol, port), inodes in unnamed.items():
            for inode in sorted(inodes & known.keys()):
                names.setdefault(f"{protocol}/{port}", known[inode])
    from .protocols import in_use

    listed += in_use(ctx, listed)
    return {"listening": listed, "listeners": names, "firewalls": firewalls(ctx)}


def ports(ctx: Context) -> dict[tuple[str, int], set[str]]:
    """Protocol and port of what is served on any address but the loopback's -> inodes of the sockets."""
    found: dict[tuple[str, int], set[str]] = {}
    for name, protocol, state in TABLES:
        for address, port, inode in sockets(read(ctx, f"/proc/net/{name}"), state):
            if port and not is_loopback(address):
                found.setdefault((protocol, port), set()).add(inode)
    for port, inode, addresses in endpoints(read(ctx, "/proc/net/sctp/eps")):
        if not all(address.startswith("127.") or address == "::1" for address in addresses):
            found.setdefault(("sctp", port), set()).add(inode)
    return found


def tcp_listeners(ctx: Context) -> dict[int, set[str]]:
    """Every TCP port that is listened on, on the loopback too -> inodes of the sockets."""
    found: dict[int, set[str]] = {}
    for name in ("tcp", "tcp6"):
        for _address, port, inode in sockets(read(ctx, f"/proc/net/{name}"), LISTEN):
            found.setdefault(port, set()).add(inode)
    return found


def served(ctx: Context) -> dict[str, list[list[str]]]:
    """Every TCP port that is listened on, on the loopback too -> program and unit of each listener, empty where they are unknown."""
    found = tcp_listeners(ctx)
    from .sockets import holders

    known = holders(ctx, set().union(*found.values()))
    unknown = ("", "")
    return {str(port): [list(who) for who in sorted({known.get(inode, unknown) for inode in inodes})] for port, inodes in found.items()}


def _clients(text: str) -> tuple[int, int]:
    """The ports that the kernel gives to clients (ip_local_port_range)."""
    words = text.split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (32768, 60999)


def endpoints(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Port, inode and addresses of SCTP endpoints that listen.

    Fields of net/sctp/proc.c: ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS. SST 10 listens.
    """
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 8 and fields[3] == "10":
            yield int(fields[5]), fields[7], fields[8:]


def firewalls(ctx: Context) -> list[str]:
    """Other firewalls that are active. Their rules are not looked into."""
    found = []
    if any(line.replace('"', "").strip().lower() == "enabled=yes" for line in read(ctx, "/etc/ufw/ufw.conf").splitlines()):
        found.append("ufw")
    groups = ("/sys/fs/cgroup/system.slice/firewalld.service", "/sys/fs/cgroup/systemd/system.slice/firewalld.service")
    if any(os.path.isdir(ctx.path(path)) for path in groups):
        found.append("firewalld")
    return found
