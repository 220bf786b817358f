# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another version of CapRover: on its own host, with what the inventory says, and back on request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

GROUP = {"caprover": ["a1", "a2"]}
DONE: dict[str, Any] = {"caprover_update": {"version": "1.15.3", "steps": ["server CapRover: update"]}}


def given(done: Any) -> list[dict[str, Any]]:
    """What each call asked for."""
    return [arguments for name, arguments in done.arguments if name == "caprover_update"]


@pytest.mark.parametrize(
    ("variables", "host", "expected"),
    [
        ({}, "a1", {"version": "1.15.3", "image": "caprover/caprover", "back": False}),
        ({"caprover_version": "1.15.9", "caprover_image": "r:5000/cap"}, "a1", {"version": "1.15.9", "image": "r:5000/cap"}),
        ({"caprover_managers": ["a2"]}, "a2", {"back": False, "admin_port": 3000, "wait": 300}),
        ({"caprover_previous_password": "the one before"}, "a1", {"previous_password": "the one before"}),
    ],
)
def test_caprovers_own_host_does_it(run: Run, variables: dict[str, Any], host: str, expected: dict[str, Any]) -> None:
    """After preflight and the host checks; all leases are released."""
    done = run("caprover/update.yml", GROUP, {"a1": DONE, "a2": DONE}, **variables)
    assert done.code == 0, done.printed
    assert done.of("caprover_update") == [host] and expected.items() <= given(done)[0].items()
    assert done.calls.index(f"caprover_update {host}") > max(i for i, call in enumerate(done.calls) if call.startswith("host_checks"))
    assert "server CapRover: update" in done.printed and done.of("lease released") == ["a1", "a2"]


def test_undo(run: Run) -> None:
    """No variable of the command line, which preflight would not know."""
    done = run("caprover/undo_update.yml", GROUP, {"a1": DONE, "a2": DONE})
    assert done.code == 0 and done.of("caprover_update") == ["a1"] and given(done)[0]["back"] is True, done.printed


def test_nothing_to_do(run: Run) -> None:
    done = run("caprover/update.yml", GROUP, {"a1": {"caprover_update": {"version": "1.15.3"}}})
    assert done.code == 0 and "CapRover 1.15.3 runs: nothing to do" in done.printed


def test_a_limit_without_caprovers_host_is_refused(run: Run) -> None:
    done = run("caprover/update.yml", GROUP, {"a1": DONE, "a2": DONE}, "--limit", "a2")
    assert done.code != 0 and "a1" in done.printed and done.of("caprover_update") == [], done.printed


def test_an_update_that_fails_releases_the_leases(run: Run) -> None:
    failed = {"caprover_update": {"failed": True, "msg": "version 1.15.3 was restored with its data"}}
    done = run("caprover/update.yml", GROUP, {"a1": failed})
    assert done.code != 0 and "was restored with its data" in done.printed and "a1" in done.of("lease released")
