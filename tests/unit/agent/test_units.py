# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions about units as tables: what a unit watches, and whether it runs with what there is."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import disk, systemd
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import units, watch

from .fake_host import FakeHost, component, service

# systemctl show of systemd 257 (Debian 13), shortened to the properties that are asked for
RECORDED = """\
Type=notify
RemainAfterExit=no
InvocationID=cb0a8b4d2b0b4e2c8b64a8f8b0f0a4a5
LoadState=loaded
ActiveState=active
FragmentPath=/usr/lib/systemd/system/ssh.service
DropInPaths=/run/systemd/generator/ssh.service.d/x.conf /etc/systemd/system/ssh.service.d/y.conf
SubState=running
UnitFileState=enabled
InactiveExitTimestamp=@1795543000
InactiveExitTimestampMonotonic=52530000
NeedDaemonReload=no
CanReload=yes

LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
"""


def test_parse_and_files() -> None:
    first, second = systemd.parse(RECORDED)
    assert systemd.running(first) and systemd.exists(first) and not systemd.exists(second) and not systemd.running(second)
    # what generators write is made again at each reload
    assert systemd.files(first) == ["/usr/lib/systemd/system/ssh.service", "/etc/systemd/system/ssh.service.d/y.conf"]


@pytest.mark.parametrize(
    ("state", "sub", "expected"), [("active", "running", True), ("activating", "auto-restart", False), ("failed", "failed", False)]
)
def test_running(state: str, sub: str, expected: bool) -> None:
    assert systemd.running({"ActiveState": state, "SubState": sub}) is expected


@pytest.mark.parametrize(
    ("state", "sub", "attempts", "expected"),
    [
        ("activating", "start", "", False),
        ("activating", "start", "2", False),
        ("activating", "start-pre", "3", True),
        ("activating", "auto-restart", "16", True),
        ("active", "running", "16", False),
        ("failed", "failed", "16", False),
    ],
)
def test_a_unit_that_fails_at_each_attempt(state: str, sub: str, attempts: str, expected: bool) -> None:
    """It is activating most of the time, as one is that takes long to start."""
    assert systemd.keeps_failing({"ActiveState": state, "SubState": sub, "NRestarts": attempts}) is expected


def test_a_unit_that_fails_at_each_attempt_is_not_as_it_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that finds nothing else to do starts it, and so says why it does not start."""
    host = FakeHost(tmp_path)
    wanted = component(files=[{"path": "/etc/demo.conf", "content": "good\n"}], units=[service()])
    host.call(wanted)
    assert not host.call(wanted, mode="check")["components"][0]["changed"]
    shown = host._show
    monkeypatch.setattr(host, "_show", lambda name: shown(name).replace("=active", "=activating") + "\nNRestarts=9")
    (done,) = host.call(wanted, mode="check")["components"]
    assert [(step["action"], step["detail"]) for step in done["steps"]] == [("start", "it has failed at each attempt of systemd")]


@pytest.mark.parametrize(("wall", "stepped"), [(0, False), (2, False), (5, True), (-3600, True)])
def test_clock(tmp_path: Path, wall: float, stepped: bool) -> None:
    start = time.clock_gettime(time.CLOCK_MONOTONIC) - 100
    found = {"InactiveExitTimestampMonotonic": str(int(start * 1e6)), "InactiveExitTimestamp": f"@{int(time.time() - 100 + wall)}"}
    when, said = systemd.started(FakeHost(tmp_path).context(), found)
    assert said is stepped and abs(when - (time.time() - 100)) < 1


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result(1, "", "System has not been booted with systemd as init system (PID 1). Can't operate."), "no-systemd"),
        (Result(127), "no-systemd"),
        (Result(1, "", "Failed to connect to bus"), "program-failed"),
    ],
)
def test_without_systemd(tmp_path: Path, result: Result, code: str) -> None:
    ctx = FakeHost(tmp_path).context()
    ctx.runner = lambda *_args, **_options: result
    with pytest.raises(AgentError) as error:
        systemd.status(ctx, "x.service")
    assert error.value.code == code


def test_watched() -> None:
    wanted = component(
        files=[
            {"path": "/all", "content": "", "on_change": "none"},
            {"path": "/all", "content": "", "on_change": "reload"},
            {"path": "/timer", "content": "", "units": ["x.timer"]},
            {"path": "/attributes", "mode": "0600"},
        ],
        units=[service("x.service", on_change="reload", watch={"/ca": "defer"}), {"name": "x.timer", "content": "[Timer]"}],
        certificates=[{"name": "x", "key": "/key", "cert": "/cert", "common_name": "x"}],
    )
    one, two = wanted["units"]
    fragment = "/etc/systemd/system/x.service"
    assert watch.watched(one, wanted, {}) == {"/all": "reload", "/cert": "reload", fragment: "restart", "/ca": "defer"}
    assert watch.watched(two, wanted, {}) == {"/timer": "restart", "/etc/systemd/system/x.timer": "restart"}


class Case:
    """A unit that watches one file, started 100 s ago."""

    def __init__(self, tmp_path: Path) -> None:
        self.host = FakeHost(tmp_path)
        self.ctx = self.host.context()
        self.ctx.start_component({"name": "x"}, {})
        self.file = self.host.write("/etc/x", "one")
        start = time.clock_gettime(time.CLOCK_MONOTONIC) + 1000  # everything here is older, unless a test says otherwise
        self.found = {
            "InvocationID": "b",
            "InactiveExitTimestampMonotonic": str(int(start * 1e6)),
            "InactiveExitTimestamp": f"@{int(time.time() + 1000)}",
        }

    def record(self, invocation: str, sha256: str | None = None) -> dict[str, Any]:
        kept = [sha256 or disk.digest(self.file.read_bytes()), *disk.stamp(os.stat(self.file))]
        return {"invocation": invocation, "files": {"/etc/x": kept}, "packages": {}}

    def changed(self, record: dict[str, Any] | None) -> bool:
        self.judge = watch.Judge(self.found, record, self.ctx)
        return self.judge.file_changed("/etc/x")

    def newer_than_start(self) -> None:
        self.found["InactiveExitTimestampMonotonic"] = str(int((time.clock_gettime(time.CLOCK_MONOTONIC) - 100) * 1e6))
        self.found["InactiveExitTimestamp"] = f"@{int(time.time() - 100)}"


def test_same_invocation_hashes_decide(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.newer_than_start()
    assert not case.changed(case.record("b"))
    assert case.changed(case.record("b", disk.digest(b"two")))


def test_other_invocation_times_decide(tmp_path: Path) -> None:
    case = Case(tmp_path)
    other = case.record("a", disk.digest(b"two"))
    assert not case.changed(other) and not case.changed(None)
    case.newer_than_start()
    assert case.changed(other) and case.changed(None)
    assert not case.changed(case.record("a"))  # untouched since the record: what started it, started it with this


def test_planned_changes(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.ctx.changing["/etc/x"] = disk.digest(b"two")
    assert case.changed(case.record("b")) and case.changed(None)
    assert not case.changed(case.record("b", disk.digest(b"two")))  # put back to what it runs with
    case.ctx.changing["/etc/x"] = disk.digest(b"one")  # only its mode
    assert not case.changed(case.record("b"))
    case.ctx.changing["/etc/x"] = None
    assert case.changed(case.record("b"))


def test_stepped_clock_is_unknown(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.found["InactiveExitTimestamp"] = "@1"
    assert case.changed(None) and case.judge.unknown == ["/etc/x"]


def test_package_versions(tmp_path: Path) -> None:
    case = Case(tmp_path)
    status = "Package: p\nStatus: install ok installed\nArchitecture: all\nVersion: {}\n\n"
    case.host.write("/var/lib/dpkg/status", status.format("2"))
    case.host.write("/var/lib/dpkg/info/p.list", "/")

    def changed(invocation: str, version: str | None) -> bool:
        record = {"invocation": invocation, "files": {}, "packages": {} if version is None else {"p": version}}
        return watch.Judge(case.found, record, case.ctx).package_changed("p")

    assert changed("b", "1") and not changed("b", "2") and not changed("b", "") and not changed("b", None)
    assert not changed("a", "1")
    case.newer_than_start()
    assert changed("a", "1") and not changed("a", "2")


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        ("enabled", True, []),
        ("enabled-runtime", True, []),
        ("enabled-runtime", False, []),
        ("static", True, []),
        ("static", False, []),
        ("generated", True, []),
        ("disabled", True, ["enable"]),
        ("enabled", False, ["disable"]),
        ("masked", True, ["unmask", "enable"]),
    ],
)
def test_enabled(tmp_path: Path, state: str, wanted: bool, steps: list[str]) -> None:
    ctx = FakeHost(tmp_path).context()
    ctx.runner = lambda *_args, **_options: Result(0, f"LoadState=loaded\nActiveState=inactive\nUnitFileState={state}\n")
    definition = component(units=[{"name": "x.service", "state": "stopped", "enabled": wanted}])
    ctx.start_component(definition, {})
    assert [step.action for step in units.plan_units(definition, ctx) if step.action] == steps
