# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files: one now, what there is, and restores."""

from __future__ import annotations

import os

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.backup_table import age, aligned, of_tasks, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item
    from ...lib.result import Result

JOB, RESTORE = "/usr/local/lib/vannah/restic-job", "/usr/local/lib/vannah/restic-restore"
OBJECTS = "/usr/local/lib/vannah/restic-objects"
LOG = "/var/log/vannah-restic"
#: There while objects are written: credentials for rclone, in memory.
WRITER = "/run/vannah-restic-writer.conf"


def backup(params: Item, _ctx: Context) -> tuple[list[Step], Item]:
    """Make a backup now, as the job of cron makes it: with its lock, its log and its metrics.

    :param params: as the module ``restic_backup`` documents them, every option present
    :return: one step; no further results
    :raises AgentError: by the step ``backup-failed``
    """
    task, limit = params["task"], params["limit"]

    def apply(ctx: Context) -> None:
        waiting.tell(ctx, "the backup", ctx.now(), limit, "")
        ran = ctx.run([JOB, "backup", task], timeout=limit, check=False)
        if ran.rc == 124:
            raise AgentError(
                "backup-failed", f"it has not ended within {limit} s. Fix: write -e backup_limit=SECONDS, or see {LOG}/job-{task}.log"
            )
        if ran.rc:
            raise AgentError("backup-failed", f"{_said(ran)}. Fix: see {LOG}/job-{task}.log on this host")

    return [Step("backup", task, "create", apply=apply)], {}


def info(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """What backups there are and how the jobs ended.

    :param params: as the module ``restic_info`` documents them
    :return: no steps; ``repositories``, ``tasks``; ``table``: lines for a person; ``problems``
    :raises AgentError: ``backup-unknown``
    """
    import json

    ran = ctx.run([JOB, "status", "table"], timeout=params["timeout"], check=False)
    if ran.rc:
        raise AgentError("backup-unknown", f"{_said(ran)}. Fix: converge the role, and see {LOG} on this host")
    said = json.loads(ran.out)
    repositories, tasks = said["repositories"], said["tasks"]
    problems = [f"{name}: {task['problem']}" for name, task in sorted(tasks.items()) if task["problem"]]
    problems += [f"{one['name']} has no backup" for one in repositories if not one["newest"]]
    problems += [f"{one['name']}: the last drill has failed" for one in repositories if one["drill"].get("ok", 1) == 0]
    return [], {"repositories": repositories, "tasks": tasks, "table": table(repositories, tasks, ctx.now()), "problems": problems}


def table(repositories: list[Item], tasks: dict[str, Item], now: float) -> list[str]:
    """One row for each repository and for each job."""
    rows = [["WHAT", "NEWEST", "AGE", "KEPT", "LAST PROVEN RESTORE"]]
    for one in repositories:
        drill = one["drill"]
        proven = stamp(drill["ended_timestamp_seconds"]) if drill.get("ok") else "failed" if drill else "never"
        since = age(now - one["newest"]) if one["newest"] else "-"
        rows.append([one["name"], stamp(one["newest"]), since, str(one["kept"]), proven])
    rows.append(["JOB", "LAST SUCCESS", "AGE", "TOOK", "RESULT"])
    return aligned(rows + of_tasks(tasks, now))


def restore(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore a file or folder of this host.

    :param params: as the module ``restic_restore`` documents them, every option present
    :return: one step; ``snapshot``, ``time``: filled in once it is applied; ``place``: where the file or folder is then
    :raises AgentError: ``bad-target``, ``scratch-exists``; by the step ``restore-failed``
    """
    path, target = params["path"], params["target"]
    for name, text in (("path", path), ("target", target)):
        if not os.path.isabs(text) or os.path.normpath(text) != text:
            raise AgentError("bad-target", f"{name} is {text!r}. Fix: write an absolute path without .. and without a / at its end")
    scratch = target != "/"
    there = scratch and os.path.lexists(ctx.path(target))
    if there and not params["replace"]:
        text = f"{target} has the files of an earlier restore"
        raise AgentError("scratch-exists", f"{text}. Fix: write -e restore_replace=true, which removes them first")
    result: Item = {"snapshot": "", "time": "", "place": f"{target.rstrip('/')}{path}"}

    def apply(ctx: Context) -> None:
        import json

        if scratch:
            ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)
            ctx.run(["install", "-d", "-m", "0700", "--", ctx.path(target)])
        waiting.tell(ctx, "the restore", ctx.now(), params["limit"], "")
        ran = ctx.run([RESTORE, "files", path, params["time"], target], timeout=params["limit"], check=False)
        if ran.rc:
            if scratch:
                ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)
            said = f"it has not ended within {params['limit']} s" if ran.rc == 124 else _said(ran)
            raise AgentError(
                "restore-failed", f"{said}. Fix: choose another restore_path or restore_time; see {LOG}/job-restore.log on this host"
            )
        made = json.loads(ran.out.splitlines()[-1])
        result.update({"snapshot": made["snapshot"], "time": made["time"]})

    return [Step("restore", path, "create", f"to {target}", apply=apply)], result


def objects(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore the objects of a bucket, into a folder of the backup server or on into a bucket.

    :param params: as the module ``restic_objects`` documents them, every option present
    :return: one step; ``snapshot``, ``time``, ``objects``: filled in once it is applied; ``place``: where the objects are then
    :raises AgentError: ``scratch-exists``; by the step ``restore-failed``
    """
    import json

    target, into, limit = params["target"], params["into"], params["limit"]
    if os.path.lexists(ctx.path(target)) and not params["replace"]:
        raise AgentError(
            "scratch-exists",
            f"{target} has the objects of an earlier restore. Fix: write -e restore_replace=true, which removes them first",
        )
    result: Item = {"snapshot": "", "time": "", "objects": 0, "place": f"bucket {into}" if into else target}

    def run(ctx: Context, argv: list[str]) -> str:
        ran = ctx.run(argv, timeout=limit, check=False)
        if ran.rc:
            said = f"it has not ended within {limit} s" if ran.rc == 124 else _said(ran)
            raise AgentError(
                "restore-failed", f"{said}. Fix: choose another restore_bucket or restore_time; see {LOG}/job-restore.log on this host"
            )
        return str(ran.out)

    def apply(ctx: Context) -> None:
        ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)
        ctx.run(["install", "-d", "-m", "0700", "--", ctx.path(target)])
        waiting.tell(ctx, "the restore", ctx.now(), limit, "")
        done = False
        config = ctx.path(WRITER)
        try:
            said = json.loads(run(ctx, [OBJECTS, "restore", params["bucket"], params["time"], target]).splitlines()[-1])
            if into:
                lines = ["[store]", "type = s3", "provider = Minio", f"endpoint = {params['endpoint']}", "region = us-east-1"]
                lines += [f"access_key_id = {params['access_key']}", f"secret_access_key = {params['secret_key']}", ""]
                with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                    file.write("\n".join(lines))
                run(ctx, [OBJECTS, "put", target, into, WRITER])
            result.update({name: said[name] for name in ("snapshot", "time", "objects")})
            done = True
        finally:
            if os.path.exists(config):
                os.unlink(config)
            if into or not done:
                ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)

    return [Step("restore", f"bucket {params['bucket']}", "create", f"to {result['place']}", apply=apply)], result


def _said(ran: Result) -> str:
    """The last line of what a program said."""
    return str((ran.err.strip().splitlines() or [f"it ended with {ran.rc}"])[-1])


CALLS = {"backup": backup, "info": info, "restore": restore, "objects": objects}
