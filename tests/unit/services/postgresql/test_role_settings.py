# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings are tried before Patroni is told them. What PostgreSQL says is recorded (17.12)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

LOCK = '2026-11-29 21:52:05.917 UTC [2699] FATAL:  could not create lock file "postmaster.pid": Permission denied\n'
LOG = '2026-11-29 21:52:06.649 GMT [2726] LOG:  skipping missing configuration file "/tmp/x/postgresql.auto.conf"\n'
VALUE = '2026-11-29 21:52:05.971 GMT [2700] FATAL:  invalid value for parameter "work_mem": "lots"\n'
RESERVED = 'postgres: "superuser_reserved_connections" (200) plus "reserved_connections" (0) must be less than "max_connections" (200)\n'
DETAIL = (
    '2026-11-29 21:52:06.507 GMT [2713] FATAL:  invalid value for parameter "synchronous_standby_names": "a b c ("\n'
    '2026-11-29 21:52:06.507 GMT [2713] DETAIL:  syntax error at or near "b"\n'
)
FOLDER = '2026-11-29 21:52:06.651 GMT [2726] FATAL:  "/tmp/x" is not a valid data directory\n'
MEMINFO = "MemTotal:        2097152 kB\nSwapTotal:       1048576 kB\nHugePages_Total:     100\nHugepagesize:       2048 kB\n"
RANGE = '2026-11-29 21:52:06.140 GMT [2703] FATAL:  1 ms is outside the valid range for parameter "bgwriter_delay" (10 ms .. 10000 ms)\n'
NAME = '2026-11-29 21:52:06.140 GMT [2703] FATAL:  unrecognized configuration parameter "{}"\n'


class Server:
    """A postgres that says one text after the other, and what it was asked with."""

    def __init__(self, *said: str) -> None:
        self.said = list(said)
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str], **more: Any) -> Any:
        self.asked.append([word for word in argv[5:] if word != "-c"])
        assert more["user"] == more["group"] == "postgres"
        text = self.said.pop(0)
        return subprocess.CompletedProcess(argv, 0, text, "") if text.strip().isdigit() else subprocess.CompletedProcess(argv, 1, "", text)


@pytest.fixture
def trial(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``trial(server, common, **own)``: the exit status with these settings, on a host with PostgreSQL 17."""
    module: Any = program("postgresql", "postgresql-settings")
    home = tmp_path / "17"
    (home / "bin").mkdir(parents=True)
    (home / "bin/postgres").touch()
    (home / "lib").mkdir()
    (home / "lib/pg_stat_statements.so").touch()
    monkeypatch.setattr(module, "own", lambda path: None)
    monkeypatch.setattr(module, "MEMINFO", str(tmp_path / "meminfo"))
    (tmp_path / "meminfo").write_text(MEMINFO, encoding="ascii")

    def _trial(server: Any, common: dict[str, Any] | None = None, **own: Any) -> int:
        monkeypatch.setattr(module.subprocess, "run", server)
        text = {"bootstrap": {"dcs": {"postgresql": {"parameters": common or {}}}}}
        text["postgresql"] = {"bin_dir": str(home / "bin"), "parameters": own}
        (tmp_path / "config.yml").write_text("# Written by a test\n" + yaml.safe_dump(text), encoding="utf-8")
        code: int = module.main(["check", str(tmp_path / "config.yml")])
        return code

    return _trial


def test_good_settings_of_cluster_and_member_are_tried_together(trial: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(LOG + LOCK)
    assert trial(server, {"max_connections": 200}, work_mem="4MB", gone=None, data_directory="/elsewhere") == 0
    assert server.asked == [["max_connections=200", "work_mem=4MB"]] and not capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (VALUE, 'invalid value for parameter "work_mem": "lots".'),
        (
            LOG + RESERVED,
            '"superuser_reserved_connections" (200) plus "reserved_connections" (0) must be less than "max_connections" (200).',
        ),
        (DETAIL, '"synchronous_standby_names": "a b c (" (syntax error at or near "b").'),
    ],
)
def test_settings_that_it_would_not_start_with(trial: Callable[..., int], capsys: pytest.CaptureFixture[str], said: str, why: str) -> None:
    assert trial(Server(said, LOCK), work_mem="lots", synchronous_standby_names="a b c (") == 1
    printed = capsys.readouterr().err
    assert why in printed and "Correct postgresql_settings" in printed and printed.count("\n") == 1


@pytest.mark.parametrize("said", ["", LOCK, FOLDER, LOG])
def test_what_is_not_about_the_settings_is_no_refusal(trial: Callable[..., int], said: str) -> None:
    assert trial(Server(said), work_mem="4MB") == 0


def test_unknown_names_are_left_out_as_patroni_does(trial: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """There is a warning of these later (patroni_hba.check)."""
    server = Server(NAME.format("no_such"), LOCK)
    assert trial(server, No_Such="1", work_mem="4MB") == 0
    assert server.asked == [["No_Such=1", "work_mem=4MB"], ["work_mem=4MB"]] and not capsys.readouterr().err


def test_every_error_is_told_at_once(trial: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """PostgreSQL ends at the first one, and would tell the next one after the next run."""
    server = Server(VALUE, NAME.format("no_such"), RANGE, RESERVED)
    own = {"work_mem": "lots", "no_such": "1", "bgwriter_delay": "1ms", "shared_preload_libraries": "pg_cron"}
    assert trial(server, {"max_connections": 200, "superuser_reserved_connections": 200}, **own) == 1
    printed = capsys.readouterr().err
    assert [len(words) for words in server.asked] == [6, 5, 4, 3]
    for why in (
        'parameter "work_mem": "lots"; 1 ms is outside',
        'must be less than "max_connections" (200); this host has no',
        "it has no setting no_such.",
    ):
        assert why in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        ("pg_stat_statements", False),
        ('"pg_stat_statements"', False),
        ("$libdir/pg_stat_statements", False),
        ("", False),
        ("pg_stat_statement", True),
        ("pg_stat_statements, pg_cron", True),
        ("/opt/x/y.so", True),
    ],
)
def test_libraries_have_to_be_there(trial: Callable[..., int], capsys: pytest.CaptureFixture[str], value: str, missing: bool) -> None:
    """PostgreSQL would look for them too late to be asked."""
    for name in ("shared_preload_libraries", "session_preload_libraries"):
        assert trial(Server(LOCK), **{name: value}) == missing
        assert (f"this host has no such library ({name}: " in capsys.readouterr().err) is missing


@pytest.mark.parametrize(
    ("megabytes", "own", "why"),
    [
        ("143\n", {}, ""),
        # shared_buffers of 900 GB: PostgreSQL 17.12 itself said so.
        ("938739\n", {}, "it would take 938739 MB of shared memory, and this host has 3072 MB of memory and swap (see shared_buffers)"),
        ("3072\n", {}, ""),
        ("143\n", {"huge_pages": "on"}, ""),
        ("143\n", {"huge_pages": "try"}, ""),
        ("201\n", {"Huge_Pages": "on"}, "it would take 201 MB of huge pages, and this host has reserved 200 MB"),
    ],
)
def test_more_memory_than_the_host_has(
    trial: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    megabytes: str,
    own: dict[str, str],
    why: str,
) -> None:
    """Such a server would be down after its restart: the kernel refuses the memory when it starts."""
    assert trial(Server(megabytes), **own) == (1 if why else 0)
    assert why in capsys.readouterr().err


def test_a_host_that_cannot_be_asked(trial: Callable[..., int]) -> None:
    def late(argv: list[str], **more: Any) -> None:
        raise subprocess.TimeoutExpired(argv, 60)

    assert trial(late, work_mem="4MB") == 0
