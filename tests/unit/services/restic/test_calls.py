# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup now, the table of all backups, and restores of files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.restic.calls import CALLS, JOB, OBJECTS, RESTORE, WRITER

from tests.unit.lib.host import NOW, Programs

STATE = {
    "repositories": [
        {"name": "hosts/a1", "newest": NOW - 7200, "kept": 3, "drill": {"ok": 1.0, "ended_timestamp_seconds": 60.0}},
        {"name": "hosts/a2", "newest": 0, "kept": 0, "drill": {}},
        {"name": "hosts/a3", "newest": NOW - 60, "kept": 1, "drill": {"ok": 0.0, "ended_timestamp_seconds": 60.0}},
    ],
    "tasks": {
        "check": {"ended": NOW, "succeeded": 0, "seconds": 1, "problem": "hosts/a1: bad"},
        "drill": {"ended": 0, "succeeded": 0, "seconds": 0, "problem": ""},
    },
}


def test_the_table(ctx: Context, programs: Programs) -> None:
    programs.on(JOB, "status", "table", out=json.dumps(STATE))
    steps, result = CALLS["info"]({"timeout": 60}, ctx)
    assert steps == [] and result["problems"] == ["check: hosts/a1: bad", "hosts/a2 has no backup", "hosts/a3: the last drill has failed"]
    rows = [" ".join(line.split()) for line in result["table"]]
    assert rows[0] == "WHAT NEWEST AGE KEPT LAST PROVEN RESTORE"
    assert rows[1].startswith("hosts/a1 ") and rows[1].endswith("2 hours 3 1970-01-01 00:01:00Z")
    assert rows[2:] == [
        "hosts/a2 never - 0 never",
        rows[3],
        "JOB LAST SUCCESS AGE TOOK RESULT",
        "check never - 1 second failed",
        "drill never - 0 seconds not yet",
    ] and rows[3].endswith("1 failed")


def test_no_table(ctx: Context, programs: Programs) -> None:
    programs.on(JOB, rc=127)
    with pytest.raises(AgentError, match=r"ended with 127\. Fix: ") as error:
        CALLS["info"]({"timeout": 60}, ctx)
    assert error.value.code == "backup-unknown"


def test_a_backup_now(ctx: Context, programs: Programs) -> None:
    (step,), _result = CALLS["backup"]({"task": "files", "limit": 100}, ctx)
    assert programs.calls == []
    step.apply(ctx)
    assert programs.calls == [[JOB, "backup", "files"]]


@pytest.mark.parametrize(
    ("rc", "err", "said"), [(1, "it failed\n", "it failed. Fix: "), (124, "", "within 100 s"), (1, "", "ended with 1")]
)
def test_a_backup_that_fails(ctx: Context, programs: Programs, rc: int, err: str, said: str) -> None:
    programs.on(JOB, rc=rc, err=err)
    (step,) = CALLS["backup"]({"task": "files", "limit": 100}, ctx)[0]
    with pytest.raises(AgentError) as error:
        step.apply(ctx)
    assert said in error.value.msg and "job-files.log" in error.value.msg


ASKED: dict[str, Any] = {"path": "/srv/a", "time": "latest", "target": "/var/lib/vannah-restore", "replace": False, "limit": 100}


def test_a_restore(ctx: Context, programs: Programs) -> None:
    programs.on(RESTORE, out='{"snapshot": "id", "time": "T", "target": "x"}\n')
    (step,), result = CALLS["restore"](dict(ASKED), ctx)
    assert programs.calls == [] and result == {"snapshot": "", "time": "", "place": "/var/lib/vannah-restore/srv/a"}
    step.apply(ctx)
    assert programs.calls[-1] == [RESTORE, "files", "/srv/a", "latest", "/var/lib/vannah-restore"]
    assert (result["snapshot"], result["time"]) == ("id", "T")


def test_in_place(ctx: Context, programs: Programs) -> None:
    """Nothing is removed before."""
    programs.on(RESTORE, out='{"snapshot": "id", "time": "T", "target": "/"}\n')
    (step,), result = CALLS["restore"]({**ASKED, "target": "/"}, ctx)
    step.apply(ctx)
    assert result["place"] == "/srv/a" and [argv[0] for argv in programs.calls] == [RESTORE]


@pytest.mark.parametrize("asked", [{"path": "srv"}, {"path": "/srv/../etc"}, {"path": "/srv/"}, {"target": "x"}])
def test_bad_paths(ctx: Context, programs: Programs, asked: dict[str, str]) -> None:
    with pytest.raises(AgentError, match="Fix: ") as error:
        CALLS["restore"]({**ASKED, **asked}, ctx)
    assert error.value.code == "bad-target" and programs.calls == []


def test_an_earlier_restore(ctx: Context, programs: Programs) -> None:
    """Is not replaced without being told."""
    import os

    os.makedirs(ctx.path(ASKED["target"]))
    with pytest.raises(AgentError, match="restore_replace=true") as error:
        CALLS["restore"](dict(ASKED), ctx)
    assert error.value.code == "scratch-exists" and programs.calls == []
    assert len(CALLS["restore"]({**ASKED, "replace": True}, ctx)[0]) == 1


@pytest.mark.parametrize(("rc", "err", "said"), [(1, "no such path\n", "no such path"), (124, "", "within 100 s")])
def test_a_restore_that_fails(ctx: Context, programs: Programs, rc: int, err: str, said: str) -> None:
    """Leaves no part of it."""
    programs.on(RESTORE, rc=rc, err=err)
    (step,) = CALLS["restore"](dict(ASKED), ctx)[0]
    with pytest.raises(AgentError, match=said) as error:
        step.apply(ctx)
    assert error.value.code == "restore-failed" and programs.calls[-1][0] == "rm"


BUCKET: dict[str, Any] = {
    "bucket": "images",
    "time": "latest",
    "target": "/var/lib/vannah-restore",
    "into": "",
    "endpoint": "https://s1:9000",
    "access_key": "KEY",
    "secret_key": "SECRET",
    "replace": False,
    "limit": 100,
}
RESTORED = '{"snapshot": "id", "time": "T", "objects": 2, "target": "x"}\n'


def test_objects_into_a_folder(ctx: Context, programs: Programs) -> None:
    programs.on(OBJECTS, out=RESTORED)
    (step,), result = CALLS["objects"](dict(BUCKET), ctx)
    assert programs.calls == [] and result["objects"] == 0
    step.apply(ctx)
    assert programs.calls[-1] == [OBJECTS, "restore", "images", "latest", "/var/lib/vannah-restore"]
    assert result == {"snapshot": "id", "time": "T", "objects": 2, "place": "/var/lib/vannah-restore"}


def test_objects_into_a_bucket(ctx: Context, programs: Programs) -> None:
    """The credentials are in a file that is gone afterwards, and on no command line; so is the folder."""
    import os

    os.makedirs(ctx.path("/run"), exist_ok=True)
    programs.on(OBJECTS, out=RESTORED)
    (step,), result = CALLS["objects"]({**BUCKET, "into": "images"}, ctx)
    step.apply(ctx)
    assert [argv[:2] for argv in programs.calls[-3:]] == [[OBJECTS, "restore"], [OBJECTS, "put"], ["rm", "-rf"]]
    assert result["place"] == "bucket images" and not os.path.exists(ctx.path(WRITER))
    assert not any("SECRET" in word for argv in programs.calls for word in argv)


def test_objects_that_cannot_be_restored(ctx: Context, programs: Programs) -> None:
    programs.on(OBJECTS, rc=1, err="2020 is before the oldest snapshot\n")
    (step,) = CALLS["objects"](dict(BUCKET), ctx)[0]
    with pytest.raises(AgentError, match="before the oldest snapshot") as error:
        step.apply(ctx)
    assert error.value.code == "restore-failed" and programs.calls[-1][0] == "rm"


def test_objects_of_an_earlier_restore(ctx: Context, programs: Programs) -> None:
    import os

    os.makedirs(ctx.path(BUCKET["target"]))
    with pytest.raises(AgentError, match="restore_replace=true"):
        CALLS["objects"](dict(BUCKET), ctx)
    assert programs.calls == []
