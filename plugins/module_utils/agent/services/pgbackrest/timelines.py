# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which timeline a restore follows, from its target alone.

After a restore to an earlier point the newest timeline no longer has what was committed between that point and the restore: at a time in
between, the cluster was on the timeline that the restore left. PostgreSQL follows the newest one, and would end with an older state than
the one that was asked for. WAL says when which timeline was in use: each one begins with its first commit.
"""

from __future__ import annotations

from ...core.model import AgentError
from .lineage import SIZE, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .archive import Archive

FIRST = 1
CODE = "bad-target"


def all_of(archive: Archive) -> list[int]:
    """All timelines, the oldest first. A repository that was added later has no history of those that were left before."""
    return sorted({*archive.later, *archive.segments} or {FIRST})


def path_of(archive: Archive, timeline: int) -> list[tuple[int, int]]:
    """The timelines that lead to one, the oldest first, and that one; each with the LSN where it begins, as a number."""
    before = archive.ancestors(timeline)
    return list(zip((*before, timeline), (0, *(number(lsn) for lsn in before.values())), strict=True))


def newest_with(archive: Archive, timeline: int, lsn: int) -> int:
    """The newest timeline that has all of another one up to an LSN."""
    for one in reversed(all_of(archive)):
        before = archive.ancestors(one)
        if timeline in before and lsn <= number(before[timeline]):
            return one
    return timeline


def at_time(archive: Archive, moment: float) -> int:
    """The newest timeline with the state of the cluster at a time.

    :raises AgentError: ``wal-unreadable``
    """
    known = all_of(archive)
    current = known[0]
    for one in reversed(known[1:]):
        first = archive.first_commit(one, archive.begin(one))
        if first is not None and first <= moment:
            current = one
            break
    for one in reversed(known):
        before = archive.ancestors(one)
        if current in before:
            lost = archive.first_commit(current, number(before[current]))
            if lost is None or lost > moment:
                return one
    return current


def at_lsn(archive: Archive, target: str) -> int:
    """The newest timeline with an LSN.

    :raises AgentError: ``bad-target``: none has it, or different ones have different WAL there
    """
    places: dict[int, int] = {}
    for one in all_of(archive):
        place = place_of(archive, one, number(target))
        if place:
            places[place] = one
    if not places:
        raise AgentError(CODE, f"the repository has no WAL at {target} or after it. Fix: choose an earlier one, or restore_type=latest")
    if len(places) > 1:
        there = ", ".join(str(one) for one in sorted(places.values()))
        fix = f"use -e restore_timeline={max(places.values())} for the newest timeline, or another of {there}"
        raise AgentError(CODE, f"{target} is on several timelines, which have different data there. Fix: {fix}")
    return max(places.values())


def place_of(archive: Archive, timeline: int, lsn: int) -> int:
    """The timeline on which an LSN was written, where a restore along another one comes to it; 0: it does not."""
    path = path_of(archive, timeline)
    place = [one for one, begin in path if begin < lsn or one == path[0][0]][-1]
    reader = [one for one, begin in path if begin // SIZE <= lsn // SIZE][-1]
    if lsn // SIZE not in archive.segments.get(reader, {}):
        return 0
    return place if reader != timeline or archive.has_record(timeline, lsn) else 0


def with_point(archive: Archive, name: str, low: int, timeline: int, until: float) -> tuple[int, str]:
    """The newest timeline with a restore point, and its LSN. Of several with this name, the newest one.

    :param low: the end of the oldest backup
    :param timeline: the one to follow; 0: that is derived
    :raises AgentError: ``bad-target``, ``wal-unreadable``, ``search-too-long``
    """
    if timeline:
        path = path_of(archive, timeline)
        ends = [*(begin for _one, begin in path[1:]), 0]
        searched = [(one, end) for (one, _begin), end in zip(path, ends, strict=True)]
    else:
        searched = [(one, 0) for one in all_of(archive)]
    for one, end in reversed(searched):
        found = archive.points(one, name, low, end, until)
        if found:
            return timeline or newest_with(archive, one, number(found[0])), found[0]
    where = f"on the way to timeline {timeline}" if timeline else "of the repository"
    fix = "give the name as it was given to pg_create_restore_point, or restore_type=time"
    raise AgentError(CODE, f"no restore point with the name {name} is in the WAL {where}. Nothing was changed. Fix: {fix}")


def same_name(archive: Archive, timeline: int, name: str, low: int, lsn: str, until: float) -> str:
    """The LSN of an earlier restore point of the same name, at which the recovery would end; empty where there is none."""
    path = path_of(archive, timeline)
    ends = [*(begin for _one, begin in path[1:]), number(lsn)]
    for (one, _begin), end in reversed(list(zip(path, ends, strict=True))):
        found = archive.points(one, name, low, min(end, number(lsn)), until)
        if found:
            return found[0]
    return ""
