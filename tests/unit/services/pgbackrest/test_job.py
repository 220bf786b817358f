# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of cron: what they run, and what they leave when all is well and when it is not."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from .job_place import EVIDENCE, Place
from .recorded import EMPTY, NO_STANDBY, NO_STANZA, WRONG_KEY

REPOSITORY = Path(__file__).resolve().parents[4]
PROGRAM = REPOSITORY / "roles/pgbackrest/files/pgbackrest-job"
EXPORTS = yaml.safe_load((REPOSITORY / "roles/pgbackrest/meta/exports.yml").read_text(encoding="utf-8"))


def ok(place: Place, task: str) -> float:
    return place.metrics()[f'vannah_backup_task_ok{{task="{task}"}}']


def test_a_backup(place: Place) -> None:
    begun = time.time()
    assert place("backup", "incremental", "incr", "1") == 0
    assert place.asked[0] == ["pgbackrest", "--stanza=t", "--repo=1", "--type=incr", "--log-level-console=info", "backup"]
    found = place.metrics()
    assert ok(place, "incremental") == 1 and found['vannah_backup_task_succeeded_timestamp_seconds{task="incremental"}'] >= int(begun)
    assert found['vannah_backup_newest_timestamp_seconds{repository="1"}'] == 1796120009
    assert found['vannah_backup_newest_full_timestamp_seconds{repository="1"}'] == 1796120004
    assert found['vannah_backup_newest_size_bytes{repository="1"}'] == 30722462
    assert found['vannah_backup_newest_stored_bytes{repository="1"}'] == 677112
    assert found['vannah_backup_kept{repository="1"}'] == 2
    assert "new backup label" in (place.folder / "log/job-incremental.log").read_text(encoding="utf-8")


def test_a_backup_with_options(place: Place) -> None:
    """A backup before a restore removes no older one."""
    assert place("backup", "incremental", "incr", "1", "--no-expire-auto") == 0
    assert "--no-expire-auto" in place.asked[0]


def test_a_limit_that_is_given(place: Place, monkeypatch: pytest.MonkeyPatch, job: Any) -> None:
    """By a person, in place of that of the settings: what the job runs ends with it."""
    given: list[float] = []
    real = job.Job.pgbackrest
    monkeypatch.setattr(job.Job, "pgbackrest", lambda *words, **more: (given.append(words[2]), real(*words, **more))[1])
    assert place("--limit=7000", "backup", "incremental", "incr", "1") == 0
    assert 6900 < given[0] <= 7000


def test_a_drill(place: Place) -> None:
    """In a unit with its limits; what it measured is a file of its own and metrics."""
    assert place("drill", "drill", "1", "newest") == 0 and ok(place, "drill") == 1
    argv = place.asked[0]
    assert argv[-4:] == ["/drill", "t", "1", "newest"] and {"--property=CPUQuota=50%", "--property=RuntimeMaxSec=5"} <= set(argv)
    found = place.metrics()
    assert found['vannah_backup_drill_rto_seconds{repository="1"}'] == 12.5 and found['vannah_backup_drill_ok{repository="1"}'] == 1
    (file,) = (place.folder / "state/drills").iterdir()
    assert json.loads(file.read_text(encoding="utf-8")) == EVIDENCE and file.name.endswith("Z-drill.json")


def test_a_drill_that_fails(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Its evidence is kept, too."""
    bad = {**EVIDENCE, "ok": False, "problems": ["canary row 3 differs from its checksum"]}
    place.answers["drill"] = [(1, f"evidence: {json.dumps(bad)}\nproblem: canary row 3 differs from its checksum\n")]
    assert place("drill", "drill", "1", "newest") == 1 and ok(place, "drill") == 0
    assert "repository 1: canary row 3 differs" in capsys.readouterr().err
    assert place.metrics()['vannah_backup_drill_ok{repository="1"}'] == 0


def test_a_drill_that_is_killed(place: Place) -> None:
    """Without a message of the program the drill has failed."""
    place.answers["drill"] = [(0, f"evidence: {json.dumps(EVIDENCE)}\n"), (None, "")]
    assert place("drill", "drill", "1", "newest") == 0
    assert place("drill", "drill", "1", "newest") == 1 and ok(place, "drill") == 0
    assert place.metrics()['vannah_backup_drill_ok{repository="1"}'] == 0, "what an earlier drill has shown is not what the newest did"


def test_an_older_backup_says_nothing_of_the_newest(place: Place) -> None:
    bad = {**EVIDENCE, "ok": False, "problems": ["canary row 3 differs from its checksum"]}
    place.answers["drill"] = [(1, f"evidence: {json.dumps(bad)}\n"), (0, f"evidence: {json.dumps(EVIDENCE)}\n")]
    assert place("drill", "drill", "1", "newest") == 1
    assert place("drill", "older-drill", "1", "older") == 0
    assert place.metrics()['vannah_backup_drill_ok{repository="1"}'] == 0


def test_old_evidence_is_removed(place: Place, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job.sys.modules["vannah_jobs"], "KEPT", 2)
    (place.folder / "state/drills").mkdir(parents=True)
    for day in (1, 2, 3):
        (place.folder / f"state/drills/2020010{day}T000000Z-drill.json").touch()
    assert place("drill", "drill", "1", "newest") == 0
    assert sorted(file.name for file in (place.folder / "state/drills").iterdir())[0] == "20200103T000000Z-drill.json"


def test_the_canary(place: Place) -> None:
    """Written by the server that leads."""
    assert place("canary") == 0 and place.asked[0][-1].startswith("do $$ begin\nif pg_is_in_recovery() then return")
    place.answers["psql"] = [(2, "connection refused")]
    assert place("canary") == 1


def test_no_standby(place: Place) -> None:
    """After a failover the old leader may be down: the backup reads the new one."""
    place.answers["backup"] = [NO_STANDBY, (0, "")]
    assert place("backup", "full", "full", "1") == 0 and ok(place, "full") == 1
    assert [("--no-backup-standby" in argv) for argv in place.asked if argv[-1] == "backup"] == [False, True]


def test_just_after_a_failover(place: Place) -> None:
    """The new leader's pg_control has the old timeline until its first checkpoint; recorded in the scenario."""
    early = (58, "P00  ERROR: [058]: WAL timeline 2 does not match pg_control timeline 1\n")
    place.answers["backup"] = [NO_STANDBY, early, early, (0, "")]
    assert place("backup", "full", "full", "1") == 0 and ok(place, "full") == 1
    assert [argv.count("--no-backup-standby") for argv in place.asked if argv[-1] == "backup"] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (56, "P00  ERROR: [056]: unable to find primary cluster - cannot proceed"),
            "it ended with 56: [056]: unable to find primary cluster",
        ),
        ((None, ""), "it has not ended within 5 s"),
        ((127, "pgbackrest: No such file or directory"), "it ended with 127: pgbackrest: No such file or directory"),
        ((50, "P00  ERROR: [050]: unable to acquire lock\nHINT: is another pgBackRest process running?"), "[050]: unable to acquire lock"),
    ],
)
def test_a_backup_that_fails(place: Place, capsys: pytest.CaptureFixture[str], answer: Any, said: str) -> None:
    """One line for cron, the metrics say so, and the last success is not forgotten."""
    assert place("backup", "full", "full", "1") == 0
    before = place.metrics()['vannah_backup_task_succeeded_timestamp_seconds{task="full"}']
    place.answers["backup"] = [answer]
    assert place("backup", "full", "full", "1") == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and error.startswith("pgbackrest-job backup full full 1: ")
    assert ok(place, "full") == 0 and place.metrics()['vannah_backup_task_succeeded_timestamp_seconds{task="full"}'] == before


def test_a_backup_that_never_succeeded(place: Place) -> None:
    place.answers["backup"] = [(25, "")]
    assert place("backup", "full", "full", "1") == 1
    assert place.metrics()['vannah_backup_task_succeeded_timestamp_seconds{task="full"}'] == 0


def test_one_at_a_time(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """The second waits for its limit, and then says why."""
    settings = json.loads(place.configuration.read_text(encoding="utf-8"))
    place.configuration.write_text(json.dumps({**settings, "limits": {"default": 0.2}}), encoding="utf-8")
    (place.folder / "lock").mkdir()
    with (place.folder / "lock/backup.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert place("backup", "full", "full", "1") == 1
    assert "another backup has not ended within 0.2 s" in capsys.readouterr().err
    assert place("backup", "full", "full", "1") == 0


def test_tasks_that_never_ran(place: Place) -> None:
    """They are known from the first look on, and since when; one without a schedule is forgotten."""
    settings = json.loads(place.configuration.read_text(encoding="utf-8"))
    place.configuration.write_text(json.dumps({**settings, "tasks": ["drill", "verify"]}), encoding="utf-8")
    begun = time.time()
    assert place("status") == 0
    found = place.metrics()
    assert found['vannah_backup_task_succeeded_timestamp_seconds{task="drill"}'] == 0
    assert begun <= found['vannah_backup_task_scheduled_timestamp_seconds{task="drill"}'] <= time.time()
    assert 'vannah_backup_task_ok{task="drill"}' not in found, "BackupFailed is for what has failed"
    place.configuration.write_text(json.dumps({**settings, "tasks": ["verify"]}), encoding="utf-8")
    assert place("status") == 0
    later = place.metrics()
    assert not any('task="drill"' in name for name in later)
    assert (
        later['vannah_backup_task_scheduled_timestamp_seconds{task="verify"}']
        == (found['vannah_backup_task_scheduled_timestamp_seconds{task="verify"}'])
    )


def test_verification(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place("verify", "verify", "1") == 0 and ok(place, "verify") == 1
    assert place.asked[0] == ["/verify", "t", "1"]
    place.answers["verify"] = [(1, "status: error\nproblem: backup X is invalid\nproblem: backup X: 1 checksum invalid\n")]
    assert place("verify", "verify", "1") == 1 and ok(place, "verify") == 0
    assert "repository 1: backup X is invalid, and 1 more; the log is " in capsys.readouterr().err
    place.answers["verify"] = [(127, "/verify: No such file or directory")]
    assert place("verify", "verify", "1") == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((0, NO_STANZA), "repository 1: missing stanza path"),
        ((0, WRONG_KEY), "repository 1: [FormatError] unable to load info file"),
        ((0, "[]"), "does not know the stanza t"),
        ((32, "P00  ERROR: [032]: key 'x' is not valid"), "it ended with 32"),
        ((0, "not json"), "does not know the stanza t"),
    ],
)
def test_repositories_that_cannot_be_read(place: Place, capsys: pytest.CaptureFixture[str], said: Any, error: str) -> None:
    """The old values are not told again."""
    assert place("status") == 0
    place.answers["info"] = [said]
    assert place("status") == 1 and error in capsys.readouterr().err
    assert ok(place, "status") == 0 and not any("newest" in name for name in place.metrics())


def test_no_backup_yet(place: Place) -> None:
    place.answers["info"] = [(0, EMPTY)]
    assert place("status") == 0 and place.metrics()['vannah_backup_newest_timestamp_seconds{repository="1"}'] == 0


def test_the_table(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert place("status", "table") == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["label"] for one in said["backups"]] == ["20261201-101321F", "20261201-101321F_20261201-101327I"]
    assert said["tasks"]["status"]["problem"] == ""


def test_wal_that_waits(place: Place) -> None:
    for name, age in (
        ("000000010000000000000005.ready", 300),
        ("000000010000000000000006.ready", 10),
        ("000000010000000000000004.done", 900),
    ):
        path = place.folder / "wal/archive_status" / name
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    (place.folder / "wal/000000010000000000000005").write_bytes(b"x" * 1000)
    assert place("archive") == 0
    found = place.metrics("vannah_backup_archive.prom")
    assert found["vannah_backup_archive_waiting_segments{}"] == 2 and found["vannah_backup_wal_bytes{}"] == 1000
    assert 299 <= found["vannah_backup_archive_oldest_waiting_seconds{}"] < 400


def test_the_file_of_metrics_is_replaced_in_one_step(place: Place, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """node_exporter reads *.prom: the new file has another end until it is complete, and one that cannot be written leaves the old one."""
    assert place("status") == 0
    before = place.metrics()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(job.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        place("status")
    assert place.metrics() == before
    assert [path.name for path in (place.folder / "metrics").iterdir() if path.suffix == ".prom"] == ["vannah_backup_pgbackrest.prom"]
    assert (place.folder / "metrics/vannah_backup_pgbackrest.prom").stat().st_mode & 0o777 == 0o644


# --- with real programs, and in the surroundings that cron gives ---------------------------------------------------------


def test_the_time_limit(job: Any) -> None:
    """Children of the program end with it."""
    begun = time.monotonic()
    ran = job.run(["sh", "-c", "echo begun; sleep 60 & wait"], 0.5, "")
    assert (ran.status, ran.text) == (None, "begun\n") and time.monotonic() - begun < 20


def test_the_surroundings(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's reaches pgBackRest, whose options can be variables."""
    monkeypatch.setenv("PGBACKREST_REPO1_PATH", "/elsewhere")
    assert "PGBACKREST" not in job.run(["env"], 5, "").text and "LC_ALL=C.UTF-8" in job.run(["env"], 5, "").text


def test_as_cron_runs_it(place: Place, tmp_path: Path) -> None:
    """/bin/sh, a PATH of two folders, no terminal, no variable of a shell."""
    said = tmp_path / "settings.py"
    text = PROGRAM.read_text(encoding="utf-8").replace("/etc/vannah/pgbackrest-job.json", str(place.configuration))
    text = text.replace("/usr/local/lib/vannah", str(REPOSITORY / "roles/base/files"))
    said.write_text(text, encoding="utf-8")
    line = f"{sys.executable} -I {said} archive"
    cron = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": "/root", "LOGNAME": "root"}
    done = subprocess.run(["/bin/sh", "-c", line], env=cron, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert place.metrics("vannah_backup_archive.prom")
