# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a Swarm: drained before their engine is restarted, given work again after it, found again after a run that was killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from tests.live.docker.engine import Engines
from tests.live.lib.settings_tried import refused, stated, taken_over, tried_on
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

TRIED = tried_on("platform")
ALL = "VANNAH_SOAK" in os.environ
#: Each of these is an argument of one run in `make test`: a restart of each node, a reload and what is live.
ONE_OF_EACH = ("docker_settings", "docker_insecure_registries", "docker_prune_schedule")


def test_a_setting_rolls_through_the_nodes(site: Site, swarm: Engines, measured: Callable[[str], None]) -> None:
    """Each engine is restarted once, a worker drained before and active after it; both tasks run in the end."""
    values = {name: TRIED[name] for name in ONE_OF_EACH}
    before = {host: swarm.started(host) for host in swarm.hosts}
    tasks = swarm.running()
    printed = site.converge("-e", json.dumps(values))
    assert all(swarm.started(host) != before[host] for host in swarm.hosts), printed[-4000:]
    assert set(swarm.availability().values()) == {"active"}
    swarm.wait_running(2)
    worker = swarm.hosts[-1]
    moved = [task for task in tasks.get(worker, []) if task not in swarm.running().get(worker, [])]
    assert moved == tasks.get(worker, []), "the worker was not drained before its engine was restarted"
    measured(f"{len(moved)} tasks moved before the restart of {worker}")
    for host in swarm.hosts:
        assert json.loads(site.read(host, "cat", "/etc/docker/daemon.json"))["log-level"] == "warn"
    site.converge_unchanged("-e", json.dumps(values))
    site.converge()
    assert set(swarm.availability().values()) == {"active"}


def test_a_node_that_a_killed_run_has_drained(site: Site, swarm: Engines) -> None:
    """The next run gives it work again, without options. One that a person has drained stays so."""
    worker = swarm.hosts[-1]
    with site.start_playbook("site.yml", "-e", json.dumps({"docker_settings": {"log-level": "error"}})) as process:
        wait_until(lambda: swarm.availability().get(worker) == "drain", "the worker is drained", ceiling(120), 0.2)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    site.converge()
    assert swarm.availability()[worker] == "active"
    swarm.docker(swarm.hosts[0], "node", "update", "--availability", "drain", worker)
    site.converge_unchanged()
    assert swarm.availability()[worker] == "drain"
    swarm.docker(swarm.hosts[0], "node", "update", "--availability", "active", worker)
    swarm.wait_running(2)


def test_no_restart_while_a_node_is_away(site: Site, swarm: Engines) -> None:
    """Refused with the node's name; the engine of the manager continues. A plain run does it when the node is back."""
    manager, worker = swarm.hosts[0], swarm.hosts[-1]
    values = {"docker_settings": {"log-level": "debug"}}
    site.run(worker, "systemctl", "stop", "docker.service", "docker.socket")
    try:
        wait_until(
            lambda: "Down" in swarm.docker(manager, "node", "ls", "--format", "{{.Hostname}} {{.Status}}"),
            "the worker is down",
            ceiling(60),
            1,
        )
        started = swarm.started(manager)
        done = site.playbook("site.yml", "--limit", manager, "-e", json.dumps(values))
        assert done.returncode != 0, done.stdout[-3000:]
        assert worker in done.stdout.split("refused to restart Docker")[-1].split("Fix:")[0], done.stdout[-3000:]
        assert swarm.started(manager) == started
    finally:
        site.run(worker, "systemctl", "start", "docker.socket", "docker.service")
    site.converge("-e", json.dumps(values))
    assert swarm.started(manager) != started
    site.converge()
    swarm.wait_running(2)


def test_refused_before_anything_is_touched(site: Site, swarm: Engines) -> None:
    """What a converge must not change: each variable is named, and no host is changed."""
    values = refused(TRIED)
    assert values
    before = site.invocations()
    done = site.playbook("site.yml", "-e", json.dumps(values))
    assert done.returncode != 0
    for name in values:
        assert f" {stated()[name].judged_with or name}: " in done.stdout, f"{name} is not refused:\n{done.stdout[-4000:]}"
    assert site.invocations() == before


@pytest.mark.skipif(not ALL, reason="takes a minute for each setting: `make soak` runs it")
@pytest.mark.parametrize("name", list(taken_over(TRIED)))
def test_every_setting(site: Site, swarm: Engines, name: str) -> None:
    """Taken over and back, and the tasks run."""
    site.converge("-e", json.dumps({name: TRIED[name]}))
    site.converge_unchanged("-e", json.dumps({name: TRIED[name]}))
    swarm.wait_running(2)
    site.converge()
    assert set(swarm.availability().values()) == {"active"}
