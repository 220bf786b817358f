# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker and its Swarm: how they are, what this host is in it, and a node that hands its tasks over."""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from . import decisions
from .client import LABEL, Docker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...core.model import Context
    from .client import Node
    from .types import Health, HealthParams, Logins, LoginsParams, Moved, NodeParams, Part, SwarmParams

#: Seconds between two looks.
INTERVAL = 1.0


def health(params: HealthParams, ctx: Context) -> tuple[list[Step], Health]:
    """The engine of this host, and the Swarm that it is in.

    :param params: ``name``: the host's; ``interrupt``: refuse where the node cannot be spared now; ``wait``: seconds until all is healthy
    :return: no steps; see the documentation of the module
    :raises AgentError: ``would-lose-quorum``, ``swarm-unhealthy`` (with ``interrupt``), ``not-in-time`` (with ``wait``)
    """
    import time

    docker = Docker(ctx)
    wait = 0 if ctx.check else params["wait"]
    begun = time.monotonic()
    while True:
        found = look(docker, params["name"])
        if not found["problems"] or time.monotonic() - begun >= wait:
            break
        waiting.tell(ctx, "Docker to be healthy", begun, wait, "; ".join(found["problems"]))
        time.sleep(ctx.pause(INTERVAL))
    if wait and found["problems"]:
        raise AgentError("not-in-time", f"Docker was not healthy within {wait} s: {'; '.join(found['problems'])}")
    if params["interrupt"] and not ctx.check:
        refuse_interrupt(docker, found, params["name"])
    return [], found


def look(docker: Docker, name: str) -> Health:
    """What ``health`` returns, asked once.

    :param name: the host's name in the inventory
    """
    found: Health = {
        "answers": False,
        "version": "",
        "swarm": decisions.OUTSIDE,
        "leader": "",
        "directs": False,
        "problems": [],
        "member": {"id": "", "manager": False},
        "directors": [],
    }
    try:
        info = docker.info()
    except AgentError as error:
        return {**found, "problems": [error.msg]}
    swarm = info.get("Swarm") or {}
    manager = bool(swarm.get("ControlAvailable"))
    state = swarm.get("LocalNodeState") or decisions.OUTSIDE
    inside = state != decisions.OUTSIDE
    found.update({"answers": True, "version": str(info["ServerVersion"]), "swarm": state, "problems": decisions.own_problems(swarm)})
    found["member"] = {"id": str(swarm.get("NodeID") or "") if inside else "", "manager": manager}
    found["directors"] = [str(one["NodeID"]) for one in swarm.get("RemoteManagers") or () if one.get("NodeID")]
    if not manager:
        return found
    try:
        nodes = docker.nodes()
    except AgentError as error:
        found["problems"].append(error.msg)
        return found
    found["directs"] = True
    found["problems"] += decisions.problems(nodes)
    if any(node["leader"] and node["id"] == found["member"]["id"] for node in nodes):
        found["leader"] = name
    return found


def refuse_interrupt(docker: Docker, found: Health, name: str) -> None:
    """Whether this host's engine may be restarted now.

    A node that is itself what is wrong may be: the restart is to repair it.

    :raises AgentError: ``would-lose-quorum``, ``swarm-unhealthy``
    """
    if not found["directs"]:
        return
    nodes = docker.nodes()
    own = found["member"]["id"]
    lost = decisions.loses_quorum(nodes, own)
    if lost:
        raise AgentError(
            "would-lose-quorum",
            f"refused to restart Docker on {name}: {lost}. Fix: repair the other managers; docker node ls on one of them shows them",
        )
    others = decisions.problems(nodes, own)
    if others:
        raise AgentError(
            "swarm-unhealthy",
            f"refused to restart Docker on {name}: {'; '.join(others)}. Fix: repair that node, or take it out of the Swarm"
            " (docker node rm --force)",
        )


def node(params: NodeParams, ctx: Context) -> tuple[list[Step], Moved]:
    """Have a node hand its tasks over, or give it work again. Asked of a manager.

    :param params: ``node``: an ID; empty (only ``restored``): all nodes that a run has drained; ``state``: ``drained``, ``restored`` or
        ``removed``; ``wait``: seconds
    :return: a step for each node that changes; ``nodes``: their names, ``waits``: tasks that have not come up elsewhere
    :raises AgentError: ``node-unknown``, ``node-there``, ``would-lose-quorum``, ``docker-failed``, ``docker-silent``
    """
    docker = Docker(ctx)
    if params["state"] == "drained":
        return _drain(docker, params)
    if params["state"] == "removed":
        from . import membership

        return membership.removed(docker, params)
    return _restore(docker, params, ctx)


def _drain(docker: Docker, params: NodeParams) -> tuple[list[Step], Moved]:
    nodes = docker.nodes()
    found = _node(nodes, params["node"])
    result: Moved = {"nodes": [], "waits": []}
    # A node that was drained by hand stays so; and where no other node can take its tasks over, they resume fastest without a drain.
    if found["availability"] != "active" or not decisions.takers(nodes, found["id"]):
        return [], result
    result["nodes"] = [found["name"]]

    def apply(ctx: Context) -> None:
        left = decisions.leaving(docker.tasks(found["id"]), found["id"])
        docker.update_node(found["id"], "--availability", "drain", "--label-add", f"{LABEL}={ctx.today()}")
        result["waits"] = _await_moved(docker, ctx, found, left, params["wait"])

    return [Step("swarm node", found["name"], "drain", "its tasks move to other nodes", apply=apply)], result


def _await_moved(docker: Docker, ctx: Context, found: Node, left: list[Any], seconds: int) -> list[str]:
    """Wait until a drained node's tasks run elsewhere; what does not within the time is warned of, and returned."""
    import time

    begun = time.monotonic()
    services = sorted({task["service"] for task in left})
    while True:
        wanted = docker.wanted(services) if services else []
        still, homeless = decisions.waits_for(docker.tasks(found["id"]), left, wanted)
        if not still or time.monotonic() - begun >= seconds:
            break
        waiting.tell(ctx, f"the tasks of {found['name']} to run elsewhere", begun, seconds, "; ".join(still))
        time.sleep(ctx.pause(INTERVAL))
    if still:
        late = "; ".join(still)
        ctx.warn(f"after {seconds} s not all tasks of {found['name']} run elsewhere, and it is interrupted all the same: {late}")
    if homeless:
        paused = ", ".join(homeless)
        ctx.warn(f"no other node can take these tasks of {found['name']}, which pause while it is away: {paused}")
    return [*still, *homeless]


def _restore(docker: Docker, params: NodeParams, ctx: Context) -> tuple[list[Step], Moved]:
    result: Moved = {"nodes": [], "waits": []}
    if not params["node"] and not in_swarm(ctx):
        return [], result
    drained = docker.labelled()
    if not drained:
        return [], result
    steps = []
    for found in docker.nodes():
        if found["id"] not in drained or params["node"] not in ("", found["id"]):
            continue
        result["nodes"].append(found["name"])
        since = f"drained for a restart since {found['drained']}"
        steps.append(Step("swarm node", found["name"], "activate", since, apply=_activate(docker, found, params["wait"])))
    return steps, result


def _activate(docker: Docker, found: Node, seconds: int) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        import time

        # It may have another availability meanwhile: that stays.
        active = ["--availability", "active"] if found["availability"] == "drain" else []
        docker.update_node(found["id"], *active, "--label-rm", LABEL)
        begun = time.monotonic()
        while seconds and _node(docker.nodes(), found["id"])["state"] != "ready":
            if time.monotonic() - begun >= seconds:
                ctx.warn(f"the Swarm does not see {found['name']} ready after {seconds} s: see docker node ls on a manager")
                return
            waiting.tell(ctx, f"the Swarm to see {found['name']} ready", begun, seconds)
            time.sleep(ctx.pause(INTERVAL))

    return apply


def _node(nodes: list[Node], name: str) -> Node:
    found = decisions.node_of(nodes, name)
    if len(found) == 1:
        return found[0]
    several = f"the Swarm has {len(found)} nodes {name}. Fix: set node to the ID of one of them, as docker node ls shows it on a manager"
    raise AgentError("node-unknown", several if found else f"the Swarm has no node {name}: see docker node ls on a manager")


def in_swarm(ctx: Context) -> bool:
    """Whether this host's engine is in a Swarm, without asking it."""
    import os

    from .host_facts import root

    return os.path.exists(ctx.path(f"{root(ctx)}/swarm/docker-state.json"))


def swarm(params: SwarmParams, ctx: Context) -> tuple[list[Step], Part]:
    """The part of this host in a Swarm: :func:`.membership.swarm`."""
    from . import membership

    return membership.swarm(params, ctx, _await_moved)


def tokens(params: object, ctx: Context) -> tuple[list[Step], dict[str, str]]:
    """The Swarm's join tokens: :func:`.membership.tokens`."""
    from . import membership

    return membership.tokens(params, ctx)


def logins(params: LoginsParams, ctx: Context) -> tuple[list[Step], Logins]:
    """See :func:`.logins.logins`; loaded where it is called."""
    from . import logins as docker_logins

    return docker_logins.logins(params, ctx)


CALLS = {"health": health, "logins": logins, "node": node, "swarm": swarm, "tokens": tokens}
