# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run over a site with many apps: how many requests it takes, and that nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import api, calls, health
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import caprover

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import PASSWORD, Secrets
from tests.unit.services.returned import filled

MANY = 30
CATALOGUE: list[dict[str, Any]] = [
    {
        "name": f"app{number}",
        "image": f"r:5000/app{number}@sha256:" + f"{number:02x}" * 32,
        "port": 3000,
        "domains": [f"app{number}.example.org"],
        "environment": {"NUMBER": number, "KEY": "${secret.key}", "NEXT": "${app.app0.url}"},
        "resources": {"memory_mb": 64},
    }
    for number in range(MANY)
]


def context(root: Path, mode: str) -> Context:
    """What one call to the host is given."""
    ctx = Context(mode, root=str(root), runner=lambda _argv, **_more: Result(127))
    ctx.interval = 0.001
    ctx.kept(api.Kept).locked = 0.0
    ctx.kept(health.Kept).judge = lambda _app, _image: ""
    return ctx


def run(captain: StandIn, ctx: Context) -> list[str]:
    """Settings, apps and deploys, as the roles ask for them in one call; what was done."""
    rendered = caprover.for_caprover(CATALOGUE, {"key": "a secret"}, {}, "cap.test", health={"steady": 0})
    reach = {"url": captain.url, "password": PASSWORD, "wait": 5}
    registry = {"domain": "r:5000", "user": "site", "password": "p"}
    asked: dict[str, dict[str, Any]] = {
        "server": {"root_domain": "cap.test", "root_tls": True, "email": "a@b.de", "registries": [registry], "disk_cleanup": {"keep": 2}},
        "apps": {"owner": "clinic", "reset_unset": "known", "apps": rendered["apps"]},
        "deploy": {"apps": rendered["deploys"]},
    }
    done: list[str] = []
    for name, params in asked.items():
        steps, _result = calls.CALLS[name](filled(documented.spec(f"caprover_{name}"), {**reach, **params}), ctx)
        for step in steps:
            done.append(f"{step.target} {step.action}")
            if not ctx.check and step.apply is not None:
                step.apply(ctx)
    return done


def test_a_second_run_over_many_apps(captain: StandIn, swarm: Secrets, tmp_path: Path) -> None:
    """One login, four requests for the server, one each for apps and deploys; no write, no update of a service."""
    captain.model.times.build = 0.0
    assert len(run(captain, context(tmp_path, "apply"))) >= 2 * MANY
    before = {name: service.index for name, service in captain.swarm.services.items()}
    assert len(before) == MANY
    captain.forget()
    assert run(captain, context(tmp_path, "check")) == []
    assert (
        swarm.there == {} and captain.writes() == [] and {name: service.index for name, service in captain.swarm.services.items()} == before
    )
    paths = [path for _method, path in captain.seen]
    assert paths.count("/login") == 1 and paths.count(api.APPS) == 2 and len(paths) == 7, paths
