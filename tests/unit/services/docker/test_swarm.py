# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a Swarm: who may be interrupted, how one hands its tasks over and gets work again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.calls import Refused
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.docker import calls, client, decisions, host_facts, restart
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

from tests.unit.services.returned import filled

from .recorded_docker import Swarm


def do(call: str, swarm: Swarm, mode: str = "apply", root: str = "/", **params: Any) -> tuple[list[str], dict[str, Any], Context]:
    """The steps of a call, applied, and its result."""
    ctx = Context(mode, runner=swarm, root=root, clock=lambda: 1795543200.0)
    ctx.interval = 0.0
    ctx.start_component({"name": "docker", "state": "present"}, {})  # type: ignore[typeddict-item]
    steps, result = calls.CALLS[call](filled(documented.spec(f"docker_{call}"), params), ctx)
    for step in steps:
        if step.apply is not None and mode == "apply":
            step.apply(ctx)
    return [f"{step.target}: {step.action}" for step in steps], result, ctx


# --- health -------------------------------------------------------------------------------------------------------------------


def test_outside_of_a_swarm() -> None:
    """Nothing to hand over, and no node to ask."""
    _steps, found, _ctx = do("health", Swarm(state="inactive"), name="app1", interrupt=True, wait=5)
    assert found == {
        "answers": True,
        "version": "26.1.5+dfsg1",
        "swarm": "inactive",
        "leader": "",
        "directs": False,
        "problems": [],
        "member": {"id": "", "manager": False},
        "directors": [],
    }


@pytest.mark.parametrize(("own", "directs", "leader"), [("m1", True, "app1"), ("m2", True, ""), ("w1", False, "")])
def test_a_node(own: str, directs: bool, leader: str) -> None:
    _steps, found, _ctx = do("health", Swarm(own=own), name="app1", interrupt=True)
    assert (found["member"]["id"], found["directs"], found["leader"], found["problems"]) == (own, directs, leader, [])
    assert found["directors"] == ["m1", "m2", "m3"]


@pytest.mark.parametrize(
    ("swarm", "said"),
    [
        (Swarm(silent=True), "Docker does not answer: Cannot connect"),
        (Swarm(state="locked"), "docker swarm unlock"),
        (Swarm(state="error", error="x"), "this node is error in its Swarm: x"),
        (Swarm(own="w1", error="no manager answers"), "reports about its Swarm: no manager answers"),
        (Swarm(down={"m2"}), "the manager m2 cannot be reached"),
        (Swarm(down={"w1"}), "the node w1 is down"),
        (Swarm(quorum=False), "The swarm does not have a leader"),
    ],
)
def test_what_is_wrong(swarm: Swarm, said: str) -> None:
    _steps, found, _ctx = do("health", swarm, name="app1")
    assert said in "; ".join(found["problems"])
    with pytest.raises(AgentError, match="not healthy within 1 s") as caught:
        do("health", swarm, name="app1", wait=1)
    assert caught.value.code == "not-in-time"


@pytest.mark.parametrize(
    ("swarm", "code"),
    [
        (Swarm(own="m1"), ""),
        (Swarm(own="m1", down={"m2"}), "would-lose-quorum"),
        (Swarm(own="m1", down={"w1"}), "swarm-unhealthy"),
        (Swarm(own="m1", down={"m1"}), ""),  # it is what the restart repairs
        (Swarm(own="w1"), ""),
        (Swarm(own="m1", nodes=("m1", "w1")), ""),  # the site has accepted that
        (Swarm(own="m1", nodes=("m1", "m2", "w1")), ""),
    ],
)
def test_who_may_be_interrupted(swarm: Swarm, code: str) -> None:
    if not code:
        do("health", swarm, name="app1", interrupt=True)
        return
    with pytest.raises(AgentError, match=r"refused to restart Docker on app1.*Fix: ") as caught:
        do("health", swarm, name="app1", interrupt=True)
    assert caught.value.code == code
    do("health", swarm, mode="check", name="app1", interrupt=True)  # nothing is interrupted


# --- a node hands its tasks over ----------------------------------------------------------------------------------------------


def test_a_node_is_drained() -> None:
    """With a label that says since when; done when its tasks run elsewhere. Those that each node has are not waited for."""
    swarm = Swarm(own="m1", tasks={"w1": [("web", "1"), ("agent", "w1")], "m1": [("agent", "m1")]})
    steps, found, ctx = do("node", swarm, node="w1", state="drained", wait=5)
    assert steps == ["w1: drain"] and found == {"nodes": ["w1"], "waits": []} and ctx.warnings == []
    assert swarm.spec["w1"] == {"Availability": "drain", "Labels": {client.LABEL: "2026-11-24T18:00:00Z"}}
    assert swarm.looks > 1, "it was waited for"


@pytest.mark.parametrize(
    ("swarm", "node"),
    [
        (Swarm(own="m1", spec={"w1": {"Availability": "drain"}}), "w1"),  # foreign work
        (Swarm(own="m1", spec={"w1": {"Availability": "pause"}}), "w1"),
        (Swarm(own="m1", nodes=("m1",)), "m1"),  # no node could take its tasks
        (Swarm(own="m1", nodes=("m1", "w1"), down={"w1"}), "m1"),
        (Swarm(own="m1", nodes=("m1", "w1"), spec={"w1": {"Availability": "pause"}}), "m1"),
    ],
)
def test_a_node_that_is_not_drained(swarm: Swarm, node: str) -> None:
    before = json.dumps(swarm.spec)
    assert do("node", swarm, node=node, state="drained")[:2] == ([], {"nodes": [], "waits": []})
    assert json.dumps(swarm.spec) == before


def test_a_node_is_not_drained_in_check_mode() -> None:
    swarm = Swarm(own="m1")
    assert do("node", swarm, mode="check", node="w1", state="drained")[0] == ["w1: drain"]
    assert not swarm.spec.get("w1")


def test_after_the_limit_it_continues() -> None:
    """And says what does not run elsewhere; a task that is bound to the node is not waited for at all."""
    swarm = Swarm(own="m1", tasks={"w1": [("web", "1"), ("db", "1")]}, bound={"db"}, slow={"web"})
    _steps, found, ctx = do("node", swarm, node="w1", state="drained", wait=1)
    assert found["waits"] == ["web.1 is preparing elsewhere", "db.1"]
    assert "after 1 s not all tasks of w1 run elsewhere" in ctx.warnings[0]
    assert "no other node can take these tasks of w1" in ctx.warnings[1] and "db.1" in ctx.warnings[1]
    swarm = Swarm(own="m1", tasks={"w1": [("db", "1")]}, bound={"db"})
    _steps, found, ctx = do("node", swarm, node="w1", state="drained", wait=600)
    assert found["waits"] == ["db.1"]


def test_a_node_gets_work_again() -> None:
    """Only what was taken by a run; an availability that a person has given it meanwhile stays."""
    drained = {"Availability": "drain", "Labels": {client.LABEL: "2026-11-24T18:00:00Z", "zone": "a"}}
    swarm = Swarm(own="m1", spec={"w1": dict(drained), "w2": {"Availability": "drain"}})
    steps, found, _ctx = do("node", swarm, node="w1", state="restored", wait=5)
    assert steps == ["w1: activate"] and found["nodes"] == ["w1"]
    assert swarm.spec["w1"] == {"Availability": "active", "Labels": {"zone": "a"}}
    assert do("node", swarm, node="w1", state="restored")[0] == []
    assert do("node", swarm, node="w2", state="restored")[0] == []
    swarm.spec["w1"] = {"Availability": "pause", "Labels": {client.LABEL: "2026-11-24T18:00:00Z"}}
    assert do("node", swarm, node="w1", state="restored")[0] == ["w1: activate"]
    assert swarm.spec["w1"] == {"Availability": "pause", "Labels": {}}


@pytest.fixture
def in_swarm(tmp_path: Path) -> str:
    """The root of a host whose engine says that it is in a Swarm."""
    state = tmp_path / "var/lib/docker/swarm/docker-state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    return str(tmp_path)


def test_the_next_run_finds_what_one_that_was_cut_off_has_left(in_swarm: str) -> None:
    """Any of our labels, whichever host is asked; a worker knows of none."""
    drained = {"Availability": "drain", "Labels": {client.LABEL: "x"}}
    swarm = Swarm(own="m2", spec={"w1": dict(drained), "m1": dict(drained)})
    assert do("node", swarm, mode="check", root=in_swarm, state="restored")[0] == ["m1: activate", "w1: activate"]
    assert do("node", Swarm(own="w1"), root=in_swarm, state="restored")[0] == []


def test_a_host_in_no_swarm_is_not_asked(tmp_path: Path) -> None:
    swarm = Swarm()
    assert do("node", swarm, root=str(tmp_path), state="restored")[0] == [] and swarm.ran == []


def test_two_changes_at_once() -> None:
    """Docker refuses a change of what has changed since it was read."""
    swarm = Swarm(own="m1", busy=2)
    do("node", swarm, node="w1", state="drained", wait=5)
    assert swarm.spec["w1"]["Availability"] == "drain"
    with pytest.raises(AgentError, match="update out of sequence"):
        do("node", Swarm(own="m1", busy=3), node="w1", state="drained")


def test_an_unknown_node() -> None:
    with pytest.raises(AgentError, match="no node zz"):
        do("node", Swarm(own="m1"), node="zz", state="drained")


@pytest.mark.parametrize(
    ("here", "left", "wanted", "still", "homeless"),
    [
        ([], [], [], [], []),
        ([("web", "1", "running")], [("web", "1", "running")], [("web", "1", "ready")], ["web.1 is running there"], []),
        ([], [("web", "1", "running")], [("web", "1", "starting")], ["web.1 is starting elsewhere"], []),
        ([], [("web", "1", "running")], [("web", "1", "running")], [], []),
        ([], [("web", "1", "running")], [], [], []),  # the service is gone
        ([], [("web", "1", "running")], [("web", "1", "pending", "no suitable node (1 node not available)")], [], ["web.1"]),
        ([], [("web", "1", "running")], [("web", "1", "pending")], ["web.1 is pending elsewhere"], []),
    ],
)
def test_waits_for(here: Any, left: Any, wanted: Any, still: list[str], homeless: list[str]) -> None:
    def tasks(given: Any) -> list[Any]:
        return [{"service": one[0], "slot": one[1], "state": one[2], "error": one[3] if len(one) > 3 else ""} for one in given]

    assert decisions.waits_for(tasks(here), tasks(left), tasks(wanted)) == (still, homeless)


# --- the driver of the unit ---------------------------------------------------------------------------------------------------

UNIT: Any = {"name": "docker.service"}


def restarted(swarm: Swarm, root: Path, rc: int = 0, pid: str = "0") -> Context:
    """A restart with the engine and the Swarm of a test."""
    swarm.systemctl = Result(rc, "", "Job failed\n" if rc else "")
    swarm.pid = pid
    ctx = Context("apply", runner=swarm, root=str(root))
    restart.restart(ctx, UNIT)
    return ctx


def test_the_engine_is_restarted(tmp_path: Path) -> None:
    """Also one that does not answer any more. Going back is another restart."""
    for swarm in (Swarm(state="inactive"), Swarm(own="w1"), Swarm(own="m1"), Swarm(silent=True)):
        ctx = restarted(swarm, tmp_path)
        assert ["systemctl", "restart", "docker.service"] in swarm.ran
        assert ctx.touched == {"docker.service": "restart"}


def test_the_engine_is_not_restarted_without_a_quorum(tmp_path: Path) -> None:
    swarm = Swarm(own="m1", down={"m2"})
    with pytest.raises(Refused, match="of 3 managers 2 are needed, and only m3 would be left"):
        restarted(swarm, tmp_path)
    assert not [argv for argv in swarm.ran if "restart" in argv]


def test_containerd_goes_with_it_where_it_was_updated(tmp_path: Path) -> None:
    link = tmp_path / "proc/77/exe"
    link.parent.mkdir(parents=True)
    link.symlink_to("/usr/bin/containerd (deleted)")
    swarm = Swarm(state="inactive")
    restarted(swarm, tmp_path, pid="77")
    assert ["systemctl", "restart", "containerd.service", "docker.service"] in swarm.ran


def test_a_restart_that_fails(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="did not restart: Job failed") as caught:
        restarted(Swarm(state="inactive"), tmp_path, rc=1)
    assert caught.value.code == "start-failed"


def test_the_driver_travels_with_the_restart_of_its_unit() -> None:
    payload: Any = {"op": "restart", "components": [{"units": [{"name": "docker.service", "driver": "docker"}]}]}
    assert any(name.endswith("docker.restart") for name in bundle.needed(payload, bundle.modules()))


# --- facts --------------------------------------------------------------------------------------------------------------------

#: /proc/net/route of a host with a bridge of Docker's and a tunnel.
ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t0000D10A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
wg0\t0000080A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_facts(tmp_path: Path) -> None:
    """Without any program."""
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(ROUTES)
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text("Package: docker.io\nStatus: install ok installed\nVersion: 26.1.5+dfsg1-9\n\n")
    (tmp_path / "srv/docker/swarm").mkdir(parents=True)
    (tmp_path / "srv/docker/swarm/docker-state.json").write_text("{}")
    ctx = Context("check", root=str(tmp_path))
    found = host_facts.facts(ctx, {"directory": "/srv/docker"})
    assert found == {"engines": {"docker.io": "26.1.5+dfsg1-9"}, "swarm": True, "routes": ["10.8.0.0/24 wg0", "172.17.0.0/16 eth0"]}
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text('{"data-root": "/elsewhere"}')
    assert host_facts.facts(ctx, {"directory": "/srv/docker"})["swarm"] is False, "it is where the engine has it"


def test_nodes_by_id_or_name() -> None:
    """A node that was lost and came back is listed twice under its name."""
    nodes: Any = [{"id": "a1", "name": "app1"}, {"id": "a2", "name": "app2"}, {"id": "a3", "name": "app2"}, {"id": "app1", "name": "x"}]
    found = {text: [one["id"] for one in decisions.node_of(nodes, text)] for text in ("a2", "app2", "app1", "zz")}
    assert found == {"a2": ["a2"], "app2": ["a2", "a3"], "app1": ["app1"], "zz": []}
