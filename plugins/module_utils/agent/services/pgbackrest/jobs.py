# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the backup server, as a person starts them: a backup now, and the state of all backups."""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.backup_table import age, aligned, of_tasks, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


JOB = "/usr/local/lib/vannah/pgbackrest-job"
#: Seconds that the job has to end by itself after its limit: two of vannah_jobs.GRACE. pgBackRest has a session of its own there.
GRACE = 60


def backup(params: Item, _ctx: Context) -> tuple[list[Step], Item]:
    """Make a backup now, as the job of cron makes it: with its lock, its log and its metrics.

    :param params: as the module ``pgbackrest_backup`` documents them, every option present
    :return: one step; no further results
    :raises AgentError: by the step ``backup-failed``
    """
    kind, repository = params["type"], params["repository"]

    def apply(ctx: Context) -> None:
        waiting.tell(ctx, "the backup", ctx.now(), params["limit"], "")
        words = [params["task"], kind, str(repository), *([] if params["expire"] else ["--no-expire-auto"])]
        ran = ctx.run([JOB, f"--limit={params['limit']}", "backup", *words], timeout=params["limit"] + GRACE, check=False)
        if ran.rc == 124:
            text = f"it has not ended within {params['limit']} s"
            raise AgentError(
                "backup-failed", f"{text}. Fix: write -e backup_limit=SECONDS, or see /var/log/pgbackrest/job-{params['task']}.log"
            )
        if ran.rc:
            said = (ran.err.strip().splitlines() or [f"it ended with {ran.rc}"])[-1]
            raise AgentError("backup-failed", f"{said}. Fix: see /var/log/pgbackrest/job-{params['task']}.log on this host")

    return [Step("backup", f"repository {repository}", "create", kind, apply=apply)], {}


def info(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """What backups there are and how the jobs ended.

    :param params: as the module ``pgbackrest_info`` documents them
    :return: no steps; ``backups``, ``tasks``; ``table``: lines for a person; ``problems``
    :raises AgentError: ``backup-unknown``
    """
    import json

    ran = ctx.run([JOB, "status", "table"], timeout=params["timeout"], check=False)
    if ran.rc:
        said = (ran.err.strip().splitlines() or [f"it ended with {ran.rc}"])[-1]
        raise AgentError("backup-unknown", f"{said}. Fix: converge the role, and see /var/log/pgbackrest on this host")
    said = json.loads(ran.out)
    backups, tasks, now = said["backups"], said["tasks"], ctx.now()
    problems = [f"{name}: {task['problem']}" for name, task in sorted(tasks.items()) if task["problem"]]
    for number in sorted(set(params["repositories"]) - {one["repository"] for one in backups}):
        problems.append(f"repository {number} has no backup")
    return [], {"backups": backups, "tasks": tasks, "table": table(backups, tasks, params["repositories"], now), "problems": problems}


def table(backups: list[Item], tasks: dict[str, Item], repositories: list[int], now: float) -> list[str]:
    """One row for each kind of backup of a repository and for each job."""
    rows = [["WHAT", "NEWEST", "AGE", "SIZE", "STORED", "KEPT"]]
    for number in repositories:
        for kind in ("full", "diff", "incr"):
            mine = [one for one in backups if one["repository"] == number and one["type"] == kind]
            if mine:
                last = mine[-1]
                cells = [last["label"], age(now - last["end"]), size(last["size"]), size(last["stored"]), str(len(mine))]
                rows.append([f"repository {number}, {kind}", *cells])
    rows.append(["JOB", "LAST SUCCESS", "AGE", "TOOK", "RESULT", ""])
    return aligned(rows + of_tasks(tasks, now))
