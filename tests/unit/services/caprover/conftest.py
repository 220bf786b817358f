# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in server for each test, and calls that reach it over the network as on a host."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import api, calls, health
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.docker import engine

from tests.standins.caprover.server import StandIn
from tests.unit.lib.host import Programs
from tests.unit.services.returned import filled

PASSWORD = "Captain-Test-42"


class Run:
    """What a call gave.

    :ivar said: target, action and detail of each step
    :ivar error: what its steps ended with
    """

    def __init__(self, steps: list[Step], result: dict[str, Any], ctx: Context, error: AgentError | None) -> None:
        self.steps = steps
        self.result = result
        self.ctx = ctx
        self.error = error
        self.said = [(step.target, step.action, step.detail) for step in steps if step.action]
        self.diff = "".join(f"{step.diff['before']}=>\n{step.diff['after']}" for step in steps if step.diff)
        self.shown = f"{self.said} {self.diff} {ctx.warnings} {result} {error and (error.msg, error.journal)}"


Call = Callable[..., Run]


@pytest.fixture
def captain() -> Iterator[StandIn]:
    """A server with a root domain and TLS for it."""
    stand_in = StandIn()
    stand_in.model.password, stand_in.model.root, stand_in.model.root_ssl = PASSWORD, "cap.test", True
    stand_in.model.times.build = 0.001
    yield stand_in
    stand_in.close()


@pytest.fixture
def call(captain: StandIn, tmp_path: Path) -> Call:
    """``call("apps", check=..., judge=..., **params)``: plan, and apply unless it is a check. The host is ``tmp_path``."""

    def run(
        name: str, *, check: bool = False, judge: Any = None, programs: Programs | None = None, catch: bool = False, **params: Any
    ) -> Run:
        ctx = Context("check" if check else "apply", diff=True, root=str(tmp_path), runner=programs or _no_docker)
        ctx.interval = 0.005
        ctx.policy = {"retry": bool(params.pop("retry", False))}
        ctx.kept(api.Kept).locked = 0.0
        ctx.kept(health.Kept).judge = judge
        spec = documented.spec(f"caprover_{name}")
        given = {**({"url": captain.url} if "url" in spec else {}), "password": PASSWORD, "wait": 5, **params}
        captain.forget()
        steps, result = calls.CALLS[name](filled(spec, given), ctx)
        try:
            for step in steps:
                if not check and step.apply is not None:
                    step.apply(ctx)
        except AgentError as error:
            if not catch:
                raise
            return Run(steps, result, ctx, error)
        return Run(steps, result, ctx, None)

    return run


class Secrets:
    """The secrets of a Swarm, as its API has them (docs.docker.com, "Docker Engine API", Secret)."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.silent = False
        self.busy = False

    def ask(self, _ctx: Any, method: str, path: str, body: Any = None, timeout: float = 60) -> tuple[int, str]:
        if self.silent:
            raise ConnectionRefusedError(111, "Connection refused")
        if method == "GET":
            assert path == "/secrets?filters={%22label%22:[%22health.vannah.app%22]}"
            return 200, json.dumps([{"ID": identity, "Spec": spec} for identity, spec in self.there.items()])
        if method == "DELETE":
            if self.busy:
                return 400, json.dumps({"message": "secret is in use by the following service: web"})
            del self.there[path.rpartition("/")[2]]
            return 204, ""
        self.count += 1
        self.there[f"id{self.count}"] = body
        return 201, json.dumps({"ID": f"id{self.count}"})


@pytest.fixture
def swarm(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """The Swarm's API on the host, as far as it has secrets."""
    made = Secrets()
    monkeypatch.setattr(engine, "ask", made.ask)
    return made


def _no_docker(_argv: list[str], **_more: Any) -> Result:
    return Result(127)
