# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on a database server before anything is changed there: asked by the host checks."""

from __future__ import annotations

import os

from ...host.facts import listed
from ...host.text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Params
    from ...facts import Peer
    from ..patroni.cluster import Cluster
    from .types import Facts, Member


#: Made by a person, read by roles/postgresql/files/postgresql-may-start.
NEWEST = "/etc/patroni/vannah-newest"


def facts(ctx: Context, asked: Params) -> Facts:
    """``clusters`` (``17/main``: what lies in /var/lib/postgresql), ``watchdog`` (why Patroni could not use a device, or empty), ``peers``.

    Also ``leader``: a name; empty where the cluster has none, None where Patroni is silent. Where the role has made a member
    here, ``member``: ``runs`` (Patroni does), ``newest`` (a person has named this member as the one with the newest data:
    postgresql-may-start), and of a stopped one ``wal`` (see :func:`.wal.position`).

    :param asked: ``watchdog``: whether Patroni must not lead without one; else it is not looked for; ``cluster``: what the site calls
        the cluster of Patroni's members, and ``url``: where this host's Patroni answers
    """
    found: Facts = {"clusters": clusters(ctx.path("/var/lib/postgresql"))}
    if asked.get("cluster"):
        known = cluster(ctx, asked)
        found["peers"] = {asked["cluster"]: peers(known) if known else []}
        found["leader"] = next((one.name for one in known.members if one.leads), "") if known else None
        found["member"] = member(ctx, answers=known is not None)
    if asked.get("watchdog"):
        from .watchdog import problem

        found["watchdog"] = problem(ctx)
    return found


def member(ctx: Context, answers: bool = False) -> Member:
    """Whether the role's member on this host runs, and the position of its data where it does not; empty where there is no member.

    :param answers: Patroni has answered, so that systemd is not asked
    """
    from ..patroni.guard import MANAGED, setting
    from ..patroni.rest import CONFIG

    text = read(ctx, CONFIG)
    data, programs = setting(text, "data_dir"), setting(text, "bin_dir")
    if not text.startswith(MANAGED) or not data or not programs or not os.path.exists(ctx.path(f"{data}/global/pg_control")):
        return {}
    if answers:
        return {"runs": True}
    # While postgresql-may-start waits, Patroni is not there yet.
    shown = ctx.run(["systemctl", "show", "--property=MainPID", "--value", "patroni.service"], check=False)
    if shown.out.strip() not in ("", "0"):
        return {"runs": True}
    from . import wal

    return {"runs": False, "newest": os.path.exists(ctx.path(NEWEST)), "wal": wal.position(ctx, data, programs)}


def cluster(ctx: Context, asked: Params) -> Cluster | None:
    """The cluster of the role's member as its Patroni says it; None where there is no member, or it is silent."""
    from ..patroni.guard import MANAGED
    from ..patroni.rest import CONFIG

    if not read(ctx, CONFIG).startswith(MANAGED):
        return None
    from ...core.model import AgentError
    from ..patroni.look import look
    from ..patroni.rest import connect

    try:
        return look(connect(ctx, asked))
    except AgentError:
        return None  # another check reports that it does not run


def peers(known: Cluster) -> list[Peer]:
    """The running members of a cluster: ``name``, ``address`` and ``what`` each is."""
    return [
        {
            "name": one.name,
            "address": one.host,
            "what": f"it is {'the leader' if one.leads else 'a running member'} of the PostgreSQL cluster {known.scope}",
        }
        for one in known.members
    ]


def clusters(path: str) -> list[str]:
    """``version/name`` of the clusters below a directory that is laid out as Debian does (pg_createcluster(1))."""
    found = []
    for version in listed(path):
        for name in listed(f"{path}/{version}"):
            if os.path.exists(f"{path}/{version}/{name}/PG_VERSION"):
                found.append(f"{version}/{name}")
    return found
