# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore ends: the newest WAL, a time, a position in the WAL, or a named restore point."""

from __future__ import annotations

import re

from ...core.model import AgentError
from .lineage import LATEST, ancestors, labels, leading, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from ...definition import Json as Item
    from .program import Program


_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
CODE = "bad-target"
EXAMPLES = {"time": "2026-12-01 10:15:00+00", "lsn": "0/5A000028", "name": "before_migration"}


class Chosen:
    """How a restore is done.

    :ivar options: of pgBackRest
    :ivar labels: the backups to begin with, the first choice first
    :ivar timeline: number of the timeline that is followed
    :ivar bytes: size of the largest of these backups when it is restored
    :ivar archived: the newest segment of the timeline; empty where another timeline has newer ones
    :ivar system: system identifier of the cluster in the repository
    """

    def __init__(self, options: list[str], chosen: list[str], timeline: int, size: int, system: str, archived: str) -> None:
        self.options = options
        self.labels = chosen
        self.timeline = timeline
        self.bytes = size
        self.system = system
        self.archived = archived

    def attempts(self) -> list[list[str]]:
        """The options of each attempt."""
        return [[*self.options, f"--set={label}"] for label in self.labels]


def choose(program: Program, params: Item, now: float) -> Chosen:
    """What a restore begins and ends with.

    :param params: ``repository``, ``type``, ``target``, ``timeline`` (``latest`` or a number)
    :raises AgentError: ``bad-target``, ``no-backup``, ``pgbackrest-failed``
    """
    known, repository = program.info() or {}, params["repository"]
    mine = [one for one in known.get("backup") or [] if int(one["database"]["repo-key"]) == repository]
    said = options(params["type"], params["target"], mine, now)
    newest = mine[-1]["database"]["id"]
    mine = [one for one in mine if one["database"]["id"] == newest]
    archive = [one for one in known.get("archive") or [] if one["database"] == {"id": newest, "repo-key": repository}]
    histories = program.histories(repository, archive[0]["id"]) if archive else []
    timeline, before = 1, {}
    wanted = str(params["timeline"])
    if wanted != LATEST:
        if not wanted.isdigit() or int(wanted) not in (1, *histories):
            there = ", ".join(str(one) for one in (1, *histories))
            raise AgentError(CODE, f"restore_timeline={wanted} is not in the repository. Fix: use {LATEST}, or one of {there}")
        timeline = int(wanted)
        said = [*said, f"--target-timeline={timeline}"]
    elif histories:
        timeline = histories[-1]
    if timeline > 1:
        before = ancestors(program.history(repository, archive[0]["id"], timeline))
    moment = _moment(params["target"]).timestamp() if params["type"] == "time" else 0.0
    able = leading(mine, timeline, before)
    chosen = labels(params["type"], params["target"], able, moment)
    size = max(int(one["info"]["size"]) for one in able if str(one["label"]) in chosen)
    system = next((str(one["system-id"]) for one in known.get("db") or [] if one["id"] == newest), "")
    newest_wal = str(archive[0]["max"] or "") if archive else ""
    return Chosen(said, chosen, timeline, size, system, newest_wal if newest_wal[:8] == f"{timeline:08X}" else "")


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
        return ["--type=default"]
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
