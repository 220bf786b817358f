# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease: one run at a time, whatever dies."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import lease, waiting
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context

ONE: dict[str, Any] = {"id": "one", "who": "ada@control", "controller": "c1", "pid": 7, "playbook": "site.yml"}
TWO: dict[str, Any] = {"id": "two", "who": "bob@laptop", "controller": "c2", "pid": 8, "playbook": "base.yml"}


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(lease, "boottime", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def run(host: Any, info: dict[str, Any], mode: str = "apply") -> Context:
    """A new process of a run: what the one before held is let go."""
    ends()
    ctx: Context = host.context(mode, run_info=info)
    return ctx


def ends() -> None:
    for descriptor in lease._working.values():
        os.close(descriptor)
    lease._working.clear()


def test_taken_renewed_and_given_back(host: Any, clock: Clock) -> None:
    first = lease.take(run(host, ONE))
    assert first["ok"] and first["holder"]["who"] == "ada@control"
    host.now += 60
    again = lease.take(run(host, ONE))
    assert again["ok"] and again["holder"]["since"] == first["holder"]["since"]
    assert again["holder"]["until"] > first["holder"]["until"]
    assert "renewed" not in again["holder"]
    assert lease.release(run(host, ONE)) == {"ok": True, "holder": None, "working": False}
    assert lease.take(run(host, TWO))["ok"]


def test_held_by_another_run(host: Any, clock: Clock) -> None:
    lease.take(run(host, ONE))
    refused = lease.take(run(host, TWO))
    assert (refused["ok"], refused["holder"]["id"], refused["working"]) == (False, "one", False)
    assert lease.release(run(host, TWO))["ok"] is False
    assert lease.check(run(host, TWO))["ok"] is False
    assert lease.check(run(host, ONE))["ok"] is True


@pytest.mark.parametrize(("age", "free"), [(599, False), (601, True), (-1, True)])
def test_not_renewed_for_ten_minutes_or_from_before_the_boot(host: Any, clock: Clock, age: float, free: bool) -> None:
    lease.take(run(host, ONE))
    clock.now += age
    host.now += -86400  # the wall clock plays no part
    assert lease.check(run(host, TWO))["ok"] is free
    assert lease.take(run(host, TWO))["ok"] is free


@pytest.mark.parametrize(
    ("wanted", "ok"), [({}, False), ({"takeover": True}, True), ({"takeover_of": "one"}, True), ({"takeover_of": "x"}, False)]
)
def test_taken_over(host: Any, clock: Clock, wanted: dict[str, Any], ok: bool) -> None:
    lease.take(run(host, ONE))
    assert lease.handle(run(host, TWO), {"action": "take", **wanted})["ok"] is ok


def held(host: Any) -> int:
    """Another process that works on the host: another open file description is enough for flock."""
    descriptor = os.open(host.root / lease.WORKING.lstrip("/"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_long_work_outlives_the_lease(host: Any, clock: Clock) -> None:
    lease.take(run(host, ONE))
    ends()
    worker = held(host)
    clock.now += 10_000
    assert lease.check(run(host, TWO))["ok"] is False
    assert lease.take(run(host, TWO))["ok"] is False
    os.close(worker)
    assert lease.take(run(host, TWO))["ok"] is True


def test_nobody_works_beside_the_orphan_of_who_was_taken_over(host: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "ORPHAN_PATIENCE", 0.05)
    lease.take(run(host, ONE))
    ends()
    worker = held(host)
    refused = lease.take(run(host, TWO), takeover=True)
    assert (refused["ok"], refused["working"]) == (False, True)
    os.close(worker)
    assert lease.take(run(host, TWO), takeover=True)["ok"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, 120),
        ({"since": -10, "seconds": 300}, 305),  # it may wait for 290 s more
        ({"since": -290, "seconds": 300}, 120),
        ({"since": -10, "seconds": None}, 120),
        ({"since": 0, "seconds": 7200}, 900),
    ],
)
def test_an_orphan_that_waits_gets_the_time_that_its_wait_may_take(host: Any, said: dict[str, Any], expected: float) -> None:
    """The run after one that died while it waited for a service ends well, and is not refused just before the end of that wait."""
    ctx = run(host, ONE)
    if said:
        path = Path(ctx.path(waiting.PATH))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**said, "since": ctx.now() + said["since"]}), encoding="ascii")
    assert lease._patience(ctx) == pytest.approx(expected, abs=2)


def test_asking_writes_nothing(host: Any, clock: Clock) -> None:
    for wanted in ({"action": "take"}, {"action": "release"}):
        assert lease.handle(run(host, ONE, "check"), wanted) == {"ok": True, "holder": None, "working": False}
    assert lease.handle(run(host, ONE), {"action": "none"})["ok"]
    assert not (host.root / "run/vannah").exists()


def test_two_at_once_one_gets_it(host: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "PATIENCE", 0.05)
    lease.take(run(host, ONE))
    descriptor = os.open(host.root / lease.LOCK.lstrip("/"), os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    answer = lease.take(run(host, TWO))
    os.close(descriptor)
    assert (answer["ok"], answer["working"]) == (False, True)
    assert "renewed" not in answer["holder"]


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '{"id": 5}'])
def test_what_is_no_lease_holds_nobody_up(host: Any, clock: Clock, junk: str) -> None:
    host.write(lease.LEASE, junk)
    assert lease.take(run(host, ONE))["ok"]
    assert json.loads(str(host.read(lease.LEASE)))["id"] == "one"


def test_a_place_where_none_can_be_written_is_said(host: Any, clock: Clock, tmp_path: Path) -> None:
    host.write("/run/vannah", "in the way")
    with pytest.raises(AgentError) as caught:
        lease.take(run(host, ONE))
    assert caught.value.code == "os-error"
