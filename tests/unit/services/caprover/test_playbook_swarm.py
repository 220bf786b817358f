# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts become a Swarm with CapRover: who makes it, who joins which host, and what a run does that finds it half-made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Done, Run

HOSTS = ["a1", "a2", "a3", "a4"]
MANAGERS = ["a1", "a2", "a3"]
TOKENS = {"docker_tokens": {"manager": "token of managers", "worker": "token of workers"}}
AWAY = {"*": {"away": True}}


def outside() -> dict[str, Any]:
    """A host that is in no Swarm."""
    return {"docker_health": {"member": {"id": "", "manager": False}, "swarm": "inactive"}, **TOKENS}


def inside(manager: bool = True) -> dict[str, Any]:
    """A host that is in one."""
    return {"docker_health": {"member": {"id": "x", "manager": manager}, "swarm": "active"}, **TOKENS}


def objects(run: Run, said: dict[str, Any], *options: str, **variables: Any) -> Done:
    """Run the role's tasks."""
    playbook = run.playbooks.parent / "objects.yml"
    role = {"name": "vannah.healthcloud.caprover", "tasks_from": "objects"}
    playbook.write_text(json.dumps([{"hosts": "caprover", "gather_facts": False, "tasks": [{"include_role": role}]}]))
    return run(str(playbook), {"caprover": HOSTS}, said, *options, **{"caprover_managers": MANAGERS, **variables})


def joined(done: Done) -> list[tuple[str, str, list[str], str]]:
    """Host, state, managers and token of each call of docker_swarm, in order."""
    hosts = [call.rpartition(" ")[2] for call in done.calls if call.startswith("docker_swarm")]
    given = [one for name, one in done.arguments if name == "docker_swarm"]
    return [(host, one["state"], one["managers"], one.get("token", "")) for host, one in zip(hosts, given, strict=True)]


def later(done: Done) -> list[str]:
    """All calls but the first questions."""
    return [call for call in done.calls if not call.startswith("docker_health")]


def test_hosts_that_are_in_no_swarm(run: Run) -> None:
    """The first manager makes it and gets CapRover before the others join, one after the other."""
    done = objects(run, {host: outside() for host in HOSTS})
    assert done.code == 0, done.printed
    assert later(done) == [
        "docker_swarm a1",
        "caprover_install a1",
        "docker_tokens a1",
        "docker_swarm a2",
        "docker_swarm a3",
        "docker_swarm a4",
        "caprover_server a1",
    ]
    assert joined(done) == [
        ("a1", "manager", [], ""),
        ("a2", "manager", ["10.0.0.1"], "token of managers"),
        ("a3", "manager", ["10.0.0.1"], "token of managers"),
        ("a4", "worker", ["10.0.0.1"], "token of workers"),
    ]
    assert "token of" not in done.printed


def test_a_swarm_that_is_healthy(run: Run) -> None:
    """No token is read; each host is asked whether it is what it is to be."""
    done = objects(run, {**{host: inside() for host in MANAGERS}, "a4": inside(manager=False)})
    assert done.code == 0, done.printed
    assert "docker_tokens a1" not in done.calls and {token for *_more, token in joined(done)} == {""}
    assert joined(done)[1][2] == ["10.0.0.1", "10.0.0.3"]


def test_a_run_that_was_cut_off(run: Run) -> None:
    """The next one takes in who is missing."""
    done = objects(run, {"a1": inside(), "a2": inside(), "a3": outside(), "a4": outside()})
    assert [(host, token) for host, _state, _managers, token in joined(done)] == [
        ("a1", ""),
        ("a2", ""),
        ("a3", "token of managers"),
        ("a4", "token of workers"),
    ]


def test_a_first_manager_that_comes_new(run: Run) -> None:
    """It makes no second Swarm; that CapRover is on another node is told by the module, before a run waits for it."""
    refused = {"caprover_install": {"failed": True, "msg": "tied to the node x"}}
    done = objects(run, {"a1": {**outside(), **refused}, "a2": inside(), "a3": inside(), "a4": inside(manager=False)})
    assert done.code != 0 and "tied to the node x" in done.printed
    assert later(done)[:2] == ["docker_tokens a2", "docker_swarm a1"]
    assert joined(done)[0] == ("a1", "manager", ["10.0.0.2"], "token of managers")
    assert not [call for call in done.calls if call.startswith("caprover_server")]


@pytest.mark.parametrize(
    ("said", "hosts", "told"),
    [
        # The others are what they are, and no one makes a second Swarm.
        ({"a1": AWAY, "a2": inside(), "a3": inside(), "a4": outside()}, ["a3", "a4"], False),
        ({"a1": AWAY, "a2": outside(), "a3": outside(), "a4": outside()}, [], True),
    ],
)
def test_without_the_first_manager(run: Run, said: dict[str, Any], hosts: list[str], told: bool) -> None:
    done = objects(run, said)
    assert ("a4 is in no Swarm yet, and no manager of the site's Swarm is in this run" in done.printed) == told
    assert done.code != 0  # a1 is reported as unreachable
    assert [host for host, *_more in joined(done)] == hosts
    assert all(managers for _host, _state, managers, _token in joined(done))
    assert not [call for call in done.calls if call.startswith("caprover_")]


def test_check_mode_reads_no_token(run: Run) -> None:
    done = objects(run, {host: outside() for host in HOSTS}, "--check")
    assert done.code == 0, done.printed
    assert not [call for call in done.calls if call.startswith("docker_tokens")]
    assert [host for host, *_more in joined(done)] == HOSTS
