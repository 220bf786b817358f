# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a revert of the lock-out guard: who was locked out and who was only killed, and what is not called a foreign change."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import lockout
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

from .demo import demo, ok, one
from .fake_host import FakeHost, Killed


class Guarded(FakeHost):
    """A host whose revert is done when a test says so."""

    def run(self, argv: list[str], **options: Any) -> Result:
        if argv[0] == "systemd-run" or "--value" in argv:
            return Result(0, "inactive\n")
        return super().run(argv, **options)

    def revert(self, content: str | None = "good 1\n") -> None:
        """No one has come: what the script does."""
        if content is None:
            self.file("/etc/demo.conf").unlink()
        else:
            self.write("/etc/demo.conf", content)
        super().run(["systemctl", "reload", "demo.service"])
        shutil.rmtree(self.file("/var/lib/vannah/guard"))


@pytest.fixture
def host(tmp_path: Path) -> Guarded:
    made = Guarded(tmp_path)
    made.file("/run/systemd/system").mkdir(parents=True)
    return made


def guarded(content: str) -> dict[str, Any]:
    return demo(content, unit={"on_change": "reload"}, lockout_guard=60)


def by(number: int, *locked_out: int, retry: bool = False) -> dict[str, Any]:
    """What a run sends; ``locked_out``: numbers of earlier runs that could not connect any more, as their controller noted."""
    policy: dict[str, Any] = {"container_host": False, "retry": retry}
    if locked_out:
        policy["locked_out"] = [f"run-{one}" for one in locked_out]
    return {"run": {"id": f"run-{number}", "who": "me@controller"}, "policy": policy}


def begun(host: Guarded) -> None:
    ok(host.call(guarded("good 1\n"), **by(0)))
    assert host.call(op="disarm")["error"] is None


def test_unit_is_reloaded_again_after_a_revert(host: Guarded) -> None:
    begun(host)
    ok(host.call(guarded("good 2\n")))
    host.revert()
    again = ok(host.call(guarded("good 2\n")))
    assert again["reloaded"] == ["demo.service"]
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "good 2\n"}
    assert host.call(op="disarm")["error"] is None
    assert not ok(host.call(guarded("good 2\n")))["changed"]


def test_a_guard_that_was_disarmed_and_stayed_in_the_ledger_is_forgotten(host: Guarded) -> None:
    """A run that was cut off may write its ledger after the next one has disarmed the revert: that is said once, not by each run."""
    ok(host.call(guarded("good 1\n")))
    shutil.rmtree(host.file("/var/lib/vannah/guard"))
    assert "was interrupted" in str(host.call(guarded("good 1\n")))
    again = host.call(guarded("good 1\n"))
    assert not ok(again)["changed"] and "was cut off" not in str(again)


@pytest.mark.parametrize("kills", [1, 2, lockout.UNCONFIRMED - 1])
def test_killed_runs_lock_no_host_out_of_its_change(host: Guarded, kills: int) -> None:
    """Killed between the change and the next connection, each time; no one has seen that it could not connect."""
    begun(host)
    for number in range(1, kills + 1):
        ok(host.call(guarded("good 2\n"), **by(number)))
        host.revert()
    said = ok(host.call(guarded("good 2\n"), **by(99)))
    assert host.file("/etc/demo.conf").read_text(encoding="utf-8") == "good 2\n"
    (warning,) = said["warnings"]
    assert "an earlier run was interrupted" in warning and "connect" not in warning
    assert host.call(op="disarm")["error"] is None
    assert not ok(host.call(guarded("good 2\n")))["changed"]


def test_two_runs_that_were_locked_out_are_enough(host: Guarded) -> None:
    begun(host)
    ok(host.call(guarded("good 2\n"), **by(1)))
    host.revert()
    said = ok(host.call(guarded("good 2\n"), **by(2, 1)))
    assert "no connection was possible" in said["warnings"][0] and "once more" in said["warnings"][0]
    host.revert()
    refused = one(host.call(guarded("good 2\n"), **by(3, 1, 2)))["error"]
    assert refused["code"] == "locked-out" and "Fix: correct the settings that control access, or `make converge`" in refused["msg"]
    assert host.file("/etc/demo.conf").read_text(encoding="utf-8") == "good 1\n"
    assert one(host.call(guarded("good 2\n"), **by(4)))["error"]["code"] == "locked-out", "whichever controller comes"
    ok(host.call(guarded("good 3\n"), **by(5)))
    assert host.call(op="disarm")["error"] is None


def test_kills_between_two_lock_outs_do_not_count_as_such(host: Guarded) -> None:
    begun(host)
    for number in (1, 2, 3):
        ok(host.call(guarded("good 2\n"), **by(number, 1)))
        host.revert()
    ok(host.call(guarded("good 2\n"), **by(4, 1)))


def test_what_nobody_ever_confirms_is_not_tried_for_ever(host: Guarded) -> None:
    """Each run comes from another controller, and none of them can say that it was locked out."""
    begun(host)
    for number in range(1, lockout.UNCONFIRMED + 1):
        ok(host.call(guarded("good 2\n"), **by(number)))
        host.revert()
    refused = one(host.call(guarded("good 2\n"), **by(99)))["error"]
    assert refused["code"] == "locked-out" and f"none of {lockout.UNCONFIRMED} runs connected" in refused["msg"]
    ok(host.call(guarded("good 2\n"), **by(100, retry=True)))


@pytest.mark.parametrize("first", [True, False])
def test_what_the_revert_has_put_back_is_nobody_elses_change(host: Guarded, first: bool) -> None:
    if not first:
        begun(host)
    ok(host.call(guarded("good 2\n"), **by(1)))
    host.revert(None if first else "good 1\n")
    said = ok(host.call(guarded("good 2\n"), **by(2)))
    assert said["drift"] == [] and len(said["warnings"]) == 1


def test_a_change_after_the_revert_is_somebody_elses(host: Guarded) -> None:
    begun(host)
    ok(host.call(guarded("good 2\n"), **by(1)))
    host.revert("by hand\n")
    assert ok(host.call(guarded("good 2\n"), **by(2)))["drift"] == ["/etc/demo.conf"]


@pytest.mark.parametrize("guard", [0, 60])
@pytest.mark.parametrize("first", [True, False])
def test_a_run_that_is_killed_anywhere_leaves_nothing_that_is_called_somebody_elses(host: Guarded, guard: int, first: bool) -> None:
    wanted = {**guarded("good 2\n"), "lockout_guard": guard}
    for cut in range(1, 8):
        if not first:
            ok(host.call({**guarded("good 1\n"), "lockout_guard": guard}))
            host.call(op="disarm")
        host.cut = cut
        with contextlib.suppress(Killed):
            host.call(wanted)
        host.cut = None
        if host.file("/var/lib/vannah/guard").is_dir():
            host.revert(None if first else "good 1\n")
        said = ok(host.call(wanted))
        assert said["drift"] == [], cut
        host.call(op="disarm")
        assert not ok(host.call(wanted))["changed"]
        ok(host.call({**wanted, "state": "absent"}))
        host.call(op="disarm")
