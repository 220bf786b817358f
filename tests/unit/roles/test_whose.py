# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles say of their data and of their address, and what the host checks make of it with the variables of an inventory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import exports
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.whose import Whose
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.belonging import Belonging
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.templates import HostValues

GROUPS = ("etcd", "postgresql", "postgresql_client", "object_store")
ETCD = ["/etc/etcd/vannah-joined", "/var/lib/etcd/vannah", "/var/lib/etcd/vannah-joined"]
POSTGRESQL = ["/var/lib/postgresql/15/vannah", "/var/lib/postgresql/17/vannah"]
MINIO = ["/srv/minio/drive1"]


class Site:
    """An inventory of one host without facts, as it is before the host checks."""

    def __init__(self, folder: Path, groups: tuple[str, ...], variables: dict[str, Any]) -> None:
        source = folder / "hosts.yml"
        source.write_text(
            yaml.safe_dump({"all": {"children": {group: {"hosts": {"db1": variables}} for group in groups}, "hosts": {"db1": variables}}})
        )
        self.loader = DataLoader()
        self.loader.set_basedir(str(folder))
        inventory = InventoryManager(loader=self.loader, sources=[str(source)])
        manager = VariableManager(loader=self.loader, inventory=inventory)
        self.hostvars = HostVars(inventory=inventory, variable_manager=manager, loader=self.loader)
        exports._cache.clear()

    def belonging(self, **known: Any) -> Belonging:
        variables = {"hostvars": self.hostvars, "inventory_dir": None, "ansible_inventory_sources": ["db1,"], **known}
        whose = Whose(variables, SimpleNamespace(template=lambda value: value), self.loader, False)
        return whose.of("db1", HostValues(self.hostvars.raw_get("db1"), {}, self.loader))

    def data(self) -> list[str]:
        found = exports.exports_of("takeover_paths", "db1", hostvars=self.hostvars, loader=self.loader)
        return sorted(str(item["path"]) for item in found)


@pytest.fixture(autouse=True)
def _no_exports_left() -> None:
    exports._cache.clear()


@pytest.mark.parametrize(
    ("groups", "variables", "data", "adopted"),
    [
        ((), {}, [], []),
        (("postgresql_client",), {}, [], []),
        (("etcd",), {}, ETCD, []),
        (
            ("etcd",),
            {"etcd_data_directory": "/srv/etcd", "etcd_adopt": True},
            [ETCD[0], "/srv/etcd", ETCD[2]],
            [ETCD[0], "/srv/etcd", ETCD[2]],
        ),
        (("etcd", "postgresql"), {}, [*ETCD, *POSTGRESQL], []),
        (("etcd", "postgresql"), {"postgresql_adopt": True}, [*ETCD, *POSTGRESQL], POSTGRESQL),
        (("postgresql",), {"postgresql_data_directory": "/srv/pg"}, ["/srv/pg"], []),
        (("postgresql",), {"postgresql_cluster": "x"}, ["/var/lib/postgresql/15/x", "/var/lib/postgresql/17/x"], []),
        (("object_store",), {}, MINIO, []),
        (("object_store",), {"minio_drives": ["/a", "/b"], "minio_adopt": True}, ["/a", "/b"], ["/a", "/b"]),
        (("object_store",), {"object_store_backend": "s3"}, [], []),
    ],
)
def test_takeover_paths(tmp_path: Path, groups: tuple[str, ...], variables: dict[str, Any], data: list[str], adopted: list[str]) -> None:
    """Before a fact is known: a host that is taken over is asked on the first call."""
    site = Site(tmp_path, groups, variables)
    assert site.data() == sorted(data)
    assert sorted(site.belonging().adopted()) == sorted(adopted)


BOTH = {"ansible_host": "203.0.113.1", "site_address": "10.0.0.1"}
LISTENS = {"etcd_settings": {"listen-client-urls": "https://0.0.0.0:2379", "listen-peer-urls": "https://0.0.0.0:2380"}}


@pytest.mark.parametrize(
    ("groups", "variables", "users"),
    [
        ((), {}, ()),
        (("postgresql_client",), BOTH, ()),
        (("etcd", "postgresql"), BOTH, ("etcd", "PostgreSQL")),
        (("postgresql",), BOTH, ("PostgreSQL",)),
        # Ansible came in by it, so the others may, too; but nothing can listen on it.
        (("etcd", "postgresql"), {"ansible_host": "203.0.113.1"}, ("etcd",)),
        (("etcd", "postgresql"), {"ansible_host": "203.0.113.1", **LISTENS}, ()),
        (("etcd",), {**BOTH, "etcd_settings": {"listen-client-urls": "https://0.0.0.0:2379"}}, ("etcd",)),
        (("object_store",), {"ansible_host": "203.0.113.1"}, ("MinIO",)),
        (("object_store",), {**BOTH, "object_store_backend": "s3"}, ()),
    ],
)
def test_who_needs_the_address(tmp_path: Path, groups: tuple[str, ...], variables: dict[str, Any], users: tuple[str, ...]) -> None:
    known = Site(tmp_path, groups, variables).belonging()
    assert tuple(known.users()) == users
    # PostgreSQL is reached by the address, and listens on all that the host has.
    assert known.listens() is bool(set(users) - {"PostgreSQL"})


@pytest.mark.parametrize(
    ("groups", "variables", "binds"),
    [
        (("postgresql",), {"haproxy_bind": ["192.0.2.1"]}, ()),
        (("postgresql_client",), {}, ("127.0.0.1",)),
        (("postgresql_client",), {"haproxy_bind": ["127.0.0.1", "192.0.2.1"]}, ("127.0.0.1", "192.0.2.1")),
        (("postgresql_client",), {"haproxy_bind": ["{{ missing }}"]}, ()),
        (("postgresql_client",), {"haproxy_bind": ["192.0.2.1"], "base_sysctls": {"net.ipv4.ip_nonlocal_bind": 1}}, ()),
    ],
)
def test_addresses_to_listen_on(tmp_path: Path, groups: tuple[str, ...], variables: dict[str, Any], binds: tuple[str, ...]) -> None:
    assert Site(tmp_path, groups, variables).belonging().binds() == tuple(("haproxy_bind", address) for address in binds)


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        ({}, ()),
        ({"snapshot-count": 5}, ()),
        (
            {"listen-client-urls": "https://10.0.0.9:2379, https://127.0.0.1:2379", "listen-peer-urls": "https://[fd00::9]:2380"},
            ("10.0.0.9", "127.0.0.1", "fd00::9"),
        ),
        ({"advertise-client-urls": "https://203.0.113.1:2379", "listen-metrics-urls": "http://0.0.0.0:2381"}, ("0.0.0.0",)),
    ],
)
def test_addresses_for_etcd_to_listen_on(tmp_path: Path, settings: dict[str, Any], addresses: tuple[str, ...]) -> None:
    found = Site(tmp_path, ("etcd",), {"etcd_settings": settings}).belonging().binds()
    assert sorted(found) == sorted(("etcd_settings", address) for address in addresses)


@pytest.mark.parametrize(
    ("variables", "address", "variable"),
    [
        ({}, "db1", ""),
        ({"ansible_host": "10.0.0.1"}, "10.0.0.1", "ansible_host"),
        ({"ansible_host": "203.0.113.1", "site_address": "10.0.0.1"}, "10.0.0.1", "site_address"),
        ({"ansible_host": "10.0.0.1", "site_address": ""}, "10.0.0.1", "ansible_host"),
    ],
)
def test_the_address_that_counts(tmp_path: Path, variables: dict[str, Any], address: str, variable: str) -> None:
    """As the filter addresses_of chooses it."""
    known = Site(tmp_path, ("etcd",), variables).belonging()
    assert (known.address, known.variable) == (address, variable)


@pytest.mark.parametrize(("value", "takeover"), [(None, False), ("db1", True), ("db2,db1", True), ("db2", False), (["db1"], True)])
def test_the_switch(tmp_path: Path, value: Any, takeover: bool) -> None:
    assert Site(tmp_path, (), {}).belonging(site_takeover_hosts=value).takeover is takeover
