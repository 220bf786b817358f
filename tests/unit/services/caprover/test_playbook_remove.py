# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that leaves the Swarm: a manager takes it out, and no node goes that CapRover or the quorum needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

GROUP = {"caprover": ["a1", "a2", "a3"]}
AWAY = {"*": {"away": True}}
HERE = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}


def looked(identity: str, manager: bool = True) -> dict[str, Any]:
    """What a node says of itself."""
    said = {"answers": True, "member": {"id": identity, "manager": manager}, "directs": manager}
    return {"docker_health": said, "docker_node": {"nodes": ["a3"], "waits": []}, "docker_swarm": {"node": identity}}


def answers(**other: Any) -> dict[str, Any]:
    """Of a Swarm with one manager; ``other`` is what hosts say in its place."""
    return {"a1": looked("id1"), "a2": looked("id2", manager=False), "a3": looked("id3", manager=False), **other}


@pytest.fixture(autouse=True)
def _docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the client of this machine: CapRover is tied to id1, and the nodes have IDs like their names."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'case "$1 $3" in\n'
        '"service captain-captain") echo \'{"Constraints":["node.id == id1"]}\';;\n'
        '"service --quiet") cat "$(dirname "$0")/services" 2>/dev/null || :;;\n'
        '"service --format") printf "srv-captain--web {}\\nsrv-captain--files {\\"Constraints\\":[\\"node.id == id3\\"]}\\n";;\n'
        '"node id"*) echo "$3";;\n'
        '"node a"*) echo "id${3#a}";;\n'
        "esac\n",
        encoding="ascii",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # A worker is drained first, leaves by itself, and goes from the list.
        (answers(), ["docker_node (check) a1", "docker_node a1", "docker_swarm a3", "docker_node a1"]),
        # A manager hands its work over itself.
        (answers(a3=looked("id3")), ["docker_node (check) a1", "docker_swarm a3", "docker_node a1"]),
        # One that is lost only goes from the list.
        (answers(a3=AWAY), ["docker_node (check) a1", "docker_node a1"]),
    ],
)
def test_a_node_leaves(run: Run, said: dict[str, Any], expected: list[str]) -> None:
    done = run("caprover/remove.yml", GROUP, said, caprover_node="a3", **HERE)
    assert done.code == 0, done.printed
    assert [call for call in done.calls if call.startswith(("docker_node", "docker_swarm"))] == expected
    assert {"a1", "a2"} <= set(done.of("lease released"))


def test_a_node_with_volumes_of_an_app_stays(run: Run, tmp_path: Path) -> None:
    """CapRover would refuse every later change of that app."""
    (tmp_path / "bin" / "services").write_text("one\ntwo\n", encoding="ascii")
    done = run("caprover/remove.yml", GROUP, answers(), caprover_node="a3", **HERE)
    assert done.code != 0 and "files: volumes on a3 tie these apps to it" in " ".join(done.printed.split()), done.printed
    assert not [call for call in done.calls if call.startswith(("docker_node", "docker_swarm"))]
    done = run("caprover/remove.yml", GROUP, answers(), caprover_node="a2", **HERE)
    assert done.code == 0, done.printed


def test_a_node_that_is_out_of_the_inventory(run: Run) -> None:
    """By its name in the Swarm; its server may still run."""
    done = run("caprover/remove.yml", GROUP, answers(), caprover_node="a9", **HERE)
    assert done.code == 0 and "docker swarm leave" in done.printed, done.printed
    given = [arguments for name, arguments in done.arguments if name == "docker_node"]
    assert [(one["node"], one["state"]) for one in given] == [("a9", "removed"), ("a9", "removed")]


@pytest.mark.parametrize(
    ("node", "said", "reason"),
    [
        ("a1", answers(a2=looked("id2")), "CapRover runs on a1 and cannot move"),
        ("a1", answers(), "No other manager of the Swarm answers (a2, a3)"),
        ("a3", answers(a2={"lease": {"failed": True, "msg": "a2 is held by another run"}}), "the lease of a2 was not taken. Fix: "),
        ("a3", answers(a1={**looked("id1"), "docker_node": {"failed": True, "msg": "would lose its quorum"}}), "would lose its quorum"),
    ],
)
def test_no_node_leaves(run: Run, node: str, said: dict[str, Any], reason: str) -> None:
    done = run("caprover/remove.yml", GROUP, said, caprover_node=node, **HERE)
    assert done.code != 0 and reason in done.printed, done.printed
    assert not [call for call in done.calls if call.startswith(("docker_node ", "docker_swarm ")) and "(check)" not in call]
    assert "a3" in done.of("lease released")


def test_the_node_is_named(run: Run) -> None:
    done = run("caprover/remove.yml", GROUP, answers())
    assert done.code != 0 and "Fix: add -e caprover_node=NAME" in done.printed and done.calls == []
