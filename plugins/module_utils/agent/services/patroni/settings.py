# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that a standby must have at least as high as its primary.

Raised, they go to the standbys first, the leader last. Lowered, the other way round: until the leader itself was restarted with the
lower value and its standbys have replayed that, Patroni starts every standby with the old one, however often it is restarted
(https://patroni.readthedocs.io/en/latest/patroni_configuration.html#important-rules).
"""

from __future__ import annotations

from ..postgresql.psql import Absent, Psql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .cluster import Cluster
    from .types import Waiting

#: https://www.postgresql.org/docs/17/hot-standby.html#HOT-STANDBY-ADMIN, and what Patroni starts a server with where its configuration
#: does not say (ConfigHandler.CMDLINE_OPTIONS of patroni/postgresql/config.py).
AT_LEAST_AS_PRIMARY = {
    "max_connections": 100,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
    "max_wal_senders": 10,
    "max_worker_processes": 8,
}
_RUNNING = """\
SELECT coalesce(json_object_agg(name, json_build_array(setting, pending_restart)), '{}') FROM pg_settings
 WHERE pending_restart OR name IN ('max_connections', 'max_prepared_transactions', 'max_locks_per_transaction', 'max_wal_senders',
 'max_worker_processes');
"""


def running(ctx: Context, port: int) -> dict[str, list[Any]]:
    """This host's server: ``{name: [value, waits for a restart]}``; empty where it does not answer."""
    try:
        found: list[dict[str, list[Any]]] = Psql(ctx, port).read(_RUNNING)
    except Absent:
        return {}
    return found[0] if found else {}


def lowered(now: dict[str, list[Any]], parameters: Json) -> list[str]:
    """Settings that run with more than the cluster's configuration says, or its default where it no longer has the setting.

    :param now: :func:`running`
    :param parameters: ``postgresql.parameters`` of the cluster's configuration
    """
    found = []
    for name, default in AT_LEAST_AS_PRIMARY.items():
        wanted = str(parameters.get(name, default))
        if name in now and wanted.isdigit() and int(now[name][0]) > int(wanted):
            found.append(name)
    return sorted(found)


def waiting(ctx: Context, cluster: Cluster, name: str, configuration: Json) -> Waiting:
    """What a member that waits for a restart waits for.

    :return: ``lowered`` (names), and ``waits_for_leader``: a restart of this standby would change nothing before its leader's
    """
    member = cluster.find(name)
    now = running(ctx, member.port if member else 5432)
    found = lowered(now, (configuration.get("postgresql") or {}).get("parameters") or {})
    others = [setting for setting, (_value, pending) in now.items() if pending and setting not in found]
    leader = cluster.leader
    behind_leader = leader is not None and leader.name != name and leader.pending
    return {"lowered": found, "waits_for_leader": bool(found and not others and behind_leader)}


def why_down(ctx: Context, name: str, since: float) -> str:
    """What to add to the error of a restart that failed: PostgreSQL's own reason, where it did not start; empty where it said none.

    Its log goes to the journal of Patroni's unit.

    :param since: when the restart was asked for, in seconds since the epoch
    """
    argv = ["journalctl", "-u", "patroni.service", "--since", f"@{int(since)}", "--no-pager", "-o", "cat"]
    reasons = [text for line in ctx.run(argv, check=False).out.splitlines() if (text := _reason(line))]
    if not reasons:
        return ""
    return (
        f". PostgreSQL on {name} did not start and is down: {reasons[-1].rstrip('.')}. Correct what it names (postgresql_settings) and run"
        " again: Patroni starts it by itself then. The other members have the same settings and would not start again either"
    )


def _reason(line: str) -> str:
    """Why a server ends before it has begun; empty for what it says to its clients, and of a stop that was asked for."""
    if line.startswith("postgres: "):
        return line.removeprefix("postgres: ")
    before, fatal, text = line.partition("FATAL:")
    found = text.strip()
    if (
        not fatal
        or "@" in before
        or found.startswith(("terminating ", "the database system is ", "could not receive ", "could not connect "))
    ):
        return ""
    return found
