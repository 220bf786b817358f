# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app of the catalogue is managed whole: each field that a person can change in CapRover's pages is reverted, or said not to be."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import fields, types
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import caprover
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps.catalogue import parse

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import Call, Secrets, call, captain, swarm

__all__ = ["call", "captain", "swarm"]

ROOT = Path(__file__).resolve().parents[4]
RECORDED = json.loads((ROOT / "tests/unit/services/caprover/data/recorded.json").read_text(encoding="utf-8"))
README = (ROOT / "roles/apps/README.md").read_text(encoding="utf-8")
#: As little as an app can say.
APP = {"name": "web", "image": "r:5000/a@sha256:" + "5b" * 32, "domains": ["web.example.org"], "port": 80, "tls": False}

#: Field of an app's definition -> what a person made of it.
BY_HAND: dict[str, Any] = {
    "description": "by hand",
    "instanceCount": 3,
    "captainDefinitionRelativeFilePath": "./other/captain-definition",
    "envVars": [{"key": "A", "value": "1"}],
    "volumes": [{"containerPath": "/data", "volumeName": "by-hand"}],
    "ports": [{"hostPort": 9101, "containerPort": 80}],
    "nodeId": "node-1",
    "notExposeAsWebApp": True,
    "containerHttpPort": 8080,
    "httpAuth": {"user": "by-hand", "passwordHashed": "$apr1$VelFnqw0$3hYvVwttjnznIDrwTqUOc/"},
    "forceSsl": True,
    "websocketSupport": True,
    "customNginxConfig": "# by hand",
    "redirectDomain": "web.example.org",
    "preDeployFunction": "var preDeployFunction = function () {}",
    "serviceUpdateOverride": '{"TaskTemplate": {"ContainerSpec": {"Hostname": "by-hand"}}}',
    "appDeployTokenConfig": {"enabled": True, "appDeployToken": "by-hand"},
    "appPushWebhook": {"tokenVersion": "x", "repoInfo": {"repo": "a/b", "branch": "main", "user": "u", "password": "p", "sshKey": ""}},
    "customDomain": [{"publicDomain": "web.example.org", "hasSsl": False}, {"publicDomain": "hand.example.org", "hasSsl": False}],
}
#: Fields that a person can change and that stay as they are, with the words of the README that say so.
LEFT = {
    "tags": "other tags than `apps_owner`",
    "projectId": "the project",
    "hasDefaultSubDomainSsl": "the certificate of `<name>.<root domain>`, which CapRover cannot turn off",
}
#: Fields that cannot be changed in the pages of CapRover; ``versions`` and ``deployedVersion`` are what ``caprover_deploy`` compares.
FIXED = {"appName", "hasPersistentData", "networks", "versions", "deployedVersion", "isAppBuilding", "isLegacyAppName"}


def entries() -> list[dict[str, Any]]:
    return caprover.render([parse(APP)], caprover.Values())[0]


def test_each_field_is_known() -> None:
    """Of those that a real server gave, and of those that the modules know."""
    recorded = {field for one in RECORDED for field in one.get("definition") or ()}
    assert recorded | set(types.Definition.__annotations__) == set(BY_HAND) | set(LEFT) | FIXED
    assert set(fields.DEFAULTS) <= set(BY_HAND) | set(LEFT)


@pytest.mark.parametrize("field", BY_HAND)
def test_a_change_by_hand_is_reverted(captain: StandIn, call: Call, swarm: Secrets, field: str) -> None:
    call("apps", owner="clinic", apps=entries())
    before = copy.deepcopy(captain.model.apps["web"])
    assert call("apps", owner="clinic", apps=entries()).said == []
    captain.model.apps["web"][field] = BY_HAND[field]
    run = call("apps", owner="clinic", apps=entries())
    assert run.said and "by-hand" not in str(run.ctx.warnings)
    after = captain.model.apps["web"]
    assert fields.value(after, field) == fields.value(before, field) if field in fields.DEFAULTS else after[field] == before[field]
    assert call("apps", owner="clinic", apps=entries()).said == []


@pytest.mark.parametrize("field", LEFT)
def test_what_stays_is_said(captain: StandIn, call: Call, swarm: Secrets, field: str) -> None:
    call("apps", owner="clinic", apps=entries())
    captain.model.projects.append({"id": "p", "name": "shop"})
    changed: Any = {"tags": [{"tagName": "clinic"}, {"tagName": "by-hand"}], "projectId": "p", "hasDefaultSubDomainSsl": True}[field]
    captain.model.apps["web"][field] = changed
    assert call("apps", owner="clinic", apps=entries()).said == [] and captain.model.apps["web"][field] == changed
    assert LEFT[field] in " ".join(README.split())
