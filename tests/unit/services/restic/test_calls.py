# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup now, the table of all backups, and restores of files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.restic.calls import (
    CALLS,
    JOB,
    MARKER,
    OBJECTS,
    RESTORE,
    WRITER,
)

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
    (step,), _result = CALLS["backup"]({"task": "files", "limit": 100, "first": False}, ctx)
    assert programs.calls == []
    step.apply(ctx)
    (step,), _result = CALLS["backup"]({"task": "objects", "limit": 100, "first": True}, ctx)
    step.apply(ctx)
    assert programs.calls == [[JOB, "--limit=100", "backup", "files"], [JOB, "--limit=100", "objects", "objects", "first"]]


def test_limits(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program ends by itself: what it runs would continue without it."""
    given: list[float] = []

    def run(argv: list[str], **more: Any) -> Result:
        given.append(more["timeout"])
        return Result(0, json.dumps({**PLAN, "repositories": [], "tasks": {}}))

    monkeypatch.setattr(ctx, "runner", run)
    for name, params in (("backup", {"task": "files", "limit": 100, "first": False}), ("restore", ASKED)):
        (step,) = CALLS[name](dict(params), ctx)[0]
        step.apply(ctx)
    assert [seconds for seconds in given if seconds != 600] == [160, 160, 160]


@pytest.mark.parametrize(
    ("rc", "err", "said"),
    [
        (1, "it failed\n", "it failed. Fix: see "),
        (1, "it failed. Fix: mount it\n", "it failed. Fix: mount it"),
        (124, "", "within 100 s"),
        (1, "", "ended with 1"),
    ],
)
def test_a_backup_that_fails(ctx: Context, programs: Programs, rc: int, err: str, said: str) -> None:
    programs.on(JOB, rc=rc, err=err)
    (step,) = CALLS["backup"]({"task": "files", "limit": 100, "first": False}, ctx)[0]
    with pytest.raises(AgentError) as error:
        step.apply(ctx)
    assert said in error.value.msg and error.value.msg.count("Fix: ") == 1


PLAN = {"snapshot": "id", "time": "T", "files": 2, "bytes": 10}
ASKED: dict[str, Any] = {"path": "/srv/a", "time": "latest", "target": "/var/lib/vannah-restore", "replace": False, "limit": 100}
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
KINDS = (("restore", ASKED), ("objects", BUCKET))


@pytest.fixture
def restores(ctx: Context, programs: Programs) -> Programs:
    """Programs that find a snapshot, and restore it; folders are removed."""
    for program in (RESTORE, OBJECTS):
        programs.on(program, "plan", out=f"{json.dumps(PLAN)}\n")
    programs.on("rm", do=lambda argv: (shutil.rmtree(argv[-1], ignore_errors=True), Result(0))[1])
    os.makedirs(ctx.path("/var/lib"), exist_ok=True)
    return programs


def test_a_restore(ctx: Context, restores: Programs) -> None:
    """Of the snapshot that was found before anything was touched, also in check mode."""
    (step,), result = CALLS["restore"](dict(ASKED), ctx)
    assert result == {"snapshot": "id", "time": "T", "files": 2, "place": "/var/lib/vannah-restore/srv/a"}
    assert restores.calls == [[RESTORE, "--limit=100", "plan", "/srv/a", "latest"]] and not os.path.exists(ctx.path(ASKED["target"]))
    step.apply(ctx)
    assert restores.calls[-1] == [RESTORE, "--limit=100", "files", "/srv/a", "id", "T", "/var/lib/vannah-restore"]
    assert os.listdir(ctx.path(ASKED["target"])) == [MARKER] and os.stat(ctx.path(ASKED["target"])).st_mode & 0o777 == 0o700


def test_in_place(ctx: Context, restores: Programs) -> None:
    """Nothing is removed before."""
    (step,), result = CALLS["restore"]({**ASKED, "target": "/"}, ctx)
    step.apply(ctx)
    assert result["place"] == "/srv/a" and [argv[0] for argv in restores.calls] == [RESTORE] * 2


@pytest.mark.parametrize("asked", [{"path": "srv"}, {"path": "/srv/../etc"}, {"path": "/srv/"}, {"target": "x"}])
def test_bad_paths(ctx: Context, programs: Programs, asked: dict[str, str]) -> None:
    for kind, params in KINDS if "target" in asked else KINDS[:1]:
        with pytest.raises(AgentError, match="Fix: ") as error:
            CALLS[kind]({**params, **asked}, ctx)
        assert error.value.code == "bad-target" and programs.calls == []


@pytest.mark.parametrize(("kind", "params"), KINDS)
def test_an_earlier_restore(ctx: Context, restores: Programs, kind: str, params: dict[str, Any]) -> None:
    """Is not replaced without being told; what no restore has made is never removed."""
    place = ctx.path(params["target"])
    os.makedirs(place)
    for replace in (False, True):
        with pytest.raises(AgentError, match="no restore has made it") as error:
            CALLS[kind]({**params, "replace": replace}, ctx)
        assert error.value.code == "bad-target" and restores.calls == []
    os.rmdir(place)
    CALLS[kind](dict(params), ctx)[0][0].apply(ctx)
    restores.calls.clear()
    with pytest.raises(AgentError, match="restore_replace=true") as error:
        CALLS[kind](dict(params), ctx)
    assert error.value.code == "scratch-exists" and restores.calls == []
    (step,) = CALLS[kind]({**params, "replace": True}, ctx)[0]
    step.apply(ctx)
    assert os.listdir(place) == [MARKER]
    os.rename(place, f"{place}2")
    os.symlink(f"{place}2", place)
    with pytest.raises(AgentError, match="no restore has made it"):
        CALLS[kind]({**params, "replace": True}, ctx)


@pytest.mark.parametrize(("kind", "params"), KINDS)
def test_no_room(ctx: Context, programs: Programs, kind: str, params: dict[str, Any]) -> None:
    """Is seen before the files of an earlier restore are removed."""
    for program in (RESTORE, OBJECTS):
        programs.on(program, "plan", out=json.dumps({**PLAN, "bytes": 10**18}))
    with pytest.raises(AgentError, match="Fix: enlarge") as error:
        CALLS[kind](dict(params), ctx)
    assert error.value.code == "no-room" and len(programs.calls) == 1


@pytest.mark.parametrize(("rc", "err", "said"), [(1, "no such path\n", "no such path"), (124, "", "within 100 s")])
def test_a_restore_that_fails(ctx: Context, restores: Programs, rc: int, err: str, said: str) -> None:
    """Leaves no part of it."""
    restores.on(RESTORE, "files", rc=rc, err=err)
    (step,) = CALLS["restore"](dict(ASKED), ctx)[0]
    with pytest.raises(AgentError, match=said) as error:
        step.apply(ctx)
    assert error.value.code == "restore-failed" and not os.path.exists(ctx.path(ASKED["target"]))


def test_objects_into_a_folder(ctx: Context, restores: Programs) -> None:
    (step,), result = CALLS["objects"](dict(BUCKET), ctx)
    assert result == {"snapshot": "id", "time": "T", "objects": 2, "place": "/var/lib/vannah-restore"}
    step.apply(ctx)
    assert restores.calls[-1] == [OBJECTS, "--limit=100", "restore", "images", "id", "/var/lib/vannah-restore"]


def test_objects_into_a_bucket(ctx: Context, restores: Programs) -> None:
    """The credentials are in a file that is gone afterwards, and on no command line; so is the folder."""
    os.makedirs(ctx.path("/run"), exist_ok=True)
    (step,), result = CALLS["objects"]({**BUCKET, "into": "images"}, ctx)
    step.apply(ctx)
    assert [argv[0] if argv[0] == "rm" else argv[2] for argv in restores.calls[-3:]] == ["restore", "put", "rm"]
    assert result["place"] == "bucket images" and not os.path.exists(ctx.path(WRITER)) and not os.path.exists(ctx.path(BUCKET["target"]))
    assert not any("SECRET" in word for argv in restores.calls for word in argv)


def test_objects_that_cannot_be_restored(ctx: Context, programs: Programs) -> None:
    """Nothing is touched where there is no snapshot."""
    programs.on(OBJECTS, rc=1, err="2020 is before the oldest snapshot\n")
    with pytest.raises(AgentError, match=r"before the oldest snapshot\. Fix: choose another restore_bucket") as error:
        CALLS["objects"](dict(BUCKET), ctx)
    assert error.value.code == "restore-failed" and len(programs.calls) == 1


def test_the_mark_is_no_object() -> None:
    """The program of the role leaves it out under the same name."""
    text = (Path(__file__).resolve().parents[4] / "roles/restic/files/restic-objects").read_text(encoding="utf-8")
    assert f'MARKER = "{MARKER}"' in text and 'f"/{MARKER}"' in text
