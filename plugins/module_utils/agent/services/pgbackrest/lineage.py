# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups lead to a timeline, and which of them a restore begins with.

Each restore of the cluster to an earlier point, and each failover, begins a new timeline. A backup made after the point where the
timeline left its predecessor does not lead to it: PostgreSQL refuses it ("requested timeline is not a child of this server's history").
pgBackRest chooses a backup by its time alone, so it would take the one that was made last before the restore.
"""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...definition import Json as Item


LATEST = "latest"
#: Bytes of a segment of WAL.
SIZE = 16 << 20


def number(lsn: str) -> int:
    """An LSN as a number of bytes."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def name_of(timeline: int, position: int) -> str:
    """The name of a segment, by its number on the timeline."""
    return f"{timeline:08X}{position // 256:08X}{position % 256:08X}"


def position_of(segment: str) -> int:
    """The number of a segment on its timeline."""
    return int(segment[8:16], 16) * 256 + int(segment[16:24], 16)


def behind(replayed: str, archived: str) -> str:
    """Why a recovery to the newest WAL did not reach it; empty where it did.

    PostgreSQL takes WAL that cannot be read for the end of the WAL, and starts.

    :param replayed: the LSN up to which WAL was read
    :param archived: the newest segment of the timeline in the repository, of 16 MiB
    """
    if (number(replayed) - 1) // SIZE >= position_of(archived):
        return ""
    return f"the recovery ended at {replayed}, before {archived}, the newest WAL of the repository"


def ancestors(text: str) -> dict[int, str]:
    """A history file: timeline -> LSN where the next one left it.

    A line has number, LSN and reason: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES.
    """
    found = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and words[0].isdigit() and "/" in words[1]:
            found[int(words[0])] = words[1]
    return found


def leading(backups: list[Item], timeline: int, before: dict[int, str]) -> list[Item]:
    """The backups that lead to a timeline, the oldest first.

    :param backups: of ``info --output=json``
    :param before: :func:`ancestors` of the timeline
    """
    found = []
    for one in backups:
        its = int(str((one.get("archive") or {}).get("start") or "0" * 24)[:8], 16)
        stop = (one.get("lsn") or {}).get("stop")
        if its == timeline or (its in before and stop and number(stop) <= number(before[its])):
            found.append(one)
    return found


def newest_before(kind: str, target: str, backups: list[Item], moment: float) -> Item:
    """The backup that a restore begins with: the newest one that ended before the target.

    :param kind: ``latest``, ``time`` or ``lsn``; a name is given as its LSN
    :param backups: :func:`leading`
    :param moment: the target as seconds since the epoch, where it is a time
    :raises AgentError: ``no-backup``
    """
    able = backups
    if kind == "time":
        able = [one for one in backups if float(one["timestamp"]["stop"]) <= moment]
    elif kind == "lsn":
        able = [one for one in backups if (one.get("lsn") or {}).get("stop") and number(one["lsn"]["stop"]) <= number(target)]
    if not able:
        fix = "use a later target, or -e restore_timeline=NUMBER for an earlier timeline"
        raise AgentError("no-backup", f"no backup before this target leads to the timeline. Fix: {fix}")
    return able[-1]


def missing(segments: dict[int, dict[int, tuple[str, float]]], path: list[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    """Segments that a recovery needs and that are not there: timeline and number.

    :param segments: timeline -> number -> what is known of the segment
    :param path: timelines that are followed, the oldest first, with the LSN where each begins
    :param begin: number of the first segment
    :param end: number of the last one
    """
    found = []
    for position in range(begin, end + 1):
        # The newest timeline that has begun by then: its first segment has a copy of what the one before it wrote there.
        timeline = [one for one, at in path if at // SIZE <= position][-1]
        if position not in segments.get(timeline, {}):
            found.append((timeline, position))
    return found
