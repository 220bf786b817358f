# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves, from the kernel's tables as they are written on little-endian machines."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent import listening, main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import Context

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables are those of a little-endian machine")

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = (
    HEAD
    + """\
   0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2001 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2002 1 0 100 0 0 10 0
   2: 0B0200C0:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 2003 1 0 100 0 0 10 0
   3: 0B0200C0:0050 630200C0:C001 01 00000000:00000000 00:00000000 00000000    33        0 2004 1 0 100 0 0 10 0
"""
)
TCP6 = (
    HEAD
    + """\
   0: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1
   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 2
   2: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 3
   3: 0000000000000000FFFF00000B0200C0:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4
"""
)
UDP = (
    HEAD
    + """\
   0: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3001 2 0 0
   1: 00000000:CA6C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3002 2 0 0
   2: 00000000:9C40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3003 2 0 0
   3: 0B0200C0:01F4 630200C0:01F4 01 00000000:00000000 00:00000000 00000000     0        0 3004 2 0 0
"""
)


def test_what_others_reach(host: Any) -> None:
    """Neither the loopback's, nor what is connected, nor a client's socket; WireGuard's port is a server's."""
    host.write("/proc/net/tcp", TCP)
    host.write("/proc/net/tcp6", TCP6)
    host.write("/proc/net/udp", UDP)
    host.write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
    assert listening.listening(host.ctx) == ["tcp/22", "tcp/443", "tcp/8081", "udp/68", "udp/51820"]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/etc/ufw/ufw.conf", "# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n", ["ufw"]),
        ("/etc/ufw/ufw.conf", "#ENABLED=yes\nENABLED=no\n", []),
        ("/sys/fs/cgroup/system.slice/firewalld.service/cgroup.procs", "1\n", ["firewalld"]),
        ("/etc/unrelated", "", []),
    ],
)
def test_other_firewalls(host: Any, path: str, text: str, found: list[str]) -> None:
    """ufw's own word, and firewalld's control group."""
    host.write(path, text)
    assert listening.firewalls(host.ctx) == found


def test_a_listener_of_this_machine_is_seen() -> None:
    """The real tables."""
    with socket.create_server(("0.0.0.0", 0)) as server, socket.create_server(("127.0.0.1", 0)) as inner:
        found = listening.listening(Context("check"))
        assert f"tcp/{server.getsockname()[1]}" in found
        assert f"tcp/{inner.getsockname()[1]}" not in found


def test_it_is_asked_before_the_first_firewall_only(host: Any) -> None:
    """A run with nothing to do does not read the kernel's tables."""
    payload = {"protocol": main.PROTOCOL, "op": "facts", "mode": "apply", "lease": {"action": "none"}}
    told = main.main(payload, root=str(host.root), runner=host.programs)["facts"]
    assert (told["listening"], told["firewalls"]) == ([], [])
    host.write("/etc/vannah/firewall.nft", "table inet vannah {}\n")
    assert "listening" not in main.main(payload, root=str(host.root), runner=host.programs)["facts"]
