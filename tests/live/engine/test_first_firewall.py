# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first firewall would close on a real server: refused with the lines to write, and open with them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

PLAYBOOK = "../molecule/engine/firewall.yml"
#: A server on a port that the kernel also gives to clients, and a raw socket of VRRP as keepalived has it. What comes in is written down.
SERVES = """
import os, select, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", 51821))
vrrp = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inside.bind(("127.0.0.1", 51822))
with open("/run/served.pid", "w") as file:
    file.write(str(os.getpid()))
while True:
    for ready in select.select([vrrp, udp], [], [])[0]:
        with open("/run/served", "ab") as file:
            file.write(ready.recv(2048).rpartition(b"@")[2] + b"\\n")
"""
SENDS = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_RAW, 112).sendto(b"@" + sys.argv[2].encode() + b"-vrrp", (sys.argv[1], 0))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"@" + sys.argv[2].encode() + b"-udp", (sys.argv[1], 51821))
"""
#: A host and its peer, each a network of its own, so that no rules of Docker's have the kernel follow connections there. The host connects,
#: gets its firewall, and waits for what the peer sends after that.
QUIET = """
import subprocess, sys
learn, family, host, peer = sys.argv[1:]
PEER = "import socket, sys; s = socket.create_server((sys.argv[1], 7000), family=int(sys.argv[2])); print(1, flush=True); "
PEER += "c = s.accept()[0]; sys.stdin.readline(); c.sendall(b'event'); sys.stdin.readline()"
HOST = "import socket, sys; c = socket.create_connection((sys.argv[1], 7000), 4); print(1, flush=True); "
HOST += "print(c.recv(9).decode(), flush=True)"

def inside(where, *argv, **more):
    return subprocess.Popen(["ip", "netns", "exec", where, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)

def done(*argv):
    subprocess.run(argv, check=True)

try:
    for name in ("quiet-host", "quiet-peer"):
        done("ip", "netns", "add", name)
    done("ip", "-n", "quiet-host", "link", "add", "q0", "type", "veth", "peer", "name", "q0", "netns", "quiet-peer")
    for name, address in (("quiet-host", host), ("quiet-peer", peer)):
        done("ip", "-n", name, "address", "add", address, "dev", "q0", *(["nodad"] if ":" in address else []))
        done("ip", "-n", name, "link", "set", "q0", "up")
    serves = inside("quiet-peer", "python3", "-c", PEER, peer.split("/")[0], family)
    serves.stdout.readline()
    waits = inside("quiet-host", "python3", "-c", HOST, peer.split("/")[0], stderr=subprocess.DEVNULL)
    waits.stdout.readline()
    if learn == "yes":
        done("ip", "netns", "exec", "quiet-host", "/usr/local/lib/vannah/firewall-learn")
    done("ip", "netns", "exec", "quiet-host", "nft", "-f", "/etc/vannah/firewall.nft")
    serves.stdin.write("go" + chr(10))
    serves.stdin.flush()
    print("received", waits.communicate()[0].strip() or "nothing")
    serves.kill()
finally:
    for name in ("quiet-host", "quiet-peer"):
        subprocess.run(["ip", "netns", "del", name], check=False)
"""
UDP = {"name": "wireguard", "port": 51821, "proto": "udp"}
VRRP = {"name": "vrrp", "proto": "vrrp"}


@pytest.fixture
def host(site: Site) -> Iterator[str]:
    """The server, which serves and has no managed firewall; afterwards it is as before."""
    name = site.hosts("all")[0]
    site.docker("exec", "-d", site.container(name), "python3", "-c", SERVES)
    wait_until(lambda: site.run(name, "test", "-s", "/run/served.pid", check=False).returncode == 0, "it serves", ceiling(20))
    yield name
    away = site.playbook(PLAYBOOK, "-e", json.dumps({"firewall_enabled": False}))
    pid = site.run(name, "cat", "/run/served.pid").stdout
    site.run(name, "kill", pid)
    site.run(name, "rm", "/run/served.pid", "/run/served", check=False)
    assert away.returncode == 0, away.stdout[-3000:]


def received(site: Site, host: str, mark: str) -> set[str]:
    """What of two packets from another container comes in, one of each protocol."""
    image = site.docker("inspect", "--format", "{{.Config.Image}}", site.container(host)).strip()
    wanted = ["run", "--rm", "--network", site.network, "--entrypoint", "python3", image, "-c", SENDS, site.address(host), mark]
    site.docker(*wanted)

    def there() -> set[str]:
        lines = site.run(host, "cat", "/run/served", check=False).stdout.splitlines()
        return {line.removeprefix(f"{mark}-") for line in lines if line.startswith(f"{mark}-")}

    # It was sent last.
    wait_until(lambda: "udp" in there(), "the packet of UDP has come", ceiling(10))
    return there()


def test_what_a_first_firewall_would_close(site: Site, host: str) -> None:
    """A UDP server and VRRP are refused with the lines to write. With them the packets come in."""
    assert received(site, host, "a") == {"udp", "vrrp"}
    refused = site.playbook("host_checks.yml")
    assert refused.returncode != 0, refused.stdout[-3000:]
    text = " ".join(refused.stdout.split())
    assert "udp 51821 (python3), VRRP (IP protocol 112) can be reached" in text, refused.stdout[-3000:]
    assert "{name: NAME, port: 51821, proto: udp}, {name: vrrp, proto: vrrp}" in text, refused.stdout[-3000:]
    assert "51822" not in text, "what only the loopback reaches is not asked about"
    assert site.run(host, "test", "-e", "/etc/vannah/firewall.nft", check=False).returncode != 0

    few = ["-e", json.dumps({"firewall_ports": [UDP, {**VRRP, "from": ["192.0.2.9"]}]})]
    for playbook in ("host_checks.yml", PLAYBOOK):
        done = site.playbook(playbook, *few)
        assert done.returncode == 0, done.stdout[-3000:]
    assert received(site, host, "b") == {"udp"}

    done = site.playbook(PLAYBOOK, "-e", json.dumps({"firewall_ports": [UDP, VRRP]}))
    assert done.returncode == 0, done.stdout[-3000:]
    assert received(site, host, "c") == {"udp", "vrrp"}


@pytest.mark.parametrize(("family", "own", "peer"), [("2", "198.18.0.2/30", "198.18.0.1/30"), ("10", "2001:db8::2/64", "2001:db8::1/64")])
def test_connections_that_are_open_stay_open(site: Site, host: str, family: str, own: str, peer: str) -> None:
    """Also one on which this host only receives: a subscriber of events. Without the program's word its packets count as new."""
    known = ["-e", json.dumps({"firewall_ports": [UDP, VRRP]})]
    done = site.playbook(PLAYBOOK, *known)
    assert done.returncode == 0, done.stdout[-3000:]
    for learn, received_text in (("no", "received nothing"), ("yes", "received event")):
        tried = site.run(host, "python3", "-", learn, family, own, peer, stdin=QUIET)
        assert received_text in tried.stdout, (learn, tried.stdout, tried.stderr)
    assert "vannah_learn" not in site.run(host, "nft", "list", "tables").stdout
