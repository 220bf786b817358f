# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backup a restore begins with, once there are several timelines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest import lineage

#: As PostgreSQL 17 writes it: a restore to 0/9000148, then Patroni's start, then another restore.
HISTORY = """1\t0/9000148\tbefore 2026-12-01 13:23:19.812+00

2\t0/B000000\tno recovery target specified

3\t0/E0001C0\tbefore 2026-12-01 13:40:00+00
"""


def backup(label: str, timeline: int, stop: str, ended: float) -> dict[str, Any]:
    """A backup as ``info`` has it."""
    return {
        "label": label,
        "archive": {"start": f"{timeline:08X}0000000000000001"},
        "lsn": {"start": "0/0", "stop": stop},
        "timestamp": {"start": ended - 1, "stop": ended},
    }


FULL = backup("full", 1, "0/3000050", 100.0)
#: Made just before the first restore, and so after the point that it went back to.
LAST = backup("last", 1, "0/A000050", 200.0)
FIRST = backup("first", 3, "0/C000050", 300.0)
BACKUPS = [FULL, LAST, FIRST]
BEFORE = lineage.ancestors(HISTORY)


def test_a_history() -> None:
    assert BEFORE == {1: "0/9000148", 2: "0/B000000", 3: "0/E0001C0"}


@pytest.mark.parametrize(
    ("timeline", "before", "able"),
    [
        (1, {}, [FULL, LAST]),
        (3, {1: "0/9000148", 2: "0/B000000"}, [FULL, FIRST]),
        (4, BEFORE, [FULL, FIRST]),
        (2, {1: "0/9000148"}, [FULL]),
        (4, {1: "0/9000148", 2: "0/B000000", 3: "0/C00004F"}, [FULL]),
    ],
)
def test_backups_that_lead_to_a_timeline(timeline: int, before: dict[int, str], able: list[Any]) -> None:
    assert lineage.leading(BACKUPS, timeline, before) == able


@pytest.mark.parametrize(
    ("kind", "given", "moment", "found"),
    [
        ("latest", "", 0.0, FIRST),
        ("time", "-", 250.0, FULL),
        ("time", "-", 300.0, FIRST),
        ("lsn", "0/C000050", 0.0, FIRST),
        ("lsn", "0/C00004F", 0.0, FULL),
    ],
)
def test_the_backup_to_begin_with(kind: str, given: str, moment: float, found: dict[str, Any]) -> None:
    """The newest before the target."""
    assert lineage.newest_before(kind, given, [FULL, FIRST], moment) == found


@pytest.mark.parametrize(
    ("begin", "end", "missing"),
    [
        (1, 3, []),
        (1, 6, []),
        (1, 7, [(2, 7)]),
        (0, 2, [(1, 0)]),
    ],
)
def test_segments_that_are_missing(begin: int, end: int, missing: list[tuple[int, int]]) -> None:
    """Timeline 2 begins within the segment 4, of which it has a copy; those that timeline 1 wrote later do not count."""
    known = ("", 0.0)
    segments = {1: dict.fromkeys((1, 2, 3, 4, 5, 7), known), 2: dict.fromkeys((4, 5, 6), known)}
    assert lineage.missing(segments, [(1, 0), (2, (4 << 24) + 80)], begin, end) == missing


def test_no_backup_before_the_target() -> None:
    with pytest.raises(AgentError, match="Fix: use a later target") as error:
        lineage.newest_before("time", "-", [FIRST], 299.0)
    assert error.value.code == "no-backup"
