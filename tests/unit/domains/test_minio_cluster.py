# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the servers of an object store say together, a server that is interrupted, and what a heal has done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.domains import minio_cluster
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import AgentError, Context, Result

URL = {"endpoint": "https://192.0.2.1:9000", "ca": ""}


def context(*answers: tuple[int, dict[str, str]]) -> Context:
    """A host whose server gives these answers, one after the other, the last for ever."""
    ctx = Context()
    left = list(answers)

    def wire(endpoint: str) -> Any:
        return lambda method, target, headers, body: (*(left.pop(0) if len(left) > 1 else left[0]), b"")

    ctx.memo.update(minio_wire=wire, minio_interval=0)
    return ctx


@pytest.mark.parametrize(
    ("status", "headers", "interrupt", "problem"),
    [
        (200, {}, False, ""),
        (200, {"x-minio-healing-drives": "1"}, False, ""),
        (200, {"x-minio-healing-drives": "1"}, True, "1 drives are being healed"),
        (412, {"x-minio-write-quorum": "3"}, True, "fewer drives than the write quorum of 3"),
        (503, {"x-minio-server-status": "offline"}, False, "takes no writes (HTTP 503, offline)"),
    ],
)
def test_health(status: int, headers: dict[str, str], interrupt: bool, problem: str) -> None:
    """Refused where a server is about to be interrupted, else only said."""
    ctx = context((status, headers))
    if problem and interrupt:
        with pytest.raises(AgentError, match="refused to interrupt") as refused:
            minio_cluster.health({**URL, "interrupt": True, "settle": 0, "wait": 0}, ctx)
        assert problem in refused.value.msg
    else:
        found = minio_cluster.health({**URL, "interrupt": interrupt, "settle": 0, "wait": 0}, ctx)[1]
        assert found["healthy"] is (not problem)
        assert problem in found["problem"]


def test_waiting_ends_when_it_is_whole() -> None:
    """A server that has just started."""
    found = minio_cluster.health({**URL, "interrupt": False, "settle": 0, "wait": 30}, context((503, {}), (503, {}), (200, {})))[1]
    assert found["healthy"]


def test_what_a_server_runs_with(tmp_path: Path) -> None:
    """Names of what differs, never a value."""
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "minio").write_text("new")
    (tmp_path / "proc" / "7" / "exe").write_text("old")
    (tmp_path / "proc" / "7" / "environ").write_text("PATH=/bin\0MINIO_A=1\0MINIO_SECRET=x\0")
    (tmp_path / "env").write_text('# comment\nMINIO_A="1"\nMINIO_SECRET="y"\n')
    ctx = Context(root=str(tmp_path), runner=lambda argv, **more: Result(0, "7\n"))
    found = minio_cluster.running({"binary": "/minio", "environment": "/env"}, ctx)[1]
    assert found == {"runs": True, "binary": True, "environment": True, "settings": ["MINIO_SECRET"], "together": True}
    (tmp_path / "proc" / "7" / "exe").write_text("new")
    (tmp_path / "env").write_text('MINIO_A="1"\nMINIO_SECRET="x"\n')
    assert minio_cluster.running({"binary": "/minio", "environment": "/env"}, ctx)[1]["together"] is False


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
    """Healed, not whole still, and fine from the start."""
    result: dict[str, Any] = {"scanned": 0, "healed": 0, "unhealed": 0, "items": []}
    for before, after in (("ok", "ok"), ("corrupt", "ok"), ("missing", "missing")):
        minio_cluster.count(item(before, after), result)
    assert (result["scanned"], result["healed"], result["unhealed"]) == (3, 1, 1)
    assert result["items"][0] == {
        "name": "dicom/slice/1.dcm",
        "drives": {"https://store2:9000/srv/minio/drive1": "corrupt"},
        "healed": True,
    }


def heal_with(*answers: dict[str, Any], wait: int = 60) -> tuple[dict[str, Any], list[str]]:
    """What a heal ends with where the server gives these answers after the first, and the targets that were asked."""
    ctx = Context()
    left = [{"clientToken": "token", "clientAddress": "", "startTime": "2026-11-24T20:00:00Z"}, *answers]
    asked: list[str] = []

    def wire(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
        asked.append(f"{method} {target}")
        return 200, {}, json.dumps(left.pop(0) if len(left) > 1 else left[0]).encode()

    ctx.memo.update(minio_wire=lambda endpoint: wire, minio_interval=0)
    more = {"access_key": "a", "secret_key": "b", "region": "us-east-1", "timeout": 5, "bucket": "dicom", "prefix": "", "deep": True}
    steps, result = minio_cluster.heal({**URL, **more, "wait": wait}, ctx)
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


@pytest.mark.parametrize(
    ("answer", "wait", "said"),
    [({**RUNNING, "Summary": "stopped", "Detail": "no quorum"}, 60, "no quorum"), (RUNNING, 0, "not done within 0 s, 1 looked at")],
)
def test_heal_that_does_not_finish_fails(answer: dict[str, Any], wait: int, said: str) -> None:
    """With the server's words, or with how far it came."""
    with pytest.raises(AgentError, match=said) as refused:
        heal_with(answer, wait=wait)
    assert refused.value.code == "heal-not-finished"
