# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a new member reaches those that it copies its data from: asked before it gets anything, and once their firewalls know it.

Without the way to the leader's PostgreSQL pg_basebackup waits for minutes, and Patroni begins it again and again.
"""

from __future__ import annotations

import os

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ...core.model import Context

    #: Host and port -> why there is no connection; empty where there is one.
    Connect = Callable[[str, int], str]
    #: Host and port of a member's REST interface -> what it says of the cluster; empty where it says nothing.
    Ask = Callable[[str, int], Mapping[str, Any]]

#: Seconds for a connection, and for an answer.
LOOK = 3.0
CA = "/etc/vannah/pki/ca.crt"
#: The host answers, and the service does not run (yet): a cluster that is being formed.
REFUSED = "connection refused"


def refuse(ctx: Context, options: Mapping[str, Any]) -> None:
    """Refuse a host without data that could not get its copy.

    :param options: ``data_directory``; ``peers`` (other members: ``name``, ``address``, ``port``, ``rest_port``), ``etcd`` (``host:port``)
    :raises AgentError: ``peer-unreachable``
    """
    if ctx.check or not options.get("peers"):
        return  # in check mode the firewalls of the others do not know it yet
    try:
        if os.listdir(ctx.path(options["data_directory"])):
            return
    except OSError:
        pass
    kept = ctx.kept(Kept)
    found = closed(options["peers"], options.get("etcd") or (), kept.connect, kept.ask)
    if found:
        what, where, why = found
        raise AgentError(
            "peer-unreachable",
            f"this host cannot reach {what} at {where} ({why}), and a new member copies its data from the leader: it would wait "
            f"until the timeout."
            f" Fix: let TCP connections from this host to {where} through: its own rules (firewall_extra_rules), those of the other host,"
            " and firewalls between them",
        )


def closed(peers: Sequence[Mapping[str, Any]], etcd: Sequence[str], connect: Connect, ask: Ask) -> tuple[str, str, str] | None:
    """What a new member cannot reach, where, and why; None where it reaches what it needs.

    A member that is away is no reason while the leader is there, and one that refuses connections is only not started yet.
    """
    from ...resources.ready import address

    found = {place: connect(*address(place)) for place in etcd}
    if found and all(found.values()) and any(why != REFUSED for why in found.values()):
        return "etcd", ", ".join(found), next(why for why in found.values() if why != REFUSED)
    rest = {str(peer["name"]): connect(str(peer["address"]), int(peer["rest_port"])) for peer in peers}
    open_ones = [peer for peer in peers if not rest[str(peer["name"])]]
    if not open_ones:
        silent = [peer for peer in peers if rest[str(peer["name"])] != REFUSED]
        if silent:
            return _patroni(silent[0], rest[str(silent[0]["name"])])
        return None
    leader = next((one for peer in open_ones for one in _leader(ask(str(peer["address"]), int(peer["rest_port"])))), "")
    for peer in [peer for peer in peers if peer["name"] == leader] or open_ones:
        if peer not in open_ones:
            return _patroni(peer, rest[str(peer["name"])])
        why = connect(str(peer["address"]), int(peer["port"]))
        if why and (why != REFUSED or leader):
            return f"the PostgreSQL of {peer['name']}{', the leader,' if leader else ''}", _place(peer["address"], peer["port"]), why
    return None


def _patroni(peer: Mapping[str, Any], why: str) -> tuple[str, str, str]:
    return f"the Patroni of {peer['name']}", _place(peer["address"], peer["rest_port"]), why


def _leader(cluster: Mapping[str, Any]) -> list[str]:
    from .cluster import Cluster

    leader = Cluster(dict(cluster)).leader
    return [leader.name] if leader else []


def _place(address: object, port: object) -> str:
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


class Kept:
    """How others are reached; tests set both."""

    def __init__(self) -> None:
        self.connect: Connect = _connect
        self.ask: Ask = _ask


def _connect(host: str, port: int) -> str:
    import socket

    try:
        with socket.create_connection((host, port), LOOK):
            return ""
    except ConnectionRefusedError:
        return REFUSED
    except TimeoutError:
        return "no answer in time"
    except OSError as error:
        return str(error.strerror or error)


def _ask(host: str, port: int) -> Mapping[str, Any]:
    import http.client
    import json
    import ssl

    try:
        context = ssl.create_default_context(cafile=CA)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        connection = http.client.HTTPSConnection(host, port, timeout=LOOK, context=context)
        connection.request("GET", "/cluster")
        said = json.loads(connection.getresponse().read(1 << 20))
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    return said if isinstance(said, dict) else {}
