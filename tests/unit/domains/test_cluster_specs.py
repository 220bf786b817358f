# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the cluster's actions says what their specs say, and every action has its function on the host."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.doc_fragments.patroni import ModuleDocFragment

PLUGINS = "ansible_collections.vannah.healthcloud.plugins"
HERE = Path(__file__).resolve().parents[3] / "plugins"
NAMES = sorted(path.stem for pattern in ("patroni_*.py", "etcd_*.py") for path in (HERE / "action").glob(pattern))
FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def documented(name: str) -> dict[str, Any]:
    """A module's options, those of the shared fragment among them."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    assert yaml.safe_load(module.EXAMPLES) and yaml.safe_load(module.RETURN)
    found = yaml.safe_load(module.DOCUMENTATION)
    assert found["module"] == name
    shared = FRAGMENT if found.get("extends_documentation_fragment") else {}
    return {**shared, **found["options"]}


@pytest.mark.parametrize("name", NAMES)
def test_documentation_equals_spec(name: str) -> None:
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    options = documented(name)
    assert set(options) == set(action.ARGUMENT_SPEC)
    for option, spec in action.ARGUMENT_SPEC.items():
        for aspect in ("type", "elements", "required", "default"):
            assert options[option].get(aspect) == spec.get(aspect), f"{option}: {aspect}"


@pytest.mark.parametrize("name", NAMES)
def test_the_host_knows_the_call(name: str) -> None:
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    domain = importlib.import_module(f"{PLUGINS}.module_utils.agent.domains.{action.DOMAIN}")
    assert action.CALL in domain.CALLS


def test_all_are_there() -> None:
    assert len(NAMES) == 9
