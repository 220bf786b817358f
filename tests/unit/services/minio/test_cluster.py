# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the servers of an object store say together, a server that is interrupted, and what a heal has done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.action import minio_heal
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import cluster as minio_cluster
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import info
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import Kept

URL = {"endpoint": "https://192.0.2.1:9000", "ca": ""}


def context(*answers: tuple[int, dict[str, str]]) -> Context:
    """A host whose server gives these answers, one after the other, the last forever."""
    ctx = Context()
    left = list(answers)

    def wire(endpoint: str) -> Any:
        return lambda method, target, headers, body: (*(left.pop(0) if len(left) > 1 else left[0]), b"")

    ctx.kept(Kept).wire, ctx.interval = wire, 0
    return ctx


@pytest.mark.parametrize(
    ("status", "headers", "interrupt", "problem"),
    [
        (200, {}, False, ""),
        (200, {"x-minio-healing-drives": "1"}, False, ""),
        (200, {"x-minio-healing-drives": "1"}, True, "1 drive is being healed"),
        (412, {"x-minio-write-quorum": "3"}, True, "fewer drives than the write quorum of 3"),
        (503, {"x-minio-server-status": "offline"}, False, "does not accept writes (HTTP 503, offline)"),
        # It waits for the others, and takes no part: its restart costs no client anything.
        (503, {"x-minio-server-status": "offline"}, True, ""),
        # It takes part in a store that has lost its quorum.
        (503, {"x-minio-write-quorum": "3"}, True, "does not accept writes (HTTP 503)"),
    ],
)
def test_health(status: int, headers: dict[str, str], interrupt: bool, problem: str) -> None:
    """Refused where a server is about to be interrupted, else only said."""
    ctx = context((status, headers))
    if problem and interrupt:
        with pytest.raises(AgentError, match="refused to interrupt") as refused:
            minio.CALLS["health"]({**URL, "interrupt": True, "settle": 0, "wait": 0}, ctx)
        assert problem in refused.value.msg
    else:
        found = minio.CALLS["health"]({**URL, "interrupt": interrupt, "settle": 0, "wait": 0}, ctx)[1]
        assert found["healthy"] is (not problem)
        assert problem in found["problem"]


def test_waiting_ends_when_it_is_healthy() -> None:
    """A server that has just started."""
    found = minio.CALLS["health"]({**URL, "interrupt": False, "settle": 0, "wait": 30}, context((503, {}), (503, {}), (200, {})))[1]
    assert found["healthy"]


def test_what_a_server_runs_with(tmp_path: Path) -> None:
    """Names of what differs, never a value."""
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "minio").write_text("new")
    (tmp_path / "proc" / "7" / "exe").write_text("old")
    (tmp_path / "proc" / "7" / "environ").write_text("PATH=/bin\0MINIO_A=1\0MINIO_SECRET=x\0")
    (tmp_path / "env").write_text('# comment\nMINIO_A="1"\nMINIO_SECRET="y"\n')
    ctx = Context(root=str(tmp_path), runner=lambda argv, **more: Result(0, "7\n"))
    found = minio.CALLS["running"]({"binary": "/minio", "environment": "/env", "endpoint": "", "ca": ""}, ctx)[1]
    assert found == {"runs": True, "serves": True, "binary": True, "environment": True, "settings": ["MINIO_SECRET"], "together": True}
    (tmp_path / "proc" / "7" / "exe").write_text("new")
    (tmp_path / "env").write_text('MINIO_A="1"\nMINIO_SECRET="x"\n')
    assert minio.CALLS["running"]({"binary": "/minio", "environment": "/env", "endpoint": "", "ca": ""}, ctx)[1]["together"] is False
    for status, headers, serves in (
        (200, {}, True),
        (503, {"x-minio-write-quorum": "3"}, True),
        (503, {"x-minio-server-status": "offline"}, False),
    ):
        ctx.kept(Kept).wire = context((status, headers)).kept(Kept).wire
        asked = {"binary": "/minio", "environment": "/env", "endpoint": URL["endpoint"], "ca": ""}
        assert minio.CALLS["running"](asked, ctx)[1]["serves"] is serves


@pytest.mark.parametrize(("state", "steps"), [("active", 1), ("activating", 1), ("failed", 0), ("inactive", 0)])
def test_stop(state: str, steps: int) -> None:
    ctx = Context(runner=lambda argv, **more: Result(0, f"{state}\n"))
    assert len(minio.CALLS["stop"]({}, ctx)[0]) == steps


STORE = "https://store{}:9000/srv/minio/drive1"


def states_of(**states: str) -> dict[str, Any]:
    """The administration's word on a drive of each host: its state, ``healing`` for one that works and is being healed."""
    servers = [
        {
            "endpoint": f"{host}:9000",
            "state": "online",
            "version": "1",
            "drives": [
                {
                    "endpoint": STORE.format(host[1:]),
                    "state": "ok" if state == "healing" else state,
                    "healing": state == "healing",
                    "pool_index": 0,
                    "set_index": 0,
                }
            ],
        }
        for host, state in states.items()
    ]
    return {"servers": servers, "pools": {"0": {"0": {}}}, "backend": {"standardSCParity": 2}}


def waited(drive: str, *answers: dict[str, Any], wait: int = 30) -> int:
    """How often the store was asked until the wait was over."""
    ctx = Context()
    left, asked = list(answers), [0]

    def wire(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        asked[0] += 1
        return 200, {}, json.dumps(left.pop(0) if len(left) > 1 else left[0]).encode()

    ctx.kept(Kept).wire, ctx.interval = lambda endpoint: wire, 0
    more = {"access_key": "a", "secret_key": "b", "region": "us-east-1", "timeout": 5, "own_server": False}
    minio.info({**URL, **more, "wait": wait, "drive": drive}, ctx)
    return asked[0]


def test_wait_for_one_drive_ends_while_another_is_lost() -> None:
    """Two were lost, one is replaced."""
    answers = [states_of(s1="ok", s2=state, s3="offline", s4="ok") for state in ("unformatted", "healing", "healing", "ok")]
    assert waited(STORE.format(2), *answers) == 4


@pytest.mark.parametrize(("state", "said"), [("offline", "it is offline"), ("healing", "it is being healed")])
def test_wait_for_one_drive_that_does_not_come(state: str, said: str) -> None:
    with pytest.raises(AgentError, match=said) as refused:
        waited(STORE.format(2), states_of(s1="ok", s2=state), wait=1)
    assert refused.value.code == "not-in-time" and STORE.format(2) in refused.value.msg
    with pytest.raises(AgentError, match="no drive"):
        waited(STORE.format(9), states_of(s1="ok", s2=state), wait=1)


def test_wait_without_a_drive_is_for_all_of_them() -> None:
    assert waited("", states_of(s1="ok", s2="offline"), states_of(s1="ok", s2="ok")) == 2


def item(before: str, after: str) -> dict[str, Any]:
    """An item of a heal's answer, as madmin's HealResultItem."""
    other = {"endpoint": "https://store1:9000/srv/minio/drive1", "state": "ok"}
    mine = {"endpoint": "https://store2:9000/srv/minio/drive1"}
    return {
        "type": "object",
        "bucket": "dicom",
        "object": "slice/1.dcm",
        "before": {"drives": [other, {**mine, "state": before}]},
        "after": {"drives": [other, {**mine, "state": after}]},
    }


def test_items_of_a_heal_are_counted() -> None:
    """Healed, still damaged, and fine from the start."""
    result: dict[str, Any] = {"scanned": 0, "healed": 0, "unhealed": 0, "damaged": []}
    for before, after in (("ok", "ok"), ("corrupt", "ok"), ("missing", "missing")):
        minio_cluster.count(item(before, after), result)
    assert (result["scanned"], result["healed"], result["unhealed"]) == (3, 1, 1)
    assert result["damaged"][0] == {
        "name": "dicom/slice/1.dcm",
        "drives": {"https://store2:9000/srv/minio/drive1": "corrupt"},
        "healed": True,
    }


BUCKETS = ["dicom", "reports"]


def heal_with(*answers: dict[str, Any], wait: int = 60, token: str = "", bucket: str = "dicom") -> tuple[dict[str, Any], list[str]]:
    """What a heal ends with where the server gives these answers after the first, and the targets that were asked."""
    ctx = Context()
    begun = {"clientToken": "token", "clientAddress": "", "startTime": "2026-11-24T20:00:00Z"}
    left = [*([] if token else [begun]), *answers]
    asked: list[str] = []

    def wire(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        if (method, target) == ("GET", "/"):
            names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in BUCKETS)
            return 200, {}, f"<ListAllMyBucketsResult><Owner/><Buckets>{names}</Buckets></ListAllMyBucketsResult>".encode()
        asked.append(f"{method} {target}")
        return 200, {}, json.dumps(left.pop(0) if len(left) > 1 else left[0]).encode()

    ctx.kept(Kept).wire, ctx.interval = lambda endpoint: wire, 0
    more = {
        "access_key": "a",
        "secret_key": "b",
        "region": "us-east-1",
        "timeout": 5,
        "own_server": False,
        "bucket": bucket,
        "prefix": "",
        "deep": True,
    }
    steps, result = minio.CALLS["heal"]({**URL, **more, "wait": wait, "token": token}, ctx)
    assert steps[0].apply is not None
    steps[0].apply(ctx)
    return result, asked


#: The names that the server writes: healSequenceStatus of cmd/admin-heal-ops.go, its items are madmin's.
RUNNING = {"Summary": "running", "Detail": "", "StartTime": "2026-11-24T20:00:00Z", "Items": [item("corrupt", "ok")]}


def test_heal_asks_until_it_is_finished_and_counts_what_each_answer_brings() -> None:
    """The server forgets items once it has told them."""
    result, asked = heal_with(RUNNING, {**RUNNING, "Items": None}, {**RUNNING, "Summary": "finished", "Items": [item("ok", "ok")]})
    assert (result["scanned"], result["healed"], result["unhealed"], result["finished"]) == (2, 1, 0, True)
    assert asked[0] == "POST /minio/admin/v3/heal/dicom?forceStart=true"
    assert asked[1:] == ["POST /minio/admin/v3/heal/dicom?clientToken=token"] * 3


def test_heal_takes_the_names_in_small_letters_too() -> None:
    """As madmin has them."""
    assert heal_with({"summary": "finished", "items": [item("missing", "ok")]})[0]["healed"] == 1


def test_heal_that_stops_fails() -> None:
    """With the server's words."""
    with pytest.raises(AgentError, match="no quorum") as refused:
        heal_with({**RUNNING, "Summary": "stopped", "Detail": "no quorum"})
    assert refused.value.code == "heal-not-finished"


@pytest.mark.parametrize(
    ("bucket", "said"),
    [("dicmo", r"no bucket dicmo\. Did you mean dicom\? .* Fix: use one of dicom, reports"), ("x", r"no bucket x\. Nothing is healed")],
)
def test_heal_of_a_bucket_that_is_not_there(bucket: str, said: str) -> None:
    """The server would begin, and stop with words of its own."""
    with pytest.raises(AgentError, match=said) as refused:
        heal_with(RUNNING, bucket=bucket)
    assert refused.value.code == "no-such-bucket"


def test_heal_continues_with_its_token() -> None:
    """A call that is over before the heal is: the next one neither starts again nor counts again."""
    result, asked = heal_with(RUNNING, wait=0)
    assert (result["scanned"], result["finished"], result["token"]) == (1, False, "token")
    result, asked = heal_with({**RUNNING, "Summary": "finished"}, token="token")
    assert (result["scanned"], result["finished"]) == (1, True)
    assert asked == ["POST /minio/admin/v3/heal/dicom?clientToken=token"]


def told(scanned: int, finished: bool = False, **more: Any) -> dict[str, Any]:
    """What one call of the agent gives."""
    items = [{"name": f"dicom/{number}", "drives": {}, "healed": True} for number in range(scanned)]
    return {"scanned": scanned, "healed": scanned, "unhealed": 0, "damaged": items, "finished": finished, "token": "t", **more}


def test_a_heal_says_how_far_it_is() -> None:
    """A line behind each call but the last, calls that become longer, and one result."""
    answers = [told(3), told(40), told(20, finished=True)]
    asked: list[tuple[str, int]] = []
    lines: list[str] = []

    def call(token: str, seconds: int) -> dict[str, Any]:
        asked.append((token, seconds))
        return answers.pop(0)

    result = minio_heal.follow(call, 86400, lines.append)
    assert asked == [("", 5), ("t", 10), ("t", 20)]
    assert lines == [f"{count} checked, {count} healed, 0 still damaged" for count in (3, 43)]
    assert (result["scanned"], result["finished"], len(result["damaged"])) == (63, True, 50)


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([told(1)] * 9, 2),
        ([told(1), {"failed": True, "msg": "gone", "changed": False}], 2),
        ([told(0, token="")], 1),
    ],
)
def test_a_heal_ends(answers: list[dict[str, Any]], calls: int) -> None:
    """When the time is up, at an error, and in check mode, where none was begun."""
    left = list(answers)
    now = iter(range(0, 1000, 6))
    result = minio_heal.follow(lambda token, seconds: left.pop(0), 12, lambda text: None, lambda: float(next(now)))
    assert len(answers) - len(left) == calls and not result.get("finished")
    assert result["scanned"] == sum(answer.get("scanned", 0) for answer in answers[:calls])


def test_a_server_that_waits_for_others_is_no_lasting_problem() -> None:
    """It runs with settings that the others get with the next start of all servers, which a store that is not healthy must not prevent."""

    def drive(host: str, state: str) -> dict[str, Any]:
        return {
            "endpoint": f"https://{host}/srv/minio/drive1",
            "path": "/srv/minio/drive1",
            "state": state,
            "pool_index": 0,
            "set_index": 0,
        }

    hosts = [f"store{number}:9000" for number in (1, 2, 3, 4)]
    states = {"store1:9000": ("initializing", "offline"), "store4:9000": ("offline", "offline")}
    found = info.summary(
        {
            "mode": "online",
            "backend": {"standardSCParity": 2},
            "servers": [
                {"endpoint": host, "state": states.get(host, ("online",))[0], "drives": [drive(host, states.get(host, ("", "ok"))[1])]}
                for host in hosts
            ],
            "pools": {"0": {"0": {}}},
        }
    )
    assert [text for text in found["problems"] if "store1" in text or "takes no writes" in text] != []
    assert found["lasting_problems"] == ["server store4:9000 is offline", f"drive {drive('store4:9000', '')['endpoint']} is offline"]
