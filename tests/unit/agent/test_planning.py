# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planning call on a host: it says what a converge would do, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import identity, main

from .fake_host import FakeHost, component, service

WANTED = component(files=[{"path": "/etc/demo.conf", "content": "x"}], units=[service()])
SITE: dict[str, Any] = {
    "name": "clinic",
    "host": "db1",
    "authorities": [{"key": "k", "fingerprint": "f", "called": "c", "begins": "2026-01-01"}],
    "secrets": "b",
    "known": ["b"],
    "takeover": False,
}


def send(host: FakeHost, op: str, **more: Any) -> dict[str, Any]:
    payload = {"protocol": 1, "op": op, "site": SITE, "policy": {"container_host": None, "retry": False}, "components": [WANTED], **more}
    return main.main(payload, root=str(host.root), runner=host.run)


def plan(host: FakeHost, **more: Any) -> dict[str, Any]:
    answer = send(host, "plan", mode="check", **more)
    assert answer["error"] is None
    return answer


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@pytest.fixture
def made(host: FakeHost) -> FakeHost:
    assert send(host, "converge", mode="apply")["error"] is None
    return host


def test_a_host_as_it_should_be(made: FakeHost) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.root.rglob("*")}
    answer = plan(made, calls=[])
    (said,) = answer["components"]
    assert not said["changed"] and not said["records"] and answer["unfinished"] == [] and answer["calls"] == []
    assert {path: path.stat().st_mtime_ns for path in made.root.rglob("*")} == before


def test_what_a_converge_would_do(made: FakeHost) -> None:
    made.file("/etc/demo.conf").write_text("changed")
    (said,) = plan(made)["components"]
    assert said["changed"] is True
    assert made.file("/etc/demo.conf").read_text() == "changed"


def test_values_that_only_the_ledger_learns_count(made: FakeHost) -> None:
    answer = plan(made, components=[{**WANTED, "values": {"demo_port": 1}}])
    assert answer["components"][0]["records"] is True and answer["components"][0]["changed"] is False


def test_components_of_other_facts_are_not_planned(made: FakeHost) -> None:
    answer = plan(made, expected={"system": answer_fact(made, "system"), "cores": -1})
    assert answer["stale"] == ["cores"] and "calls" not in answer and answer["components"] == []


def answer_fact(host: FakeHost, name: str) -> Any:
    return send(host, "facts", mode="check")["facts"][name]


@pytest.mark.parametrize("folder", ["journal", "generations", "guard"])
def test_what_a_killed_run_left_is_work(made: FakeHost, folder: str) -> None:
    made.file(f"/var/lib/vannah/{folder}/x").parent.mkdir(parents=True, exist_ok=True)
    made.file(f"/var/lib/vannah/{folder}/x").write_text("{}")
    assert plan(made)["unfinished"] == [folder]
    assert made.file(f"/var/lib/vannah/{folder}/x").exists()


def test_a_record_of_the_site_that_a_run_would_write_is_work(made: FakeHost) -> None:
    assert plan(made, site={**SITE, "secrets": "c", "known": ["b", "c"]})["unfinished"] == ["site"]
    made.file(identity.PATH).unlink()
    assert plan(made)["unfinished"] == ["site"]
    # A run without an authority writes none.
    assert plan(made, site={**SITE, "name": "", "authorities": []})["unfinished"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"name": "demo"},
        {"host": "db2"},
        {"secrets": "a", "known": ["a"]},
        {"authorities": [{"key": "z"}]},
        {"host": "db2", "takeover": True},
    ],
)
def test_a_host_of_another_site_is_left_unplanned(made: FakeHost, more: dict[str, Any]) -> None:
    """It is not refused here: the host checks judge all hosts together, and name each of them."""
    answer = plan(made, site={**SITE, **more}, calls=[{"domain": "demo", "call": "x"}])
    assert "calls" not in answer and answer["components"] == []


def test_a_lease_that_another_run_holds_is_told(made: FakeHost) -> None:
    held = {"id": "other", "who": "root on there", "pid": 1, "boot": "b", "host": "there"}
    assert send(made, "lease", lease={"action": "take"}, run=held, components=[])["error"] is None
    answer = plan(made, run={**held, "id": "this"})
    assert answer["lease"]["ok"] is False and "root on there" in answer["lease"]["text"]


def test_a_call_that_fails_is_an_answer(made: FakeHost) -> None:
    """The call of the service that is asked next is made all the same."""
    answer = plan(made, calls=[{"domain": "no_such", "call": "x"}, {"domain": "no_such", "call": "y"}])
    assert [bool(call["error"]) for call in answer["calls"]] == [True, True]
    assert json.dumps(answer)
