# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failed start is held back only where it interrupted a unit that ran before. A failed first start is tried again by the next run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import fake_host
from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service

OTHER = ("/etc/other.conf",)


def pair(content: str = "good 1\n", other: str = "good\n", first: str = "other.service") -> dict[str, Any]:
    """A component with two units, each with its own file; ``first`` is started first."""
    units = sorted([service(), service("other.service", reads=OTHER)], key=lambda unit: unit["name"] != first)
    return component(files=[config(content), {"path": "/etc/other.conf", "content": other, "on_change": "none"}], units=units)


def nothing(_host: FakeHost) -> None:
    """A bare host."""


def runs(host: FakeHost) -> None:
    ok(host.call(demo()))


def stopped(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.run(["systemctl", "stop", "demo.service"])


def failed(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.active.clear()
    host.failed.add("demo.service")


def stopped_foreign(host: FakeHost) -> None:
    """A distribution's unit that was never started, with a file of its own."""
    host.write("/usr/lib/systemd/system/demo.service", "[Service]\nReads=/etc/demo.conf\n")
    host.write("/etc/demo.conf", "good foreign\n")


def killed(host: FakeHost) -> None:
    """The run before was killed when the files were in place and nothing was started."""
    host.cut = 0
    with pytest.raises(fake_host.Killed):
        host.call(demo("bad\n"))
    host.cut = None


def killed_running(host: FakeHost) -> None:
    runs(host)
    killed(host)


@pytest.mark.parametrize(
    ("before", "held"),
    [
        (nothing, False),
        (stopped, False),
        (failed, False),
        (stopped_foreign, False),
        (killed, False),
        (runs, True),
        (killed_running, True),
    ],
)
def test_held_back_only_where_something_ran(host: FakeHost, before: Callable[[FakeHost], None], held: bool) -> None:
    before(host)
    first = one(host.call(demo("bad\n")))["error"]
    assert first["code"] == "start-failed"
    assert ("component_retry" in first["msg"]) == held and ("The next run tries again" in first["msg"]) != held
    second = one(host.call(demo("bad\n")))["error"]
    assert second["code"] == ("held-back" if held else "start-failed")
    if held:
        assert host.running_with["demo.service"] == {"/etc/demo.conf": "good 1\n"}


def test_first_installation_that_fails_leaves_nothing(host: FakeHost) -> None:
    state = host.state()
    for _run in range(3):
        said = one(host.call(demo("bad\n")))
        assert said["error"]["code"] == "start-failed" and "did not run before" in said["error"]["msg"]
        assert host.state() == state


@pytest.mark.parametrize("before", [nothing, stopped, failed, killed])
def test_same_definition_succeeds_once_its_cause_is_gone(host: FakeHost, before: Callable[[FakeHost], None]) -> None:
    """The cause was outside of the definition: the next run ends well, without options."""
    definition = component(files=[config()], units=[service(reads=("/etc/demo.conf", "/srv/state"))])
    before(host)
    host.write("/srv/state", "bad\n")
    assert one(host.call(definition))["error"]["code"] == "start-failed"
    host.write("/srv/state", "good\n")
    ok(host.call(definition))
    assert not ok(host.call(definition))["changed"]


@pytest.mark.parametrize("first", ["demo.service", "other.service"])
def test_new_unit_beside_a_running_one(host: FakeHost, first: str) -> None:
    """The unit that runs is not interrupted by the failed start of the other, and the next run tries that again."""
    ok(host.call(demo()))
    host.log.clear()
    for _run in range(2):
        assert one(host.call(pair(other="bad\n", first=first)))["error"]["code"] == "start-failed"
    assert "restart demo.service" not in host.touched() and "demo.service" in host.active
    ok(host.call(pair(first=first)))


def test_new_unit_beside_one_that_was_restarted(host: FakeHost) -> None:
    """To try again would restart the unit that ran before at each run: the definition is held back."""
    ok(host.call(demo()))
    definition = pair("good 2\n", other="bad\n", first="demo.service")
    assert one(host.call(definition))["error"]["code"] == "start-failed"
    host.log.clear()
    assert one(host.call(definition))["error"]["code"] == "held-back"
    assert host.touched() == [] and host.running_with["demo.service"] == {"/etc/demo.conf": "good 1\n"}


def test_hold_ends_where_nothing_runs_any_more(host: FakeHost) -> None:
    """Also a hold that an older release has put on a first start."""
    ok(host.call(demo()))
    one(host.call(demo("bad\n")))
    assert one(host.call(demo("bad\n")))["error"]["code"] == "held-back"
    host.run(["systemctl", "stop", "demo.service"])
    assert one(host.call(demo("bad\n")))["error"]["code"] == "start-failed"


def test_undo_of_a_first_start_that_was_killed_is_finished(host: FakeHost) -> None:
    state = host.state()
    host.cut = 5  # daemon-reload, enable, reset-failed, start, disable, then the end
    with pytest.raises(fake_host.Killed):
        host.call(demo("bad\n"))
    host.cut = None
    answer = host.call(demo("bad\n"))
    assert answer["healed"] and one(answer)["error"]["code"] == "start-failed"
    assert host.state() == state


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)
