# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members whose work others take over while they are restarted: the nodes of a Swarm."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

NODES = {"docker": ["manager1", "manager2", "worker1"]}
WAITS = {"pending_restart": [{"role": "docker", "component": "docker", "unit": "docker.service"}]}


def node(name: str, manager: bool = True, leader: bool = False, **more: Any) -> dict[str, Any]:
    """What a node of a Swarm that waits for its restart answers."""
    health = {"member": {"id": f"id-{name}", "manager": manager}, "directs": manager, "leader": name if leader else "", "problems": []}
    return {"converge": WAITS, "docker_health": health, **more}


SWARM = {"manager1": node("manager1", leader=True), "manager2": node("manager2"), "worker1": node("worker1", manager=False)}


def turns(run: Any) -> list[tuple[str, str]]:
    """What was done to which node, in order: (action with its state, the node)."""
    found = []
    arguments = iter(run.arguments)
    for call in run.calls:
        action, _space, host = call.rpartition(" ")
        _name, given = next(arguments)
        if action == "docker_node":
            found.append((given["state"], given["node"]))
        elif action == "component_restart":
            found.append(("restart", host))
    return found


def test_each_node_hands_its_tasks_over(run: Run) -> None:
    """One after the other, the leader of the managers last; through a manager that is not the node itself."""
    done = run("docker/rolling_restart.yml", NODES, SWARM)
    assert done.code == 0, done.printed
    expected = []
    for name in ("manager2", "worker1", "manager1"):
        expected += [("drained", f"id-{name}"), ("restart", name), ("restored", f"id-{name}")]
    assert turns(done) == expected
    shown = [line for line in done.printed.splitlines() if " -> " in line and line.startswith(("ok", "changed"))]
    through = [line.split(" -> ")[1].partition("(")[0].rstrip("]") for line in shown]
    assert through == ["manager1", "manager1", "manager1", "manager1", "manager2", "manager2"]


def test_a_node_gets_its_work_again_where_its_restart_fails(run: Run) -> None:
    """And the others are left alone."""
    broken = {**SWARM, "manager2": node("manager2", component_restart={"failed": True, "msg": "docker did not start"})}
    done = run("docker/rolling_restart.yml", NODES, broken)
    assert done.code != 0 and "docker did not start" in done.printed
    assert turns(done) == [("drained", "id-manager2"), ("restart", "manager2"), ("restored", "id-manager2")]


def test_hosts_in_no_swarm_are_just_restarted(run: Run) -> None:
    alone = {"converge": WAITS, "docker_health": {"member": {"id": "", "manager": False}, "directs": False}}
    done = run("docker/rolling_restart.yml", {"docker": ["app1", "app2"]}, {"app1": alone, "app2": alone})
    assert done.code == 0, done.printed
    assert turns(done) == [("restart", "app1"), ("restart", "app2")]


def test_a_worker_without_a_manager_is_not_restarted(run: Run) -> None:
    """Its tasks would be cut off; the run says so, and ends well."""
    done = run("docker/rolling_restart.yml", NODES, SWARM, "--limit", "worker1")
    assert done.code == 0, done.printed
    assert turns(done) == []
    assert "worker1: Docker is not restarted, because no host that can move its work to other members answers" in done.printed


@pytest.mark.parametrize("waits", [True, False])
def test_an_update_drains_only_where_something_is_restarted(run: Run, waits: bool) -> None:
    """A node that is up to date keeps its tasks."""
    said = {name: {**answers, "converge": WAITS if waits else {}} for name, answers in SWARM.items()}
    done = run("docker/update.yml", NODES, said)
    assert done.code == 0, done.printed
    assert done.of("packages_update") == ["manager1", "manager2", "worker1"]
    assert len(turns(done)) == (9 if waits else 0)
    assert f"worker1 is up to date, {'a' if waits else 'no'} restart is pending" in done.printed
