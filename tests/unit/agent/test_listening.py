# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves, from the kernel's tables as they are written on little-endian machines."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import listening

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


def pid(host: Any, number: int, name: str, *inodes: str) -> None:
    """A process with sockets."""
    host.write(f"/proc/{number}/comm", f"{name}\n")
    folder = host.root / f"proc/{number}/fd"
    folder.mkdir()
    for descriptor, inode in enumerate(inodes):
        (folder / str(descriptor)).symlink_to(f"socket:[{inode}]")


def test_what_others_reach(host: Any) -> None:
    """Neither the loopback's, nor what is connected, nor a client's socket."""
    host.write("/proc/net/tcp", TCP)
    host.write("/proc/net/tcp6", TCP6)
    host.write("/proc/net/udp", UDP)
    host.write("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n")
    pid(host, 41, "chronyd", "3003")
    pid(host, 42, "nginx", "2003")
    found = listening.facts(host.ctx, lambda _seconds: None)
    assert found["listening"] == ["tcp/22", "tcp/443", "tcp/8081", "udp/68", "udp/51820"]
    assert found["listeners"] == {"tcp/443": "nginx", "udp/51820": "the kernel"}


def test_who_listens_on_which_port(host: Any) -> None:
    """Each listener of a port, also of the loopback, with its unit; what no one has open is named too."""
    second = "   9: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2009 1 0 100 0 0 10 0\n"
    host.write("/proc/net/tcp", TCP + second)
    pid(host, 41, "python3", "2002")
    host.write("/proc/41/cgroup", "0::/user.slice/user-0.slice/session-3.scope\n")
    pid(host, 42, "postgres", "2009", "2001")
    host.write("/proc/42/cgroup", "0::/system.slice/patroni.service\n")
    host.write("/proc/net/tcp6", HEAD)
    mine, other = ["postgres", "patroni.service"], ["python3", "session-3.scope"]
    assert listening.served(host.ctx) == {"53": [mine], "22": [mine, other], "443": [["", ""]]}


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


def udp(*lines: tuple[str, int, str], state: str = "07") -> str:
    """A table of UDP sockets: address, port, inode."""
    return HEAD + "".join(
        f"   {number}: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 2 0 0\n"
        for number, (address, port, inode) in enumerate(lines)
    )


ANY, LOOPBACK = "00000000", "0100007F"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([(ANY, 51821, "10")], None, {"udp/51821": "wg-agent"}),
        ([(ANY, 51821, "99")], None, {"udp/51821": "the kernel"}),  # WireGuard: no process has the socket
        ([(ANY, 51821, "99")], [], {}),
        ([(ANY, 40000, "10")], [], {}),  # a question to a name server: gone at the second look
        ([(ANY, 40000, "10")], [(ANY, 40000, "11")], {}),  # another one by chance
        ([(ANY, 40000, "20")], None, {}),  # rsyslog sends
        ([(LOOPBACK, 51821, "10")], None, {}),
        ([(ANY, 0, "10")], None, {}),
        ([(ANY, 51821, "20"), ("0B0200C0", 51821, "10")], None, {"udp/51821": "wg-agent"}),
        # Resolvers choose their ports themselves, from 1024 to 65535; syslog on 1514 stays.
        ([(ANY, 4789, "99")], None, {"udp/4789": "the kernel"}),
        ([(ANY, 5000, "10")], None, {"udp/5000": "wg-agent"}),
        ([(ANY, 5000, "10")], [], {}),
        ([(ANY, 1024, "20"), (ANY, 65535, "20")], [], {}),
        ([(ANY, 1514, "20")], None, {"udp/1514": "rsyslogd"}),
        ([(ANY, 1023, "20")], [], {"udp/1023": "rsyslogd"}),  # a port that only root may take is a server's
    ],
)
def test_servers_among_the_ports_of_clients(
    host: Any, before: list[tuple[str, int, str]], after: list[tuple[str, int, str]] | None, found: dict[str, str]
) -> None:
    """A port that a client may have is refused where something serves there, and only there."""
    pid(host, 10, "wg-agent", "10", "12")
    pid(host, 20, "rsyslogd", "20")
    host.write("/proc/net/udp", udp(*before))
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        host.write("/proc/net/udp", udp(*(before if after is None else after)))

    told = listening.facts(host.ctx, sleep)
    assert told["listeners"] == found
    assert told["listening"] == list(found)
    assert len(looks) <= (3 if "udp/1514" in found else 1)


@pytest.mark.parametrize(("until", "found"), [(1, []), (2, []), (3, []), (4, ["udp/5300"])])
def test_a_slow_question_of_a_resolver(host: Any, until: int, found: list[str]) -> None:
    """It is answered after a look or two; what stays is a server."""
    pid(host, 20, "unbound", "20")
    host.write("/proc/net/udp", udp((ANY, 5300, "20")))
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) >= until:
            host.write("/proc/net/udp", udp())

    assert listening.facts(host.ctx, sleep)["listening"] == found
    assert len(looks) == min(until, 3)


def test_connected_sockets_are_clients(host: Any) -> None:
    """ESTABLISHED in the table of UDP."""
    host.write("/proc/net/udp", udp((ANY, 51821, "1"), (ANY, 1701, "2"), state="01"))
    assert listening.facts(host.ctx)["listening"] == []


def test_sctp(host: Any) -> None:
    """Endpoints that listen; net/sctp/proc.c writes the port in decimals."""
    lines = (
        " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS",
        "ffff8 ffff9 2   10  25   38412  0 100 192.0.2.11 ",
        "ffff8 ffff9 2   10  25   9 0 101 127.0.0.1 ",
        "ffff8 ffff9 2   1  25   10 0 102 ::",
    )
    host.write("/proc/net/sctp/eps", "\n".join(lines) + "\n")
    assert listening.facts(host.ctx)["listening"] == ["sctp/38412"]


def test_a_listener_of_this_machine_is_seen() -> None:
    """The real tables."""
    with socket.create_server(("0.0.0.0", 0)) as server, socket.create_server(("127.0.0.1", 0)) as inner:
        found = listening.facts(Context("check"))["listening"]
        assert f"tcp/{server.getsockname()[1]}" in found
        assert f"tcp/{inner.getsockname()[1]}" not in found


def test_a_udp_server_of_this_machine_is_seen() -> None:
    """The real tables: a server on a port of the clients' range, beside a socket that is connected."""
    with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
        server.bind(("0.0.0.0", 0))
        client.connect(("127.0.0.1", server.getsockname()[1]))
        found = listening.facts(Context("check"))
        assert f"udp/{server.getsockname()[1]}" in found["listening"]
        assert found["listeners"][f"udp/{server.getsockname()[1]}"]
        assert f"udp/{client.getsockname()[1]}" not in found["listening"]


def test_it_is_asked_before_the_first_firewall_only(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run with nothing to do does not read the kernel's tables, neither does one of a host that is to have no firewall."""
    payload = {"protocol": main.PROTOCOL, "op": "facts", "mode": "apply", "lease": {"action": "none"}, "firewall": True}
    told = main.main(payload, root=str(host.root), runner=host.programs)["facts"]
    assert (told["listening"], told["firewalls"]) == ([], [])
    monkeypatch.setattr(listening, "facts", lambda _ctx: pytest.fail("looked"))
    assert "listening" not in main.main({**payload, "firewall": False}, root=str(host.root), runner=host.programs)["facts"]
    host.write("/etc/vannah/firewall.nft", "table inet vannah {}\n")
    assert "listening" not in main.main(payload, root=str(host.root), runner=host.programs)["facts"]


def test_the_host_says_who_listens_only_where_it_is_asked(host: Any) -> None:
    """It takes a look at all processes. With it come the units of the components, whose ports are their own."""
    host.write("/var/lib/vannah/ledger.json", '{"components": {"demo": {"running": {"demo.service": {}}}, "idle": {}}}')
    payload = {"protocol": main.PROTOCOL, "op": "facts", "mode": "apply", "lease": {"action": "none"}}
    assert "served" not in main.main(payload, root=str(host.root), runner=host.programs)["facts"]
    host.write("/proc/net/tcp", TCP)
    told = main.main({**payload, "listeners": True}, root=str(host.root), runner=host.programs)["facts"]
    assert sorted(told["served"]) == ["22", "443", "53"] and told["units"] == {"demo": ["demo.service"]}
