# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of roles as a run evaluates them, from an inventory of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import exports

Exported = Callable[..., list[Any]]


@pytest.fixture
def exported(tmp_path: Path, ansible_plugins: None) -> Exported:
    """``exported(kind, host, groups, role=..., **variables)``: the items of a role; ``groups`` are group -> host -> address."""

    def _exported(kind: str, host: str, groups: Mapping[str, Mapping[str, str]], role: str, **variables: Any) -> list[Any]:
        children = {
            group: {"hosts": {name: {"ansible_host": address} for name, address in hosts.items()}} for group, hosts in groups.items()
        }
        source = tmp_path / "hosts.yml"
        source.write_text(yaml.safe_dump({"all": {"vars": {"site_name": "clinic", **variables}, "children": children}}), encoding="utf-8")
        loader = DataLoader()
        loader.set_basedir(str(tmp_path))
        inventory = InventoryManager(loader=loader, sources=[str(source)])
        manager = VariableManager(loader=loader, inventory=inventory)
        hostvars = HostVars(inventory=inventory, variable_manager=manager, loader=loader)
        exports._cache.clear()
        return exports.exports_of(kind, host, hostvars=hostvars, loader=loader, roles=[role])

    return _exported
