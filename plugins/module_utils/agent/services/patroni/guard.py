# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host already carries a PostgreSQL or a Patroni that is not managed: asked before anything is changed."""

from __future__ import annotations

import os

from ...core.model import AgentError, Step
from .rest import CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ..postgresql.debian_clusters import Cluster
    from .types import Guarded, GuardParams

#: First line of the configuration that the role writes.
MANAGED = "# Written by vannah.healthcloud"
LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp, include/net/tcp_states.h
#: What the root of a file system has of itself.
LOST = "lost+found"


def guard(params: GuardParams, ctx: Context) -> tuple[list[Step], Guarded]:
    """Refuse a host with an installation that is not managed here, or on which the role would replace the running cluster by an empty one.

    :param params: ``scope`` (the cluster's name), ``data_directory``, ``ports`` (numbers), ``adopt``
    :return: no steps; ``managed``: the role has been here before
    :raises AgentError: ``cluster-renamed``, ``data-directory-moved``, ``data-directory-root``, ``foreign-patroni``, ``foreign-data``,
        ``foreign-cluster``, ``port-taken``
    """
    text = _read(ctx, CONFIG)
    managed = text.startswith(MANAGED)
    directory = params["data_directory"]
    if managed:
        _refuse_another_cluster(ctx, text, params["scope"], directory)
    if content(ctx, directory) == [LOST]:
        raise AgentError(
            "data-directory-root",
            f"{directory} is the root of a file system (it has {LOST}), in which initdb creates no cluster. Use a subdirectory:"
            f" postgresql_data_directory: {os.path.join(directory, 'data')}",
        )
    clusters = _rivals(params, ctx)
    if params["adopt"]:
        return [], {"managed": managed}
    hint = "postgresql_adopt: true takes it over"
    if text and not managed:
        raise AgentError(
            "foreign-patroni",
            f"{CONFIG} was not written by this role: another installation of Patroni exists on this host. {hint}; or move it away",
        )
    if not (managed and same_place(ctx, setting(text, "data_dir"), directory)) and content(ctx, directory):
        raise AgentError(
            "foreign-data",
            f"{directory} holds data that this role did not create. Write another postgresql_data_directory, or move the data away; {hint}",
        )
    if not managed:
        listening = listeners(_read(ctx, "/proc/net/tcp") + _read(ctx, "/proc/net/tcp6"))
        taken = [port for port in params["ports"] if port in listening]
        if taken:
            ports = ", ".join(str(port) for port in taken)
            whose = [cluster for cluster in clusters if cluster.running and cluster.port in taken]
            if whose:
                raise AgentError(
                    "port-taken",
                    f"the cluster {whose[0].label} of Debian's packages runs on port {ports}. It holds nothing: pg_dropcluster --stop"
                    f" {whose[0].version} {whose[0].name} removes it. Or change postgresql_port; {hint}",
                )
            raise AgentError(
                "port-taken",
                f"another program already listens on port {ports} (ss -ltnp). Stop it, or change postgresql_port or "
                f"postgresql_rest_port; {hint}",
            )
    return [], {"managed": managed}


def _rivals(params: GuardParams, ctx: Context) -> list[Cluster]:
    """Empty clusters of Debian's packages on a port of Patroni's, which the role keeps from starting.

    :raises AgentError: ``foreign-cluster``: one with data
    """
    if not content(ctx, "/etc/postgresql"):
        return []
    from ..postgresql import debian_clusters as _clusters

    found = []
    for cluster in _clusters.found(ctx):
        if same_place(ctx, cluster.directory, params["data_directory"]) or cluster.port not in params["ports"]:
            continue
        if not cluster.running and not cluster.starts(ctx):
            continue
        if not _clusters.empty(ctx, cluster):
            raise AgentError(
                "foreign-cluster",
                f"the cluster {cluster.label} of Debian's packages ({cluster.directory}) holds data and"
                f" {'has' if cluster.running else 'takes, when this host starts,'} port {cluster.port}, which Patroni's PostgreSQL needs."
                f" Give it another port (pg_conftool {cluster.version} {cluster.name} set port 5499, then pg_ctlcluster {cluster.version}"
                f" {cluster.name} restart); or prevent it from starting (pg_ctlcluster {cluster.version} {cluster.name} stop, and the word"
                f" manual in {cluster.folder}/start.conf). Its data stay where they are",
            )
        found.append(cluster)
    return found


def _refuse_another_cluster(ctx: Context, text: str, scope: str, directory: str) -> None:
    """Patroni reads both at its start only, and would then make a new, empty cluster beside the one that has the data.

    :param text: the configuration that the role wrote before
    :raises AgentError: ``cluster-renamed``, ``data-directory-moved``
    """
    named, place = setting(text, "scope"), setting(text, "data_dir")
    if not place or not set(content(ctx, place)) - {LOST}:
        return
    again = f"To begin with an empty cluster, stop patroni.service and move {place} away"
    if named and named != scope:
        raise AgentError(
            "cluster-renamed",
            f"postgresql_cluster is {scope}, and {place} holds the data of the cluster {named}, which cannot be renamed."
            f" Write postgresql_cluster: {named}. {again}",
        )
    if not same_place(ctx, place, directory):
        raise AgentError(
            "data-directory-moved",
            f"the data directory would be {directory}, and {place} holds the data of this member. Write postgresql_data_directory: {place}"
            f" (without it, it follows from postgresql_version, or the release, and postgresql_cluster). {again}",
        )


def same_place(ctx: Context, one: str, other: str) -> bool:
    """Whether two paths are one directory, also through a link."""
    return bool(one and other) and os.path.realpath(ctx.path(one)) == os.path.realpath(ctx.path(other))


def setting(text: str, name: str) -> str:
    """``scope`` or ``data_dir`` of the configuration that the role wrote, each a line of its own there; empty where there is none."""
    for line in text.splitlines():
        key, colon, value = line.strip().partition(":")
        if colon and key == name:
            return value.strip().strip("'\"")
    return ""


def content(ctx: Context, directory: str) -> list[str]:
    """What lies in a directory."""
    try:
        return sorted(os.listdir(ctx.path(directory)))
    except (FileNotFoundError, NotADirectoryError):
        return []


def listeners(table: str) -> set[int]:
    """Ports in use, from the text of /proc/net/tcp and tcp6 (proc(5): local address and state in hexadecimal)."""
    found = set()
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTEN:
            found.add(int(fields[1].rpartition(":")[2], 16))
    return found


def _read(ctx: Context, path: str) -> str:
    try:
        with open(ctx.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
