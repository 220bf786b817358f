# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest on the backup server: the stanza of a cluster, its jobs, and restores: into a scratch instance, and onto the cluster."""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.plural import counted
from .in_place import in_place, target_of
from .jobs import backup, info
from .program import Program, one_line
from .scratch import scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


#: Seconds between two looks.
INTERVAL = 2.0
#: Codes of ``repo[].status`` (https://pgbackrest.org/command.html#command-info): ok, and no backup yet.
GOOD, EMPTY = 0, 2
#: A repository without this stanza: its path, or its backup.info, is missing.
MISSING = (1, 3)


def stanza(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Make repositories ready for a cluster; a stanza that exists is left as it is.

    :param params: as the module ``pgbackrest_stanza`` documents them, every option present
    :return: a step where a repository does not know the stanza; ``answers``, ``backups``, ``newest``
    :raises AgentError: ``pgbackrest-missing``, ``pgbackrest-failed``, ``repository-failed``; by the step also ``repository-foreign``,
        ``database-unreachable``, ``archive-failed``
    """
    program = Program(ctx, params["stanza"])
    known = program.info()
    if known is None:
        if not ctx.check:
            raise AgentError("pgbackrest-missing", "pgbackrest is not installed on this host. Fix: converge the role before this task")
        ctx.warn("pgbackrest is not installed yet: the stanza is shown as to be made.")
        return [_step(ctx, program, params)], {"answers": False, "backups": 0, "newest": ""}
    status = {int(one["key"]): one["status"] for one in known.get("repo") or ()}
    missing = [number for number in params["repositories"] if status.get(number, {"code": MISSING[0]})["code"] in MISSING]
    for number in params["repositories"]:
        said = status.get(number)
        if said and said["code"] not in (GOOD, EMPTY, *MISSING):
            text = f"repository {number} cannot be used: {one_line(said['message'])}"
            fix = "use the key that it was made with, or its store; see /var/log/pgbackrest. Nothing was changed"
            raise AgentError("repository-failed", f"{text}. Fix: {fix}")
    if not missing and not ctx.check:
        program.create()  # changes nothing where the stanza is that of this cluster, and refuses another one
    backups = known.get("backup") or []
    if not backups and not missing:
        ctx.warn(f"{params['stanza']} has no backup yet. Fix: run playbooks/backup/now.yml, or wait for the next scheduled one")
    result = {"answers": True, "backups": len(backups), "newest": str(backups[-1]["label"]) if backups else ""}
    return [_step(ctx, program, params, missing)] if missing else [], result


def _step(ctx: Context, program: Program, params: Item, missing: list[int] | None = None) -> Step:
    numbers = missing or params["repositories"]
    name = f"stanza {program.stanza}"
    detail = f"in {counted(len(numbers), 'repository', 'repositories')}"
    diff = {"before_header": name, "after_header": name, "before": "", "after": "".join(f"repository {number}\n" for number in numbers)}
    return Step(
        "stanza",
        name,
        "create",
        detail,
        diff=diff if ctx.diff else None,  # type: ignore[arg-type]
        apply=lambda ctx: _create(ctx, program, params["wait"]),
    )


def _create(ctx: Context, program: Program, wait: float) -> None:
    """Create the stanza once the cluster has a leader, and see that a WAL segment arrives."""
    import time

    begun = time.monotonic()
    while True:
        problem = program.create()
        if not problem:
            break
        if time.monotonic() - begun >= wait:
            text = f"after {wait} s {problem}" if wait else problem
            raise AgentError(
                "database-unreachable", f"{text}. Fix: see that the cluster has a leader, and pgbackrest.service on its members"
            )
        waiting.tell(ctx, "the leader of the cluster to answer pgBackRest", begun, wait, problem)
        time.sleep(ctx.pause(INTERVAL))
    said = program.check()
    if said == "archive_mode":
        ctx.warn("WAL is not archived before the members are restarted. Fix: run playbooks/postgresql/rolling_restart.yml")
    elif said:
        raise AgentError("archive-failed", f"the stanza exists, and no WAL arrives: {said}. Fix: see /var/log/pgbackrest on the leader")


CALLS = {"stanza": stanza, "backup": backup, "info": info, "scratch": scratch, "target": target_of, "restore": in_place}
