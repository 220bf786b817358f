# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker on a converged site."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

ENGINE = "/usr/local/lib/vannah/docker-engine"
METRICS = 'grep -o \'"metrics-addr": "[^"]*"\' /etc/docker/daemon.json | cut -d\'"\' -f4'
ASK = 'python3 -c \'import sys, urllib.request as r; print(r.urlopen("http://" + sys.argv[1] + "/metrics", timeout=10).read(4000))\''


@pytest.fixture
def hosts(reached: Site) -> list[str]:
    """The hosts of the group, of which there is at least one."""
    return required(reached, "docker", "servers with Docker")


def test_the_engine_runs_with_its_settings(hosts: list[str], servers: dict[str, Server]) -> None:
    """The engine itself says which."""
    for name in hosts:
        answer = servers[name].shell(f"{ENGINE} runs /etc/docker/daemon.json")
        assert answer.status == 0, f"{name}: {answer.text}"


def test_its_metrics(hosts: list[str], servers: dict[str, Server]) -> None:
    """On the address that daemon.json says."""
    for name in hosts:
        answer = servers[name].shell(f"{ASK} $({METRICS})")
        assert answer.status == 0 and "engine_daemon" in answer.text, f"{name}: {answer.text}"


def test_its_packages_stay(hosts: list[str], servers: dict[str, Server]) -> None:
    """No upgrade takes another version or restarts the engine."""
    for name in hosts:
        answer = servers[name].shell("apt-mark showhold | grep -cE '^(docker|containerd)'")
        assert answer.status == 0 and int(answer.text.split()[0]) >= 2, f"{name}: {answer.text}"
