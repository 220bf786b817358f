# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files: one now, what there is, and restores."""

from __future__ import annotations

import os

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib import backup_job
from ...lib.backup_table import age, aligned, of_tasks, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item

JOB, RESTORE = "/usr/local/lib/vannah/restic-job", "/usr/local/lib/vannah/restic-restore"
OBJECTS = "/usr/local/lib/vannah/restic-objects"
LOG = "/var/log/vannah-restic"
#: There while objects are written: credentials for rclone, in memory.
WRITER = "/run/vannah-restic-writer.conf"
#: Below a folder that a restore has made. One without it is not removed.
MARKER = ".vannah-restore-target"
#: Bytes that a restore leaves free.
RESERVE = 64 << 20


def backup(params: Item, _ctx: Context) -> tuple[list[Step], Item]:
    """Make a backup now, as the job of cron makes it: with its lock, its log and its metrics.

    :param params: as the module ``restic_backup`` documents them, every option present
    :return: one step; no further results
    :raises AgentError: by the step ``backup-failed``
    """
    task = params["task"]
    words = ["objects" if task == "objects" else "backup", task, *(["first"] if params["first"] else [])]

    def apply(ctx: Context) -> None:
        backup_job.backup(ctx, JOB, words, params["limit"], f"{LOG}/job-{task}.log")

    return [Step("backup", task, "create", apply=apply)], {}


def info(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """What backups there are and how the jobs ended.

    :param params: as the module ``restic_info`` documents them
    :return: no steps; ``repositories``, ``tasks``; ``table``: lines for a person; ``problems``
    :raises AgentError: ``backup-unknown``
    """
    said = backup_job.status(ctx, JOB, params["timeout"], LOG)
    repositories, tasks = said["repositories"], said["tasks"]
    problems = backup_job.failures(tasks)
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
    :return: one step; ``snapshot``, ``time``, ``files``; ``place``: where the file or folder is then
    :raises AgentError: ``bad-target``, ``scratch-exists``, ``no-room``, ``restore-failed``
    """
    path, target, limit = params["path"], params["target"], params["limit"]
    _absolute("path", path)
    _absolute("target", target)
    scratch = target != "/"
    if scratch:
        _unused(ctx, target, replace=params["replace"])
    plan = _planned(ctx, [RESTORE, f"--limit={limit}", "plan", path, params["time"]], limit, "restore_path")
    _room(ctx, target if scratch else path, plan["bytes"])
    place = f"{target.rstrip('/')}{path}"
    result: Item = {"snapshot": plan["snapshot"], "time": plan["time"], "files": plan["files"], "place": place}

    def apply(ctx: Context) -> None:
        if scratch:
            _made(ctx, target)
        waiting.tell(ctx, "the restore", ctx.now(), limit, "")
        words = ["files", path, plan["snapshot"], plan["time"], target]
        try:
            _run(ctx, [RESTORE, f"--limit={limit}", *words], limit, "restore_path")
        except AgentError:
            if scratch:
                ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)
            raise

    return [Step("restore", path, "create", f"of {plan['time']} to {target}", apply=apply)], result


def objects(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore the objects of a bucket, into a folder of the backup server or on into a bucket.

    :param params: as the module ``restic_objects`` documents them, every option present
    :return: one step; ``snapshot``, ``time``, ``objects``; ``place``: where the objects are then
    :raises AgentError: ``bad-target``, ``scratch-exists``, ``no-room``, ``restore-failed``
    """
    target, into, limit, bucket = params["target"], params["into"], params["limit"], params["bucket"]
    _absolute("target", target)
    _unused(ctx, target, replace=params["replace"])
    words = [OBJECTS, f"--limit={limit}"]
    plan = _planned(ctx, [*words, "plan", bucket, params["time"]], limit, "restore_bucket")
    _room(ctx, target, plan["bytes"])
    place = f"bucket {into}" if into else target
    result: Item = {"snapshot": plan["snapshot"], "time": plan["time"], "objects": plan["files"], "place": place}

    def apply(ctx: Context) -> None:
        _made(ctx, target)
        waiting.tell(ctx, "the restore", ctx.now(), limit, "")
        done = False
        config = ctx.path(WRITER)
        try:
            _run(ctx, [*words, "restore", bucket, plan["snapshot"], target], limit, "restore_bucket")
            if into:
                lines = ["[store]", "type = s3", "provider = Minio", f"endpoint = {params['endpoint']}", "region = us-east-1"]
                lines += [f"access_key_id = {params['access_key']}", f"secret_access_key = {params['secret_key']}", ""]
                with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                    file.write("\n".join(lines))
                _run(ctx, [*words, "put", target, into, WRITER], limit, "restore_bucket")
            done = True
        finally:
            if os.path.exists(config):
                os.unlink(config)
            if into or not done:
                ctx.run(["rm", "-rf", "--", ctx.path(target)], timeout=600)

    return [Step("restore", f"bucket {bucket}", "create", f"of {plan['time']} to {place}", apply=apply)], result


def _absolute(name: str, text: str) -> None:
    if not os.path.isabs(text) or os.path.normpath(text) != text:
        raise AgentError("bad-target", f"{name} is {text!r}. Fix: write an absolute path without .. and without a / at its end")


def _unused(ctx: Context, target: str, *, replace: bool) -> None:
    """A folder that is not there, or that an earlier restore has made and that may be removed."""
    place = ctx.path(target)
    if not os.path.lexists(place):
        return
    if os.path.islink(place) or not os.path.isfile(os.path.join(place, MARKER)):
        raise AgentError("bad-target", f"{target} exists, and no restore has made it. Fix: name another folder as restore_target")
    if not replace:
        text = f"{target} has the files of an earlier restore"
        raise AgentError("scratch-exists", f"{text}. Fix: write -e restore_replace=true, which removes them first")


def _made(ctx: Context, target: str) -> None:
    """An empty folder with the mark of a restore, in place of that of an earlier one."""
    place = ctx.path(target)
    ctx.run(["rm", "-rf", "--", place], timeout=600)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.makedirs(place, 0o700)
    with open(os.path.join(place, MARKER), "w", encoding="utf-8"):
        pass


def _room(ctx: Context, target: str, needed: int) -> None:
    """What is restored has room there, with that of what it replaces.

    :raises AgentError: ``no-room``
    """
    place = there = ctx.path(target)
    old = sum(os.lstat(os.path.join(folder, name)).st_size for folder, _folders, names in os.walk(place) for name in names)
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    room = os.statvfs(there)
    free = room.f_bavail * room.f_frsize + old
    if free < needed + RESERVE:
        fix = "enlarge the disk, or restore less (restore_path), or elsewhere (restore_target)"
        raise AgentError("no-room", f"{target} would have {free >> 20} MiB, and the restore needs {needed + RESERVE >> 20} MiB. Fix: {fix}")


def _planned(ctx: Context, argv: list[str], limit: int, variable: str) -> Item:
    """What a restore takes: ``snapshot``, ``time``, ``files``, ``bytes``."""
    import json

    found: Item = json.loads(_run(ctx, argv, limit, variable).splitlines()[-1])
    return found


def _run(ctx: Context, argv: list[str], limit: int, variable: str) -> str:
    """What a program of a restore prints."""
    ran = ctx.run(argv, timeout=limit + backup_job.GRACE, check=False)
    if ran.rc:
        said = f"it has not ended within {limit} s" if ran.rc == 124 else backup_job.said(ran)
        fix = f"choose another {variable} or restore_time; see {LOG}/job-restore.log on this host"
        raise AgentError("restore-failed", backup_job.fixed(said, fix))
    return str(ran.out)


CALLS = {"backup": backup, "info": info, "restore": restore, "objects": objects}
