# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call does or waits for stands in a file while it lasts; nothing in the agent sleeps without saying so."""

from __future__ import annotations

import ast
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import waiting
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import ready

from .demo import config, ok
from .fake_host import FakeHost, component, service

AGENT = Path(waiting.__file__).parents[1]
#: Functions that sleep for less than two seconds in all, and why no one has to hear of it.
SHORT = {
    "core/lease.py:_flock": "waits 3 s for the lease's file; the wait for a dead run's orphan is said by _work",
}


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def sleepers() -> list[tuple[str, bool]]:
    """Each function of the agent that sleeps, and whether it tells what for."""
    found = []
    for file in sorted(AGENT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = {ast.unparse(item.func) for item in ast.walk(node) if isinstance(item, ast.Call)}
            if "time.sleep" in calls:
                told = bool(calls & {"waiting.tell", "waiting.doing"})
                found.append((f"{file.relative_to(AGENT)}:{node.name}", told))
    return found


def test_whatever_sleeps_says_what_for() -> None:
    found = sleepers()
    assert len(found) > 10
    assert [name for name, told in found if not told and name not in SHORT] == []


def said(host: FakeHost) -> dict[str, Any]:
    answer = json.loads(host.file(waiting.PATH).read_text(encoding="ascii"))
    assert isinstance(answer, dict)
    return answer


def test_wait_says_what_since_until_and_why(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    clock = [100.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        if host.file(waiting.PATH).exists():
            seen.append(said(host))

    monkeypatch.setattr(ready.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(ready.time, "sleep", sleep)
    ctx = Context("apply", root=str(host.root), runner=lambda argv, **_options: Result(1, "", "no leader"), run_info={"id": "run-1"})
    ctx.clock = lambda: 1000.0 + clock[0]
    with pytest.raises(AgentError):
        ready.wait(ctx, {"command": ["/bin/check"], "timeout": 12}, "")
    assert {key: seen[0][key] for key in ("run", "what", "seconds", "reason")} == {
        "run": "run-1",
        "what": "waiting for it to be ready",
        "seconds": 12,
        "reason": "/bin/check ends with 1: no leader",
    }
    assert {round(item["since"]) for item in seen} == {1100}
    assert stat.S_IMODE(host.file(waiting.PATH).stat().st_mode) == 0o600
    assert stat.S_IMODE(host.file("/run/vannah").stat().st_mode) == 0o700
    waiting.done(ctx)
    assert not host.file(waiting.PATH).exists()


def test_short_wait_and_check_mode_write_nothing(host: FakeHost) -> None:
    import time

    ctx = host.context()
    waiting.tell(ctx, "a moment", time.monotonic() - 1)
    assert not host.file(waiting.PATH).exists()
    checking = host.context("check")
    waiting.tell(checking, "hours", time.monotonic() - 3600)
    waiting.doing(checking, "a step")
    assert not host.file("/run/vannah").exists()


def test_what_cannot_be_written_fails_nothing(host: FakeHost) -> None:
    host.write("/run/vannah", "a file is in the way")
    assert ok(host.call(component(files=[config()], units=[service()])))["changed"]
    assert host.file("/run/vannah").read_text(encoding="utf-8") == "a file is in the way"


def test_call_names_the_step_that_it_does(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    plain = host.run

    def run(argv: list[str], **options: Any) -> Result:
        if argv[:2] in (["systemctl", "start"], ["systemctl", "enable"]):
            seen.append(said(host)["what"])
        return plain(argv, **options)

    monkeypatch.setattr(host, "run", run)
    ok(host.call(component(files=[config()], units=[service()])))
    assert seen == ["demo: unit demo.service: enable", "systemctl start demo.service"]
    assert not host.file(waiting.PATH).exists()
