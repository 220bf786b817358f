# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes the Swarm of this host has: asked by the host checks, before anything is changed. No program is run."""

from __future__ import annotations

from ..docker import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ...core.model import Context
    from ...definition import Params, Result

    Item = Mapping[str, Any]

#: Seconds for one answer: an engine that hangs must not stop the host checks of the others.
PATIENCE = 5.0
MANAGER = "it is a manager of the Swarm, which counts for the quorum whether it runs or not"
WORKER = "it is a worker of the Swarm, where apps may run"


def facts(ctx: Context, asked: Params) -> Result:
    """``peers``, see the host checks. A manager knows all nodes of its Swarm, a worker knows the managers. Empty where Docker is silent.

    :param asked: ``cluster``: what the site calls the Swarm
    """
    swarm = _answer(ctx, "/info", {}).get("Swarm") or {}
    if swarm.get("LocalNodeState") != "active":
        return {}
    nodes = _answer(ctx, "/nodes", []) if swarm.get("ControlAvailable") else []
    return {"peers": {asked["cluster"]: of_nodes(nodes) if nodes else of_managers(swarm.get("RemoteManagers") or ())}}


def of_nodes(nodes: Iterable[Item]) -> list[dict[str, str]]:
    """What a manager says of all nodes.

    :param nodes: ``GET /nodes``
    """
    found = []
    for node in nodes:
        manager = node.get("ManagerStatus") or {}
        # The leader gives 0.0.0.0 as the address of its own node.
        address = _host(str(manager["Addr"])) if manager.get("Addr") else str((node.get("Status") or {}).get("Addr") or "")
        name = str((node.get("Description") or {}).get("Hostname") or "")
        what = MANAGER if (node.get("Spec") or {}).get("Role") == "manager" else WORKER
        found.append({"name": name, "address": address, "what": what})
    return found


def of_managers(managers: Iterable[Item]) -> list[dict[str, str]]:
    """What any other node knows: the managers, without their names.

    :param managers: ``Swarm.RemoteManagers`` of ``GET /info``
    """
    return [{"name": "", "address": _host(str(one.get("Addr") or "")), "what": MANAGER} for one in managers]


def _host(text: str) -> str:
    return text.rpartition(":")[0].strip("[]")


def _answer(ctx: Context, path: str, otherwise: Any) -> Any:
    """An answer as data; ``otherwise`` where Docker gives none, which the modules of its roles report."""
    import json

    try:
        status, text = engine.ask(ctx, "GET", path, timeout=PATIENCE)
        return json.loads(text) if status == 200 else otherwise
    except (OSError, ValueError):
        return otherwise
