# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup now, and the table of all backups."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.backup_table import age, size, stamp
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS

from tests.unit.lib.host import NOW, Programs

JOB = "/usr/local/lib/vannah/pgbackrest-job"


def a_backup(kind: str, hours: float, repository: int = 1) -> dict[str, Any]:
    end = NOW - hours * 3600
    return {"repository": repository, "label": f"L{hours:g}", "type": kind, "end": end, "size": 5e9, "stored": 2e6, "error": False}


STATE = {
    "backups": [a_backup("full", 60), a_backup("incr", 30), a_backup("incr", 6), a_backup("full", 100, 2)],
    "tasks": {
        "full": {"ended": NOW, "succeeded": NOW - 200000, "seconds": 61.2, "problem": ""},
        "verify": {"ended": NOW, "succeeded": 0, "seconds": 1, "problem": "repository 1: backup X is invalid"},
    },
}


def test_the_table(ctx: Context, programs: Programs) -> None:
    programs.on(JOB, "status", "table", out=json.dumps(STATE))
    steps, result = CALLS["info"]({"repositories": [1, 2], "timeout": 60}, ctx)
    assert steps == [] and result["problems"] == ["verify: repository 1: backup X is invalid"]
    rows = [" ".join(line.split()) for line in result["table"]]
    assert rows == [
        "WHAT NEWEST AGE SIZE STORED KEPT",
        "repository 1, full L60 2 days 4.7 GiB 1.9 MiB 1",
        "repository 1, incr L6 6 hours 4.7 GiB 1.9 MiB 2",
        "repository 2, full L100 4 days 4.7 GiB 1.9 MiB 1",
        "JOB LAST SUCCESS AGE TOOK RESULT",
        f"full {stamp(NOW - 200000)} 2 days 61 seconds ok",
        "verify never - 1 second failed",
    ]
    assert len({line.index(cell) for line, cell in zip(result["table"][:2], ("NEWEST", "L60"), strict=True)}) == 1


def test_a_repository_without_a_backup(ctx: Context, programs: Programs) -> None:
    programs.on(JOB, "status", "table", out=json.dumps({"backups": [], "tasks": {}}))
    assert CALLS["info"]({"repositories": [1, 2], "timeout": 60}, ctx)[1]["problems"] == [
        "repository 1 has no backup",
        "repository 2 has no backup",
    ]


@pytest.mark.parametrize(("rc", "err"), [(1, "pgbackrest-job status table: repository 1: missing stanza path\n"), (127, "")])
def test_repositories_that_do_not_answer(ctx: Context, programs: Programs, rc: int, err: str) -> None:
    programs.on(JOB, rc=rc, err=err)
    with pytest.raises(AgentError, match="Fix: ") as error:
        CALLS["info"]({"repositories": [1], "timeout": 60}, ctx)
    assert error.value.code == "backup-unknown" and (err.strip() or "it ended with 127") in error.value.msg


ASKED = {"type": "full", "repository": 2, "task": "offsite", "expire": True, "limit": 100}


def test_a_backup_now(ctx: Context, programs: Programs) -> None:
    """By the job of cron, so that no second one runs beside it."""
    steps, _result = CALLS["backup"](dict(ASKED), ctx)
    assert [(step.target, step.action, step.detail) for step in steps] == [("repository 2", "create", "full")] and programs.calls == []
    steps[0].apply(ctx)
    assert programs.calls == [[JOB, "--limit=100", "backup", "offsite", "full", "2"]]


def test_a_backup_that_removes_none(ctx: Context, programs: Programs) -> None:
    """Before a restore: the oldest one may be the one to restore."""
    (step,) = CALLS["backup"]({**ASKED, "expire": False}, ctx)[0]
    step.apply(ctx)
    assert programs.calls == [[JOB, "--limit=100", "backup", "offsite", "full", "2", "--no-expire-auto"]]


@pytest.mark.parametrize(
    ("rc", "err", "said"), [(1, "it failed\n", "it failed. Fix: "), (124, "", "has not ended within 100 s"), (1, "", "it ended with 1")]
)
def test_a_backup_that_fails(ctx: Context, programs: Programs, rc: int, err: str, said: str) -> None:
    programs.on(JOB, rc=rc, err=err)
    (step,) = CALLS["backup"](dict(ASKED), ctx)[0]
    with pytest.raises(AgentError) as error:
        step.apply(ctx)
    assert said in error.value.msg and "job-offsite.log" in error.value.msg


def test_the_job_ends_by_itself(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its limit is the one that was given; what it runs would continue without it."""
    given: list[float] = []

    def run(_argv: list[str], **more: Any) -> Result:
        given.append(more["timeout"])
        return Result(0)

    monkeypatch.setattr(ctx, "runner", run)
    CALLS["backup"](dict(ASKED), ctx)[0][0].apply(ctx)
    assert given == [160]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 minutes"), (60, "1 minute"), (3600, "1 hour"), (86399, "23 hours"), (90000, "1 day"), (-5, "0 minutes")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5e15, "4547.5 TiB")])
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text
