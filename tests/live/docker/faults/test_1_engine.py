# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine: its published ports, an engine that is killed, files that were changed by hand."""

from __future__ import annotations

import json
import socket

import pytest

from tests.live.docker.engine import IMAGE, PORT, Engines
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

#: The machine that the tests run on, as the servers see it.
HERE = "172.30.6.1/32"


def answers(address: str) -> bool:
    """Whether the published port can be reached from here, which is not a server of the site."""
    try:
        with socket.create_connection((address, PORT), timeout=2) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


@pytest.fixture
def published(engines: Engines) -> str:
    """A container with a published port on the first host; the host."""
    host = engines.hosts[0]
    assert engines.image
    engines.docker(host, "run", "-d", "--name", "published", "-p", f"{PORT}:{PORT}", IMAGE, "httpd", "-f", "-p", str(PORT), "-h", "/")
    return host


def test_a_published_port_is_closed_until_it_is_exported(site: Site, engines: Engines, published: str) -> None:
    """From outside; the host itself reaches it. What opens it closes it again."""
    address = site.address(published)
    there = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    wait_until(
        lambda: site.run(published, "python3", "-c", there, address, str(PORT), check=False).returncode == 0,
        "the container answers on its host",
        ceiling(20),
    )
    assert not answers(address)
    declared = site.values.get(published, "firewall_ports")
    site.converge("-e", json.dumps({"firewall_ports": [*declared, {"name": "test-app", "port": PORT, "from": [HERE]}]}))
    assert answers(address)
    site.converge()
    assert not answers(address)
    engines.docker(published, "rm", "-f", "published")


def test_a_killed_engine_comes_back(site: Site, engines: Engines) -> None:
    """By systemd, and the next run has nothing to do."""
    host = engines.hosts[-1]
    before = engines.started(host)
    site.run(host, "systemctl", "kill", "--signal=KILL", "docker.service")
    wait_until(lambda: engines.started(host) not in ("0", before), "systemd starts the engine again", ceiling(30))
    wait_until(lambda: engines.docker(host, "info", "-f", "{{.ServerVersion}}", check=False), "the engine answers", ceiling(30))
    site.converge_unchanged()


def test_settings_that_were_changed_by_hand(site: Site, engines: Engines) -> None:
    """The file is brought back. An engine that has not read the other one is not restarted."""
    host = engines.hosts[0]
    started = engines.started(host)
    kept = site.read(host, "cat", "/etc/docker/daemon.json")
    site.run(host, "sh", "-ec", 'echo \'{"bip": "10.99.0.1/24"}\' > /etc/docker/daemon.json')
    site.converge()
    assert site.read(host, "cat", "/etc/docker/daemon.json") == kept
    assert engines.started(host) == started


def test_a_setting_that_the_engine_refuses(site: Site, engines: Engines) -> None:
    """Judged by the engine's own program before it counts: nothing is changed, and the engine continues."""
    started = [engines.started(host) for host in engines.hosts]
    kept = site.read(engines.hosts[0], "cat", "/etc/docker/daemon.json")
    done = site.playbook("site.yml", "-e", json.dumps({"docker_settings": {"no-such-setting": True}}))
    assert done.returncode != 0
    assert "no-such-setting" in done.stdout
    assert site.read(engines.hosts[0], "cat", "/etc/docker/daemon.json") == kept
    assert [engines.started(host) for host in engines.hosts] == started
    site.converge_unchanged()
