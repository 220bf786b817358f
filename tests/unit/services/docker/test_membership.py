# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host makes a Swarm, joins one, leaves one; the engine's API is a socket that answers as Docker 26.1 did."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result

from .recorded_docker import NO_MANAGER, Swarm
from .test_swarm import do

TOKEN = "SWMTKN-1-0000000000000000000000000000000000000000000000000a-0000000000000000000000000"
OTHERS = ["192.0.2.21", "192.0.2.22"]


class Node(Swarm):
    """A host whose engine also makes a Swarm, leaves it and gives its tokens.

    :ivar own: what it is in the Swarm that it enters
    """

    def __call__(self, argv: list[str], **options: Any) -> Result:
        if argv[:3] == ["docker", "swarm", "init"]:
            self.ran.append(argv)
            self.state = "active"
            return Result(0, "Swarm initialized")
        if argv[:3] == ["docker", "swarm", "leave"]:
            self.ran.append(argv)
            self.state = "inactive"
            return Result(0, "Node left the swarm.")
        if argv[:3] == ["docker", "swarm", "join-token"]:
            return Result(0, f"{TOKEN}-{argv[-1]}\n") if self.own.startswith("m") else Result(1, "", NO_MANAGER)
        if argv[:3] == ["docker", "node", "demote"]:
            self.ran.append(argv)
            self.own = "w9" if argv[3] == self.own else self.own
            return Result(0, "")
        if argv[:3] == ["docker", "node", "rm"]:
            self.ran.append(argv)
            self.nodes = tuple(name for name in self.nodes if name != argv[3])
            return Result(0, "")
        if argv[:2] == ["docker", "ps"]:
            return Result(0, "".join(f"{number}\n" for number in range(len(self.tasks.get(self.own, [])))))
        return super().__call__(argv, **options)

    def words(self) -> list[str]:
        """What changed something, in a line each."""
        return [" ".join(argv[1:]) for argv in self.ran if argv[1] in ("swarm", "node") and argv[2] not in ("ls", "inspect", "ps")]


class Engine:
    """The socket of an engine: a host's root folder, and what it was sent."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.root = tempfile.mkdtemp(prefix="v")  # a path of a socket has 107 characters at most
        self.seen: list[tuple[str, Any]] = []
        self.said: tuple[int, str] = (200, "")
        Path(self.root, "run").mkdir()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def address_string(self) -> str:
                return "socket"

            def do_POST(self) -> None:
                engine.seen.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                status, text = engine.said
                if status < 300 or "background" in text:
                    engine.node.state = "active"
                data = json.dumps({"message": text}).encode() if text else b""
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if data:  # the other side may have closed it by now where there is nothing to come
                    self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        class Server(socketserver.UnixStreamServer):
            def get_request(self) -> Any:
                return super().get_request()[0], ("socket", 0)

        self.server = Server(f"{self.root}/run/docker.sock", Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.root)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(Node(own="w1", state="inactive"))
    yield made
    made.close()


# --- entering -------------------------------------------------------------------------------------------------------------------


def test_a_host_makes_a_swarm_and_a_second_run_changes_nothing() -> None:
    node = Node(own="m1", state="inactive")
    given = {"state": "manager", "address": "192.0.2.11", "address_pools": ["10.211.0.0/16"], "pool_size": 24}
    steps, result, _ctx = do("swarm", node, **given)
    assert steps == ["swarm: create"] and result == {"node": ""}
    assert node.words() == [
        "swarm init --advertise-addr 192.0.2.11 --data-path-addr 192.0.2.11 --listen-addr 192.0.2.11:2377"
        " --default-addr-pool 10.211.0.0/16 --default-addr-pool-mask-length 24"
    ]
    steps, result, _ctx = do("swarm", node, **given)
    assert steps == [] and result == {"node": "m1"} and len(node.words()) == 1


def test_check_mode_makes_none() -> None:
    node = Node(own="m1", state="inactive")
    steps, _result, _ctx = do("swarm", node, "check", state="manager", address="192.0.2.11")
    assert steps == ["swarm: create"] and node.words() == []


def test_check_mode_before_docker_is_there() -> None:
    steps, _result, ctx = do("swarm", Node(silent=True), "check", state="manager", address="192.0.2.11")
    assert steps == ["swarm: create"] and "it is shown as in no Swarm" in ctx.warnings[0]
    with pytest.raises(AgentError) as caught:
        do("swarm", Node(silent=True), state="manager", address="192.0.2.11")
    assert caught.value.code == "docker-silent"


def test_a_host_joins_and_its_token_is_on_no_command_line(engine: Engine) -> None:
    given = {"state": "worker", "address": "2001:db8::12", "managers": ["192.0.2.11", "2001:db8::11"], "token": TOKEN}
    steps, _result, _ctx = do("swarm", engine.node, root=engine.root, **given)
    assert steps == ["swarm: join"]
    assert engine.seen == [
        (
            "/swarm/join",
            {
                "ListenAddr": "[2001:db8::12]:2377",
                "AdvertiseAddr": "2001:db8::12",
                "DataPathAddr": "2001:db8::12",
                "RemoteAddrs": ["192.0.2.11:2377", "[2001:db8::11]:2377"],
                "JoinToken": TOKEN,
            },
        )
    ]
    assert not [argv for argv in engine.node.ran if TOKEN in " ".join(argv)]


def test_joining_that_takes_long_is_waited_for(engine: Engine) -> None:
    engine.said = (503, "Timeout was reached before node joined. The attempt to join the swarm will continue in the background.")
    steps, _result, _ctx = do("swarm", engine.node, root=engine.root, state="worker", address="192.0.2.12", managers=OTHERS, token=TOKEN)
    assert steps == ["swarm: join"]


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (
            (400, "invalid join token"),
            "docker-failed",
            "docker swarm join as a worker: invalid join token. Fix: set token: what docker_tokens",
        ),
        ((500, ""), "docker-failed", "HTTP 500"),
        ((503, "x will continue in the background"), "not-in-time", "was not taken into the Swarm within 0 s: pending"),
    ],
)
def test_joining_that_fails(engine: Engine, said: tuple[int, str], code: str, words: str) -> None:
    engine.said = said
    if code == "not-in-time":
        engine.node.info = lambda: {"ServerVersion": "26", "Swarm": {"LocalNodeState": "pending" if engine.seen else "inactive"}}  # type: ignore[method-assign]
    with pytest.raises(AgentError) as caught:
        do("swarm", engine.node, root=engine.root, state="worker", address="192.0.2.12", managers=OTHERS, token=TOKEN, wait=0)
    assert caught.value.code == code and words in caught.value.msg and "Fix:" in caught.value.msg and TOKEN not in caught.value.msg
    assert engine.node.words() == (["swarm leave --force"] if code == "not-in-time" else [])  # nothing half-made is left


@pytest.mark.parametrize("state", ["error", "pending"])
def test_a_join_that_was_cut_off_begins_anew(engine: Engine, state: str) -> None:
    """Recorded: a host that no manager has taken in has no ID, and tries again."""
    node, inside = engine.node, engine.node.info
    engine.node.info = lambda: {**inside(), "Swarm": {**inside()["Swarm"], "NodeID": ""}} if node.state == state else inside()  # type: ignore[method-assign]
    node.state = state
    given = {"state": "worker", "address": "192.0.2.12", "managers": OTHERS, "token": TOKEN}
    assert do("swarm", node, root=engine.root, **given)[0] == ["swarm: leave", "swarm: join"]
    assert node.words() == ["swarm leave --force"] and len(engine.seen) == 1
    node.state = state
    assert do("swarm", node, root=engine.root, state="absent")[0] == ["swarm: leave"]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"state": "worker", "managers": OTHERS}, "swarm-address", "address is missing"),
        ({"state": "worker", "address": "192.0.2.12"}, "swarm-token", "managers names none"),
        ({"state": "worker", "address": "192.0.2.12", "managers": OTHERS}, "swarm-token", "token is missing"),
    ],
)
def test_what_is_missing(given: dict[str, Any], code: str, words: str) -> None:
    node = Node(own="w1", state="inactive")
    with pytest.raises(AgentError) as caught:
        do("swarm", node, **given)
    assert caught.value.code == code and words in caught.value.msg and node.words() == []


@pytest.mark.parametrize(
    ("node", "given", "code", "words"),
    [
        (Node(own="w1"), {"address": "192.0.2.12"}, "swarm-address", "in its Swarm as 192.0.2.11, and 192.0.2.12 is asked for"),
        (Node(own="w1"), {"managers": OTHERS}, "swarm-foreign", "another Swarm, whose managers are 192.0.2.11, none of 192.0.2.21"),
        (Node(own="m1"), {"managers": OTHERS, "state": "manager"}, "swarm-foreign", "another Swarm"),  # one of its own
        (Node(own="m1"), {}, "swarm-role", "is a manager of its Swarm, and worker is asked for. Fix: run docker node demote m1"),
        (Node(own="w1"), {"state": "manager"}, "swarm-role", "docker node promote w1"),
        (Node(own="w1", state="pending"), {}, "swarm-unhealthy", "pending"),
        (Node(own="w1", state="locked"), {}, "swarm-unhealthy", "docker swarm unlock"),
    ],
)
def test_a_host_that_is_in_a_swarm_is_left_as_it_is(node: Node, given: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(AgentError) as caught:
        do("swarm", node, **{"state": "worker", "address": "192.0.2.11", "managers": ["192.0.2.11"], "token": TOKEN, **given})
    assert caught.value.code == code and words in caught.value.msg and "Fix:" in caught.value.msg and node.words() == []


def test_a_manager_that_was_made_by_others_is_taken_as_it_is() -> None:
    assert do("swarm", Node(own="m2"), state="manager", address="192.0.2.11", managers=[*OTHERS, "192.0.2.11"])[0] == []
    assert do("swarm", Node(own="m2"), state="manager", address="192.0.2.11", managers=[])[0] == []


# --- leaving --------------------------------------------------------------------------------------------------------------------


def test_a_worker_leaves_when_nothing_runs_on_it() -> None:
    node = Node(own="w1", tasks={"w1": [("web", "1")]})
    with pytest.raises(AgentError, match="1 container of the Swarm still runs on this worker") as caught:
        do("swarm", node, state="absent")
    assert caught.value.code == "swarm-busy" and node.words() == []
    node.tasks.clear()
    assert do("swarm", node, state="absent")[0] == ["swarm: leave"] and node.words() == ["swarm leave"]
    assert do("swarm", node, state="absent")[0] == []


def test_a_manager_hands_its_tasks_and_its_vote_over_before_it_leaves() -> None:
    node = Node(own="m2", tasks={"m2": [("web", "1")]})
    assert do("swarm", node, state="absent")[0] == ["swarm: drain", "swarm: demote", "swarm: leave"]
    assert node.words() == ["node update --availability drain m2", "node demote m2", "swarm leave"]


def test_a_manager_stays_where_the_others_would_have_no_quorum() -> None:
    node = Node(own="m1", down={"m2"})
    with pytest.raises(AgentError, match="of the other 2 managers only 1 can be reached") as caught:
        do("swarm", node, state="absent")
    assert caught.value.code == "would-lose-quorum" and node.words() == []


def test_the_last_manager_leaves_only_where_that_is_meant() -> None:
    node = Node(own="m1", nodes=("m1", "w1"))
    with pytest.raises(AgentError, match="the only manager of a Swarm with 2 nodes") as caught:
        do("swarm", node, state="absent")
    assert caught.value.code == "would-lose-quorum" and node.words() == []
    assert do("swarm", node, state="absent", end_swarm=True)[0] == ["swarm: leave"] and node.words() == ["swarm leave --force"]


@pytest.mark.parametrize(("node", "words"), [("w1", ["node rm w1"]), ("m3", ["node demote m3", "node rm m3"])])
def test_a_node_that_is_away_is_taken_out_of_the_list(node: str, words: list[str]) -> None:
    swarm = Node(own="m1", down={node})
    assert do("node", swarm, node=node, state="removed")[0] == [f"{node}: remove"] and swarm.words() == words
    assert do("node", swarm, node=node, state="removed")[0] == []


def test_a_node_that_is_there_is_not_removed() -> None:
    swarm = Node(own="m1")
    with pytest.raises(AgentError, match="the node w1 is still in the Swarm after 0 s") as caught:
        do("node", swarm, node="w1", state="removed", wait=0)
    assert caught.value.code == "node-there" and swarm.words() == []
    with pytest.raises(AgentError, match="refused to remove m3") as caught:
        do("node", Node(own="m1", down={"m2"}), node="m3", state="removed")
    assert caught.value.code == "would-lose-quorum"


# --- tokens ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "state", "token"), [("m1", "active", TOKEN), ("w1", "active", ""), ("m1", "inactive", "")])
def test_tokens(own: str, state: str, token: str) -> None:
    _steps, found, _ctx = do("tokens", Node(own=own, state=state))
    assert found == {role: token and f"{token}-{role}" for role in ("manager", "worker")}
