# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles rendered as the converge action renders them, from an inventory of a few lines."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, templating

REPOSITORY = Path(__file__).resolve().parents[3]
FACTS = {"vannah": {"container": False, "system": "debian", "release": "trixie", "version": "13", "memory_mb": 4096, "cores": 2}}

Rendered = dict[str, dict[str, Any]]


@pytest.fixture(scope="session", autouse=True)
def _plugins(ansible_plugins: None) -> None:
    """Rendering uses Ansible's filters and lookups."""


@pytest.fixture
def render(tmp_path: Path) -> Callable[..., Rendered]:
    """``render(role, component, inventory, host)`` -> the component with its files' texts.

    ``files`` of the answer maps a path to its text, ``units`` a unit's name to the text of its file.
    """

    def _render(role_name: str, component: str, inventory: dict[str, Any], host: str, facts: dict[str, Any] | None = None) -> Rendered:
        source = tmp_path / "hosts.yml"
        source.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        loader = DataLoader()
        loader.set_basedir(str(tmp_path))
        hosts = InventoryManager(loader=loader, sources=[str(source)])
        manager = VariableManager(loader=loader, inventory=hosts)
        HostVars(inventory=hosts, variable_manager=manager, loader=loader)
        variables = manager.get_vars(host=hosts.get_host(host))
        variables["ansible_facts"] = FACTS if facts is None else facts
        variables["playbook_dir"] = str(tmp_path)
        role = collect.load(loader, role_name, str(tmp_path))
        templates = templating.Templates(Templar(loader=loader), role.variables(variables), [str(Path(role.path, "templates"))])
        (raw,) = [item for item in role.components if item["name"] == component]
        made = collect.define(raw, templates, role_name)

        def text(item: dict[str, Any]) -> str:
            return templates.file(str(Path(role.path, "templates", item["template"])), loader, role_name)

        files = {item["path"]: text(item) if item.get("template") else item.get("content") for item in made.get("files", [])}
        units = {item["name"]: text(item) for item in made.get("units", []) if item.get("template")}
        return {"definition": made, "files": files, "units": units}

    return _render


@pytest.fixture
def program() -> Callable[[str, str], ModuleType]:
    """``program(role, file)``: a Python program that a role ships, as a module."""

    def _program(role: str, file: str) -> ModuleType:
        loader = importlib.machinery.SourceFileLoader(file.replace("-", "_"), str(REPOSITORY / "roles" / role / "files" / file))
        spec = importlib.util.spec_from_loader(loader.name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        return module

    return _program
