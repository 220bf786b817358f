# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of this host in a Swarm: it makes one, joins one, or leaves.

Only joining needs a secret, which ``docker swarm join`` takes on its command line alone, so that one call goes to the engine's API
(docs.docker.com, "SwarmJoin").
"""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import decisions, engine
from .client import Docker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .client import Node
    from .types import Moved, NodeParams, Part, SwarmParams

    Wait = Callable[[Docker, Context, Node, list[Any], int], list[str]]

#: Where managers speak to each other (docs.docker.com, "Getting started with Swarm mode").
PORT = 2377
#: What Docker says where joining takes longer than 20 s and continues.
_CONTINUES = "will continue in the background"
_INTERVAL = 1.0


def tokens(_params: object, ctx: Context) -> tuple[list[Step], dict[str, str]]:
    """The join tokens of the Swarm that this host manages; empty where it manages none.

    :return: no steps; ``manager``, ``worker``
    :raises AgentError: ``docker-silent``, ``docker-failed``
    """
    docker = Docker(ctx)
    if not (docker.info().get("Swarm") or {}).get("ControlAvailable"):
        return [], {"manager": "", "worker": ""}
    return [], {role: docker.run("swarm", "join-token", "--quiet", role).strip() for role in ("manager", "worker")}


def swarm(params: SwarmParams, ctx: Context, moved: Wait) -> tuple[list[Step], Part]:
    """Have this host be a manager or a worker, or in no Swarm.

    :param params: as the module ``docker_swarm`` documents them
    :param moved: waits until a drained node's tasks run elsewhere
    :return: steps, and ``node``: its ID until now
    :raises AgentError: ``swarm-address``, ``swarm-foreign``, ``swarm-role``, ``swarm-unhealthy``, ``swarm-token``, ``would-lose-quorum``,
        ``swarm-busy``, ``docker-silent``, ``docker-failed``
    """
    docker = Docker(ctx)
    state = params["state"]
    if state != "absent" and not params["address"]:
        raise AgentError("swarm-address", "address is missing. Fix: give the IP address at which the other nodes reach this host")
    found: Json = {}
    try:
        found = docker.info().get("Swarm") or {}
    except AgentError:
        if not ctx.check:
            raise
        ctx.warn("Docker does not answer on this host yet: it is shown as in no Swarm.")
    local = found.get("LocalNodeState") or decisions.OUTSIDE
    # Who has no ID began to join, and was never taken in.
    half = local != decisions.OUTSIDE and not found.get("NodeID")
    result: Part = {"node": str(found.get("NodeID") or "")}
    if local == decisions.OUTSIDE or half:
        steps = [Step("swarm", "swarm", "leave", "it was not taken in", apply=_left(("--force",)))] if half else []
        return [*steps, *([] if state == "absent" else [_enter(params, ctx)])], result
    if state == "absent":
        return _leave(docker, params, found, moved), result
    _refuse(params, found)
    return [], result


def _refuse(params: SwarmParams, found: Json) -> None:
    """A host that is in a Swarm already stays in it; what would have to change is said.

    :raises AgentError: see :func:`swarm`
    """
    wrong = decisions.own_problems(found)
    if wrong:
        raise AgentError("swarm-unhealthy", f"{'; '.join(wrong)}. Fix: repair it, or docker swarm leave on this host")
    address = str(found.get("NodeAddr") or "")
    if address and address != params["address"]:
        text = f"this host is in its Swarm as {address}, and {params['address']} is asked for: the others would not find it"
        raise AgentError("swarm-address", f"{text}. Fix: set address: {address}, or remove it (state: absent) and join again")
    known = {str(one.get("Addr") or "").rpartition(":")[0].strip("[]") for one in found.get("RemoteManagers") or ()}
    if params["managers"] and known and not known & set(params["managers"]):
        text = f"this host is in another Swarm, whose managers are {', '.join(sorted(known))}, none of {', '.join(params['managers'])}"
        raise AgentError("swarm-foreign", f"{text}. Fix: list one of these in managers, or remove it from that Swarm (state: absent)")
    manager = bool(found.get("ControlAvailable"))
    if manager != (params["state"] == "manager"):
        now, verb = ("manager", "demote") if manager else ("worker", "promote")
        text = f"this host is a {now} of its Swarm, and {params['state']} is asked for"
        raise AgentError("swarm-role", f"{text}. Fix: run docker node {verb} {found.get('NodeID', '')} on a manager, or set state: {now}")


# --- entering -------------------------------------------------------------------------------------------------------------------


def _enter(params: SwarmParams, ctx: Context) -> Step:
    address, state = params["address"], params["state"]
    listens = _host_port(address)
    if not params["managers"]:
        if state == "worker":
            text = "a worker joins a Swarm, and managers names none"
            raise AgentError("swarm-token", f"{text}. Fix: list the addresses of the Swarm's managers in managers")
        pools = [word for pool in params["address_pools"] for word in ("--default-addr-pool", pool)]
        sizes = ["--default-addr-pool-mask-length", str(params["pool_size"])] if pools else []
        words = ["--advertise-addr", address, "--data-path-addr", address, "--listen-addr", listens, *pools, *sizes]

        def make(ctx: Context) -> None:
            Docker(ctx).run("swarm", "init", *words, timeout=60)

        return Step("swarm", "swarm", "create", f"at {listens}", apply=make)
    if not params["token"] and not ctx.check:
        text = f"this host is to join the Swarm of {', '.join(params['managers'])}, and token is missing"
        raise AgentError("swarm-token", f"{text}. Fix: set token to the value from docker_tokens on a manager")
    body = {
        "ListenAddr": listens,
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "RemoteAddrs": [_host_port(manager) for manager in params["managers"]],
        "JoinToken": params["token"] or "",
    }

    def join(ctx: Context) -> None:
        said = _post(ctx, "/swarm/join", body)
        if said and _CONTINUES not in said:
            fix = f"see that port {PORT} of {', '.join(params['managers'])} is open for this host"
            fix = f"set token: what docker_tokens gives on a manager, for a {state}" if "token" in said else fix
            raise AgentError("docker-failed", f"docker swarm join as a {state}: {said}. Fix: {fix}")
        _await_active(ctx, params["wait"])

    return Step("swarm", "swarm", "join", f"{state}, of {', '.join(params['managers'])}", apply=join)


def _host_port(address: str) -> str:
    return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"


def _await_active(ctx: Context, seconds: int) -> None:
    import time

    begun = time.monotonic()
    while True:
        found = Docker(ctx).info().get("Swarm") or {}
        if found.get("LocalNodeState") == "active":
            return
        if time.monotonic() - begun >= seconds:
            said = str(found.get("Error") or found.get("LocalNodeState") or "it is in none")
            Docker(ctx).run("swarm", "leave", "--force", timeout=60)  # else it would try on, whatever the next run asks for
            text = f"this host was not taken into the Swarm within {seconds} s: {said}"
            raise AgentError("not-in-time", f"{text}. Fix: see that port {PORT} of its managers is open for this host, and run again")
        waiting.tell(ctx, "the Swarm to take this host in", begun, seconds, str(found.get("Error") or ""))
        time.sleep(ctx.pause(_INTERVAL))


def _post(ctx: Context, path: str, body: Json) -> str:
    """Send something to the engine; why it was refused, "" where it was not.

    :raises AgentError: ``docker-silent``
    """
    import json

    try:
        status, text = engine.ask(ctx, "POST", path, body)
    except OSError as error:
        raise AgentError(
            "docker-silent", f"Docker does not answer at {engine.SOCKET}: {error}. Fix: see systemctl status docker"
        ) from error
    if status < 300:
        return ""
    try:
        return str(json.loads(text)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return text.strip()[:500] or f"HTTP {status}"


# --- leaving --------------------------------------------------------------------------------------------------------------------


def _leave(docker: Docker, params: SwarmParams, found: Json, moved: Wait) -> list[Step]:
    if not found.get("ControlAvailable"):
        running = docker.run("ps", "--quiet", "--filter", "label=com.docker.swarm.task.id").split()
        if running and not docker.ctx.check:
            text = f"{counted(len(running), 'container')} of the Swarm still {'runs' if len(running) == 1 else 'run'} on this worker"
            raise AgentError("swarm-busy", f"{text}. Fix: run docker_node with state: drained for it on a manager, and run again")
        return [Step("swarm", "swarm", "leave", "worker", apply=_left(()))]
    nodes = docker.nodes()
    own = next(node for node in nodes if node["id"] == found["NodeID"])
    others = [node for node in nodes if node["manager"] and node["id"] != own["id"]]
    if not others:
        if not params["end_swarm"]:
            text = f"this host is the only manager of a Swarm with {counted(len(nodes), 'node')}: without it all services end"
            raise AgentError("would-lose-quorum", f"{text}. Fix: let another manager join first, or set end_swarm: true if that is meant")
        return [Step("swarm", "swarm", "leave", "the last manager: the Swarm ends", apply=_left(("--force",)))]
    reachable = [node for node in others if node["reachable"]]
    if len(reachable) < len(others) // 2 + 1:
        text = f"of the other {counted(len(others), 'manager')} only {len(reachable)} can be reached: they would have no quorum"
        raise AgentError("would-lose-quorum", f"{text}. Fix: repair them; docker node ls shows them")
    steps = []
    if own["availability"] == "active":
        steps.append(Step("swarm", "swarm", "drain", own["name"], apply=_drained(docker, own, params["wait"], moved)))
    steps.append(Step("swarm", "swarm", "demote", own["name"], apply=_demoted(docker, own, params["wait"])))
    steps.append(Step("swarm", "swarm", "leave", "manager", apply=_left(())))
    return steps


def _drained(docker: Docker, own: Node, wait: int, moved: Wait) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        left = decisions.leaving(docker.tasks(own["id"]), own["id"])
        docker.update_node(own["id"], "--availability", "drain")
        moved(docker, ctx, own, left, wait)

    return apply


def _demoted(docker: Docker, own: Node, wait: int) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        import time

        docker.run("node", "demote", own["id"])
        begun = time.monotonic()
        # A manager that leaves before it is a worker would still count for the quorum.
        while (docker.info().get("Swarm") or {}).get("ControlAvailable"):
            if time.monotonic() - begun >= wait:
                raise AgentError("not-in-time", f"this host is still a manager after {wait} s. Fix: see docker node ls, and run again")
            waiting.tell(ctx, f"{own['name']} to be a worker", begun, wait)
            time.sleep(ctx.pause(_INTERVAL))

    return apply


def _left(options: tuple[str, ...]) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        Docker(ctx).run("swarm", "leave", *options, timeout=60)

    return apply


def removed(docker: Docker, params: NodeParams) -> tuple[list[Step], Moved]:
    """Take a node that is away out of the Swarm's list. Asked of a manager.

    :param params: ``node``: its ID or name; ``wait``: seconds until the Swarm sees that it is away
    :return: a step where it is listed; ``nodes``: its name, ``waits``: nothing
    :raises AgentError: ``node-unknown``: several have the name; ``node-there``, ``would-lose-quorum``, ``docker-failed``, ``docker-silent``
    """
    nodes = docker.nodes()
    meant = decisions.node_of(nodes, params["node"])
    if not meant:
        return [], {"nodes": [], "waits": []}
    if len(meant) > 1:
        text = f"the Swarm has {len(meant)} nodes {params['node']}"
        raise AgentError("node-unknown", f"{text}. Fix: set node to the ID of the one that is lost, as docker node ls shows it")
    found = meant[0]
    lost = decisions.loses_quorum(nodes, found["id"]) if found["manager"] else ""
    if lost:
        raise AgentError(
            "would-lose-quorum", f"refused to remove {found['name']}: {lost}. Fix: repair the other managers; docker node ls shows them"
        )
    name, identity, manager = found["name"], found["id"], found["manager"]

    def apply(ctx: Context) -> None:
        import time

        begun = time.monotonic()
        while any(node["id"] == identity and node["state"] == "ready" for node in docker.nodes()):
            if time.monotonic() - begun >= params["wait"]:
                text = f"the node {name} is still in the Swarm after {params['wait']} s"
                raise AgentError("node-there", f"{text}. Fix: run docker_swarm with state: absent on it first, or docker swarm leave there")
            waiting.tell(ctx, f"the Swarm to see that {name} is away", begun, params["wait"])
            time.sleep(ctx.pause(_INTERVAL))
        if manager:
            docker.run("node", "demote", identity)
        docker.run("node", "rm", identity)

    return [Step("swarm node", name, "remove", "", apply=apply)], {"nodes": [name], "waits": []}
