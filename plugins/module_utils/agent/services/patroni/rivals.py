# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of Debian's packages beside Patroni's: planned with Patroni's unit, before it.

A package that depends on the server makes a cluster ``main``, which starts with the host. It may take Patroni's port, and then Patroni
cannot start. One that holds nothing is stopped and kept from starting; it is not removed. One with data was refused before (the guard).
One that has Patroni's own data directory (it was taken over) is no longer started by Debian.
"""

from __future__ import annotations

import os

from ...core.model import Step
from .reach import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Params
    from ..postgresql.debian_clusters import Cluster

TEXT = "# Patroni runs PostgreSQL on this host: Debian starts no cluster with the host (vannah.healthcloud).\nmanual\n"


def plan(ctx: Context, options: Params) -> list[Step]:
    """Steps that stop an empty cluster and keep it from starting.

    :param options: ``port`` and ``data_directory`` of the cluster that Patroni runs, and what :func:`.reach.refuse` takes
    :raises AgentError: ``peer-unreachable``
    """
    refuse(ctx, options)
    try:
        if not os.listdir(ctx.path("/etc/postgresql")):
            return []
    except OSError:
        return []
    from ..postgresql import debian_clusters as _clusters

    steps = []
    for cluster in _clusters.found(ctx):
        name = f"the cluster {cluster.label} of Debian's packages"
        if not cluster.running and not cluster.starts(ctx):
            continue
        if os.path.realpath(ctx.path(cluster.directory)) == os.path.realpath(ctx.path(options["data_directory"])):
            # It was taken over: what runs is Patroni's, and Debian must not start it before Patroni does.
            if cluster.starts(ctx):
                steps += _starting(ctx, cluster, f"{name} is the one that Patroni runs")
        elif (cluster.port == int(options["port"]) or cluster.name == _clusters.DEFAULT) and _clusters.empty(ctx, cluster):
            removal = f"pg_dropcluster {cluster.version} {cluster.name} removes it"
            ctx.warn(f"{name} holds nothing, and is prevented from starting beside the cluster that Patroni runs ({removal})")
            steps += _starting(ctx, cluster, f"{name} holds nothing")
            if cluster.running:
                steps.append(Step("unit", cluster.unit, "stop", f"{name} holds nothing", apply=_stop(cluster)))
    return steps


def _starting(ctx: Context, cluster: Cluster, why: str) -> list[Step]:
    """Steps after which a cluster does not start with the host."""
    steps = []
    if cluster.start == "auto":
        path = f"{cluster.folder}/start.conf"
        steps.append(Step("file", path, "update", f"manual: {why}", apply=_keep_from_starting(path)))
    if os.path.lexists(ctx.path(cluster.link)):
        steps.append(Step("unit", cluster.unit, "disable", why, apply=_disable(cluster.unit)))
    return steps


def _keep_from_starting(path: str) -> Any:
    def apply(ctx: Context) -> None:
        from ...lib.systemd import reload
        from ...lib.write import write_file

        try:
            found = os.stat(ctx.path(path))
            owner = (found.st_uid, found.st_gid)
        except OSError:
            owner = (ctx.uid("postgres") or 0, ctx.gid("postgres") or 0)
        write_file(ctx, path, TEXT.encode(), 0o644, *owner)
        reload(ctx)  # Debian's generator reads it

    return apply


def _disable(unit: str) -> Any:
    def apply(ctx: Context) -> None:
        from ...lib.systemd import call

        call(ctx, "disable", unit)

    return apply


def _stop(cluster: Cluster) -> Any:
    def apply(ctx: Context) -> None:
        from ...lib.systemd import call
        from ..postgresql.debian_clusters import Cluster as Now

        call(ctx, "stop", cluster.unit, timeout=120)
        if Now(ctx, cluster.version, cluster.name).running:  # it was started past systemd
            stop = ["pg_ctlcluster", "--skip-systemctl-redirect", cluster.version, cluster.name, "stop", "-m", "fast"]
            ctx.run(stop, timeout=120)

    return apply
