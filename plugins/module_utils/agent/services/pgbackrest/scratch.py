# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch instance: a cluster restored on the backup server, beside the one that runs. It archives nothing."""

from __future__ import annotations

import os

from ...core import waiting
from ...core.model import AgentError, Step
from . import target
from .in_place import refuse_small
from .instance import ENDED_EARLY, Instance
from .program import USER, Program, first_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


UNIT = "vannah-restore.service"
SIZES = "select datname, pg_database_size(datname) from pg_database where not datistemplate order by 1"


def scratch(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Restore into a scratch instance and start it, or remove it.

    :param params: as the module ``pgbackrest_scratch`` documents them, every option present
    :return: steps; ``place``, ``port``, ``timeline``; ``databases``: filled in once the steps are applied
    :raises AgentError: ``bad-target``, ``no-backup``, ``scratch-exists``, ``wal-missing``, ``wal-unreadable``; by a step ``restore-failed``
    """
    place = params["path"]
    there = os.path.exists(ctx.path(f"{place}/data"))
    result: Item = {"databases": [], "place": place, "port": params["port"], "timeline": 0}
    instance = Instance(ctx, place, f"{place}/data", params["port"], params["programs"], UNIT)
    if params["state"] == "absent":
        return ([Step("restore", place, "remove", apply=lambda ctx: remove(ctx, instance))] if there else []), result
    if there and not params["replace"]:
        text = f"{place} has an instance of an earlier restore"
        raise AgentError("scratch-exists", f"{text}. Fix: write -e restore_replace=true, or -e restore_remove=true to remove it")
    program = Program(ctx, params["stanza"], params["config"])
    chosen = target.choose(ctx, program, params)
    refuse_small(ctx, place, chosen.bytes)
    result["timeline"] = chosen.timeline
    detail = "to the newest WAL" if params["type"] == "latest" else f"to {params['type']} {params['target']}"

    def apply(ctx: Context) -> None:
        attempts = chosen.attempts(ended=False)
        for attempt in attempts:
            remove(ctx, instance)
            _restore(ctx, program, params, instance, attempt)
            try:
                said = instance.start(params["wait"], SIZES)
            except AgentError as error:
                if ENDED_EARLY in str(error) and attempt != attempts[-1]:
                    continue
                raise
            result["databases"] = [{"name": name, "bytes": int(size)} for name, size in _sizes(said)]
            instance.require(chosen.archived if target.ALL in attempt else "")
            break

    return [Step("restore", place, "create", f"{detail}, from repository {params['repository']}", apply=apply)], result


def _sizes(said: str) -> list[list[str]]:
    return [line.split("|") for line in said.splitlines() if "|" in line]


def remove(ctx: Context, instance: Instance) -> None:
    """Stop the instance and remove its files."""
    instance.stop()
    ctx.run(["rm", "-rf", "--", ctx.path(instance.place)], timeout=600)


def _restore(ctx: Context, program: Program, params: Item, instance: Instance, options: list[str]) -> None:
    ctx.run(["install", "-d", "-m", "0700", "-o", USER, "-g", USER, "--", instance.place, instance.data])
    waiting.tell(ctx, "the restore of the cluster", ctx.now(), params["wait"], "")
    more = [f"--repo={params['repository']}", f"--pg1-path={instance.data}", *options]
    ran = program.restore(more, params["wait"])
    if ran.rc:
        remove(ctx, instance)
        raise AgentError("restore-failed", f"nothing was restored: {first_error(ran)}. Fix: see /var/log/pgbackrest on this host")
    instance.configure()
