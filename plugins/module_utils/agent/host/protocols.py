# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols of IP beside TCP and UDP that a host takes part in: VRRP, ESP, GRE, OSPF and the like. Asked before our first firewall."""

from __future__ import annotations

import os

from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..core.model import Context

#: Protocols of raw sockets that say nothing of what comes in: ICMP and ICMPv6 (the firewall has lines of its own for them), TCP and UDP
#: (their ports are looked at), 0 and 255 (the socket only sends).
NO_SIGN = frozenset({0, 1, 6, 17, 58, 255})
#: Kinds of interfaces (include/uapi/linux/if_arp.h) whose packets come in as a protocol of their own.
TUNNELS = {768: 4, 769: 41, 776: 41, 778: 47, 823: 47}
#: Tunnels that look like Ethernet, by the usual beginning of their names.
ETHERNET_TUNNELS = (("gretap", 47), ("ip6gretap", 47), ("erspan", 47))
UP = 1  # IFF_UP of /sys/class/net/*/flags
ESP, IGMP = 50, 2


def in_use(ctx: Context, listening: Iterable[str] = (), associations: Callable[[], set[int]] | None = None) -> list[str]:
    """``ip/112`` for each protocol that comes in.

    :param listening: ports that are served
    :param associations: protocols of IPsec's security associations
    """
    found = {number for table in ("raw", "raw6") for number in raw(read(ctx, f"/proc/net/{table}"))}
    found |= set(tunnels(ctx))
    if "udp/500" in listening:  # IKE agrees on ESP
        found.add(ESP)
    if os.path.exists(ctx.path("/proc/net/xfrm_stat")) and (associations or not ctx.root):
        found |= (associations or ipsec)()
    if groups(read(ctx, "/proc/net/igmp")):
        found.add(IGMP)
    return [f"ip/{number}" for number in sorted(found)]


def raw(text: str) -> Iterator[int]:
    """Protocols of raw sockets that take part: where a port stands in the other tables, the protocol stands here (net/ipv4/raw.c)."""
    from .proc_net import is_loopback, sockets

    for address, number, _inode in sockets(text, "07"):
        if number not in NO_SIGN and not is_loopback(address):
            yield number


def tunnels(ctx: Context) -> Iterator[int]:
    """Protocols of tunnels that are up. The kernel has no socket for them."""
    try:
        names = os.listdir(ctx.path("/sys/class/net"))
    except OSError:
        return
    for name in names:
        folder = f"/sys/class/net/{name}"
        flags, kind = read(ctx, f"{folder}/flags").strip(), read(ctx, f"{folder}/type").strip()
        if not kind.isdigit() or not int(flags or "0", 16) & UP:
            continue  # tunl0 and the like are there as soon as a module is loaded
        number = TUNNELS.get(int(kind)) or next((number for start, number in ETHERNET_TUNNELS if name.startswith(start)), None)
        if number is not None:
            yield number


def groups(text: str) -> list[str]:
    """Multicast groups that switches and routers ask about by IGMP: all but 224.0.0.0/24, which is never asked about (RFC 4541)."""
    found = []
    for line in text.splitlines()[1:]:
        digits = line.split()[0] if line[:1].isspace() and line.split() else ""
        if len(digits) == 8:
            import sys

            address = bytes.fromhex(digits)
            address = address[::-1] if sys.byteorder == "little" else address
            if address[:3] != b"\xe0\x00\x00":
                found.append(".".join(str(part) for part in address))
    return found


def ipsec() -> set[int]:
    """Protocols of the security associations that UDP does not carry. The kernel has no file of them: it is asked (linux/xfrm.h)."""
    import socket
    import struct

    found: set[int] = set()
    request, flags, done, error = 0x12, 0x301, 3, 2  # XFRM_MSG_GETSA, NLM_F_REQUEST and NLM_F_DUMP, NLMSG_DONE, NLMSG_ERROR
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6) as netlink:  # NETLINK_XFRM
            netlink.settimeout(2)
            netlink.bind((0, 0))
            netlink.send(struct.pack("=IHHII", 16 + 224, request, flags, 1, 0) + bytes(224))
            while True:
                data = netlink.recv(1 << 16)
                while len(data) >= 16:
                    length, kind = struct.unpack_from("=IH", data)
                    if kind in (done, error) or length < 16:
                        return found
                    number = association(data[16:length])
                    if number:
                        found.add(number)
                    data = data[(length + 3) & ~3 :]
    except OSError:
        return found


def association(data: bytes) -> int:
    """The protocol of a security association (struct xfrm_usersa_info); 0 where UDP carries it (attribute XFRMA_ENCAP)."""
    import struct

    size, place, encapsulated = 224, 76, 4
    at = size
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        if kind == encapsulated:
            return 0
        at += (length + 3) & ~3
    return data[place] if len(data) > place else 0
