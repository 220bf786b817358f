# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What backups there are, in lines for a person."""

from __future__ import annotations

from .plural import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..definition import Json as Item

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def of_tasks(tasks: dict[str, Item], now: float) -> list[list[str]]:
    """A row for each job: when it succeeded the last time, how long ago, how long it took, and how it ended."""
    rows = []
    for name, task in sorted(tasks.items()):
        took = counted(round(task["seconds"]), "second")
        since = age(now - task["succeeded"]) if task["succeeded"] else "-"
        result = "failed" if task["problem"] else "ok" if task["ended"] else "not yet"
        rows.append([name, stamp(task["succeeded"]), since, took, result])
    return rows


def aligned(rows: list[list[str]]) -> list[str]:
    """Lines with columns; a row may have fewer cells than others."""
    most = max((len(row) for row in rows), default=0)
    full = [[*row, *[""] * (most - len(row))] for row in rows]
    widths = [max(len(row[column]) for row in full) for column in range(most)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in full]


def age(seconds: float) -> str:
    """The larger one of days, hours and minutes."""
    for noun, length in (("day", 86400), ("hour", 3600)):
        if seconds >= length:
            return counted(int(seconds // length), noun)
    return counted(max(0, int(seconds // 60)), "minute")


def size(count: float) -> str:
    """Bytes with the unit that leaves less than 1024 of it."""
    for unit in UNITS:
        if count < 1024 or unit == UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def stamp(seconds: float) -> str:
    """A time in UTC; a job that never succeeded has none."""
    import time

    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds)) if seconds else "never"
