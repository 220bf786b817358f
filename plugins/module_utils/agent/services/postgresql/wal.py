# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The position of a stopped server's data: its timeline, and the end of its write-ahead log.

The control file has the last checkpoint only (pg_controldata(1)). Later records are in pg_wal, where pg_waldump(1) reads one after another
until one is not valid. https://www.postgresql.org/docs/17/wal-internals.html
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...core.model import Context
    from .types import Position

SEGMENT = re.compile(r"[0-9A-F]{24}")
#: Where a reader of the log stopped, in the messages of pg_waldump 15 to 17.
END = re.compile(r"(?:at|LSN) ([0-9A-F]+/[0-9A-F]+)")
#: Seconds to read a log of some gigabytes.
PATIENCE = 120


def position(ctx: Context, directory: str, programs: str) -> Position | None:
    """``timeline`` (a number) and ``lsn`` (``0/1BB51B8``); None where the data say neither.

    :param directory: the data directory
    :param programs: folder of PostgreSQL's programs
    """
    from ...host.facts import listed

    told = ctx.run([f"{programs}/pg_controldata", "-D", directory], env={"LC_ALL": "C"}, check=False, timeout=20)
    control = parse_control(told.out)
    if told.rc != 0 or control is None:
        return None
    log = f"{directory}/pg_wal"
    segments = sorted(name for name in listed(ctx.path(log)) if SEGMENT.fullmatch(name))
    timeline, start = where(control, segments)
    argv = [f"{programs}/pg_waldump", "--quiet", f"--path={log}", f"--timeline={timeline}", f"--start={start}"]
    read = ctx.run(argv, env={"LC_ALL": "C"}, check=False, timeout=PATIENCE)
    return {"timeline": timeline, "lsn": end(read.err) or start}


def parse_control(text: str) -> dict[str, str] | None:
    """``redo``, ``timeline``, ``recovered_timeline`` and ``segment`` (bytes) of pg_controldata; None where one is missing."""
    found = {name.strip(): value.strip() for name, _colon, value in (line.partition(":") for line in text.splitlines())}
    try:
        return {
            "redo": found["Latest checkpoint's REDO location"],
            "timeline": found["Latest checkpoint's TimeLineID"],
            "recovered_timeline": found["Min recovery ending loc's timeline"],
            "segment": found["Bytes per WAL segment"],
        }
    except KeyError:
        return None


def where(control: dict[str, str], segments: Iterable[str]) -> tuple[int, str]:
    """The newest timeline, and from where on its log is read: from the checkpoint, or where the timeline begins after that.

    :param segments: names of files in pg_wal
    """
    numbers = [int(control["timeline"]), int(control["recovered_timeline"]), *(int(name[:8], 16) for name in segments)]
    timeline, size = max(numbers), int(control["segment"])
    mine = sorted(int(name[8:16], 16) * (1 << 32) + int(name[16:], 16) * size for name in segments if int(name[:8], 16) == timeline)
    redo = number(control["redo"])
    if mine and not mine[0] <= redo < mine[-1] + size:
        return timeline, text(mine[0])
    return timeline, control["redo"]


def end(messages: str) -> str:
    """Where pg_waldump stopped; empty where it does not say."""
    found = END.findall(messages)
    return found[-1] if found else ""


def number(lsn: str) -> int:
    """``0/1BB51B8`` as a number."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def text(position: int) -> str:
    """A number as ``0/1BB51B8``."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
