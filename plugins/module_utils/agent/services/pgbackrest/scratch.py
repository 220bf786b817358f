# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch instance: a cluster restored on the backup server, beside the one that runs.

It has a configuration of its own, for that in the backup is Patroni's and names files of another server. It archives nothing, listens on
no network, and runs as a transient unit, which a reboot removes.
"""

from __future__ import annotations

import os

from ...core import waiting
from ...core.model import AgentError, Step
from . import target
from .program import USER, Program, first_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context

    Item = dict[str, Any]

UNIT = "vannah-restore.service"
#: pg_hba.conf and postgresql.conf. Without hot_standby PostgreSQL needs no settings as large as the leader's while it recovers
#: (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN), and accepts connections once it has reached the target.
HBA = "local all all peer\n"
SETTINGS = """# Written by vannah.healthcloud for a scratch instance.
data_directory = '{data}'
hba_file = '{place}/pg_hba.conf'
ident_file = '{place}/pg_ident.conf'
external_pid_file = ''
listen_addresses = ''
port = {port}
unix_socket_directories = '{place}'
hot_standby = off
archive_mode = off
ssl = off
shared_buffers = 128MB
max_connections = 20
"""
#: What PostgreSQL says where there is no WAL up to the target.
ENDED_EARLY = "recovery ended before configured recovery target was reached"
#: Seconds between two looks.
INTERVAL = 1.0
SIZES = "select datname, pg_database_size(datname) from pg_database where not datistemplate order by 1"


def scratch(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore into a scratch instance and start it, or remove it.

    :param params: as the module ``pgbackrest_scratch`` documents them, every option present
    :return: steps; ``databases``, ``place``, ``port``: filled in once the steps are applied
    :raises AgentError: ``bad-target``, ``no-backup``, ``scratch-exists``; by a step ``restore-failed``
    """
    place = params["path"]
    there = os.path.exists(ctx.path(f"{place}/data"))
    result: Item = {"databases": [], "place": place, "port": params["port"]}
    if params["state"] == "absent":
        return ([Step("restore", place, "remove", apply=lambda ctx: remove(ctx, place))] if there else []), result
    if there and not params["replace"]:
        text = f"{place} has an instance of an earlier restore"
        raise AgentError("scratch-exists", f"{text}. Fix: -e restore_replace=true, or -e restore_remove=true to remove it")
    program = Program(ctx, params["stanza"], params["config"])
    known = (program.info() or {}).get("backup") or []
    backups = [one for one in known if int(one["database"]["repo-key"]) == params["repository"]]
    options = target.options(params["type"], params["target"], backups, ctx.now())
    detail = "to the newest WAL" if params["type"] == "latest" else f"to {params['type']} {params['target']}"

    def apply(ctx: Context) -> None:
        # pgBackRest knows no names: it would restore the newest backup, and only an older one may be from before this name.
        sets = [[f"--set={one['label']}"] for one in reversed(backups)] if params["type"] == "name" else [[]]
        for chosen in sets:
            remove(ctx, place)
            _restore(ctx, program, params, [*options, *chosen])
            try:
                result["databases"] = _start(ctx, params)
                return
            except AgentError as error:
                if ENDED_EARLY not in str(error) or chosen == sets[-1]:
                    raise

    return [Step("restore", place, "create", f"{detail}, from repository {params['repository']}", apply=apply)], result


def remove(ctx: Context, place: str) -> None:
    """Stop the instance and remove its files."""
    ctx.run(["systemctl", "stop", UNIT], timeout=120, check=False)
    ctx.run(["systemctl", "reset-failed", UNIT], check=False)
    ctx.run(["rm", "-rf", "--", ctx.path(place)], timeout=600)


def _restore(ctx: Context, program: Program, params: Item, options: list[str]) -> None:
    place = params["path"]
    ctx.run(["install", "-d", "-m", "0700", "-o", USER, "-g", USER, "--", place, f"{place}/data"])
    waiting.tell(ctx, "the restore of the cluster", ctx.now(), params["wait"], "")
    more = [f"--repo={params['repository']}", f"--pg1-path={place}/data", *options]
    ran = program.restore(more, params["wait"])
    if ran.rc:
        remove(ctx, place)
        raise AgentError("restore-failed", f"nothing was restored: {first_error(ran)}. Fix: see /var/log/pgbackrest on this host")
    texts = {
        "pg_hba.conf": HBA,
        "pg_ident.conf": "# No names are mapped.\n",
        "postgresql.conf": SETTINGS.format(place=place, data=f"{place}/data", port=params["port"]),
    }
    for name, text in texts.items():
        ctx.run(["tee", "--", f"{place}/{name}"], input=text, user=USER)


def _start(ctx: Context, params: Item) -> list[Item]:
    """Start the instance, and wait until it has reached the target.

    Without hot_standby PostgreSQL tells systemd that it is ready when the recovery begins (src/backend/postmaster/postmaster.c,
    PMSIGNAL_RECOVERY_STARTED), so it is asked.
    """
    import time

    place, wait = params["path"], params["wait"]
    unit = ["systemd-run", "--quiet", f"--unit={UNIT}", f"--uid={USER}", "--property=Type=notify", f"--property=TimeoutStartSec={wait}"]
    argv = [*unit, f"{params['programs']}/postgres", "-c", f"config_file={place}/postgresql.conf"]
    ran = ctx.run(argv, timeout=wait + 30, check=False)
    if ran.rc:
        raise _failed(ctx, ran.err.strip())
    begun = time.monotonic()
    while True:
        said = ctx.run(["psql", "-qAtX", "-h", place, "-p", str(params["port"]), "-d", "postgres", "-c", SIZES], user=USER, check=False)
        if said.rc == 0:
            break
        if ctx.run(["systemctl", "is-active", "--quiet", UNIT], check=False).rc:
            raise _failed(ctx, said.err.strip())
        if time.monotonic() - begun >= wait:
            text = f"the restored instance has not reached its target within {wait} s"
            raise AgentError("restore-failed", f"{text}. Fix: -e restore_wait=SECONDS, or a newer backup, which needs less WAL")
        waiting.tell(ctx, "PostgreSQL to reach the target of the restore", begun, wait, said.err.strip()[-200:])
        time.sleep(ctx.pause(INTERVAL))
    rows = [line.split("|") for line in said.out.splitlines() if "|" in line]
    return [{"name": name, "bytes": int(size)} for name, size in rows]


def _failed(ctx: Context, said: str) -> AgentError:
    """Why the instance does not run, from its journal."""
    journal = ctx.run(["journalctl", "-q", "--no-pager", "-o", "cat", "-n", "40", "-u", UNIT], check=False).out
    fatal = [line.partition("FATAL:")[2].strip() for line in journal.splitlines() if "FATAL:" in line]
    if ENDED_EARLY in journal:
        text = f"the restored instance does not start: {ENDED_EARLY}"
        return AgentError("restore-failed", f"{text}. Fix: an earlier target; the WAL of the repository ends before this one", journal)
    text = f"the restored instance does not start: {(fatal or [said or 'without a message'])[-1]}"
    return AgentError("restore-failed", f"{text}. Fix: see the lines of its journal", journal)
