# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every action for a tool or an API has its function on the host."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.action import DomainAction

PLUGINS = "ansible_collections.vannah.healthcloud.plugins"
FOLDER = Path(__file__).resolve().parents[3] / "plugins" / "action"
MODULES = {path.stem: importlib.import_module(f"{PLUGINS}.action.{path.stem}") for path in FOLDER.glob("*.py")}
ACTIONS = {name: module.ActionModule for name, module in MODULES.items() if issubclass(module.ActionModule, DomainAction)}


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_host_knows_the_call(name: str) -> None:
    action = ACTIONS[name]
    domain = importlib.import_module(f"{PLUGINS}.module_utils.agent.domains.{action.DOMAIN}")
    assert action.CALL in domain.CALLS


def test_only_who_looks_takes_no_lease() -> None:
    looking = {name for name, action in ACTIONS.items() if action.LEASE != "take"}
    assert looking == {"etcd_health", "minio_health", "minio_info", "minio_running", "patroni_guard", "patroni_info"}
    assert {action.LEASE for action in ACTIONS.values()} == {"take", "none"}
    assert len(ACTIONS) > 15
