# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the backup server, as a person starts them: a backup now, and the state of all backups."""

from __future__ import annotations

from ...core.model import Step
from ...lib import backup_job
from ...lib.backup_table import age, aligned, of_tasks, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


JOB, LOG = "/usr/local/lib/vannah/pgbackrest-job", "/var/log/pgbackrest"


def backup(params: Item, _ctx: Context) -> tuple[list[Step], Item]:
    """Make a backup now, as the job of cron makes it: with its lock, its log and its metrics.

    :param params: as the module ``pgbackrest_backup`` documents them, every option present
    :return: one step; no further results
    :raises AgentError: by the step ``backup-failed``
    """
    kind, repository, task = params["type"], params["repository"], params["task"]
    words = ["backup", task, kind, str(repository), *([] if params["expire"] else ["--no-expire-auto"])]

    def apply(ctx: Context) -> None:
        backup_job.backup(ctx, JOB, words, params["limit"], f"{LOG}/job-{task}.log")

    return [Step("backup", f"repository {repository}", "create", kind, apply=apply)], {}


def info(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """What backups there are and how the jobs ended.

    :param params: as the module ``pgbackrest_info`` documents them
    :return: no steps; ``backups``, ``tasks``; ``table``: lines for a person; ``problems``
    :raises AgentError: ``backup-unknown``
    """
    said = backup_job.status(ctx, JOB, params["timeout"], LOG)
    backups, tasks, now = said["backups"], said["tasks"], ctx.now()
    problems = backup_job.failures(tasks)
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
