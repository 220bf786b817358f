# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a repository can be restored from: what verify says and what it does not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from .recorded import INFO, VERIFY_FILE, VERIFY_OK, VERIFY_WAL

Program = Callable[[str, str], ModuleType]
NOW = 1796200000.0
HASH = "453410abb54baa9d7a10302e7da11966e408ff0e"


@pytest.fixture
def verify(program: Program) -> Any:
    return program("pgbackrest", "pgbackrest-verify")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (VERIFY_OK, []),
        (
            VERIFY_FILE,
            ["backup 20261201-101321F is invalid", "backup 20261201-101321F: 1 checksum invalid", "verify has reported the status error"],
        ),
        (VERIFY_WAL, ["archiveId 17-1: 1 other", "verify has reported the status error"]),
        ("", ["verify has reported the status none"]),
        ("stanza: t\nstatus: error\n", ["verify has reported the status error"]),
        (VERIFY_OK.replace("status: valid", "status: in-progress", 1), []),
        (
            f"{VERIFY_OK}2026-12-01 10:13:33.157 P00   WARN: no backups exist\n",
            ["2026-12-01 10:13:33.157 P00   WARN: no backups exist"],
        ),
    ],
)
def test_output(verify: Any, text: str, found: list[str]) -> None:
    """The exit status is 0 in each of them."""
    assert list(verify.verified(text)) == found


def segments(*names: str, written: float = 0) -> list[tuple[str, float]]:
    return [(f"17-1/{name[:16]}/{name}-{HASH}.zst", written) for name in names]


def wal(timeline: int, *numbers: int) -> list[str]:
    return [f"{timeline:08X}{number // 256:08X}{number % 256:08X}" for number in numbers]


@pytest.mark.parametrize(
    ("names", "begin", "found"),
    [
        (wal(1, 2, 3, 4), wal(1, 2), []),
        (wal(1, 1, 3, 4), wal(1, 3), []),  # before the oldest backup
        (wal(1, 2, 4, 5), wal(1, 2), ["000000010000000000000003"]),
        (wal(1, 3, 4), wal(1, 2), ["000000010000000000000002"]),
        (wal(1, 254, 255, 256, 257), wal(1, 254), []),  # from one log file to the next
        (wal(1, 254, 257), wal(1, 254), ["0000000100000000000000FF"]),
        ([*wal(1, 2, 3), *wal(2, 3, 4)], wal(1, 2), []),  # a failover
        ([*wal(1, 2, 3), *wal(2, 4, 5)], wal(1, 2), []),
        ([*wal(1, 2, 3), *wal(2, 5, 6)], wal(1, 2), ["000000020000000000000004"]),
        ([*wal(1, 2, 3, 4, 5, 6), *wal(2, 4, 5)], wal(1, 2), []),  # a restore to an earlier time
        ([*wal(1, 2, 5), *wal(2, 8, 9)], wal(2, 8), []),  # older timelines are not needed
    ],
)
def test_gaps(verify: Any, names: list[str], begin: list[str], found: list[str]) -> None:
    said = list(verify.gaps(segments(*names), [f"17-1/{name}" for name in begin], NOW))
    assert [text.rsplit(" from ", 1)[1].removesuffix(" on") for text in said] == found


def test_a_segment_that_is_on_its_way(verify: Any) -> None:
    """Two are archived at the same time, and the later one was faster."""
    names = segments(*wal(1, 2, 4), written=NOW - 60)
    assert list(verify.gaps(names, ["17-1/000000010000000000000002"], NOW)) == []
    assert list(verify.gaps(names, ["17-1/000000010000000000000002"], NOW + 600)) != []


def test_other_files_of_the_archive(verify: Any) -> None:
    names = [("17-1", 0.0), ("archive.info", 0.0), ("17-1/0000000100000000/000000010000000000000002.00000028.backup", 0.0)]
    assert list(verify.gaps([*names, *segments(*wal(1, 2, 3))], ["17-1/000000010000000000000002"], NOW)) == []


class Asked:
    """pgBackRest with a repository: path -> content, None where a file cannot be read."""

    def __init__(self, files: dict[str, bytes | None], listed: dict[str, Any], said: str = VERIFY_OK, status: int = 0) -> None:
        self.files, self.listed, self.said, self.status = files, listed, said, status

    def __call__(self, *arguments: str, repository: bool = True) -> tuple[int, bytes, str]:
        if "verify" in arguments:
            return self.status, self.said.encode(), ""
        if "info" in arguments:
            return 0, INFO.encode(), ""
        if "repo-ls" in arguments:
            return 0, json.dumps({name: one for name, one in self.listed.items() if name.startswith(("17-1", "2026"))}).encode(), ""
        content = self.files.get(arguments[-1])
        return (29, b"", "ERROR: [029]: unable to decrypt") if content is None else (0, content, "")


FULL, INCREMENTAL = "20261201-101321F", "20261201-101321F_20261201-101327I"
PATHS = ["archive/t/archive.info", "backup/t/backup.info", f"backup/t/{FULL}/backup.manifest", f"backup/t/{INCREMENTAL}/backup.manifest"]
FILES: dict[str, bytes | None] = {f"{path}{end}": path.encode() for path in PATHS for end in ("", ".copy")}
LISTED = {
    **{f"{label}/backup.manifest": {"type": "file"} for label in (FULL, INCREMENTAL)},
    **{name: {"type": "file", "time": written} for name, written in segments(*wal(1, 1, 2, 3, 4, 5, 6), written=1796120001)},
}


@pytest.mark.parametrize(
    ("files", "gone", "said", "found"),
    [
        ({}, None, VERIFY_OK, []),
        (
            {PATHS[1]: b"other"},
            None,
            VERIFY_OK,
            ["backup/t/backup.info and backup/t/backup.info.copy differ: one of them has a wrong byte"],
        ),
        ({f"{PATHS[0]}.copy": None}, None, VERIFY_OK, ["archive/t/archive.info.copy cannot be read: ERROR: [029]: unable to decrypt"]),
        (
            {PATHS[2]: None},
            None,
            VERIFY_FILE,
            [
                "backup 20261201-101321F is invalid",
                "backup 20261201-101321F: 1 checksum invalid",
                "verify has reported the status error",
                f"backup/t/{FULL}/backup.manifest cannot be read: ERROR: [029]: unable to decrypt",
            ],
        ),
        ({}, 4, VERIFY_OK, ["archive 17-1: WAL is missing, 1 x 16 MiB from 000000010000000000000004 on"]),
    ],
)
def test_all_of_it(
    verify: Any, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes | None], gone: int | None, said: str, found: list[str]
) -> None:
    listed = {name: one for name, one in LISTED.items() if gone is None or f"{gone:024X}"[-8:] not in name.split("-")[1][-8:]}
    repository = verify.Repository("t", "1")
    monkeypatch.setattr(repository, "ask", Asked({**FILES, **files}, listed, said))
    monkeypatch.setattr(repository, "kept_in_part", lambda: False)
    monkeypatch.setattr(verify.time, "time", lambda: NOW)
    assert list(verify.problems(repository)) == found


def test_a_verification_that_fails(verify: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit status is one for pgbackrest-job."""
    monkeypatch.setattr(verify.Repository, "ask", Asked(FILES, LISTED, "", 99))
    monkeypatch.setattr(verify.Repository, "kept_in_part", lambda _self: False)
    assert verify.main("t", "1") == 1
    assert "problem: verify ended with 99" in capsys.readouterr().out
