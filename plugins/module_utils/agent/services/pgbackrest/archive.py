# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WAL of a cluster in a repository: which segments there are, and which records are in them.

pgBackRest restores to whatever target it is given, and PostgreSQL reports only at the end of the recovery that it never came to it. Here
the target is looked for before anything is stopped. archive-get wants the pg_control of the cluster, and the backup server has none: one is
made by initdb, and gets the system identifier of the repository.
"""

from __future__ import annotations

import os
import re

from ...core import waiting
from ...core.model import AgentError
from .lineage import SIZE, ancestors, name_of, number
from .program import USER, first_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from .program import Program

CODE = "wal-unreadable"
PLACE = "/var/lib/postgresql/vannah-wal"
_SEGMENT = re.compile(r"[0-9A-F]{16}/([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})-([0-9a-f]{40})(?:\.\w+)?")
_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
#: Lines of pg_waldump (src/backend/access/rmgrdesc/xactdesc.c, xlogdesc.c); in UTC, as Context.run sets TZ.
_RECORD = re.compile(r"lsn: ([0-9A-F]+/[0-9A-F]+), .*? desc: (.*)")
_COMMIT = re.compile(r"COMMIT(?:_PREPARED)? (?:\d+: )?(\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC")
#: Where pg_waldump could not read further: "error in WAL record at 0/3000138: ...", "could not find a valid record after 0/3000900".
_WHERE = re.compile(r"(?:record at|record after) ([0-9A-F]+/[0-9A-F]+)")
_POINT = "RESTORE_POINT "
#: Segments that are read at a time, and bytes of the one after them, in which their last record may end.
BATCH, BEYOND = 16, 1 << 20
#: Offset of the checksum of pg_control: it depends on the version, and is looked for in this range.
_FROM, _TO = 200, 480


class Archive:
    """The archive of one cluster.

    :param identity: ID of the archive, as ``info`` names it, such as ``17-1``
    :param programs: folder of PostgreSQL's programs
    :param system: system identifier of the cluster
    :ivar segments: timeline -> number of the segment -> SHA-1 of its content, and when it was written
    :ivar later: timelines that began after another one, in order
    """

    def __init__(self, ctx: Context, program: Program, repository: int, identity: str, programs: str, system: str) -> None:
        self._ctx, self._program, self._repository, self._identity = ctx, program, repository, identity
        self._programs, self._system = programs, system
        self._made = False
        self._fetched: list[str] = []
        self._ancestors: dict[int, dict[int, str]] = {}
        self.segments: dict[int, dict[int, tuple[str, float]]] = {}
        self.later: list[int] = []
        for name, written in (program.listed(repository, identity) if identity else {}).items():
            found = _SEGMENT.fullmatch(name)
            if found:
                position = int(found[2], 16) * 256 + int(found[3], 16)
                self.segments.setdefault(int(found[1], 16), {})[position] = (found[4], written)
            elif _HISTORY.fullmatch(name):
                self.later.append(int(name[:8], 16))
        self.later.sort()

    def ancestors(self, timeline: int) -> dict[int, str]:
        """The timelines before one, the oldest first -> LSN where the next one left it."""
        if timeline not in self.later:
            return {}
        if timeline not in self._ancestors:
            self._ancestors[timeline] = ancestors(self._program.history(self._repository, self._identity, timeline))
        return self._ancestors[timeline]

    def begin(self, timeline: int) -> int:
        """Where a timeline left the one before it, as a number of bytes."""
        before = self.ancestors(timeline)
        return number(before[max(before)]) if before else 0

    def newest(self, timeline: int) -> str:
        """The newest segment of a timeline; empty where it has none."""
        mine = self.segments.get(timeline)
        return name_of(timeline, max(mine)) if mine else ""

    def require_newest(self, timeline: int) -> None:
        """Refuse a newest segment whose content is not what was archived: PostgreSQL would take the wrong byte for the end of the WAL.

        :raises AgentError: ``wal-unreadable``
        """
        import hashlib

        mine = self.segments.get(timeline)
        if not mine:
            return
        position = max(mine)
        path = self._fetch(name_of(timeline, position))
        digest = hashlib.sha1(usedforsecurity=False)
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != mine[position][0]:
            raise _unreadable(f"{name_of(timeline, position)} differs from its checksum")

    def first_commit(self, timeline: int, after: int) -> float | None:
        """When the first transaction on a timeline committed after an LSN; None where none did.

        :raises AgentError: ``wal-unreadable``
        """
        for batch in self._batches(timeline, after // SIZE):
            for lsn, text in self._records(timeline, batch, after):
                found = _COMMIT.match(text)
                if found and number(lsn) >= after:
                    return _seconds(found[1])
        return None

    def has_record(self, timeline: int, lsn: int) -> bool:
        """Whether there is a record at an LSN or after it on the timeline."""
        mine = self.segments.get(timeline, {})
        if not mine or lsn >= (max(mine) + 1) * SIZE:
            return False
        if lsn < max(mine) * SIZE:
            return True
        return any(number(found) >= lsn for found, _text in self._records(timeline, [max(mine)], lsn, every=True))

    def points(self, timeline: int, name: str, low: int, high: int, until: float) -> list[str]:
        """LSN of the restore points of a name on a timeline itself, the newest first; the search ends with the segments that have one.

        :param low: begin here, as a number of bytes
        :param high: end before this one; 0: with the newest WAL
        :param until: monotonic time at which the search is given up
        :raises AgentError: ``wal-unreadable``, ``search-too-long``
        """
        import time

        begin = max(low, self.begin(timeline))
        for batch in reversed(list(self._batches(timeline, begin // SIZE, (high // SIZE) if high else None))):
            if time.monotonic() > until:
                fix = "use -e restore_wait=SECONDS, or restore_type=time or lsn, which need no search"
                raise AgentError("search-too-long", f"the restore point {name} was not found in time. Nothing was changed. Fix: {fix}")
            what = f"the restore point {name} to be found in {name_of(timeline, batch[0])}"
            waiting.tell(self._ctx, what, self._ctx.now(), max(0.0, until - time.monotonic()), "")
            found = [lsn for lsn, text in self._records(timeline, batch, begin) if text == _POINT + name]
            found = [lsn for lsn in dict.fromkeys(found) if number(lsn) >= begin and (not high or number(lsn) < high)]
            if found:
                return found[::-1]
        return []

    def close(self) -> None:
        """Remove what was read."""
        if self._made:
            self._ctx.run(["rm", "-rf", "--", self._ctx.path(PLACE)], timeout=600)
            self._made = False

    def _batches(self, timeline: int, low: int, high: int | None = None) -> list[list[int]]:
        """Numbers of the segments of a timeline from one on, without a gap in a batch."""
        found: list[list[int]] = []
        for position in sorted(self.segments.get(timeline, {})):
            if position < low or (high is not None and position > high):
                continue
            if found and found[-1][-1] == position - 1 and len(found[-1]) < BATCH:
                found[-1].append(position)
            else:
                found.append([position])
        return found

    def _records(self, timeline: int, batch: list[int], begin: int, *, every: bool = False) -> list[tuple[str, str]]:
        """LSN and text of the records that begin in segments.

        :param every: of all kinds, and only the first one
        :raises AgentError: ``wal-unreadable``
        """
        mine = self.segments[timeline]
        follows = batch[-1] + 1 in mine
        wanted = [name_of(timeline, position) for position in (*batch, *([batch[-1] + 1] if follows else []))]
        for name in [name for name in self._fetched if name not in wanted]:
            os.unlink(self._ctx.path(f"{PLACE}/wal/{name}"))
            self._fetched.remove(name)
        for name in wanted:
            self._fetch(name)
        first, end = max(begin, batch[0] * SIZE), (batch[-1] + 1) * SIZE + (BEYOND if follows else 0)
        argv = [f"{self._programs}/pg_waldump", f"--path={PLACE}/wal", f"--timeline={timeline}"]
        argv += [f"--start={_lsn(first)}", f"--end={_lsn(end)}", *(["--limit=1"] if every else ["--rmgr=XLOG", "--rmgr=Transaction"])]
        ran = self._ctx.run(argv, user=USER, check=False, timeout=600)
        said = (ran.err.strip().splitlines() or [f"pg_waldump ended with {ran.rc}"])[-1]
        where = _WHERE.search(said)
        # The last record of the newest segment may end in one that is not archived yet.
        if ran.rc and (follows or not where or number(where[1]) // SIZE != batch[-1]):
            raise _unreadable(f"{name_of(timeline, batch[0])} or one of the {len(wanted) - 1} segments after it: {said[:200]}")
        return [(found[1], found[2]) for line in ran.out.splitlines() if (found := _RECORD.search(line))]

    def _fetch(self, name: str) -> str:
        """The path of a segment that was read from the repository."""
        path = f"{PLACE}/wal/{name}"
        if name in self._fetched:
            return self._ctx.path(path)
        self._make()
        ran = self._program.fetch(self._repository, f"{PLACE}/data", name, path)
        if ran.rc:
            raise _unreadable(f"{name}: {first_error(ran)}")
        self._fetched.append(name)
        return self._ctx.path(path)

    def _make(self) -> None:
        """A folder with the pg_control of a cluster that has the repository's system identifier."""
        if self._made:
            return
        ctx, data = self._ctx, f"{PLACE}/data"
        ctx.run(["rm", "-rf", "--", ctx.path(PLACE)], timeout=600)
        self._made = True
        ctx.run(["install", "-d", "-m", "0700", "-o", USER, "-g", USER, "--", PLACE, f"{PLACE}/wal"])
        options = ["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=peer"]
        ctx.run([f"{self._programs}/initdb", *options, f"--pgdata={data}"], user=USER, timeout=120)
        path = ctx.path(f"{data}/global/pg_control")
        with open(path, "r+b") as file:
            text = named(file.read(), int(self._system))
            file.seek(0)
            file.write(text)


def named(control: bytes, system: int) -> bytes:
    """A pg_control with another system identifier: its first eight bytes, and its checksum (CRC-32C of all before it).

    :raises AgentError: ``wal-unreadable``: this version has another form
    """
    import struct

    for offset in range(_FROM, min(_TO, len(control) - 4), 4):
        if struct.unpack_from("=I", control, offset)[0] == crc32c(control[:offset]):
            begin = struct.pack("=Q", system) + control[8:offset]
            return begin + struct.pack("=I", crc32c(begin)) + control[offset + 4 :]
    raise _unreadable("pg_control of this version of PostgreSQL has no checksum where one is expected")


def crc32c(text: bytes) -> int:
    """CRC-32C, as PostgreSQL computes it (src/port/pg_crc32c_sb8.c)."""
    value = 0xFFFFFFFF
    for byte in text:
        value ^= byte
        for _bit in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _lsn(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def _seconds(stamp: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(f"{stamp}+00:00").timestamp()


def _unreadable(what: str) -> AgentError:
    fix = "verify the repository (pgbackrest-job verify verify 1 on the backup server); restore_type=time with an earlier time, "
    text = f"WAL of the repository cannot be read: {what}. Nothing was changed. Fix: {fix}"
    return AgentError(CODE, f"{text}restore_timeline, or the other repository (restore_repository)")
