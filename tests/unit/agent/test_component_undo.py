# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not start or is refused: all is put back, held back, and whatever was killed meanwhile is finished."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import Result

from . import fake_host
from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_validator_refuses_and_all_is_put_back(host: FakeHost) -> None:
    validate = [["check-config", "/etc/demo.conf"]]
    ok(host.trip(demo(validate=validate)))
    state = host.state()
    host.log.clear()
    new = component(
        files=[config("invalid\n"), {"path": "/etc/more.conf", "content": "x"}],
        units=[service(dropins=[{"name": "limits", "content": "[Service]\n"}])],
        validate=validate,
    )
    said = one(host.trip(new))
    assert said["error"]["code"] == "validation-failed" and "not valid" in said["error"]["msg"]
    assert host.touched() == []
    after = host.state()
    after.pop("/etc/systemd/system/demo.service.d", None)  # an empty folder says nothing
    assert after == state
    assert not ok(host.trip(demo(validate=validate)))["changed"]


def test_failed_start_is_undone_and_held_back(host: FakeHost) -> None:
    ok(host.trip(demo()))
    state = host.state()
    host.log.clear()
    for _run in range(3):
        said = one(host.trip(demo("bad\n")))
        assert said["error"] is not None
    assert host.touched() == ["restart demo.service", "restart demo.service"]
    assert said["error"]["code"] == "held-back" and "component_retry" in said["error"]["msg"]
    assert host.state() == state
    fixed = ok(host.trip(demo("good 3\n")))
    assert fixed["restarted"] == ["demo.service"]
    assert not ok(host.trip(demo("good 3\n")))["changed"]


def test_retry_tries_again(host: FakeHost) -> None:
    ok(host.trip(demo()))
    one(host.trip(demo("bad\n")))
    host.log.clear()
    said = one(host.trip(demo("bad\n"), policy={"retry": True, "container_host": False}))
    assert said["error"]["code"] == "start-failed" and said["error"]["journal"]
    assert len(host.touched()) == 2


def test_definition_of_before_needs_nothing_after_an_undo(host: FakeHost) -> None:
    ok(host.trip(demo()))
    one(host.trip(demo("bad\n")))
    host.log.clear()
    assert not ok(host.trip(demo()))["changed"]
    assert host.log == []


def test_first_installation_that_fails_leaves_nothing(host: FakeHost) -> None:
    state = host.state()
    said = one(host.trip(demo("bad\n")))
    assert said["error"]["code"] == "start-failed" and "did not run before" in said["error"]["msg"]
    assert host.state() == state
    assert one(host.trip(demo("bad\n")))["error"]["code"] == "held-back"


def test_undo_that_was_killed_is_finished(host: FakeHost) -> None:
    ok(host.trip(demo()))
    state = host.state()
    host.log.clear()
    host.cut = 3  # reset-failed, the failing restart, reset-failed, then the end
    with pytest.raises(fake_host.Killed):
        host.trip(demo("bad\n"))
    host.cut = None
    answer = host.trip(demo("bad\n"))
    assert answer["healed"] and one(answer)["error"]["code"] == "held-back"
    assert host.state() == state
    assert host.touched() == ["restart demo.service", "restart demo.service"]


def test_deferred_restart_that_fails_brings_the_last_good_generation_back(host: FakeHost) -> None:
    ok(host.trip(demo(unit={"on_change": "defer"})))
    state = host.state()
    ok(host.trip(demo("good but then\n", unit={"on_change": "defer"})))
    new = demo("bad\n", unit={"on_change": "defer"})
    assert ok(host.trip(new))["pending_restart"] == ["demo.service"]
    said = one(host.trip(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))
    assert said["error"]["code"] == "start-failed"
    assert host.state() == state
    assert one(host.trip(new))["error"]["code"] == "held-back"
    assert one(host.trip(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))["error"]["code"] == "held-back"


def test_file_validator_refuses(host: FakeHost) -> None:
    said = one(host.trip(component(files=[config("invalid", validate=["check-config", "%s"])])))
    assert said["error"]["code"] == "validation-failed" and not host.file("/etc/demo.conf").exists()
    ok(host.trip(component(files=[config(validate=["check-config", "%s"])])))


def test_reload_that_fails_is_undone_by_a_reload(host: FakeHost) -> None:
    ok(host.trip(demo(unit={"on_change": "reload"})))
    state = host.state()
    host.log.clear()
    said = one(host.trip(demo("bad\n", unit={"on_change": "reload"})))
    assert said["error"]["code"] == "reload-failed"
    assert host.touched() == ["reload demo.service", "reload demo.service"]
    assert host.state() == state


def test_unit_that_was_replaced_runs_again_where_its_successor_fails(host: FakeHost) -> None:
    first = component(files=[config()], units=[service("old.service")])
    ok(host.trip(first))
    state = host.state()
    failed = host.trip(component(files=[config("bad\n")], units=[service("new.service")]))["components"][0]
    assert failed["error"]["code"] == "start-failed"
    assert host.state() == state
    assert not ok(host.trip(first))["changed"]


def test_original_that_came_back_before_a_kill_is_read_after_it(host: FakeHost) -> None:
    host.write("/etc/demo.conf", "foreign\n")
    ok(host.trip(demo()))
    host.log.clear()
    wanted = component(units=[service()])
    host.cut = 0  # the file is back, the unit was not restarted
    with pytest.raises(fake_host.Killed):
        host.trip(wanted)
    host.cut = None
    ok(host.trip(wanted))
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "foreign\n"}
    assert host.touched() == ["restart demo.service"]
    assert not ok(host.trip(wanted))["changed"]


def test_unit_is_reloaded_again_after_a_revert_of_the_lockout_guard(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(argv: list[str], **options: Any) -> Result:
        if argv[0] == "systemd-run" or "--value" in argv:
            return Result(0, "inactive\n")
        return plain(argv, **options)

    plain = host.run
    monkeypatch.setattr(host, "run", run)
    host.file("/run/systemd/system").mkdir(parents=True)

    def guarded(content: str) -> dict[str, Any]:
        return demo(content, unit={"on_change": "reload"}, lockout_guard=60)

    ok(host.trip(guarded("good 1\n")))
    assert host.trip(op="disarm")["error"] is None
    ok(host.trip(guarded("good 2\n")))
    # Nobody comes: what the script does.
    host.write("/etc/demo.conf", "good 1\n")
    plain(["systemctl", "reload", "demo.service"])
    shutil.rmtree(host.file("/run/vannah/guard"))
    again = ok(host.trip(guarded("good 2\n")))
    assert again["reloaded"] == ["demo.service"]
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "good 2\n"}
    assert host.trip(op="disarm")["error"] is None
    assert not ok(host.trip(guarded("good 2\n")))["changed"]
