# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Patroni says of the cluster and of its own member, asked again at each call."""

from __future__ import annotations

from .cluster import Cluster
from .rest import CONFIG, Kept, Rest, Silent, silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Json

#: Seconds after which a member has taken over a new configuration file for sure, and for its turns longer than usual.
TAKEN_OVER, SLOW_CYCLE = 3, 60


def look(rest: Rest, others: list[str] | None = None) -> Cluster:
    """The cluster as this member, or the first of ``others`` (URLs) that answers, sees it.

    :raises AgentError: ``patroni-silent``
    """
    first: Silent | None = None
    for url in [rest.url, *(others or [])]:
        try:
            status, said = rest.at(url).ask("/cluster")
        except Silent as error:
            first = first or error
            continue
        if status == 200 and isinstance(said, dict):
            return Cluster({"scope": rest.names.get("scope", ""), **said})
        first = first or Silent(f"GET /cluster answers {status}")
    raise silent(rest.url, first or Silent("no member was asked"))


def look_surely(rest: Rest, others: list[str] | None = None) -> Cluster:
    """As :func:`look`, and the reported leader confirms it: for changes that rely on it.

    A member that lost its connection to etcd, or whose etcd server died, keeps its last known state for a while: Patroni reads etcd
    through a watch that has no timeout (``KVCache._do_watch`` of patroni/dcs/etcd3.py). The leader has to write to etcd to stay one,
    and answers ``GET /leader`` with 200 only as long as it may (https://patroni.readthedocs.io/en/latest/rest_api.html).

    :return: the cluster; without a leader where the leader does not confirm it, and ``doubt`` says why
    :raises AgentError: ``patroni-silent``
    """
    cluster = look(rest, others)
    leader = cluster.leader
    if leader is not None:
        try:
            status, _said = (rest.at(leader.api) if leader.api else rest).ask("/leader")
        except Silent as error:
            cluster.doubt = f"{leader.name} is reported as the leader and does not answer: {error}"
        else:
            if status != 200:
                cluster.doubt = f"{leader.name} is reported as the leader and reports itself that it is not (GET /leader answers {status})"
    return cluster


def look_settled(ctx: Context, rest: Rest, max_lag: int, others: list[str] | None = None) -> Cluster:
    """As :func:`look_surely`, and a standby that streams has some seconds to catch up.

    Its lag is a distance of positions: where a WAL segment ends early (pg_switch_wal(), archive_timeout) the leader's jumps by up to
    16 MiB that are not sent, and Patroni tells the standby's new one at its next turn (``loop_wait``).

    :param max_lag: bytes that a standby may be behind
    :raises AgentError: ``patroni-silent``
    """
    import time

    from ...core import waiting

    begun = time.monotonic()
    settle = ctx.kept(Kept).settle
    deadline = begun + settle
    while True:
        cluster = look_surely(rest, others)
        behind = [member.name for member in cluster.members if member.state == "streaming" and (member.lag or 0) > max_lag]
        if time.monotonic() >= deadline or not behind:
            return cluster
        waiting.tell(ctx, "standbys to catch up", begun, settle, f"behind: {', '.join(behind)}")
        time.sleep(ctx.pause(0.5))


def await_reload(ctx: Context, rest: Rest) -> None:
    """Let a member whose configuration file is a moment old say what waits for a restart with it, before it is asked.

    It takes the file over at its next turn after the reload, and asks PostgreSQL a second later what that could not take over
    (``reload_config`` of patroni/postgresql/config.py). Until then it says that nothing waits.

    :raises AgentError: ``patroni-silent``
    """
    import os
    import time

    try:
        written = os.stat(ctx.path(CONFIG)).st_mtime
    except OSError:
        return
    if ctx.check or not 0 <= time.time() - written < SLOW_CYCLE:
        return
    left = written + float(configuration(rest).get("loop_wait") or 10) + TAKEN_OVER - time.time()
    if left > 0:
        from ...core import waiting

        waiting.doing(ctx, "waiting for Patroni to read its new configuration file", left)
        time.sleep(ctx.pause(left))


def own(rest: Rest) -> Json:
    """What this host's member says of itself (``GET /patroni`` answers 503 while PostgreSQL does not run, with the same text).

    :raises AgentError: ``patroni-silent``
    """
    _status, said = _answer(rest, "/patroni")
    if not isinstance(said, dict):
        return {}
    return {**said, "patroni": {**rest.names, **(said.get("patroni") or {})}}


def own_name(rest: Rest) -> str:
    """This host's member name, as Patroni or else its configuration says it; empty where neither does."""
    return str((own(rest).get("patroni") or {}).get("name") or "")


def configuration(rest: Rest) -> Json:
    """Patroni's configuration of the whole cluster; empty where there is none yet.

    :raises AgentError: ``patroni-silent``
    """
    status, said = _answer(rest, "/config")
    return said if status == 200 and isinstance(said, dict) else {}


def _answer(rest: Rest, path: str) -> tuple[int, Any]:
    """:raises AgentError: ``patroni-silent``"""
    try:
        return rest.ask(path)
    except Silent as error:
        raise silent(rest.url, error) from error
