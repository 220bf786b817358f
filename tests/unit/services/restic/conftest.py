# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of cron, as tests run them."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "roles/restic/files"


def named(name: str) -> str:
    """What restic would call a snapshot."""
    return hashlib.sha256(name.encode()).hexdigest()


class Place:
    """A host in a folder, with a restic that answers what it was told.

    :ivar answers: command of restic -> (exit status, output), or what gives one from the words
    """

    def __init__(self, folder: Path, job: Any, shared: Any) -> None:
        self.folder, self.job, self.shared = folder, job, shared
        self.asked: list[list[str]] = []
        self.users: list[str] = []
        self.answers: dict[str, Any] = {"cat": (0, '{"version":2,"id":"first"}\n'), "snapshots": (0, "[]")}
        names = ("metrics", "state", "log", "lock", "scratch")
        for one in ("data", "place"):
            (folder / one).mkdir()
        (folder / "data/a.txt").write_text("a", encoding="utf-8")
        (folder / "key").write_text("k", encoding="utf-8")
        self.repository = {"name": "hosts/app1", "path": str(folder / "place/hosts/app1"), "password": str(folder / "key"), "user": ""}
        self.settings: dict[str, Any] = {
            **{name: str(folder / name) for name in names},
            "host": "app1",
            "canary": str(folder / "state/canary"),
            "repository": str(folder / "repository"),
            "password": str(folder / "key"),
            "authority": "/ca",
            "paths": [str(folder / "data")],
            "exclude": ["/x"],
            "repositories": [self.repository],
            "retention": {"days": 14, "weeks": 8, "months": 12},
            "place": str(folder / "place"),
            "drill_cpu": 50,
            "store": {"config": "/rclone.conf", "authority": "/ca", "buckets": ["images"]},
            "tasks": ["files", "drill", "check"],
            "limits": {"default": 5},
        }

    def run(self, argv: list[str], _limit: float, user: str) -> Any:
        """In place of a program."""
        self.asked.append(argv)
        self.users.append(user)
        known = [word for word in argv if word in self.answers]
        said = self.answers[known[0]] if known else (0, "")
        return self.shared.Ran(*(said(argv) if callable(said) else said))

    def main(self, program: Any, *words: str) -> int:
        configuration = self.folder / "job.json"
        configuration.write_text(json.dumps(self.settings), encoding="utf-8")
        return int(program.main(list(words), str(configuration)))

    def __call__(self, *words: str) -> int:
        return self.main(self.job, *words)

    def snapshot(self, name: str, received: float) -> None:
        """One that the server has received."""
        import os

        path = Path(self.repository["path"], "snapshots", named(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (received, received))

    def metrics(self) -> dict[str, float]:
        """Metric with its labels -> value."""
        text = (self.folder / "metrics/vannah_backup_restic.prom").read_text(encoding="utf-8")
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {what: float(value) for what, _space, value in lines}

    def commands(self) -> list[str]:
        """The commands of restic that were run."""
        known = {"cat", "init", "backup", "forget", "unlock", "check", "stats", "restore", "snapshots", "ls"}
        return [next(word for word in argv if word in known) for argv in self.asked if argv[0] == "restic"]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What the programs share."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import vannah_restic  # type: ignore[import-not-found]

    yield vannah_restic
    sys.modules.pop("vannah_restic", None)


@pytest.fixture
def job(program: Callable[[str, str], ModuleType], shared: Any) -> Any:
    assert shared
    return program("restic", "restic-job")


@pytest.fixture
def restorer(program: Callable[[str, str], ModuleType], shared: Any) -> Any:
    assert shared
    return program("restic", "restic-restore")


@pytest.fixture
def bucketer(program: Callable[[str, str], ModuleType], shared: Any) -> Any:
    assert shared
    return program("restic", "restic-objects")


@pytest.fixture
def place(tmp_path: Path, job: Any, shared: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path, job, shared)
    monkeypatch.setattr(job, "run", made.run)
    monkeypatch.setattr(shared, "run", made.run)
    monkeypatch.setattr(shared, "LOCKED", 0.01)
    return made
