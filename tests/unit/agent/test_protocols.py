# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols of IP beside TCP and UDP that a host takes part in."""

from __future__ import annotations

import struct
import sys
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import protocols

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables are those of a little-endian machine")

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"


def raw(*numbers: int, address: str = "00000000") -> str:
    return HEAD + "".join(
        f"{n:4}: {address}:{n:04X} {address}:0000 07 00000000:00000000 00:00000000 00000000 0 0 700 2 0 0\n" for n in numbers
    )


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/proc/net/raw", raw(112), ["ip/112"]),  # keepalived
        ("/proc/net/raw", raw(89, 47, 51), ["ip/47", "ip/51", "ip/89"]),
        ("/proc/net/raw", raw(1, 6, 17, 255, 0), []),  # ping, sniffers, senders
        ("/proc/net/raw", raw(112, address="0100007F"), []),
        ("/proc/net/raw6", raw(112, 58, address="0" * 32), ["ip/112"]),
        ("/proc/net/raw", "", []),
        ("/proc/net/igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n"
         "\t\t\t\t010000E0     1 0:00000000\t\t0\n\t\t\t\t120000E0     1 0:00000000\t\t0\n", []),
        ("/proc/net/igmp", "Idx\tDevice\n2\teth0      :     1      V3\n\t\t\t\t010101EF     1 0:00000000\t\t0\n", ["ip/2"]),
    ],
)  # fmt: skip
def test_tables(host: Any, path: str, text: str, found: list[str]) -> None:
    """Raw sockets, and multicast groups that switches ask about."""
    host.write(path, text)
    assert protocols.in_use(host.ctx) == found


@pytest.mark.parametrize(
    ("name", "kind", "flags", "found"),
    [
        ("site2", 778, "0x91", ["ip/47"]),
        ("gre0", 778, "0x80", []),  # there as soon as the module is
        ("six", 776, "0xd1", ["ip/41"]),
        ("tun1", 768, "0xd1", ["ip/4"]),
        ("gretap1", 1, "0x1003", ["ip/47"]),
        ("eth0", 1, "0x1003", []),
        ("wg0", 65534, "0xd1", []),  # its socket is found among UDP
    ],
)
def test_tunnels(host: Any, name: str, kind: int, flags: str, found: list[str]) -> None:
    """Interfaces that are up; the kernel has no socket for them."""
    host.write(f"/sys/class/net/{name}/type", f"{kind}\n")
    host.write(f"/sys/class/net/{name}/flags", f"{flags}\n")
    assert protocols.in_use(host.ctx) == found


def test_ipsec(host: Any) -> None:
    """A daemon that agrees on keys, or associations of the kernel."""
    assert protocols.in_use(host.ctx, ["udp/500"]) == ["ip/50"]
    assert protocols.in_use(host.ctx, [], lambda: {51}) == []
    host.write("/proc/net/xfrm_stat", "XfrmInError 0\n")
    assert protocols.in_use(host.ctx, [], lambda: {51}) == ["ip/51"]


@pytest.mark.parametrize(
    ("attributes", "found"),
    [(b"", 50), (struct.pack("=HHI", 8, 2, 0), 50), (struct.pack("=HHI", 8, 2, 0) + struct.pack("=HHI", 8, 4, 0), 0), (bytes(8), 50)],
)
def test_an_association_that_udp_carries_needs_no_protocol(attributes: bytes, found: int) -> None:
    body = bytearray(224)
    body[76] = 50
    assert protocols.association(bytes(body) + attributes) == found
