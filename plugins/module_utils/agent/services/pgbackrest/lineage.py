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


def number(lsn: str) -> int:
    """An LSN as a number of bytes."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def behind(replayed: str, archived: str) -> str:
    """Why a recovery to the newest WAL did not reach it; empty where it did.

    PostgreSQL takes WAL that cannot be read for the end of the WAL, and starts.

    :param replayed: the LSN up to which WAL was read
    :param archived: the newest segment of the timeline in the repository, of 16 MiB
    """
    wanted = int(archived[8:16], 16) * 256 + int(archived[16:24], 16)
    if (number(replayed) - 1) // (16 << 20) >= wanted:
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


def labels(kind: str, target: str, backups: list[Item], moment: float) -> list[str]:
    """The backups to begin with, the first choice first.

    pgBackRest knows no names: the newest backup may be from after the name, so that the older ones follow.

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
    chosen = [str(one["label"]) for one in reversed(able)]
    return chosen if kind == "name" else chosen[:1]
