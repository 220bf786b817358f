# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role as data, templated for a host; what roles export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.addresses import addresses_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports, templating

ROLE = {
    "defaults/main.yml": "web_port: 80\nweb_sites: []\nweb_enabled: true\nweb_name: default\n",
    "vars/main.yml": "__web_packages: [nginx]\nweb_private: '{{ role_name }} {{ web_name }}'\n",
    "meta/components.yml": """
- name: web
  when: "{{ web_enabled }}"
  packages: "{{ __web_packages }}"
  lockout_guard: "{{ web_port }}"
  files:
    - {path: /etc/web, template: web.j2}
    - {path: /etc/never, content: "{{ not_defined }}", when: web_port == 81}
    - {path: "{{ role_path }}/x", content: "{{ web_private }}", owner: "{{ web_owner | default(omit) }}"}
  directories: "{{ web_sites | map('community_of') if false else web_dirs | default([]) }}"
- name: extra
  when: [web_port == 81, true]
  note: "{{ 'left out on port ' ~ web_port if web_port != 81 else '' }}"
  files:
    - {path: /etc/extra, content: "{{ not_defined }}"}
""",
    "meta/exports.yml": """
firewall_ports:
  - {name: web, port: "{{ web_port }}", proto: tcp, from: "{{ web_from | default('any') }}"}
  - {name: admin, port: 81, from: "{{ not_defined }}", when: "{{ web_port == 81 }}"}
secrets: "{{ [{'name': 'web_admin', 'kind': 'password'}] if web_enabled else [] }}"
""",
    "templates/web.j2": "{% if true %}\nport {{ web_port }};\n{% endif %}\n{% include 'part.j2' %}\n",
    "templates/part.j2": "name {{ web_name }}\n",
}


@pytest.fixture
def loader(tmp_path: Path) -> DataLoader:
    """A loader whose base folder is a playbook's, with the role ``web`` and an inventory."""
    for name, text in ROLE.items():
        path = tmp_path / "roles/web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {a: {ansible_host: 192.0.2.1, web_port: 8080}, b: {site_address: 198.51.100.2, ansible_host: x}, c: }}\n"
        "web: {hosts: {a: , b: }}\n",
        encoding="utf-8",
    )
    found = DataLoader()
    found.set_basedir(str(tmp_path))
    return found


@pytest.fixture
def hostvars(loader: DataLoader) -> HostVars:
    """The variables of the inventory's hosts."""
    inventory = InventoryManager(loader=loader, sources=[f"{loader.get_basedir()}/hosts.yml"])
    return HostVars(inventory, VariableManager(loader=loader, inventory=inventory, version_info={}), loader)


def made(loader: DataLoader, **variables: Any) -> list[collect.Definition]:
    role = collect.load(loader, "web", loader.get_basedir())
    trusted = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in variables.items()}
    return collect.definitions(role, trusted, Templar(loader=loader))


def test_definitions(loader: DataLoader) -> None:
    web, extra = made(loader, web_name="of the host", web_dirs=[{"path": "/a"}, {"path": "/b", "when": False}])
    assert web.data == {
        "name": "web",
        "packages": ["nginx"],
        "lockout_guard": 80,
        "files": [
            {"path": "/etc/web", "template": "web.j2"},
            {"path": f"{loader.get_basedir()}/roles/web/x", "content": "web of the host"},
        ],
        "directories": [{"path": "/a"}],
    }
    assert extra.data == {"name": "extra", "state": "absent", "purge": False}


@pytest.mark.parametrize("value", [False, "no", "{{ 1 == 2 }}"])
def test_a_component_that_does_not_apply_is_absent(loader: DataLoader, value: Any) -> None:
    assert made(loader, web_enabled=value)[0].data == {"name": "web", "state": "absent", "purge": False}


@pytest.mark.parametrize(("port", "note"), [(80, "extra: left out on port 80"), (81, "")])
def test_a_role_can_say_something(loader: DataLoader, port: int, note: str) -> None:
    assert [found.note for found in made(loader, web_port=port, not_defined="x")] == ["", note]


def test_template_files(loader: DataLoader) -> None:
    definition = made(loader, web_name="n")[0]
    role = definition.role
    assert role is not None
    path = role.find("templates", "web.j2")
    assert definition.templates.file(path, loader, "here") == "port 80;\nname n\n"
    with pytest.raises(collect.RoleError, match=r"role web: there is no templates/none\.j2"):
        role.find("templates", "none.j2")


def test_an_undefined_variable_says_where(loader: DataLoader) -> None:
    with pytest.raises(AnsibleError, match=r"role web, component web: files: .*not_defined"):
        made(loader, web_port=81)


def test_roles_are_found(loader: DataLoader) -> None:
    assert collect.load(loader, "vannah.healthcloud.base", loader.get_basedir()).path == str(collect.COLLECTION / "roles/base")
    assert collect.load(loader, "base", loader.get_basedir()).name == "base"
    with pytest.raises(collect.RoleError, match="there is no role 'nothing'"):
        collect.load(loader, "nothing", loader.get_basedir())


def test_facts_are_seen(loader: DataLoader) -> None:
    assert not collect.load(loader, "web", loader.get_basedir()).mentions_facts


def test_exports(loader: DataLoader, hostvars: HostVars, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_map, "load", lambda: site_map.SiteMap(("base",), (site_map.Entry("web", "base", ("web",)),)))

    def ports(host: str) -> list[Any]:
        return exports.exports_of("firewall_ports", host, hostvars=hostvars, loader=loader)

    assert ports("a") == [{"name": "web", "port": 8080, "proto": "tcp", "from": "any", "role": "web"}]
    assert ports("b")[0]["port"] == 80
    assert ports("c") == []
    assert exports.exports_of("secrets", "a", hostvars=hostvars, loader=loader) == [
        {"name": "web_admin", "kind": "password", "role": "web"}
    ]
    with pytest.raises(AnsibleError, match="no host 'd'"):
        ports("d")
    with pytest.raises(AnsibleError, match="unknown kind of export 'ports'"):
        exports.exports_of("ports", "a", hostvars=hostvars, loader=loader)


def test_addresses_of(hostvars: HostVars) -> None:
    assert addresses_of(["a", "b", "c"], hostvars) == [
        {"name": "a", "address": "192.0.2.1"},
        {"name": "b", "address": "198.51.100.2"},
        {"name": "c", "address": "c"},
    ]
    with pytest.raises(AnsibleError, match="no host 'd'"):
        addresses_of(["d"], hostvars)


def test_conditions(loader: DataLoader) -> None:
    templates = templating.Templates(Templar(loader=loader), {"x": 1}, [])

    def holds(raw: str) -> bool:
        return templates.condition(trust_as_template(raw), "here")

    assert holds("x == 1") and holds("{{ x == 1 }}") and holds("yes")
    assert not holds("x == 2") and not holds("{{ false }}")
    with pytest.raises(AnsibleError, match="here: "):
        holds("y == 1")
