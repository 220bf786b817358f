# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore ends: the newest WAL, a time, a position in the WAL, or a named restore point."""

from __future__ import annotations

import re

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Item = dict[str, Any]

_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
CODE = "bad-target"
EXAMPLES = {"time": "2026-12-01 10:15:00+00", "lsn": "0/5A000028", "name": "before_migration"}


def options(kind: str, target: str, backups: list[Item], now: float) -> list[str]:
    """What pgBackRest is told; it chooses the backup before a time or an LSN by itself.

    :param kind: ``latest``, ``time``, ``lsn`` or ``name``
    :param target: a time with its zone (without one: UTC), an LSN, or a name
    :param backups: of ``info --output=json``, those of the repository, the oldest first
    :raises AgentError: ``bad-target``, ``no-backup``
    """
    if not backups:
        raise AgentError("no-backup", "the repository has no backup to restore. Fix: playbooks/backup/now.yml, or another repository")
    if kind == "latest":
        if target:
            raise AgentError(CODE, "the newest WAL needs no target. Fix: leave the target out, or restore_type=time, lsn or name")
        return ["--type=default"]
    if not target:
        raise AgentError(CODE, f"restore_type={kind} needs a target. Fix: restore_target='{EXAMPLES[kind]}'")
    if kind == "time":
        return ["--type=time", f"--target={_time(target, backups, now)}", "--target-action=promote"]
    if kind == "lsn":
        if not _LSN.fullmatch(target):
            raise AgentError(CODE, f"{target!r} is not a position in the WAL. Fix: one such as {EXAMPLES['lsn']}")
        first = backups[0].get("lsn") or {}
        if first.get("stop") and number(target) < number(first["stop"]):
            raise AgentError(CODE, f"{target} is before the end of the oldest backup, {first['stop']}. Fix: a later position")
        return ["--type=lsn", f"--target={target}", "--target-action=promote"]
    return ["--type=name", f"--target={target}", "--target-action=promote"]


def number(lsn: str) -> int:
    """An LSN as a number of bytes."""
    high, _slash, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def _time(target: str, backups: list[Item], now: float) -> str:
    """A time as PostgreSQL reads it, in UTC and to the microsecond."""
    import datetime

    try:
        given = datetime.datetime.fromisoformat(target.strip())
    except ValueError:
        raise AgentError(CODE, f"{target!r} is not a time. Fix: one such as {EXAMPLES['time']}") from None
    if given.tzinfo is None:
        given = given.replace(tzinfo=datetime.UTC)
    given = given.astimezone(datetime.UTC)
    if given.timestamp() > now:
        raise AgentError(CODE, f"{target} is in the future. Fix: a time that has passed, or restore_type=latest")
    oldest = float(backups[0]["timestamp"]["stop"])
    if given.timestamp() < oldest:
        end = datetime.datetime.fromtimestamp(oldest, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S+00")
        raise AgentError(CODE, f"{target} is before the end of the oldest backup. Fix: a time from {end} on")
    return given.strftime("%Y-%m-%d %H:%M:%S.%f+00")
