# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of cron: what they run, and what they leave when all is well and when it is not."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .conftest import Place, named

DAY = 86400
#: A Wednesday.
NOW = datetime(2026, 12, 2, 12, tzinfo=UTC).timestamp()
#: As restic 0.14 and 0.18 say it.
NOTHING = (
    (1, "Fatal: unable to open config file: <config/> does not exist\nIs there a repository at the following location?\nrest:https://b1\n"),
    (10, "Fatal: repository does not exist: unable to open config file\nIs there a repository at the following location?\n"),
)
LOCKED = (1, "unable to create lock in backend: repository is already locked exclusively by PID 1 on b1\n")


def ok(place: Place, task: str) -> float:
    return place.metrics()[f'vannah_restic_task_ok{{task="{task}"}}']


def test_a_backup(place: Place) -> None:
    """With the keys in files, and a canary with sums of what is backed up."""
    assert place("backup", "files") == 0 and ok(place, "files") == 1
    assert place.commands() == ["cat", "snapshots", "cat", "backup"]  # the first one remembers the repository
    place.asked.clear()
    assert place("backup", "files") == 0 and place.commands() == ["cat", "backup"]
    (argv,) = [one for one in place.asked if "backup" in one]
    assert "--repository-file" in argv and "--password-file" in argv and not any("rest:" in word for word in argv)
    listed = (place.folder / "state/restic-paths").read_text(encoding="utf-8").splitlines()
    assert listed == [f"{place.folder}/data", f"{place.folder}/state/canary"]
    said = json.loads((place.folder / "state/canary").read_text(encoding="utf-8").partition(" ")[2])
    assert list(said["files"]) == [f"{place.folder}/data/a.txt"]
    assert os.stat(place.folder / "state/canary").st_mode & 0o777 == 0o600


@pytest.mark.parametrize("said", NOTHING)
def test_the_first_backup(place: Place, said: tuple[int, str]) -> None:
    """Creates the repository."""
    answers = [said, (0, '{"id": "new"}')]
    place.answers["cat"] = lambda _argv: answers.pop(0)
    assert place("backup", "files") == 0 and place.commands() == ["cat", "init", "snapshots", "cat", "backup"]
    assert json.loads((place.folder / "state/restic-ids.json").read_text(encoding="utf-8")) == {"hosts/app1": "new"}


@pytest.mark.parametrize(("said", "problem"), [(NOTHING[0], "is gone"), ((0, '{"id":"other"}'), "is another one than before")])
def test_a_repository_that_is_gone(place: Place, capsys: pytest.CaptureFixture[str], said: tuple[int, str], problem: str) -> None:
    """Such as with a disk that is not mounted: it is not created again without being told."""
    assert place("backup", "files") == 0
    place.answers["cat"] = said
    place.asked.clear()
    assert place("backup", "files") == 1 and place.commands() == ["cat"]
    text = capsys.readouterr().err
    assert f"the repository of hosts/app1 {problem}. Fix: mount the disk" in text and "-e backup_first=app1" in text
    answers = [said, (0, '{"id":"other"}'), (0, '{"id":"other"}')]
    place.answers["cat"] = lambda _argv: answers.pop(0)
    assert [place("backup", "files", "first"), place("backup", "files")] == [0, 0]


def test_a_host_that_was_rebuilt(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Has no files yet, and its backup would be the newest: it is refused until a person says so."""
    place.answers["snapshots"] = (0, json.dumps([{"id": named("one"), "time": "2026-11-01T00:00:00Z"}]))
    for _again in range(2):
        assert place("backup", "files") == 1 and "backup" not in place.commands()
        text = capsys.readouterr().err
        assert "this host knows of none: it was rebuilt. Fix: restore its files" in text and "backup_first=app1" in text
    assert [place("backup", "files", "first"), place("backup", "files")] == [0, 0]


def test_files_that_are_restored_in_part(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = place.folder / "state/restic-restoring.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"/srv/a": {"time": "T"}}), encoding="utf-8")
    assert place("backup", "files") == 1 and place.commands() == []
    assert "/srv/a is restored in part" in (said := capsys.readouterr().err) and "-e restore_time=T again" in said
    path.write_text("{}", encoding="utf-8")
    assert place("backup", "files") == 0


def test_an_error_of_the_host(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as a full disk is a failure of the job: it is in its metrics."""
    (place.folder / "state/restic-ids.json").parent.mkdir(exist_ok=True)
    (place.folder / "state/restic-ids.json").write_text("no JSON", encoding="utf-8")
    assert place("backup", "files") == 1 and ok(place, "files") == 0 and "JSONDecodeError" in capsys.readouterr().err


def test_a_limit_that_is_given(place: Place, shared: Any) -> None:
    """In place of those of the settings, for the whole job."""
    place.answers["backup"] = (None, "")
    assert place("--limit=7", "backup", "files") == 1
    assert place.job.limit_given(["--limit=7", "x"], {"limits": {"default": 5, "x": 1}}) == (["x"], {"limits": {"default": 7.0}})
    assert place.job.limit_given(["x"], {"limits": 1}) == (["x"], {"limits": 1})
    one = shared.Job(place.settings)
    assert 0 < one.left(5) <= 5 and one.left(0) == 1


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("/srv/cache", "/srv/cache", True),
        ("/srv/cache", "/srv/cache/a/b", True),
        ("/srv/cache", "/srv/cache2", False),
        ("/srv/*.tmp", "/srv/a.tmp", True),
        ("/srv/*.tmp", "/srv/a/b.tmp", False),
        ("/srv/**/x", "/srv/a/b/x", True),
        ("/srv/**/x", "/srv/x", True),
        ("/srv/[ab]?", "/srv/az", True),
        ("/srv/a\\*", "/srv/a*", True),
        ("/srv/a\\*", "/srv/ab", False),
    ],
)
def test_what_is_left_out_has_no_sums(shared: Any, pattern: str, path: str, out: bool) -> None:
    """A drill takes a file with a sum that is missing for one that the backup lost."""
    assert shared.left_out([pattern])(path) is out and not shared.left_out([])(path)


@pytest.mark.parametrize(
    ("command", "said", "error"),
    [
        ("cat", (1, "Fatal: wrong password or no key found"), "wrong password or no key found"),
        ("cat", (1, "Fatal: unable to open config file: Head https://b1: connection refused"), "connection refused"),
        ("backup", (3, "error: open /srv/x: permission denied\n"), "the backup is incomplete: error: open /srv/x: permission denied"),
        ("backup", (None, ""), "it has not ended within 5 s"),
        ("backup", (127, "restic: No such file or directory"), "it ended with 127"),
    ],
)
def test_a_backup_that_fails(place: Place, capsys: pytest.CaptureFixture[str], command: str, said: Any, error: str) -> None:
    """One line for cron, and metrics. A repository that cannot be read is not made again."""
    place.answers[command] = said
    assert place("backup", "files") == 1 and ok(place, "files") == 0 and "init" not in place.commands()
    text = capsys.readouterr().err
    assert error in text and text.count("\n") == 1 and text.startswith("restic-job backup files: ")


def test_a_path_that_is_gone(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings["paths"].append("/nowhere/at/all")
    assert place("backup", "files") == 1 and "/nowhere/at/all does not exist" in capsys.readouterr().err and place.commands() == []


def test_a_locked_repository(place: Place) -> None:
    """The server removes old snapshots just now: it is tried again."""
    said = [LOCKED, LOCKED, (0, "")]
    place.answers["backup"] = lambda _argv: said.pop(0)
    assert place("backup", "files") == 0 and said == []


def test_what_is_kept(shared: Any) -> None:
    """By the time at which the server received it: a host can put nothing before what is there."""
    ages = {f"d{day}": NOW - day * DAY for day in range(0, 500)}
    gone = shared.expired(ages, NOW, {"days": 14, "weeks": 8, "months": 12})
    kept = [name for name in ages if name not in gone]
    assert [name for name in kept if int(name[1:]) <= 14] == [f"d{day}" for day in range(15)]
    weeks = [int(name[1:]) for name in kept if 14 < int(name[1:]) <= 56]
    assert {datetime.fromtimestamp(NOW - day * DAY, UTC).weekday() for day in weeks} <= {0} | {
        datetime.fromtimestamp(NOW - day * DAY, UTC).weekday() for day in weeks if datetime.fromtimestamp(NOW - day * DAY, UTC).day == 1
    }
    months = [int(name[1:]) for name in kept if int(name[1:]) > 56]
    assert {datetime.fromtimestamp(NOW - day * DAY, UTC).day for day in months} == {1} and max(months) <= 372 and len(months) == 11


@pytest.mark.parametrize(
    ("known", "gone"),
    [
        ({"old": NOW - 900 * DAY}, []),  # the only one
        ({"old": NOW - 900 * DAY, "new": NOW}, ["old"]),
        # One that a host sends later does not replace the first one of a week.
        ({"first": NOW - 20 * DAY, "second": NOW - 20 * DAY + 60, "new": NOW}, ["second"]),
        ({}, []),
        # A host that sends none any more, or a clock that is 900 days ahead, removes nothing.
        ({"first": NOW - 909 * DAY, "second": NOW - 905 * DAY, "last": NOW - 900 * DAY}, []),
    ],
)
def test_what_is_removed(shared: Any, known: dict[str, float], gone: list[str]) -> None:
    assert shared.expired(known, NOW, {"days": 14, "weeks": 8, "months": 12}) == gone


def test_retention(place: Place) -> None:
    """Run by the server on its own files; nothing is removed where nothing is too old."""
    place.snapshot("new", time.time())
    assert place("retention", "retention") == 0 and place.commands() == []
    place.snapshot("old", time.time() - 900 * DAY)

    def forget(argv: list[str]) -> tuple[int, str]:
        assert argv[-2:] == ["--", named("old")] and "--prune" in argv and "-r" in argv
        Path(place.repository["path"], "snapshots", named("old")).unlink()
        return 0, ""

    place.answers["forget"] = forget
    assert place("retention", "retention") == 0 and place.commands() == ["unlock", "forget"]


def test_a_removal_that_did_not_happen(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """restic's exit status is 0 also where the snapshot stays."""
    for name, age in (("new", 0), ("old", 900 * DAY)):
        place.snapshot(name, time.time() - age)
    assert place("retention", "retention") == 1 and "1 snapshots could not be removed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["--option=sftp.command=x", "0123", "A" * 64])
def test_names_that_a_host_wrote(place: Place, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Are words of no command, and are reported; the others are removed as ever."""
    for one, age in (("new", 0), ("old", 900 * DAY)):
        place.snapshot(one, time.time() - age)
    path = Path(place.repository["path"], "snapshots", name)
    path.touch()
    os.utime(path, (1, 1))
    place.answers["forget"] = lambda _argv: (Path(path.parent, named("old")).unlink(), (0, ""))[1]
    assert place("retention", "retention") == 1 and f'snapshots has "{name}", which is no snapshot' in capsys.readouterr().err
    assert "forget" in place.commands() and not any(name in argv for argv in place.asked)


def test_a_link_is_no_snapshot(place: Place, shared: Any) -> None:
    place.snapshot("one", 5.0)
    folder = Path(place.repository["path"], "snapshots")
    (folder / ("a" * 64)).symlink_to("/etc/passwd")
    (folder / ("b" * 64)).mkdir()
    assert shared.received(place.repository) == {named("one"): 5.0} and shared.strange(place.repository) == ["a" * 64, "b" * 64]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((0, "no errors were found\n"), ""),
        ((1, "Pack ID does not match, want 1, got 2\nFatal: repository contains errors\n"), "hosts/app1: "),
        ((0, "done\n"), "hosts/app1: "),
        ((1, "error for tree 12: decrypt failed\n"), "error for tree 12"),
    ],
)
def test_check(place: Place, capsys: pytest.CaptureFixture[str], said: Any, error: str) -> None:
    """The exit status and the text."""
    place.snapshot("one", time.time())
    place.answers["check"] = said
    assert place("check", "check") == (1 if error else 0) and error in capsys.readouterr().err


def test_four_weeks_read_all(place: Place, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.snapshot("one", time.time())
    place.answers["check"] = (0, "no errors were found\n")
    now = time.time()
    for week in range(4):
        monkeypatch.setattr(job.time, "time", lambda week=week: now + week * 7 * DAY)
        assert place("check", "check") == 0
    parts = {word for argv in place.asked for word in argv if word.startswith("--read-data-subset=")}
    assert parts == {f"--read-data-subset={number}/4" for number in (1, 2, 3, 4)}


def test_a_part_with_an_error_is_read_again(place: Place, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.snapshot("one", time.time())
    now, parts = time.time(), []

    def check(argv: list[str]) -> tuple[int, str]:
        parts.append(argv[-1].removeprefix("--read-data-subset=")[0])
        return (1, "Fatal: damaged\n") if len(parts) == 2 else (0, "no errors were found\n")

    place.answers["check"] = check
    for week in range(6):
        monkeypatch.setattr(job.time, "time", lambda week=week: now + week * 7 * DAY)
        place("check", "check")
    assert parts == ["1", "2", "2", "3", "4", "1"]


def test_one_bad_repository(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Does not keep the others from their check."""
    other = {**place.repository, "name": "hosts/app2", "path": str(place.folder / "place/hosts/app2")}
    place.settings["repositories"].append(other)
    place.snapshot("one", time.time())
    Path(other["path"], "snapshots").mkdir(parents=True)
    Path(other["path"], "snapshots", named("two")).touch()
    place.answers["check"] = lambda argv: (0, "no errors were found") if other["path"] in argv else (1, "Fatal: bad\n")
    assert place("check", "check") == 1 and len([one for one in place.commands() if one == "check"]) == 2
    assert "hosts/app1: " in capsys.readouterr().err


def test_a_drill(place: Place) -> None:
    """In a unit with its limits; what it measured is a file of its own and metrics."""
    place.snapshot("one", time.time())
    said = {"ok": True, "ended": 5.0, "rto_seconds": 1.5, "rpo_seconds": 60.0, "files": 3}
    place.answers["systemd-run"] = (0, f"evidence: {json.dumps(said)}\n")
    assert place("drill", "drill") == 0
    (argv,) = [one for one in place.asked if one[0] == "systemd-run"]
    assert argv[-3:] == ["/usr/local/lib/vannah/restic-restore", "drill", "hosts/app1"] and "--property=CPUQuota=50%" in argv
    found = place.metrics()
    assert found['vannah_restic_drill_ok{repository="hosts/app1"}'] == 1
    assert found['vannah_restic_drill_rto_seconds{repository="hosts/app1"}'] == 1.5
    (file,) = (place.folder / "state/drills").iterdir()
    assert file.stat().st_mode & 0o777 == 0o640  # it may name files, and these people


def test_a_drill_that_fails(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.snapshot("one", time.time())
    place.answers["systemd-run"] = (1, f"evidence: {json.dumps({'ok': False, 'ended': 5.0})}\nproblem: a differs\n")
    assert place("drill", "drill") == 1 and "hosts/app1: a differs; the log is" in capsys.readouterr().err
    assert place.metrics()['vannah_restic_drill_ok{repository="hosts/app1"}'] == 0


def test_metrics_before_the_first_backup(place: Place) -> None:
    """A repository that gets nothing, and a drill that never ran, are known from the first look on."""
    begun = time.time()
    assert place("status") == 0
    found = place.metrics()
    assert found['vannah_restic_newest_timestamp_seconds{repository="hosts/app1"}'] == 0
    assert found['vannah_restic_known_timestamp_seconds{repository="hosts/app1"}'] >= begun
    assert found['vannah_restic_task_succeeded_timestamp_seconds{task="drill"}'] == 0
    assert found['vannah_restic_task_scheduled_timestamp_seconds{task="drill"}'] >= begun
    first = found['vannah_restic_known_timestamp_seconds{repository="hosts/app1"}']
    place.snapshot("one", 1234.0)
    assert place("status") == 0
    assert place.metrics()['vannah_restic_newest_timestamp_seconds{repository="hosts/app1"}'] == 1234
    assert place.metrics()['vannah_restic_known_timestamp_seconds{repository="hosts/app1"}'] == first


def test_the_table(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.snapshot("one", 1234.0)
    assert place("status", "table") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["repositories"] == [{"name": "hosts/app1", "newest": 1234.0, "kept": 1, "drill": {}}]
    assert said["tasks"]["drill"]["ended"] == 0
