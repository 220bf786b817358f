# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore onto the cluster: one member gets the data of the backup, and the others copy them from it.

The member is one that does not lead, so that the data of the old leader stay as they are until the restored ones have reached the target.
PostgreSQL recovers here without Patroni, which would follow the WAL past the target. It does not archive while it may still fail: the old
leader would begin a timeline of the same number then, and could not archive it. Once it has recovered, its new timeline is archived.
"""

from __future__ import annotations

import os

from ...core import waiting
from ...core.model import AgentError, Step
from ..patroni.markers import RESTORING
from . import target
from .instance import ENDED_EARLY, Instance
from .program import USER, Program, first_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


UNIT, PLACE = "vannah-recover.service", "/var/lib/postgresql/vannah-recover"
#: Held while the data are replaced.
LOCK = "/run/vannah-restore.lock"
#: What a restore writes for its recovery. On a standby the target would end its recovery, too.
RECOVERY = (
    *("restore_command", "recovery_target", "recovery_target_action", "recovery_target_inclusive", "recovery_target_lsn"),
    *("recovery_target_name", "recovery_target_time", "recovery_target_timeline", "recovery_target_xid"),
)
#: Lines of pg_controldata.
TIMELINE, SEGMENT = "Latest checkpoint's TimeLineID", "Latest checkpoint's REDO WAL file"
#: Part of the size that has to be free beside the data: WAL of the recovery.
SPARE = 0.05


def target_of(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """What a restore begins and ends with; asked on the backup server, before anything is done.

    :param params: as the module ``pgbackrest_target`` documents them, every option present
    :return: no steps; ``attempts``, ``timeline``, ``newest``, ``backup``, ``bytes``, ``archived``, ``system``
    :raises AgentError: ``bad-target``, ``no-backup``, ``pgbackrest-failed``, ``wal-missing``, ``wal-unreadable``, ``search-too-long``
    """
    chosen = target.choose(ctx, Program(ctx, params["stanza"], params["config"]), params)
    known = {"timeline": chosen.timeline, "newest": chosen.newest, "backup": chosen.label, "bytes": chosen.bytes}
    return [], {"attempts": chosen.attempts(ended=True), **known, "archived": chosen.archived, "system": chosen.system}


def in_place(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore onto this member's data, or remove them, so that it copies them from the leader. PostgreSQL has to be stopped for both.

    :param params: as the module ``pgbackrest_restore`` documents them, every option present
    :return: steps; ``data``: whether this member has data; ``interrupted``: an earlier restore has not ended here
    :raises AgentError: ``repository-foreign``, ``disk-too-small``; by a step ``server-runs``, ``restore-failed``
    """
    data, found = params["data"], control(ctx, params)
    its = found.get("Database system identifier", "")
    result: Item = {"data": bool(found), "interrupted": os.path.exists(ctx.path(RESTORING)), "same": bool(its) and its == params["system"]}
    if params["state"] == "absent":
        content = os.path.isdir(ctx.path(data)) and bool(os.listdir(ctx.path(data)))
        step = Step("data", data, "remove", "they are copied from the leader", apply=lambda ctx: clear(ctx, params))
        return [step] if content else [], result
    if its and its != params["system"] and not params["foreign"]:
        raise AgentError(
            "repository-foreign",
            f"the repository has backups of another cluster: its system identifier is {params['system']}, that of {data} is {its}. "
            "Fix: use the right repository; or, where this cluster was made after all servers were lost, write"
            f" -e restore_system={params['system']}",
        )
    refuse_small(ctx, data, params["bytes"])
    if params["state"] == "fit":
        return [], result
    return [Step("restore", data, "replace", f"from repository {params['repository']}", apply=lambda ctx: _apply(ctx, params))], result


def _apply(ctx: Context, params: Item) -> None:
    """Restore once no other call does: that of a run that was killed continues on the host."""
    import fcntl
    import time

    begun = time.monotonic()
    with open(ctx.path(LOCK), "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() - begun >= params["wait"]:
                    text = f"another restore on this host has not ended within {params['wait']} s"
                    raise AgentError("restore-runs", f"{text}. Fix: wait until it has ended, then run the same verb again") from None
            waiting.tell(ctx, "the restore of an earlier run to end", begun, params["wait"], "")
            time.sleep(ctx.pause(2.0))
        _restore(ctx, params)


def _restore(ctx: Context, params: Item) -> None:
    data, wait = params["data"], params["wait"]
    instance = Instance(ctx, PLACE, data, params["port"], params["programs"], UNIT)
    instance.stop(wait)
    _refuse_running(ctx, data)
    ctx.run(["tee", "--", RESTORING], input=f"{params['system']}\n")
    program = Program(ctx, params["stanza"])
    for attempt in params["attempts"]:
        if not any(os.path.exists(ctx.path(f"{data}/{name}")) for name in ("PG_VERSION", "backup.manifest")):
            clear(ctx, params)  # pgBackRest restores over nothing else
        ctx.run(["install", "-d", "-m", "0700", "-o", USER, "-g", USER, "--", data])
        waiting.tell(ctx, "the restore of the cluster", ctx.now(), wait, "")
        ran = program.restore(["--delta", f"--repo={params['repository']}", *attempt], wait)
        if ran.rc:
            text = f"the restore has failed: {first_error(ran)}"
            raise AgentError("restore-failed", f"{text}. Fix: see /var/log/pgbackrest on this host, then run the same verb again")
        instance.configure()
        try:
            instance.start(wait, "select 1")
            instance.require(params["archived"] if target.ALL in attempt else "")
            break
        except AgentError as error:
            instance.stop(wait)
            if ENDED_EARLY not in str(error) or attempt == params["attempts"][-1]:
                raise
    said = instance.ask(*(f"alter system reset {name}" for name in RECOVERY), "checkpoint", timeout=wait)
    instance.stop(wait)
    if said.rc:
        raise AgentError("restore-failed", f"the restored instance did not end its recovery: {said.err.strip()[:300]}. Fix: run it again")
    _archive(ctx, params, program)
    ctx.run(["rm", "-rf", "--", ctx.path(PLACE)])


def _archive(ctx: Context, params: Item, program: Program) -> None:
    """Archive the new timeline: its history, and the segments that it has filled.

    When Patroni starts, it continues the last one on a timeline of its own.

    :raises AgentError: ``archive-failed``
    """
    found, folder = control(ctx, params), f"{params['data']}/pg_wal"
    timeline, current = f"{int(found.get(TIMELINE, '0')):08X}", found.get(SEGMENT, "")
    # Later ones have the names of WAL that is not written yet, and old content: PostgreSQL keeps them to write it there.
    filled = sorted(
        name for name in os.listdir(ctx.path(folder)) if name.startswith(timeline) and len(name) == len(current) and name < current
    )
    for name in [f"{timeline}.history", *filled]:
        ran = program.archive(f"{folder}/{name}")
        if ran.rc:
            text = f"the restored data are good, and their WAL is not archived: {first_error(ran)}"
            raise AgentError("archive-failed", f"{text}. Fix: see /var/log/pgbackrest on this host, then run the same verb again")


def clear(ctx: Context, params: Item) -> None:
    """Remove the data of a member that is stopped, and not their folder, which may be a mount point.

    :raises AgentError: ``server-runs``, ``tablespaces``
    """
    data = params["data"]
    _refuse_running(ctx, data)
    elsewhere = ctx.path(f"{data}/pg_tblspc")
    if os.path.isdir(elsewhere) and os.listdir(elsewhere):
        fix = f"remove the folders that the links in {data}/pg_tblspc name, and the links"
        raise AgentError("tablespaces", f"{data} has tablespaces elsewhere, which are not removed. Fix: {fix}")
    ctx.run(["find", ctx.path(data), "-mindepth", "1", "-delete"], timeout=600)
    if params["state"] == "absent":
        ctx.run(["rm", "-f", "--", ctx.path(RESTORING)])  # of an older restore that was given up


def _refuse_running(ctx: Context, data: str) -> None:
    """:raises AgentError: ``server-runs``"""
    path = ctx.path(f"{data}/postmaster.pid")
    try:
        with open(path, encoding="utf-8") as file:
            number = file.readline().strip()
    except OSError:
        return
    try:
        with open(ctx.path(f"/proc/{number}/comm"), encoding="utf-8") as file:
            runs = file.read().strip().startswith("postgres")
    except OSError:
        runs = False
    if runs:
        fix = "run patronictl -c /etc/patroni/config.yml resume where failover is paused, else stop the process; then run the verb again"
        raise AgentError("server-runs", f"PostgreSQL still runs on {data} as process {number} after Patroni was stopped. Fix: {fix}")
    os.unlink(path)  # of a server that was killed; pgBackRest refuses to restore beside it


def refuse_small(ctx: Context, data: str, needed: int) -> None:
    """Refuse a restore that the disk has no room for; data that it replaces make room.

    :param needed: bytes of the restored cluster
    :raises AgentError: ``disk-too-small``
    """
    place = ctx.path(data)
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    room = os.statvfs(place)
    used = 0
    for folder, _folders, names in os.walk(ctx.path(data)):
        for name in names:
            try:
                used += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                continue
    there, wanted = room.f_bavail * room.f_frsize + used, int(needed * (1 + SPARE))
    if there < wanted:
        mib = 1 << 20
        text = f"the restored cluster needs {-(-wanted // mib)} MiB, and the disk of {data} has {there // mib} MiB for it"
        raise AgentError("disk-too-small", f"{text}. Fix: enlarge the disk, or remove what else is on it")


def control(ctx: Context, params: Item) -> dict[str, str]:
    """What pg_controldata says of the data; empty where there are none that are complete."""
    argv = [f"{params['programs']}/pg_controldata", "-D", params["data"]]
    ran = ctx.run(argv, check=False, user=USER)
    if ran.rc:
        return {}
    pairs = (line.partition(":") for line in ran.out.splitlines())
    return {name.strip(): value.strip() for name, _colon, value in pairs}
