# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not start or is refused: all is put back, held back, and whatever was killed meanwhile is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.calls import Refused
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources.file_steps import run_validator
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import restart as patroni_restart

from . import fake_host
from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_validator_refuses_and_all_is_put_back(host: FakeHost) -> None:
    validate = [["check-config", "/etc/demo.conf"]]
    ok(host.call(demo(validate=validate)))
    state = host.state()
    host.log.clear()
    new = component(
        files=[config("invalid\n"), {"path": "/etc/more.conf", "content": "x"}],
        units=[service(dropins=[{"name": "limits", "content": "[Service]\n"}])],
        validate=validate,
    )
    said = one(host.call(new))
    assert said["error"]["code"] == "validation-failed" and "not valid" in said["error"]["msg"]
    assert host.touched() == []
    after = host.state()
    after.pop("/etc/systemd/system/demo.service.d", None)  # an empty folder says nothing
    assert after == state
    assert not ok(host.call(demo(validate=validate)))["changed"]


def test_failed_start_is_undone_and_held_back(host: FakeHost) -> None:
    ok(host.call(demo()))
    state = host.state()
    host.log.clear()
    for _run in range(3):
        said = one(host.call(demo("bad\n")))
        assert said["error"] is not None
    assert host.touched() == ["restart demo.service", "restart demo.service"]
    assert said["error"]["code"] == "held-back" and "component_retry" in said["error"]["msg"]
    assert host.state() == state
    fixed = ok(host.call(demo("good 3\n")))
    assert fixed["restarted"] == ["demo.service"]
    assert not ok(host.call(demo("good 3\n")))["changed"]


def test_retry_tries_again(host: FakeHost) -> None:
    ok(host.call(demo()))
    one(host.call(demo("bad\n")))
    host.log.clear()
    said = one(host.call(demo("bad\n"), policy={"retry": True, "container_host": False}))
    assert said["error"]["code"] == "start-failed" and said["error"]["journal"]
    assert len(host.touched()) == 2


def test_definition_of_before_needs_nothing_after_an_undo(host: FakeHost) -> None:
    ok(host.call(demo()))
    one(host.call(demo("bad\n")))
    host.log.clear()
    assert not ok(host.call(demo()))["changed"]
    assert host.log == []


def test_undo_that_was_killed_is_finished(host: FakeHost) -> None:
    ok(host.call(demo()))
    state = host.state()
    host.log.clear()
    host.cut = 3  # reset-failed, the failing restart, reset-failed, then the end
    with pytest.raises(fake_host.Killed):
        host.call(demo("bad\n"))
    host.cut = None
    answer = host.call(demo("bad\n"))
    assert answer["healed"] and one(answer)["error"]["code"] == "held-back"
    assert host.state() == state
    assert host.touched() == ["restart demo.service", "restart demo.service"]


def test_deferred_restart_that_fails_brings_the_last_good_generation_back(host: FakeHost) -> None:
    ok(host.call(demo(unit={"on_change": "defer"})))
    state = host.state()
    ok(host.call(demo("good but then\n", unit={"on_change": "defer"})))
    new = demo("bad\n", unit={"on_change": "defer"})
    assert ok(host.call(new))["pending_restart"] == ["demo.service"]
    said = one(host.call(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))
    assert said["error"]["code"] == "start-failed"
    assert host.state() == state
    assert one(host.call(new))["error"]["code"] == "held-back"
    assert one(host.call(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))["error"]["code"] == "held-back"


@pytest.mark.parametrize(("kind", "undone"), [(Refused, False), (AgentError, True)])
def test_restart_that_the_driver_refuses_is_no_failed_start(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, kind: type[AgentError], undone: bool
) -> None:
    def restart(ctx: Any, unit: Any) -> None:
        raise kind("would-lose-standby", "refused to restart db2")

    monkeypatch.setattr(patroni_restart, "restart", restart)
    deferring = {"on_change": "defer", "driver": "patroni"}
    ok(host.call(demo(unit=deferring)))
    before = host.state()
    new = demo("good 2\n", unit=deferring)
    assert ok(host.call(new))["pending_restart"] == ["demo.service"]
    wanted = host.state()
    said = one(host.call(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))
    assert said["error"]["code"] == "would-lose-standby"
    assert host.file("/etc/demo.conf").read_text() == ("good 1\n" if undone else "good 2\n")
    again = one(host.call(new))
    if undone:
        assert host.state() == before
        assert again["error"]["code"] == "held-back"
    else:
        assert said["error"]["msg"] == "refused to restart db2" and said["restarted"] == []
        assert host.state() == wanted
        assert (again["error"], again["changed"], again["pending_restart"]) == (None, False, ["demo.service"])


def test_file_validator_refuses(host: FakeHost) -> None:
    said = one(host.call(component(files=[config("invalid", validate=["check-config", "%s"])])))
    assert said["error"]["code"] == "validation-failed" and not host.file("/etc/demo.conf").exists()
    ok(host.call(component(files=[config(validate=["check-config", "%s"])])))


@pytest.mark.parametrize(("program", "said"), [("/usr/sbin/check", ""), ("/usr/local/lib/vannah/check", "line 1: bad")])
def test_only_a_roles_own_validator_is_quoted_for_a_sensitive_file(host: FakeHost, program: str, said: str) -> None:
    """Another one may print the file's secrets."""
    ctx = Context(root=str(host.root), runner=lambda argv, **more: Result(1, "", "line 1: bad"))
    with pytest.raises(AgentError) as caught:
        run_validator(ctx, [program, "/etc/demo.conf"], "component demo", True)
    assert caught.value.msg.endswith(f"nothing was changed. {said}".strip())


def test_reload_that_fails_is_undone_by_a_reload(host: FakeHost) -> None:
    ok(host.call(demo(unit={"on_change": "reload"})))
    state = host.state()
    host.log.clear()
    said = one(host.call(demo("bad\n", unit={"on_change": "reload"})))
    assert said["error"]["code"] == "reload-failed"
    assert host.touched() == ["reload demo.service", "reload demo.service"]
    assert host.state() == state


def test_unit_that_was_replaced_runs_again_where_its_successor_fails(host: FakeHost) -> None:
    first = component(files=[config()], units=[service("old.service")])
    ok(host.call(first))
    state = host.state()
    failed = host.call(component(files=[config("bad\n")], units=[service("new.service")]))["components"][0]
    assert failed["error"]["code"] == "start-failed"
    assert host.state() == state
    assert not ok(host.call(first))["changed"]


def test_original_that_came_back_before_a_kill_is_read_after_it(host: FakeHost) -> None:
    host.write("/etc/demo.conf", "foreign\n")
    ok(host.call(demo()))
    host.log.clear()
    wanted = component(units=[service()])
    host.cut = 0  # the file is back, the unit was not restarted
    with pytest.raises(fake_host.Killed):
        host.call(wanted)
    host.cut = None
    ok(host.call(wanted))
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "foreign\n"}
    assert host.touched() == ["restart demo.service"]
    assert not ok(host.call(wanted))["changed"]


def judged(host: FakeHost, definition: dict[str, Any], previous: str | None = None, reason: str = "") -> dict[str, Any]:
    """A call of ``component_restart``."""
    asked = {"component": "demo", "unit": "demo.service", "previous": previous, "reason": reason}
    return one(host.call(definition, op="restart", restart=asked))


def waiting(content: str) -> dict[str, Any]:
    return demo(content, unit={"on_change": "defer"})


@pytest.mark.parametrize("stopped", [False, True])
def test_kept_generation_outlives_a_good_start_and_comes_back(host: FakeHost, stopped: bool) -> None:
    """Also where a run was cut off between the stop and the start, and the next one has started the unit."""
    ok(host.call(waiting("good 1\n")))
    state = host.state()
    new = waiting("good alone\n")
    ok(host.call(new))
    assert judged(host, new, "kept")["error"] is None
    if stopped:
        host.run(["systemctl", "stop", "demo.service"])
    else:
        assert judged(host, new)["error"] is None
    ok(host.call(new))
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "good alone\n"}
    said = judged(host, new, "restored", "the others do not work with it")
    assert said["error"]["code"] == "not-proven" and "the others do not work with it" in said["error"]["msg"]
    assert host.state() == state
    refused = one(host.call(new))["error"]
    assert refused["code"] == "held-back" and "the others do not work with it" in refused["msg"]
    assert not ok(host.call(waiting("good 1\n")))["changed"]


def test_forgotten_generation_does_not_come_back(host: FakeHost) -> None:
    ok(host.call(waiting("good 1\n")))
    new = waiting("good 2\n")
    ok(host.call(new))
    for previous in ("kept", None, "forgotten"):
        assert judged(host, new, previous)["error"] is None
    state = host.state()
    host.log.clear()
    assert judged(host, new, "restored", "too late")["error"] is None
    assert host.log == [] and host.state() == state
    assert not ok(host.call(new))["changed"]


def test_a_run_that_was_cut_off_is_told(host: FakeHost) -> None:
    """While no one has judged all hosts together, each call of a run says so, whatever runs on this one."""
    ok(host.call(waiting("good 1\n")))
    new = waiting("good 2\n")
    assert host.call(new)["kept"] == []
    assert judged(host, new, "kept")["error"] is None
    host.run(["systemctl", "stop", "demo.service"])
    assert host.call(op="lease")["kept"] == ["demo"]
    assert host.call(new)["kept"] == ["demo"] and host.running_with["demo.service"] == {"/etc/demo.conf": "good 2\n"}
    assert judged(host, new, "forgotten")["error"] is None
    assert host.call(op="lease")["kept"] == [] and host.call(new)["kept"] == []


def test_restored_starts_what_was_stopped_and_has_nothing_new(host: FakeHost) -> None:
    ok(host.call(demo()))
    state = host.state()
    host.run(["systemctl", "stop", "demo.service"])
    said = judged(host, demo(), "restored", "the others failed")
    assert said["error"] is None and said["changed"]
    assert host.state() == state
    assert not ok(host.call(demo()))["changed"]


def test_previous_does_nothing_in_check_mode(host: FakeHost) -> None:
    ok(host.call(waiting("good 1\n")))
    ok(host.call(waiting("good 2\n")))
    state = host.state()
    asked = {"component": "demo", "unit": "demo.service", "previous": "restored", "reason": ""}
    assert one(host.call(waiting("good 2\n"), mode="check", op="restart", restart=asked))["error"] is None
    assert host.state() == state
