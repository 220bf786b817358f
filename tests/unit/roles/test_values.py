# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that roles record, evaluated for a host as the converge action and the host checks do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, templating, values

from .conftest import FACTS

#: What a host of all groups records of each role; without secrets.
RECORDED = {
    "base": {"site_name": ["clinic"]},
    "etcd": {
        "etcd_client_port": ["2379"],
        "etcd_peer_port": ["2380"],
        "etcd_data_directory": ["/var/lib/etcd/vannah"],
        "etcd_settings": ["{}"],
        "inventory_hostname": ["db1"],
        "site_address": ["10.0.0.1"],
    },
    "haproxy": {
        "haproxy_read_write_port": ["5000"],
        "haproxy_read_only_port": ["5001"],
        "postgresql_port": ['["5432"]'],
        "postgresql_rest_port": ['["8008"]'],
    },
    "postgresql": {
        "postgresql_version": ["17"],
        "postgresql_cluster": ["vannah"],
        "postgresql_port": ["5432", "/var/lib/postgresql/17/vannah/postmaster.pid", 4],
        "postgresql_rest_port": ["8008"],
        "postgresql_data_directory": ["/var/lib/postgresql/17/vannah"],
        "postgresql_initdb": ['{"encoding":"UTF8","locale":"C.UTF-8"}'],
        "inventory_hostname": ["db1"],
        "etcd_client_port": ['["2379"]'],
    },
}
Look = Callable[..., tuple[collect.Role, templating.Templates, DataLoader]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """``look(role, **variables)``: the role, and templates with the variables of db1."""

    def _look(name: str, **variables: Any) -> tuple[collect.Role, templating.Templates, DataLoader]:
        hosts = {f"db{number}": {"ansible_host": f"10.0.0.{number}"} for number in (1, 2, 3)}
        groups = {group: {"hosts": dict.fromkeys(hosts)} for group in ("etcd", "postgresql", "postgresql_client")}
        source = tmp_path / "hosts.yml"
        source.write_text(
            yaml.safe_dump({"all": {"hosts": hosts, "children": groups, "vars": {"site_name": "clinic", **variables}}}), encoding="utf-8"
        )
        loader = DataLoader()
        loader.set_basedir(str(tmp_path))
        inventory = InventoryManager(loader=loader, sources=[str(source)])
        manager = VariableManager(loader=loader, inventory=inventory)
        HostVars(inventory=inventory, variable_manager=manager, loader=loader)
        found = {**manager.get_vars(host=inventory.get_host("db1")), "ansible_facts": FACTS}
        role = collect.load(loader, name, str(tmp_path))
        return role, templating.Templates(Templar(loader=loader), role.variables(found), []), loader

    return _look


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(look: Look, name: str) -> None:
    """The values as they are sent; the verb may change what it changes, and nothing else."""
    role, templates, loader = look(name)
    sent = values.for_agent(role, templates, "", loader, "")
    assert sent["values"] == RECORDED[name]
    assert all(fix for fix, *_more in sent["fixes"].values())
    allowed = {
        variable
        for variable, (fix, *_more) in values.for_agent(role, templates, "change_ports.yml", loader, "")["fixes"].items()
        if not fix
    }
    assert allowed == {variable for variable in RECORDED[name] if variable.endswith("_port") and not variable.startswith("etcd_")}


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_differs(look: Look, name: str) -> None:
    """What was recorded is what the same inventory wants."""
    role, templates, loader = look(name)
    assert values.changes(role, {variable: known[0] for variable, known in RECORDED[name].items()}, templates, loader, "") == []


@pytest.mark.parametrize(
    ("name", "variables", "differing"),
    [
        ("etcd", {"etcd_client_port": 2389}, {"etcd_client_port": "new"}),
        ("etcd", {"etcd_settings": {"data-dir": "/srv/etcd"}}, {"etcd_data_directory": "new"}),
        ("etcd", {"etcd_settings": {"listen-client-urls": "https://10.0.0.1:1"}}, {"etcd_settings": "new"}),
        ("etcd", {"etcd_settings": {"snapshot-count": 1}}, {}),
        ("haproxy", {"postgresql_port": 5433}, {"postgresql_port": "together"}),
        ("haproxy", {"postgresql_rest_port": 8009}, {"postgresql_rest_port": "together"}),
        ("haproxy", {"haproxy_read_write_port": 5010}, {"haproxy_read_write_port": "together"}),
        ("postgresql", {"etcd_client_port": 2389}, {"etcd_client_port": "new"}),
        ("postgresql", {"postgresql_port": 5433}, {"postgresql_port": "together"}),
        ("postgresql", {"postgresql_cluster": "b"}, {"postgresql_cluster": "new", "postgresql_data_directory": "new"}),
        ("postgresql", {"postgresql_version": "15"}, {"postgresql_version": "new", "postgresql_data_directory": "new"}),
        ("postgresql", {"postgresql_max_connections": 100}, {}),
        ("base", {"site_name": "other"}, {"site_name": "new"}),
    ],
)
def test_what_differs(look: Look, name: str, variables: dict[str, Any], differing: dict[str, str]) -> None:
    """Each with the effect that its owner states."""
    role, templates, loader = look(name, **variables)
    found = values.changes(role, {variable: known[0] for variable, known in RECORDED[name].items()}, templates, loader, "")
    assert {change.variable: change.statement.effect for change in found} == differing
