# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of backups, as a person's call starts them and asks them: what cron runs otherwise."""

from __future__ import annotations

from ..core import waiting
from ..core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context
    from ..definition import Json
    from .result import Result

#: Seconds that a program has to end by itself after its limit: two of vannah_jobs.GRACE. What it runs has a session of its own.
GRACE = 60


def backup(ctx: Context, job: str, words: list[str], limit: int, log: str) -> None:
    """Run a job to its end.

    :param job: path of the program
    :param limit: seconds, after which it ends itself with 124
    :param log: path of its log
    :raises AgentError: ``backup-failed``
    """
    waiting.tell(ctx, "the backup", ctx.now(), limit, "")
    ran = ctx.run([job, f"--limit={limit}", *words], timeout=limit + GRACE, check=False)
    if ran.rc == 124:
        raise AgentError("backup-failed", f"it has not ended within {limit} s. Fix: write -e backup_limit=SECONDS, or see {log}")
    if ran.rc:
        raise AgentError("backup-failed", fixed(said(ran), f"see {log} on this host"))


def status(ctx: Context, job: str, timeout: float, log: str) -> Json:
    """What a program says of its backups and jobs.

    :param log: the folder of its logs
    :raises AgentError: ``backup-unknown``
    """
    import json

    ran = ctx.run([job, "status", "table"], timeout=timeout, check=False)
    if ran.rc:
        raise AgentError("backup-unknown", f"{said(ran)}. Fix: converge the role, and see {log} on this host")
    found: Json = json.loads(ran.out)
    return found


def failures(tasks: dict[str, Json]) -> list[str]:
    """What the jobs ended with that did not succeed."""
    return [f"{name}: {task['problem']}" for name, task in sorted(tasks.items()) if task["problem"]]


def fixed(text: str, fix: str) -> str:
    """A message with its own fix, or with a general one."""
    return text if " Fix: " in text else f"{text}. Fix: {fix}"


def said(ran: Result) -> str:
    """The last line of what a program said."""
    return str((ran.err.strip().splitlines() or [f"it ended with {ran.rc}"])[-1])
