# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded object store: the answers of real MinIO servers (``data/minio``), given again to the same questions in the same order."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import Silent
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import report

from .returned import faults

DATA = Path(__file__).parent / "data" / "minio"
Exchange = dict[str, Any]
Said = tuple[int, dict[str, str], bytes]


def filled(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Parameters with every option, as Ansible's validation hands them over."""
    assert set(given) <= set(spec), set(given) - set(spec)
    made = {}
    for name, option in spec.items():
        value = given.get(name, option.get("default"))
        if value is not None and "options" in option:
            value = [filled(option["options"], item) for item in value] if option["type"] == "list" else filled(option["options"], value)
        made[name] = value
    return made


SERVICES = "ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services"
#: The services' calls, as the agent makes them.
DOMAINS = {name: import_module(f"{SERVICES}.{name}.calls") for name in ("etcd", "minio", "packages", "patroni", "postgresql")}
#: Modules whose results a test has looked at.
SEEN: set[str] = set()


@pytest.fixture(autouse=True)
def results_are_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test has a call do: its result is what the module's RETURN says."""
    given: list[tuple[str, list[Step], dict[str, Any], Context]] = []
    for domain, module in DOMAINS.items():
        for call, function in module.CALLS.items():
            name = f"{domain}_{call}"

            def noting(params: Any, ctx: Context, name: str = name, function: Any = function) -> Any:
                steps, result = function(params, ctx)
                given.append((name, steps, result, ctx))
                return steps, result

            monkeypatch.setitem(module.CALLS, call, noting)
    yield
    for name, steps, result, ctx in given:
        SEEN.add(name)
        payload = {"domain": {"result": result, "steps": [step.report() for step in steps], "warnings": ctx.warnings}}
        shown = report.domain(payload, "h")
        shown.pop("token", None)  # minio_heal keeps it to itself
        assert faults(name, shown) == []


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
        ctx.memo["minio_pause"] = 0
        exchanges = json.loads((DATA / f"{recording}.json").read_text()) if isinstance(recording, str) else recording or []
        store = Store(exchanges)

        def nobody(*_question: Any) -> Said:
            raise Silent("Connection refused")

        ctx.memo["minio_wire"] = store.wire if recording is not None else lambda endpoint: nobody
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
