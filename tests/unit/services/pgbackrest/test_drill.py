# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill: what it compares, and that it removes what it made. A real one runs in the scenario backup."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .recorded import INFO


@pytest.fixture
def drill(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = program("pgbackrest", "pgbackrest-drill")
    monkeypatch.setattr(module, "PLACE", tmp_path / "drill")
    return module


def row(number: int, content: str = "some text", at: float = 1796120000.5) -> str:
    """A canary row as psql prints it."""
    return f"{number}|{at}|{content}|{hashlib.sha256(b'some text').hexdigest()}"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([row(7), row(8), row(9)], []),
        ([row(7), row(8, "some tex"), row(9)], ["canary row 8 differs from its checksum"]),
        ([row(7), row(9)], ["canary rows are missing between 7 and 9"]),
    ],
)
def test_the_canary(drill: Any, rows: list[str], found: list[str]) -> None:
    assert list(drill.canaries(rows)) == found


@pytest.mark.parametrize(
    ("replayed", "archived", "bad"),
    [
        ("0/B000000", "00000001000000000000000B", True),
        ("0/B000001", "00000001000000000000000B", False),
        ("0/C000000", "00000001000000000000000B", False),
        ("1/5", "0000000300000000000000FF", False),
        ("0/FF000005", "000000030000000100000000", True),
    ],
)
def test_wal_that_cannot_be_read(drill: Any, replayed: str, archived: str, bad: bool) -> None:
    """PostgreSQL would start with what was before it."""
    assert bool(drill.behind(replayed, archived)) == bad


WAL = "000000010000000000000006"


class Host:
    """Programs of a backup server whose backup is restored well, but for what a test says."""

    def __init__(self, module: Any, **broken: str) -> None:
        self.module, self.broken = module, broken
        self.asked: list[list[str]] = []
        self.wal = b"its content"
        self.newest = time.time() - 60

    def __call__(self, *argv: str, fatal: str = "") -> str:
        self.asked.append(list(argv))
        for word, said in self.broken.items():
            if any(part.endswith(word) for part in argv):
                raise self.module.Failed(f"{fatal}: {said}")
        sql = argv[-1]
        if argv[-1] == "info":
            return INFO
        if "repo-ls" in argv:
            return json.dumps({f"{WAL}-{hashlib.sha1(b'its content').hexdigest()}.zst": {}})
        if "archive-get" in argv:
            Path(argv[-1]).write_bytes(self.wal)
            return ""
        answers = {
            "select datname": "postgres\n",
            "select format": "public.rows\nvannah_backup.canary\n",
            "select count": "21\n",
            "select extract(epoch from pg_last": "1796120000.5\n",
            "select to_regclass": "vannah_backup.canary\n",
            "select number": f"{row(1)}\n{row(2, at=self.newest)}\n",
            "select pg_last_wal_replay_lsn": "0/6000110\n",
        }
        return next((text for beginning, text in answers.items() if sql.startswith(beginning)), "Blocks scanned:  2800\n")


def run(module: Any, host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit status, and the evidence."""
    monkeypatch.setattr(module, "run", host)
    status = module.main("t", "1", "newest")
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("evidence: ")]
    evidence: dict[str, Any] = json.loads(line.removeprefix("evidence: "))
    assert not module.PLACE.exists(), "scratch is removed"
    return status, evidence


def test_a_newest_backup_with_old_data_proves_nothing(
    drill: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is as it was written, a month ago: no WAL has arrived since, or none is written."""
    host = Host(drill)
    host.newest = time.time() - 30 * 86400
    status, evidence = run(drill, host, monkeypatch, capsys)
    assert status != 0 and evidence["ok"] is False
    assert evidence["problems"] == [
        "the newest canary row is older than 2 hours: WAL does not arrive, or no row is written (pgbackrest-job canary)"
    ]


def test_a_drill(drill: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    host = Host(drill)
    status, found = run(drill, host, monkeypatch, capsys)
    assert (status, found["ok"], found["problems"]) == (0, True, [])
    assert (found["backup"], found["rows"], found["canary_rows"], found["pages"]) == ("20261201-101321F_20261201-101327I", 42, 2, 2800)
    assert {"rto_seconds", "rpo_seconds", "cpu_seconds", "newest_commit", "began", "ended"} <= set(found)
    (restore,) = [argv for argv in host.asked if argv[-1] == "restore"]
    assert "--process-max=1" in restore and "--set=20261201-101321F_20261201-101327I" in restore


@pytest.mark.parametrize(
    "broken",
    [
        {"restore": "error restoring '/x': actual checksum does not match"},
        {"pg_ctl": "could not start server"},
        {"pg_checksums": "checksum verification failed in file"},
    ],
)
def test_a_drill_that_fails(
    drill: Any, broken: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The evidence says why."""
    status, found = run(drill, Host(drill, **broken), monkeypatch, capsys)
    assert status == 1 and not found["ok"] and next(iter(broken.values())) in found["problems"][0]


def test_the_newest_segment(drill: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The recovery ends within it, whether or not it can be read to its end."""
    host = Host(drill)
    host.wal = b"its contenT"
    status, found = run(drill, host, monkeypatch, capsys)
    assert status == 1 and found["problems"] == [f"{WAL} differs from its checksum"]


def test_a_disk_that_is_too_small(drill: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is restored: a tenth of the disk stays free."""
    monkeypatch.setattr(drill, "RESERVE", 1.0)
    host = Host(drill)
    status, found = run(drill, host, monkeypatch, capsys)
    assert status == 1 and "MiB free; the drill needs" in found["problems"][0] and not any(argv[-1] == "restore" for argv in host.asked)
