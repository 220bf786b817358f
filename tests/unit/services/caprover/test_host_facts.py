# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the Swarm says of its nodes at the host checks, and what is refused with it. Answers in the form of Docker's API 1.45."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import host_facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle, clusters
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.membership import Group

NODES = [
    {
        "ID": "5c2b1t1aobrypecbtxw8fq1va",
        "Spec": {"Labels": {}, "Role": "manager", "Availability": "active"},
        "Description": {"Hostname": "app1"},
        "Status": {"State": "ready", "Addr": "0.0.0.0"},
        "ManagerStatus": {"Leader": True, "Reachability": "reachable", "Addr": "192.0.2.1:2377"},
    },
    {
        "ID": "qk0tgfs7k0grwm0rmg8ks7ea0",
        "Spec": {"Labels": {}, "Role": "manager", "Availability": "active"},
        "Description": {"Hostname": "app2"},
        "Status": {"State": "down", "Addr": "192.0.2.2"},
        "ManagerStatus": {"Reachability": "unreachable", "Addr": "[fd00::2]:2377"},
    },
    {
        "ID": "1l6o8wfsrzbmjmhsnbzr0rhi1",
        "Spec": {"Labels": {}, "Role": "worker", "Availability": "drain"},
        "Description": {"Hostname": "app3"},
        "Status": {"State": "ready", "Addr": "192.0.2.3"},
    },
]
MANAGERS = [
    {"NodeID": "5c2b1t1aobrypecbtxw8fq1va", "Addr": "192.0.2.1:2377"},
    {"NodeID": "qk0tgfs7k0grwm0rmg8ks7ea0", "Addr": "[fd00::2]:2377"},
]
NO_LEADER = "rpc error: code = Unknown desc = The swarm does not have a leader."

Engine = Callable[..., Context]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """``engine(path=answer)``: a host whose engine answers with these; None, an engine that is silent."""
    servers, roots = [], []

    def made(**answers: Any) -> Context:
        root = tempfile.mkdtemp(prefix="v")  # a path of a socket has 107 characters at most
        roots.append(root)
        Path(root, "run").mkdir()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = answers.get(self.path.strip("/"))
                data = found.encode() if isinstance(found, str) else json.dumps({"message": NO_LEADER} if found is None else found).encode()
                self.send_response(503 if found is None else 200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def address_string(self) -> str:
                return "socket"

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        class Server(socketserver.UnixStreamServer):
            def get_request(self) -> Any:
                return super().get_request()[0], ("socket", 0)

        if answers:
            servers.append(Server(f"{root}/run/docker.sock", Handler))
            threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return Context(root=root)

    yield made
    for server in servers:
        server.shutdown()
        server.server_close()
    for root in roots:
        shutil.rmtree(root)


def info(manager: bool = True, state: str = "active") -> dict[str, Any]:
    """What of ``GET /info`` is looked at."""
    return {"ServerVersion": "26.1.5+dfsg1", "Swarm": {"LocalNodeState": state, "ControlAvailable": manager, "RemoteManagers": MANAGERS}}


def test_a_manager_knows_all_nodes(engine: Engine) -> None:
    said = host_facts.facts(engine(info=info(), nodes=NODES), {"cluster": "swarm"})["peers"]["swarm"]
    assert [(one["name"], one["address"]) for one in said] == [("app1", "192.0.2.1"), ("app2", "fd00::2"), ("app3", "192.0.2.3")]
    assert ["manager" in one["what"] for one in said] == [True, True, False]


@pytest.mark.parametrize("answers", [{"info": info(manager=False)}, {"info": info()}])
def test_who_cannot_list_the_nodes_knows_the_managers(engine: Engine, answers: dict[str, Any]) -> None:
    """A worker, and a manager without a quorum."""
    said = host_facts.facts(engine(**answers), {"cluster": "swarm"})["peers"]["swarm"]
    assert [(one["name"], one["address"]) for one in said] == [("", "192.0.2.1"), ("", "fd00::2")]


@pytest.mark.parametrize(
    "answers", [{}, {"info": info(state="inactive")}, {"info": info(state="pending")}, {"info": "no JSON"}, {"info": None}]
)
def test_silence(engine: Engine, answers: dict[str, Any]) -> None:
    """The modules of the roles report an engine that does not answer."""
    assert host_facts.facts(engine(**answers), {"cluster": "swarm"}) == {}


def test_the_agent_that_is_sent_can_answer() -> None:
    """It brings the part of another service that asks the engine."""
    sent = bundle.needed({"op": "facts", "services": {"caprover": {}}}, bundle.modules())
    assert any(name.endswith("services.docker.engine") for name in sent)


def test_a_node_that_left_the_inventory_is_refused(engine: Engine) -> None:
    """A manager names it, a worker knows its address: one finding, with the verb that removes it."""
    (declared,) = [one for one in clusters.declared() if one.name == "swarm"]
    group = Group(declared.name, declared.group, {"app1": "192.0.2.1", "app3": "192.0.2.3"}, declared.remove)
    answers = [
        Answer(
            name,
            facts={
                "system": "debian",
                "version": "13",
                "memory_mb": 4096,
                "services": {"caprover": host_facts.facts(host, {"cluster": "swarm"})},
            },
            offset=0.0,
        )
        for name, host in (("app1", engine(info=info(), nodes=NODES)), ("app3", engine(info=info(manager=False))))
    ]
    (found,) = judge_host_checks(answers, groups=[group]).errors
    assert (found.code, found.where) == ("contact-member-not-in-group", "app1,app3")
    assert "app2 (fd00::2) is not in the group caprover" in found.problem and "counts for the quorum" in found.problem
    assert "playbooks/caprover/remove.yml -e caprover_node=app2" in found.fix
