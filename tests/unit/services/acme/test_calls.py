# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the site does with the program: one step for the host that obtains, one for each certificate on the others."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.acme import calls


def row(state: str = "valid", **more: Any) -> dict[str, Any]:
    found = {"name": "web", "state": state, "reason": "" if state == "valid" else "why", "ends": 1, "digest": "", "failed": "", "again": ""}
    return {**found, "waits": False, **more}


@pytest.fixture
def acme(host: Any) -> Any:
    host.write(calls.PROGRAM, "", 0o755)
    return host


def called(
    host: Any, rows: list[dict[str, Any]], mode: str = "apply", after: Any = None, renew: tuple[int, str] = (0, ""), **params: Any
) -> Any:
    """The steps, applied; the result."""
    states = [rows, rows if after is None else after]
    host.programs.on("status", do=lambda _argv: Result(0, json.dumps(states.pop(0) if len(states) > 1 else states[0]), ""))
    host.programs.on("renew", rc=renew[0], err=renew[1])
    ctx = host.context(mode)
    steps, result = calls.CALLS["certificates"]({"obtains": True, "given": None, "retry": False, **params}, ctx)
    for step in steps if mode == "apply" else ():
        step.apply(ctx)
    return steps, result, ctx


def test_nothing_is_asked_while_a_valid_one_is_there(acme: Any) -> None:
    steps, result, _ctx = called(acme, [row()])
    assert steps == [] and acme.programs.ran("renew") == 0
    assert result["certificates"] == [{"name": "web", "state": "valid", "reason": ""}]


@pytest.mark.parametrize("state", ["missing", "other", "expired", "due"])
def test_obtained_in_one_step(acme: Any, state: str) -> None:
    steps, result, _ctx = called(acme, [row(state), row(name="b")], after=[row(), row(name="b")])
    assert [(step.action, step.detail) for step in steps] == [("obtain", "web: why")]
    assert acme.programs.ran(calls.PROGRAM, "renew") == 1
    assert [one["state"] for one in result["certificates"]] == ["valid", "valid"]


def test_check_mode_asks_nobody(acme: Any) -> None:
    steps, _result, _ctx = called(acme, [row("missing")], mode="check")
    assert len(steps) == 1 and acme.programs.ran("renew") == 0


def test_before_the_program_is_there_nothing_is_known(host: Any) -> None:
    assert calls.CALLS["certificates"]({"obtains": True, "given": None, "retry": False}, host.context("check")) == (
        [],
        {"certificates": []},
    )


def test_failed_renewal_is_a_warning_and_no_certificate_an_error(acme: Any) -> None:
    failed = (1, "web: rateLimited\n")
    _steps, _result, ctx = called(acme, [row("due")], renew=failed)
    assert "is valid still: web: rateLimited" in ctx.call.warnings[0] and "Fix: " in ctx.call.warnings[0]
    for state in ("missing", "expired", "other"):
        with pytest.raises(AgentError, match="web: rateLimited") as caught:
            called(acme, [row(state)], renew=failed)
        assert caught.value.code == "acme-failed"


def test_a_pause_after_a_failure_is_kept_unless_it_is_overridden(acme: Any) -> None:
    waits = row("missing", failed="no answer", again="2026-12-01T11:00:00Z", waits=True)
    with pytest.raises(AgentError, match="not asked again before 2026-12-01T11:00:00Z"):
        called(acme, [waits])
    assert acme.programs.ran("renew") == 0
    called(acme, [waits], after=[row()], retry=True)
    assert acme.programs.ran("renew", "--now") == 1


def test_others_install_what_is_new_and_keep_keys_off_the_command_line(acme: Any) -> None:
    one = {"name": "web", "fullchain": "chain", "private_key": "key of web", "directory": "d"}
    same = {"name": "b", "fullchain": "same", "private_key": "key of b", "directory": "d"}
    rows = [row("missing"), row(name="b", digest=hashlib.sha256(b"same").hexdigest())]
    steps, _result, _ctx = called(acme, rows, obtains=False, given=[one, same, {**one, "name": "unknown"}])
    assert [(step.target, step.action) for step in steps] == [("web", "install")]
    assert json.loads(acme.programs.inputs[-1]) == [one]
    assert "key of" not in str(acme.programs.calls)
    steps, _result, ctx = called(acme, [row("missing")], obtains=False, given=[])
    assert steps == [] and "has none for web yet" in ctx.call.warnings[0]


def test_planning_knows_that_others_lack_one(acme: Any) -> None:
    steps, _result, _ctx = called(acme, [row("due")], mode="check", obtains=False)
    assert [(step.target, step.action) for step in steps] == [("web", "install")]


def test_install_that_is_refused_is_an_error(acme: Any) -> None:
    acme.programs.on("install", rc=1, err="web: edge.service does not take its new certificate")
    with pytest.raises(AgentError, match="does not take its new certificate"):
        called(acme, [row("missing")], obtains=False, given=[{"name": "web", "fullchain": "c", "private_key": "k", "directory": "d"}])


def test_export_gives_what_the_program_gives(acme: Any) -> None:
    given = [{"name": "web", "fullchain": "c", "private_key": "k", "directory": "d"}]
    acme.programs.on("export", out=json.dumps(given))
    assert calls.CALLS["export"]({}, acme.context()) == ([], {"certificates": given})
