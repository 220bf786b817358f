# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a folder, on which the jobs of cron run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .recorded import INFO

#: What a drill prints.
EVIDENCE: dict[str, Any] = {
    "repository": 1,
    "ended": 1796120100.5,
    "rto_seconds": 12.5,
    "rpo_seconds": 3.25,
    "rows": 7,
    "ok": True,
    "problems": [],
}


class Place:
    """A server in a folder, with a pgbackrest that answers what it was told."""

    def __init__(self, folder: Path, module: Any) -> None:
        self.folder, self.module = folder, module
        self.asked: list[list[str]] = []
        self.answers: dict[str, list[Any]] = {"info": [(0, INFO)], "backup": [(0, "P00   INFO: new backup label\n")], "verify": [(0, "")]}
        (folder / "wal/archive_status").mkdir(parents=True)
        (folder / "repository").mkdir()
        self.answers["drill"] = [(0, f"evidence: {json.dumps(EVIDENCE)}\n")]
        self.answers["psql"] = [(0, "")]
        limits = {"default": 5, "status": 5, "verify": 5}
        folders = {name: str(folder / name) for name in ("metrics", "state", "log", "lock", "wal", "repository")}
        settings = {
            "stanza": "t",
            "repositories": [1],
            "tasks": ["full", "drill"],
            "verify": "/verify",
            "drill": "/drill",
            "drill_cpu": 50,
            "socket": ["/s", 5],
            "limits": limits,
            "user": "",
            **folders,
        }
        self.configuration = folder / "job.json"
        self.configuration.write_text(json.dumps(settings), encoding="utf-8")

    def run(self, argv: list[str], _limit: float, _user: str) -> Any:
        """In place of a program."""
        self.asked.append(argv)
        name = {"/verify": "verify", "systemd-run": "drill", "psql": "psql"}.get(argv[0], argv[-1])
        said = self.answers[name]
        return self.module.Ran(*(said.pop(0) if len(said) > 1 else said[0]))

    def __call__(self, *words: str) -> int:
        return int(self.module.main(list(words), str(self.configuration)))

    def metrics(self, name: str = "vannah_backup_pgbackrest.prom") -> dict[str, float]:
        """Metric with its labels -> value, without the stanza."""
        text = (self.folder / "metrics" / name).read_text(encoding="utf-8")
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {what.replace('stanza="t",', "").replace('stanza="t"', ""): float(value) for what, _space, value in lines}
