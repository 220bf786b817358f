# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions' documentation says exactly what their specs say."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.action import artifacts, recovery_kit, site_secrets, site_secrets_renew
from ansible_collections.vannah.healthcloud.plugins.module_utils import minio_spec, minio_verb_specs, postgresql_spec
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import specs

MODULES = {
    "artifacts": artifacts.ARGUMENT_SPEC,
    "component": COMPONENT_SPEC,
    "converge": specs.CONVERGE,
    "component_restart": specs.COMPONENT_RESTART,
    "lease": specs.LEASE,
    "host_facts": specs.HOST_FACTS,
    "minio_buckets": minio_spec.BUCKETS,
    "minio_info": minio_spec.INFO,
    "minio_tiers": minio_spec.TIERS,
    "minio_devices": minio_verb_specs.DEVICES,
    "minio_heal": minio_verb_specs.HEAL,
    "minio_health": minio_verb_specs.HEALTH,
    "minio_running": minio_verb_specs.RUNNING,
    "minio_stop": minio_verb_specs.STOP,
    "minio_users": minio_spec.USERS,
    "postgresql_objects": postgresql_spec.OBJECTS,
    "recovery_kit": recovery_kit.ARGUMENT_SPEC,
    "site_secrets": site_secrets.ARGUMENT_SPEC,
    "site_secrets_renew": site_secrets_renew.ARGUMENT_SPEC,
}
COMPARED = ("type", "elements", "required", "default", "choices")
_MISSING = object()


def documentation(name: str) -> dict[str, Any]:
    """A module's DOCUMENTATION."""
    module = importlib.import_module(f"ansible_collections.vannah.healthcloud.plugins.modules.{name}")
    for text in (module.EXAMPLES, module.RETURN):
        assert yaml.safe_load(text)
    found = dict(yaml.safe_load(module.DOCUMENTATION))
    for fragment in found.get("extends_documentation_fragment", ()):
        if not fragment.startswith("vannah."):  # Ansible's own: no options
            continue
        shared = importlib.import_module(f"ansible_collections.vannah.healthcloud.plugins.doc_fragments.{fragment.rpartition('.')[2]}")
        options = yaml.safe_load(shared.ModuleDocFragment.DOCUMENTATION)["options"]
        assert not set(options) & set(found["options"])
        found["options"] = {**options, **found["options"]}
    return found


def differences(spec: dict[str, Any], documented: dict[str, Any], where: str = "") -> list[str]:
    """Where a spec and a documentation disagree."""
    found = [f"{where}{key} is in one of them only" for key in sorted(set(spec) ^ set(documented))]
    for key in sorted(set(spec) & set(documented)):
        option, text = spec[key], documented[key]
        for aspect in COMPARED:
            if option.get(aspect, _MISSING) != text.get(aspect, _MISSING):
                found.append(f"{where}{key}: {aspect} is {option.get(aspect)!r}, documented {text.get(aspect)!r}")
        if not text.get("description"):
            found.append(f"{where}{key} has no description")
        found += differences(option.get("options", {}), text.get("suboptions", {}), f"{where}{key}.")
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_documentation_equals_spec(name: str) -> None:
    found = documentation(name)
    assert found["module"] == name
    assert differences(MODULES[name], found["options"] or {}) == []


def test_differences_are_seen() -> None:
    assert differences({"a": {"type": "str", "default": "x"}}, {"a": {"type": "str", "description": "A."}}) == [
        "a: default is 'x', documented None"
    ]
    assert differences({"a": {"type": "str"}}, {}) == ["a is in one of them only"]
