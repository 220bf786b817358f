# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores: where they end, what is refused before anything is done, and the scratch instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest import instance, target
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS

from tests.unit.lib.host import Programs

from .recorded import EMPTY, INFO
from .wal_place import SIZE, Wal

pytestmark = pytest.mark.usefixtures("wal")

BACKUPS = json.loads(INFO)[0]["backup"]
#: The oldest backup ended 2026-12-01 10:13:24 UTC at 0/3000050.
NOW = 1796120100.0


@pytest.fixture
def wal(ctx: Context, programs: Programs) -> Wal:
    """What the repository has; a test may give other answers."""
    made = Wal(ctx, programs)
    made.has(1, *range(1, 7))
    return made


@pytest.mark.parametrize(
    ("kind", "given", "options"),
    [
        ("latest", "", ["--type=default"]),
        ("time", "2026-12-01 10:13:30+00", ["--type=time", "--target=2026-12-01 10:13:30.000000+00", "--target-action=promote"]),
        ("time", "2026-12-01 11:13:30.25+01:00", ["--type=time", "--target=2026-12-01 10:13:30.250000+00", "--target-action=promote"]),
        ("time", "2026-12-01T10:13:30", ["--type=time", "--target=2026-12-01 10:13:30.000000+00", "--target-action=promote"]),
        ("lsn", "0/5000028", ["--type=lsn", "--target=0/5000028", "--target-action=promote"]),
        ("name", "before_migration", ["--type=name", "--target=before_migration", "--target-action=promote"]),
    ],
)
def test_targets(kind: str, given: str, options: list[str]) -> None:
    assert target.options(kind, given, BACKUPS, NOW) == options


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("latest", "2026-12-01 10:13:30", "needs no target"),
        ("time", "", "needs a target"),
        ("time", "yesterday", "is not a time"),
        ("time", "2026-12-01 10:13:23+00", "before the end of the oldest backup. Fix: choose a time from 2026-12-01 10:13:24+00 on"),
        ("time", "2027-12-01 10:13:23+00", "is in the future"),
        ("lsn", "5000028", "is not a position"),
        ("lsn", "0/3000049", "before the end of the oldest backup"),
        ("name", "", "needs a target"),
    ],
)
def test_targets_that_are_refused(kind: str, given: str, said: str) -> None:
    with pytest.raises(AgentError, match="Fix: ") as error:
        target.options(kind, given, BACKUPS, NOW)
    assert said in error.value.msg and error.value.code == "bad-target"


def test_positions() -> None:
    """Compared as numbers: as texts, 0/A is after 1/0 and 0/FFFFFFF after 0/10000000."""
    assert target.number("0/A") < target.number("1/0") and target.number("0/FFFFFFF") < target.number("0/10000000")


ASKED: dict[str, Any] = {
    "stanza": "t",
    "config": "/etc/pgbackrest/vannah-restore.conf",
    "programs": "/pg",
    "path": "/var/lib/postgresql/vannah-restore",
    "port": 5499,
    "repository": 1,
    "type": "time",
    "target": "2026-12-01 10:13:30+00",
    "timeline": "",
    "replace": False,
    "wait": 60,
    "state": "present",
}


def call(ctx: Context, **more: Any) -> tuple[list[Any], dict[str, Any]]:
    """Plan a restore and apply its steps."""
    ctx.clock = lambda: NOW
    steps, result = CALLS["scratch"]({**ASKED, **more}, ctx)
    for step in steps if not ctx.check else ():
        step.apply(ctx)
    return steps, result


def test_a_restore(ctx: Context, programs: Programs) -> None:
    """With its own configuration: the one in the backup is Patroni's, and archives."""
    programs.on("info", out=INFO)
    programs.on("psql", out="orthanc|123456\npostgres|7000000\n")
    steps, result = call(ctx)
    assert [(step.action, step.detail) for step in steps] == [("create", "to time 2026-12-01 10:13:30+00, from repository 1")]
    assert result["databases"] == [{"name": "orthanc", "bytes": 123456}, {"name": "postgres", "bytes": 7000000}]
    (restore,) = [argv for argv in programs.calls if argv[-1] == "restore"]
    assert "--config=/etc/pgbackrest/vannah-restore.conf" in restore and "--pg1-path=/var/lib/postgresql/vannah-restore/data" in restore
    written = [str(text) for text in programs.inputs if text]
    assert any("archive_mode = off\n" in text and "listen_addresses = ''\n" in text for text in written)
    # Without a folder of its own configuration PostgreSQL finds neither of the two.
    for name in ("hba", "ident"):
        assert programs.ran("tee", f"{ASKED['path']}/pg_{name}.conf") == 1
        assert any(f"{name}_file = '{ASKED['path']}/pg_{name}.conf'\n" in text for text in written)
    assert programs.ran("systemd-run") == 1


@pytest.mark.parametrize("left", [True, False])
def test_a_time_after_the_last_commit(ctx: Context, programs: Programs, wal: Wal, left: bool) -> None:
    """Of a timeline that a restore left all WAL is meant. The one in use continues: its newest commits may not be archived yet."""
    wal.commit(1, 5 * SIZE + 100, 10.0)
    if left:
        wal.histories[2] = "1\t0/5000064\tbefore 2026-12-01 10:13:10+00\n"
        wal.has(2, 5, 6)
        wal.commit(2, 5 * SIZE + 300, 100.0)
    programs.on("info", out=INFO)

    def asked(argv: list[str]) -> Result:
        if not any("--type=default" in one for one in programs.calls):
            return Result(2, "", "not running")
        return Result(0, "0/7000000\n" if any("replay_lsn" in word for word in argv) else "postgres|7000000\n", "")

    programs.on("systemctl", "is-active", rc=3)
    programs.on("psql", do=asked)
    programs.on("journalctl", out=f"FATAL:  {instance.ENDED_EARLY}\n")
    if not left:
        with pytest.raises(AgentError, match="Fix: choose an earlier target"):
            call(ctx)
        assert programs.ran("restore") == 1
        return
    call(ctx)
    first, second = [argv for argv in programs.calls if argv[-1] == "restore"]
    assert "--type=time" in first and "--target-timeline=1" in first
    assert "--type=default" in second and "--target-timeline=1" in second and "--type=time" not in second


def test_an_instance_that_is_there(ctx: Context, programs: Programs) -> None:
    """A person may still work with it: replaced or removed only where that is asked for."""
    Path(ctx.path("/var/lib/postgresql/vannah-restore/data")).mkdir(parents=True)
    programs.on("info", out=INFO)
    with pytest.raises(AgentError, match="restore_replace=true") as error:
        call(ctx)
    assert error.value.code == "scratch-exists" and programs.calls == []
    assert len(call(ctx, replace=True)[0]) == 1
    steps, _result = call(ctx, state="absent")
    assert [step.action for step in steps] == ["remove"] and programs.ran("rm", "-rf", ctx.path(ASKED["path"])) == 2


def test_nothing_to_remove(ctx: Context, programs: Programs) -> None:
    assert call(ctx, state="absent")[0] == [] and programs.calls == []


def test_check_mode(ctx: Context, programs: Programs) -> None:
    """Only the repository is asked, and what was read of it is removed; a bad target is refused here, too."""
    ctx.mode = "check"
    programs.on("info", out=INFO)
    assert len(call(ctx)[0]) == 1 and programs.ran("restore") == 0
    assert programs.calls[-1] == ["rm", "-rf", "--", ctx.path("/var/lib/postgresql/vannah-wal")]
    with pytest.raises(AgentError, match="in the future"):
        call(ctx, target="2030-01-01")


def test_without_a_backup(ctx: Context, programs: Programs) -> None:
    programs.on("info", out=EMPTY)
    with pytest.raises(AgentError, match="no backup to restore"):
        call(ctx)
    programs.on("info", out=INFO)
    with pytest.raises(AgentError, match="no backup to restore"):
        call(ctx, repository=2)


def test_a_restore_that_fails(ctx: Context, programs: Programs) -> None:
    """Nothing of it stays."""
    programs.on("info", out=INFO)
    programs.on("restore", rc=37, err="2026 P00  ERROR: [037]: no backup set found to restore\n")
    with pytest.raises(AgentError, match=r"nothing was restored: \[037\]: no backup set found") as error:
        call(ctx)
    assert (
        error.value.code == "restore-failed"
        and programs.ran("systemd-run") == 0
        and programs.ran("rm", "-rf", ctx.path(ASKED["path"])) == 2
    )


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        (
            "1 LOG:  redo done at 0/1\n1 FATAL:  recovery ended before configured recovery target was reached\n",
            "recovery ended before configured recovery target was reached. Fix: choose an earlier target",
        ),
        ("1 FATAL:  could not open file\n", "could not open file. Fix: see the lines of its journal"),
        ("", "does not start: without a message"),
    ],
)
def test_an_instance_that_does_not_start(ctx: Context, programs: Programs, journal: str, said: str) -> None:
    programs.on("info", out=INFO)
    programs.on("systemd-run", rc=1)
    programs.on("journalctl", out=journal)
    with pytest.raises(AgentError) as error:
        call(ctx)
    assert said in error.value.msg and error.value.journal == journal


def test_it_is_asked_until_it_has_reached_the_target(ctx: Context, programs: Programs) -> None:
    """systemd takes it for ready when the recovery begins."""
    answers = [Result(2, "", "FATAL:  the database system is not accepting connections"), Result(0, "postgres|7000000\n")]
    ctx.interval = 0.0
    programs.on("info", out=INFO)
    programs.on("psql", do=lambda _argv: answers.pop(0))
    _steps, result = call(ctx)
    assert answers == [] and result["databases"] == [{"name": "postgres", "bytes": 7000000}]


def test_it_ends_before_it_has_reached_the_target(ctx: Context, programs: Programs) -> None:
    ctx.interval = 0.0
    programs.on("info", out=INFO)
    programs.on("psql", rc=2)
    programs.on("is-active", rc=3)
    programs.on("journalctl", out=f"1 FATAL:  {instance.ENDED_EARLY}\n")
    with pytest.raises(AgentError, match="Fix: choose an earlier target"):
        call(ctx)


def test_a_name(ctx: Context, programs: Programs, wal: Wal) -> None:
    """pgBackRest knows no names, and would restore the newest backup: the one before the name is used."""
    ctx.interval = 0.0
    programs.on("psql", out="postgres|7\n")
    wal.point(1, 4 * SIZE + 100, "before_migration")
    call(ctx, type="name", target="before_migration")
    used = [word for argv in programs.calls if argv[-1] == "restore" for word in argv if word.startswith("--set=")]
    assert used == [f"--set={BACKUPS[0]['label']}"]


def test_it_takes_too_long(ctx: Context, programs: Programs) -> None:
    ctx.interval = 0.0
    programs.on("info", out=INFO)
    programs.on("psql", rc=2)
    with pytest.raises(AgentError, match="has not reached its target within 0 s"):
        call(ctx, wait=0)


def test_its_settings_are_one_line_each() -> None:
    """No value is open to what a path has."""
    text = instance.SETTINGS.format(place="/p", data="/p/data", port=1)
    assert "{" not in text and all("=" in line or line.startswith("#") for line in text.splitlines())
