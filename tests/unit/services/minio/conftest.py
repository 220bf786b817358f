# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded object store: the answers of real MinIO servers (``data``), given again to the same questions in the same order."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import Kept, Silent

from tests.unit.services.returned import filled

DATA = Path(__file__).parent / "data"
Exchange = dict[str, Any]
Said = tuple[int, dict[str, str], bytes]


class Store:
    """Plays a recording. What is asked and was not recorded is an error; ``sent`` keeps all requests with their bodies."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.left = list(exchanges)
        self.sent: list[tuple[str, str, bytes]] = []
        self.lock = threading.Lock()

    def wire(self, endpoint: str) -> Callable[[str, str, dict[str, str], bytes], Said]:
        """What :mod:`minio_s3` asks over."""

        def send(method: str, target: str, headers: dict[str, str], body: bytes) -> Said:
            assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
            with self.lock:  # a store that is no MinIO is asked by several threads
                self.sent.append((method, target, body))
                fitting = [one for one in self.left if (one["endpoint"], one["method"], one["target"]) == (endpoint, method, target)]
                assert fitting, f"not in the recording: {endpoint} {method} {target}"
                known = fitting[0]
                self.left.remove(known)
            if not known["status"]:
                raise Silent("Connection refused")
            data = base64.b64decode(known["base64"]) if "base64" in known else known["text"].encode()
            return known["status"], {"server": known["server"]}, data

        return send

    def writes(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        return [(method, target) for method, target, _body in self.sent if method != "GET"]


class Run:
    """What a call gave."""

    def __init__(self, steps: list[Step], result: dict[str, Any], ctx: Context, store: Store) -> None:
        self.steps = steps
        self.result = result
        self.ctx = ctx
        self.store = store
        self.said = [(step.target, step.action, step.detail) for step in steps]


@pytest.fixture(scope="session")
def wanted() -> dict[str, Any]:
    """What was asked of the recorded servers."""
    found: dict[str, Any] = yaml.safe_load((DATA / "wanted.yml").read_text())
    return found


Call = Callable[..., Run]


@pytest.fixture
def call(wanted: dict[str, Any]) -> Call:
    """``call("buckets", "recording", check=..., **params)``: plan, and apply unless it is a check."""

    def run(name: str, recording: str | list[Exchange] | None, *, check: bool = False, **params: Any) -> Run:
        ctx = Context("check" if check else "apply", diff=True)
        ctx.interval = 0
        exchanges = json.loads((DATA / f"{recording}.json").read_text()) if isinstance(recording, str) else recording or []
        store = Store(exchanges)

        def nobody(*_question: Any) -> Said:
            raise Silent("Connection refused")

        ctx.kept(Kept).wire = store.wire if recording is not None else lambda endpoint: nobody
        steps, result = minio.CALLS[name](filled(documented.spec(f"minio_{name}"), {**wanted["store"], **params}), ctx)
        for step in steps:
            if not check and step.apply is not None:
                step.apply(ctx)
        return Run(steps, result, ctx, store)

    return run


@pytest.fixture
def exchange() -> Callable[..., Exchange]:
    """``exchange("GET", "/", text, status)``: an answer that no recording has."""

    def made(method: str, target: str, text: str = "", status: int = 200, endpoint: str = "https://127.0.0.1:9310") -> Exchange:
        return {"endpoint": endpoint, "method": method, "target": target, "status": status, "server": "MinIO", "text": text}

    return made
