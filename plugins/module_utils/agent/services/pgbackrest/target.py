# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore ends: the newest WAL, a time, a position in the WAL, or a named restore point."""

from __future__ import annotations

import re

from ...core.model import AgentError
from . import timelines
from .archive import Archive
from .lineage import LATEST, SIZE, leading, missing, name_of, newest_before, number, position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from ...core.model import Context
    from ...definition import Json as Item
    from .program import Program


_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
CODE = "bad-target"
#: To the newest WAL.
ALL = "--type=default"
EXAMPLES = {"time": "2026-12-01 10:15:00+00", "lsn": "0/5A000028", "name": "before_migration"}


class Chosen:
    """How a restore is done.

    :ivar options: of pgBackRest
    :ivar label: the backup to begin with
    :ivar timeline: number of the timeline that is followed
    :ivar newest: number of the newest timeline
    :ivar bytes: size of the backup when it is restored
    :ivar archived: the newest segment of the timeline; empty where it has none, or where it differs from its checksum
    :ivar system: system identifier of the cluster in the repository
    """

    def __init__(self, said: list[str], backup: Item, timeline: int, newest: int, system: str, archived: str) -> None:
        self.label, self.bytes = str(backup["label"]), int(backup["info"]["size"])
        self.timeline, self.newest = timeline, newest
        self.system, self.archived = system, archived
        self.options = [*said, *([f"--target-timeline={timeline}"] if timeline != newest else [])]

    def attempts(self, ended: bool) -> list[list[str]]:
        """The options of the restore; the second ones are for a recovery that ended before the time.

        PostgreSQL has reached a time when it sees a later commit. Where all WAL of the timeline is archived and has none, all of it is
        meant. Without the newest segment nothing would tell that end from a segment that cannot be read.

        :param ended: nothing is added to the timeline: the cluster is stopped
        """
        first = [*self.options, f"--set={self.label}"]
        if self.archived and "--type=time" in self.options and (ended or self.timeline != self.newest):
            return [first, [ALL, *(word for word in first if word.startswith(("--set=", "--target-timeline=")))]]
        return [first]


def choose(ctx: Context, program: Program, params: Item) -> Chosen:
    """What a restore begins and ends with. The target is proven to be in the repository.

    :param params: ``repository``, ``type``, ``target``, ``timeline`` (a number, ``latest``, or empty: derived from the target),
        ``programs``, ``wait``
    :raises AgentError: ``bad-target``, ``no-backup``, ``pgbackrest-failed``, ``wal-unreadable``, ``search-too-long``
    """
    known, repository = program.info() or {}, params["repository"]
    mine = [one for one in known.get("backup") or [] if int(one["database"]["repo-key"]) == repository]
    said = options(params["type"], params["target"], mine, ctx.now())
    newest = mine[-1]["database"]["id"]
    mine = [one for one in mine if one["database"]["id"] == newest]
    identity = next((str(one["id"]) for one in known.get("archive") or [] if one["database"] == {"id": newest, "repo-key": repository}), "")
    system = next((str(one["system-id"]) for one in known.get("db") or [] if one["id"] == newest), "")
    archive = Archive(ctx, program, repository, identity, params["programs"], system)
    try:
        return _proven(archive, params, said, mine, system)
    finally:
        archive.close()


def _proven(archive: Archive, params: Item, said: list[str], backups: list[Item], system: str) -> Chosen:
    import time

    kind, given, until = params["type"], params["target"], time.monotonic() + params["wait"]
    moment = _moment(given).timestamp() if kind == "time" else 0.0
    timeline, lsn = _named_timeline(archive, str(params["timeline"])), given if kind == "lsn" else ""
    if kind == "name":
        low = min(number((one.get("lsn") or {}).get("stop") or "0/0") for one in backups)
        timeline, lsn = timelines.with_point(archive, given, low, timeline, until)
    elif kind == "lsn" and not timeline:
        timeline = timelines.at_lsn(archive, given)
    elif kind == "lsn" and not timelines.place_of(archive, timeline, number(given)):
        raise AgentError(CODE, f"timeline {timeline} has no WAL at {given} or after it. Fix: choose an earlier one, or restore_type=latest")
    elif kind == "time" and not timeline:
        timeline = timelines.at_time(archive, moment)
    newest = timelines.all_of(archive)[-1]
    timeline = timeline or newest
    able = leading(backups, timeline, archive.ancestors(timeline))
    backup = newest_before("lsn" if lsn else kind, lsn, able, moment)
    if kind == "name":
        start = number((backup.get("lsn") or {}).get("start") or "0/0")
        other = timelines.same_name(archive, timeline, given, start, lsn, until)
        if other:
            fix = f"use -e restore_type=lsn -e restore_target={lsn} for the newer one, or {other}"
            raise AgentError(CODE, f"there are two restore points with the name {given} after the backup {backup['label']}. Fix: {fix}")
    archived = archive.newest(timeline)
    _require_wal(archive, timeline, backup, lsn, moment)
    if archived and kind in ("latest", "time"):
        try:
            archive.require_newest(timeline)
        except AgentError:
            if kind == "latest":
                raise
            archived = ""  # what comes before it can be restored
    return Chosen(said, backup, timeline, newest, system, archived)


def _named_timeline(archive: Archive, wanted: str) -> int:
    """The timeline that was asked for; 0 where that is derived from the target."""
    known = timelines.all_of(archive)
    if not wanted:
        return 0
    if wanted == LATEST:
        return known[-1]
    if not wanted.isdigit() or int(wanted) not in known:
        there = ", ".join(str(one) for one in known)
        raise AgentError(CODE, f"restore_timeline={wanted} is not in the repository. Fix: use {LATEST}, or one of {there}")
    return int(wanted)


def _require_wal(archive: Archive, timeline: int, backup: Item, lsn: str, moment: float) -> None:
    """Refuse where WAL between the backup and the target is missing.

    :raises AgentError: ``wal-missing``
    """
    path, begin = timelines.path_of(archive, timeline), position_of(str(backup["archive"]["start"]))
    own = archive.segments.get(timeline)
    end = number(lsn) // SIZE if lsn else max(own) if own else path[-1][1] // SIZE - 1
    end = max(end, position_of(str(backup["archive"]["stop"])))  # without which the backup itself cannot be restored
    for one, position in missing(archive.segments, path, begin, end):
        before = archive.segments.get(one, {}).get(position - 1)
        if moment and before and before[1] > moment:
            return  # what was committed until then was archived before
        text = f"the segment {name_of(one, position)} between the backup {backup['label']} and the target is not in the repository"
        raise AgentError(
            "wal-missing", f"{text}. Nothing was changed. Fix: choose a target before it, or the other repository (restore_repository)"
        )


def options(kind: str, target: str, backups: list[Item], now: float) -> list[str]:
    """What pgBackRest is told of the target.

    :param kind: ``latest``, ``time``, ``lsn`` or ``name``
    :param target: a time with its zone (without one: UTC), an LSN, or a name
    :param backups: of ``info --output=json``, those of the repository, the oldest first
    :raises AgentError: ``bad-target``, ``no-backup``
    """
    if not backups:
        raise AgentError("no-backup", "the repository has no backup to restore. Fix: run playbooks/backup/now.yml, or another repository")
    if kind == "latest":
        if target:
            raise AgentError(CODE, "the newest WAL needs no target. Fix: leave the target out, or restore_type=time, lsn or name")
        return [ALL]
    if not target:
        raise AgentError(CODE, f"restore_type={kind} needs a target. Fix: set restore_target='{EXAMPLES[kind]}'")
    if kind == "time":
        return ["--type=time", f"--target={_time(target, backups, now)}", "--target-action=promote"]
    if kind == "lsn":
        if not _LSN.fullmatch(target):
            raise AgentError(CODE, f"{target!r} is not a position in the WAL. Fix: write one such as {EXAMPLES['lsn']}")
        first = backups[0].get("lsn") or {}
        if first.get("stop") and number(target) < number(first["stop"]):
            raise AgentError(CODE, f"{target} is before the end of the oldest backup, {first['stop']}. Fix: choose a later position")
        return ["--type=lsn", f"--target={target}", "--target-action=promote"]
    return ["--type=name", f"--target={target}", "--target-action=promote"]


def _moment(target: str) -> datetime.datetime:
    """A time in UTC.

    :raises AgentError: ``bad-target``
    """
    import datetime

    try:
        given = datetime.datetime.fromisoformat(target.strip())
    except ValueError:
        raise AgentError(CODE, f"{target!r} is not a time. Fix: write one such as {EXAMPLES['time']}") from None
    return (given if given.tzinfo else given.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)


def _time(target: str, backups: list[Item], now: float) -> str:
    """A time as PostgreSQL reads it, in UTC and to the microsecond."""
    import datetime

    given = _moment(target)
    if given.timestamp() > now:
        raise AgentError(CODE, f"{target} is in the future. Fix: choose a time that has passed, or restore_type=latest")
    oldest = float(backups[0]["timestamp"]["stop"])
    if given.timestamp() < oldest:
        end = datetime.datetime.fromtimestamp(oldest, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S+00")
        raise AgentError(CODE, f"{target} is before the end of the oldest backup. Fix: choose a time from {end} on")
    return given.strftime("%Y-%m-%d %H:%M:%S.%f+00")
