# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stanza: created once, left alone afterwards, and never that of another cluster."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.program import first_error

from tests.unit.lib.host import Programs

from .recorded import DISABLED, DOWN, EMPTY, INFO, NO_STANZA, OTHER, WRONG_KEY

ASKED: dict[str, Any] = {"stanza": "t", "repositories": [1], "wait": 0}


def call(ctx: Context, **more: Any) -> tuple[list[Any], dict[str, Any]]:
    """Plan the call, and apply its steps where the mode is to."""
    steps, result = CALLS["stanza"]({**ASKED, **more}, ctx)
    for step in steps if not ctx.check else ():
        step.apply(ctx)
    return steps, result


def test_it_is_created_and_checked(ctx: Context, programs: Programs) -> None:
    programs.on("info", out=NO_STANZA)
    steps, result = call(ctx)
    assert [(step.kind, step.target, step.action, step.detail) for step in steps] == [("stanza", "stanza t", "create", "in 1 repository")]
    assert result == {"answers": True, "backups": 0, "newest": ""}
    assert [programs.ran(name) for name in ("stanza-create", "check")] == [1, 1]
    assert any("--archive-timeout=150" in argv and "check" in argv for argv in programs.calls), "PostgreSQL may wait 60 s after failures"


def test_it_is_left_alone(ctx: Context, programs: Programs) -> None:
    """pgBackRest is asked whether it is that of this cluster; no segment is archived for it."""
    programs.on("info", out=INFO)
    assert call(ctx) == ([], {"answers": True, "backups": 2, "newest": "20261201-101321F_20261201-101327I"})
    assert (programs.ran("stanza-create"), programs.ran("check"), ctx.warnings) == (1, 0, [])


def test_without_a_backup(ctx: Context, programs: Programs) -> None:
    programs.on("info", out=EMPTY)
    assert call(ctx)[0] == []
    assert ctx.warnings == ["t has no backup yet. Fix: run playbooks/backup/now.yml, or wait for the next scheduled one"]


def test_a_repository_that_is_new(ctx: Context, programs: Programs) -> None:
    """The other one stays as it is."""
    programs.on("info", out=INFO)
    steps, _result = call(ctx, repositories=[1, 2])
    assert [step.detail for step in steps] == ["in 1 repository"] and programs.ran("stanza-create") == 1


@pytest.mark.parametrize("said", [INFO, NO_STANZA, EMPTY])
def test_check_mode_asks_only(ctx: Context, programs: Programs, said: str) -> None:
    ctx.mode, ctx.diff = "check", True
    programs.on("info", out=said)
    steps, _result = call(ctx)
    assert len(steps) == (said == NO_STANZA) and programs.ran("info") == len(programs.calls) == 1
    assert [step.diff["after"] for step in steps] == ["repository 1\n"] * len(steps)


def test_before_it_is_installed(ctx: Context, programs: Programs) -> None:
    programs.on("info", rc=126, err="there is no user postgres")
    with pytest.raises(AgentError, match="pgbackrest is not installed") as error:
        call(ctx)
    assert error.value.code == "pgbackrest-missing"
    ctx.mode = "check"
    steps, result = call(ctx)
    assert len(steps) == 1 and result["answers"] is False and len(ctx.warnings) == 1


@pytest.mark.parametrize(
    ("info", "created", "checked", "code", "text"),
    [
        (NO_STANZA, DOWN, (0, ""), "database-unreachable", "[056]: unable to find primary cluster - cannot proceed. Fix: "),
        (NO_STANZA, OTHER, (0, ""), "repository-foreign", "backups of another cluster under the name t: [028]: backup and archive info"),
        (INFO, OTHER, (0, ""), "repository-foreign", "nothing was changed"),
        (NO_STANZA, (41, "P00  ERROR: [041]: unable to open file"), (0, ""), "pgbackrest-failed", "stanza-create: [041]: unable to open"),
        (
            NO_STANZA,
            (0, ""),
            (82, "P00  ERROR: [082]: WAL segment was not archived before the 60000ms timeout"),
            "archive-failed",
            "no WAL",
        ),
        (
            WRONG_KEY,
            (0, ""),
            (0, ""),
            "repository-failed",
            "repository 1 cannot be used: [FormatError] unable to load info file '/var/lib/pgb",
        ),
    ],
)
def test_refusals(
    ctx: Context, programs: Programs, info: str, created: tuple[int, str], checked: tuple[int, str], code: str, text: str
) -> None:
    programs.on("info", out=info)
    programs.on("stanza-create", rc=created[0], err=created[1])
    programs.on("check", rc=checked[0], err=checked[1])
    with pytest.raises(AgentError) as error:
        call(ctx)
    assert error.value.code == code and text in error.value.msg and "Fix: " in error.value.msg
    assert error.value.msg.isprintable()  # not what the encrypted file has


def test_it_waits_for_a_leader(ctx: Context, programs: Programs) -> None:
    ctx.interval = 0.0
    answers = [DOWN, DOWN, (0, "")]
    programs.on("info", out=NO_STANZA)

    def created(_argv: list[str]) -> Any:
        from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

        status, said = answers.pop(0)
        return Result(status, "", said)

    programs.on("stanza-create", do=created)
    call(ctx, wait=60)
    assert answers == [] and programs.ran("stanza-create") == 3


def test_before_the_members_archive(ctx: Context, programs: Programs) -> None:
    """A restart that waits for its window is no failure."""
    programs.on("info", out=NO_STANZA)
    programs.on("check", rc=DISABLED[0], err=DISABLED[1])
    call(ctx)
    assert ctx.warnings == ["WAL is not archived before the members are restarted. Fix: run playbooks/postgresql/rolling_restart.yml"]


def test_the_error_that_is_named(ctx: Context) -> None:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

    assert first_error(Result(56, "", DOWN[1])) == "[056]: unable to find primary cluster - cannot proceed"
    assert first_error(Result(124)) == "it has not answered in time"
    assert first_error(Result(7)) == "it ended with 7"
