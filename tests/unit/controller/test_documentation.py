# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions' documentation says exactly what their specs say."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC

PLUGINS = "ansible_collections.vannah.healthcloud.plugins"
HERE = Path(__file__).resolve().parents[3] / "plugins"
NAMES = sorted(path.stem for path in (HERE / "action").glob("*.py"))
COMPARED = ("type", "elements", "required", "default", "choices")
_MISSING = object()


def documentation(name: str) -> dict[str, Any]:
    """A module's DOCUMENTATION, with the options of its fragments."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    for text in (module.EXAMPLES, module.RETURN):
        assert yaml.safe_load(text)
    found = dict(yaml.safe_load(module.DOCUMENTATION))
    for fragment in found.get("extends_documentation_fragment", ()):
        collection, _, path = fragment.partition(".healthcloud.")
        if collection != "vannah":  # Ansible's own: no options
            continue
        file, _, text = path.partition(".")
        shared = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        options = yaml.safe_load(getattr(shared, text.upper() or "DOCUMENTATION")).get("options", {})
        assert not set(options) & set(found["options"])
        found["options"] = {**options, **found["options"]}
    return found


def spec_of(name: str) -> dict[str, Any]:
    """What an action takes."""
    if name == "component":  # validates by itself, as components of roles are validated
        return COMPONENT_SPEC
    spec: dict[str, Any] = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule.ARGUMENT_SPEC
    return spec


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


@pytest.mark.parametrize("name", NAMES)
def test_documentation_equals_spec(name: str) -> None:
    found = documentation(name)
    assert found["module"] == name
    assert differences(spec_of(name), found.get("options") or {}) == []


def test_nothing_is_newer_than_the_release() -> None:
    """``version_added`` is a release that there is, or the one that galaxy.yml names."""
    release = yaml.safe_load((HERE.parent / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    texts = {path: path.read_text(encoding="utf-8") for path in [*HERE.glob("*/*.py"), *HERE.glob("*/*.yml")]}
    added = re.compile(r"^ *version_added: *[\"']?([0-9.]+)", re.MULTILINE)
    found = {path.name: version for path, text in texts.items() for version in added.findall(text) if _numbers(version) > _numbers(release)}
    assert found == {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_every_module_has_its_action() -> None:
    assert sorted(path.stem for path in (HERE / "modules").glob("*.py")) == NAMES
    assert len(NAMES) > 20


def test_differences_are_seen() -> None:
    assert differences({"a": {"type": "str", "default": "x"}}, {"a": {"type": "str", "description": "A."}}) == [
        "a: default is 'x', documented None"
    ]
    assert differences({"a": {"type": "str"}}, {}) == ["a is in one of them only"]
