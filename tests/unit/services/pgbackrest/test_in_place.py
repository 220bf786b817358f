# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores onto the cluster: what is refused before anything is touched, what is done, and that it can be repeated."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS

from tests.unit.lib.host import Programs

DATA = "/var/lib/postgresql/17/vannah"
CONTROL = """pg_control version number:            1700
Database system identifier:           7714
Database cluster state:               shut down
Latest checkpoint's REDO WAL file:    00000003000000000000000B
Latest checkpoint's TimeLineID:       3
"""
ASKED: dict[str, Any] = {
    "stanza": "vannah",
    "data": DATA,
    "programs": "/usr/lib/postgresql/17/bin",
    "port": 5498,
    "repository": 1,
    "attempts": [["--type=default", "--set=new"], ["--type=default", "--set=old"]],
    "bytes": 1000,
    "system": "7714",
    "archived": "",
    "foreign": False,
    "wait": 60,
    "state": "present",
}


@pytest.fixture
def data(ctx: Context, programs: Programs) -> Path:
    """A member's data."""
    programs.on("pg_controldata", out=CONTROL)
    programs.on("/usr/lib/postgresql/17/bin/pg_controldata", out=CONTROL)
    path = Path(ctx.path(DATA))
    path.mkdir(parents=True)
    (path / "PG_VERSION").write_text("17\n", encoding="utf-8")
    (path / "pg_wal").mkdir()
    for name in (
        "00000002.history",
        "00000003.history",
        "00000002000000000000000A",
        "00000003000000000000000A",
        "00000003000000000000000B",
        "00000003000000000000000C",
    ):
        (path / "pg_wal" / name).touch()
    Path(ctx.path("/etc/patroni")).mkdir(parents=True)
    Path(ctx.path("/run")).mkdir(exist_ok=True)
    return path


def call(ctx: Context, **more: Any) -> tuple[list[Any], dict[str, Any]]:
    """Plan, and apply the steps."""
    steps, result = CALLS["restore"]({**ASKED, **more}, ctx)
    for step in steps if not ctx.check else ():
        step.apply(ctx)
    return steps, result


@pytest.mark.usefixtures("data")
def test_a_restore(ctx: Context, programs: Programs) -> None:
    """Its timeline is archived once it has recovered, without unwritten segments; what would end a standby's recovery is removed."""
    steps, result = call(ctx)
    assert [(step.action, step.target) for step in steps] == [("replace", DATA)] and result == {
        "data": True,
        "interrupted": False,
        "same": True,
    }
    (restore,) = [argv for argv in programs.calls if argv[-1] == "restore"]
    assert {"--delta", "--repo=1", "--set=new"} <= set(restore) and not any(word.startswith("--config") for word in restore)
    (settings,) = [str(text) for text in programs.inputs if text and "data_directory" in str(text)]
    assert "archive_mode = off\n" in settings
    pushed = [argv[-1] for argv in programs.calls if "archive-push" in argv]
    assert pushed == [f"{DATA}/pg_wal/00000003.history", f"{DATA}/pg_wal/00000003000000000000000A"]
    stopped = [argv[:2] for argv in programs.calls].index(["systemctl", "stop"], 5)
    assert all(programs.calls.index(argv) > stopped for argv in programs.calls if "archive-push" in argv)
    assert any("alter system reset recovery_target_time" in argv for argv in programs.calls)
    assert programs.calls[-1][:2] == ["rm", "-rf"] and programs.ran("systemctl", "stop") == 2


@pytest.mark.usefixtures("data")
def test_a_restore_of_a_run_that_was_killed(ctx: Context, programs: Programs) -> None:
    """It continues on the host; two at once would replace the same files."""
    ctx.interval = 0.01
    with open(ctx.path("/run/vannah-restore.lock"), "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(AgentError, match="another restore on this host has not ended") as error:
            call(ctx, wait=0)
    assert error.value.code == "restore-runs" and programs.ran("restore") == 0


@pytest.mark.usefixtures("data")
def test_check_mode(ctx: Context, programs: Programs) -> None:
    """The same plan; only pg_controldata is asked."""
    ctx.mode = "check"
    assert len(call(ctx)[0]) == 1
    assert [Path(argv[0]).name for argv in programs.calls] == ["pg_controldata"]


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"system": "99"}, "repository-foreign", "its system identifier is 99, that of"),
        ({"bytes": 1 << 60}, "disk-too-small", "Fix: enlarge the disk"),
    ],
)
def test_what_is_refused(ctx: Context, programs: Programs, more: dict[str, Any], code: str, said: str) -> None:
    """Before anything is touched."""
    with pytest.raises(AgentError, match="Fix: ") as error:
        call(ctx, **more)
    assert error.value.code == code and said in error.value.msg
    assert [Path(argv[0]).name for argv in programs.calls] == ["pg_controldata"]


@pytest.mark.usefixtures("data")
def test_another_cluster_where_that_is_meant(ctx: Context) -> None:
    """All servers were lost, and this cluster was made since."""
    assert call(ctx, system="99", foreign=True)[0]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_server_that_runs(ctx: Context, data: Path, state: str) -> None:
    """Where failover is paused, PostgreSQL runs on without Patroni."""
    (data / "postmaster.pid").write_text("4711\n", encoding="utf-8")
    Path(ctx.path("/proc/4711")).mkdir(parents=True)
    Path(ctx.path("/proc/4711/comm")).write_text("postgres\n", encoding="utf-8")
    with pytest.raises(AgentError, match="resume") as error:
        call(ctx, state=state)
    assert error.value.code == "server-runs"


def test_a_server_that_was_killed(ctx: Context, data: Path) -> None:
    """pgBackRest refuses a restore beside the file that it left."""
    (data / "postmaster.pid").write_text("4711\n", encoding="utf-8")
    call(ctx)
    assert not (data / "postmaster.pid").exists()


def test_an_interrupted_restore(ctx: Context, data: Path, programs: Programs) -> None:
    """Without what tells pgBackRest that the data are a cluster's, they are removed first: it restores over nothing else."""
    Path(ctx.path("/etc/patroni/vannah-restoring")).write_text("7714\n", encoding="utf-8")
    (data / "PG_VERSION").unlink()
    programs.on("/usr/lib/postgresql/17/bin/pg_controldata", rc=1)
    _steps, result = call(ctx)
    assert result == {"data": False, "interrupted": True, "same": False}
    words = [argv[0] for argv in programs.calls]
    assert words.index("find") < words.index("pgbackrest")


@pytest.mark.usefixtures("data")
def test_a_name_in_an_older_backup(ctx: Context, programs: Programs) -> None:
    """The newest backup is from after the name."""
    programs.on("systemd-run", rc=1)
    programs.on("journalctl", out="FATAL:  recovery ended before configured recovery target was reached\n")
    with pytest.raises(AgentError, match="an earlier target"):
        call(ctx)
    sets = [word for argv in programs.calls if argv[-1] == "restore" for word in argv if word.startswith("--set=")]
    assert sets == ["--set=new", "--set=old"]


@pytest.mark.usefixtures("data")
def test_a_restore_that_fails(ctx: Context, programs: Programs) -> None:
    """The next run continues on this member."""
    programs.on("restore", rc=38, err="2026-12-01 10:18:56.606 P00  ERROR: [038]: unable to restore\n")
    with pytest.raises(AgentError, match=r"unable to restore. Fix: .*run the same verb again"):
        call(ctx)
    assert programs.ran("tee", "/etc/patroni/vannah-restoring") == 1 and programs.ran("systemd-run") == 0


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(("replayed", "good"), [("0/B000000", False), ("0/B000001", True), ("0/C000000", True), ("1/0", True)])
def test_wal_that_cannot_be_read(ctx: Context, programs: Programs, replayed: str, good: bool) -> None:
    """PostgreSQL would start with what was before it."""
    programs.on("select pg_last_wal_replay_lsn()", out=f"{replayed}\n")
    if good:
        call(ctx, archived="00000001000000000000000B")
        return
    with pytest.raises(AgentError, match="before 00000001000000000000000B, the newest WAL") as error:
        call(ctx, archived="00000001000000000000000B")
    assert error.value.code == "restore-incomplete" and programs.ran("alter system reset recovery_target_time") == 0


def test_data_that_are_removed(ctx: Context, data: Path, programs: Programs) -> None:
    """Not their folder, which may be a mount point; and nothing where there are none."""
    steps, _result = call(ctx, state="absent")
    assert [(step.action, step.target) for step in steps] == [("remove", DATA)]
    assert ["find", ctx.path(DATA), "-mindepth", "1", "-delete"] in programs.calls
    os.unlink(data / "PG_VERSION")
    shutil.rmtree(data / "pg_wal")
    assert call(ctx, state="absent")[0] == []


def test_tablespaces(ctx: Context, data: Path) -> None:
    """What is elsewhere is not removed."""
    (data / "pg_tblspc" / "16400").mkdir(parents=True)
    with pytest.raises(AgentError, match="tablespaces"):
        call(ctx, state="absent")


def test_fit(ctx: Context, data: Path) -> None:
    """Only the questions."""
    assert call(ctx, state="fit")[0] == [] and (data / "PG_VERSION").exists()
