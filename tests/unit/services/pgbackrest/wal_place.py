# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAL of a repository with several timelines, and the programs that read it."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.archive import PLACE, crc32c

from tests.unit.lib.host import Programs

from .recorded import INFO

SIZE = 16 << 20
#: Lines as pg_waldump of PostgreSQL 15 prints them.
COMMIT = "rmgr: Transaction len (rec/tot):     34/    34, tx:        727, lsn: {lsn}, prev 0/030001B0, desc: COMMIT {at} UTC"
POINT = "rmgr: XLOG        len (rec/tot):     98/    98, tx:          0, lsn: {lsn}, prev 0/03000270, desc: RESTORE_POINT {name}"


def control() -> bytes:
    """A pg_control with its checksum."""
    text = struct.pack("=Q", 1) + bytes(range(200)) * 2
    return (text[:288] + struct.pack("=I", crc32c(text[:288]))).ljust(8192, b"\0")


class Wal:
    """What a repository has, and what is in it.

    The times are seconds after 2026-12-01 10:13:00 UTC, the recorded backups end at 24 and 29 there, at the segments 3 and 6.
    """

    BEGAN = 1796119980

    def __init__(self, ctx: Context, programs: Programs) -> None:
        self.ctx, self.programs = ctx, programs
        self.segments: dict[str, float] = {}
        self.histories: dict[int, str] = {}
        self.records: dict[int, list[tuple[int, str]]] = {}
        self.broken: set[str] = set()
        ctx.clock = lambda: self.BEGAN + 1000.0
        programs.on("info", out=INFO)
        programs.on("repo-ls", do=lambda _argv: Result(0, self.listing()))
        programs.on("repo-get", do=lambda argv: Result(0, self.histories[int(argv[-1].rpartition("/")[2][:8], 16)]))
        programs.on("install", do=self._folders)
        programs.on("rm", do=self._remove)
        programs.on("/pg/initdb", do=self._initdb)
        programs.on("archive-get", do=self._get)
        programs.on("/pg/pg_waldump", do=self._dump)

    def has(self, timeline: int, *positions: int) -> None:
        """Segments of a timeline, each archived 10 seconds after the one before."""
        for position in positions:
            self.segments[f"{timeline:08X}{position // 256:08X}{position % 256:08X}"] = self.BEGAN + 10.0 * position

    def commit(self, timeline: int, lsn: int, at: float) -> None:
        """A transaction."""
        self._record(timeline, lsn, COMMIT.format(lsn="{lsn}", at=f"2026-12-01 10:{13 + int(at // 60)}:{at % 60:09.6f}"))

    def point(self, timeline: int, lsn: int, name: str) -> None:
        """A restore point."""
        self._record(timeline, lsn, POINT.format(lsn="{lsn}", name=name))

    def _record(self, timeline: int, lsn: int, text: str) -> None:
        self.records.setdefault(timeline, []).append((lsn, text.format(lsn=f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:08X}")))

    def listing(self) -> str:
        """As repo-ls prints it."""
        files: dict[str, Any] = {".": {"type": "path"}}
        for name, written in self.segments.items():
            files[f"{name[:16]}/{name}-{hashlib.sha1(name.encode()).hexdigest()}.zst"] = {"type": "file", "time": int(written)}
        return json.dumps(files | {f"{number:08X}.history": {"type": "file", "time": 0} for number in self.histories})

    def _folders(self, argv: list[str]) -> Result:
        for path in argv[argv.index("--") + 1 :]:
            Path(self.ctx.path(path)).mkdir(parents=True, exist_ok=True)
        return Result(0)

    def _remove(self, argv: list[str]) -> Result:
        shutil.rmtree(argv[-1], ignore_errors=True)
        return Result(0)

    def _initdb(self, argv: list[str]) -> Result:
        (folder,) = [word.partition("=")[2] for word in argv if word.startswith("--pgdata=")]
        path = Path(self.ctx.path(folder), "global/pg_control")
        path.parent.mkdir(parents=True)
        path.write_bytes(control())
        return Result(0)

    def _get(self, argv: list[str]) -> Result:
        name, path = argv[-2:]
        data = [word.partition("=")[2] for word in argv if word.startswith("--pg1-path=")]
        text = Path(self.ctx.path(data[0]), "global/pg_control").read_bytes()
        assert struct.unpack_from("=Q", text)[0] == 7714274811782048251  # pgBackRest refuses another cluster
        Path(self.ctx.path(path)).write_text(name + ("?" if name in self.broken else ""), encoding="utf-8")
        return Result(0)

    def _dump(self, argv: list[str]) -> Result:
        given = dict(word[2:].split("=", 1) for word in argv[1:])
        begin, end = ((int(text[0], 16) << 32) + int(text[1], 16) for text in (given["start"].split("/"), given["end"].split("/")))
        mine = [text for lsn, text in sorted(self.records.get(int(given["timeline"]), [])) if begin <= lsn < end]
        assert all(Path(self.ctx.path(f"{PLACE}/wal/{name}")).exists() for name in self._between(int(given["timeline"]), begin, end))
        return Result(0, "\n".join(mine) + "\n")

    def _between(self, timeline: int, begin: int, end: int) -> list[str]:
        names = (f"{timeline:08X}{position // 256:08X}{position % 256:08X}" for position in range(begin // SIZE, -(-end // SIZE)))
        return [name for name in names if name in self.segments]
