# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role declares agrees with what else it and the other roles say, and a declaration that does not is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared import checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared.ownership import declared_secrets
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared.secret_uses import Use, uses
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared.tree import Role, World
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import schema_of

from .declared_tables import COMPONENTS, COMPUTED, CONTENTS, DETAILS, NOT_ITS_OWN, OTHER_SPELLINGS, components_with
from .test_specs import NAMES, ROLES

SCHEMA = schema_of(DataLoader(), site_map.load())
WORLD = SCHEMA.declared
assert WORLD is not None
EVERY = WORLD.roles


def found(role: Role, *beside: Role, **world: Any) -> list[str]:
    """What is wrong, each with its path."""
    roles = {one.name: one for one in (role, *beside)}
    return [f"{one.path}: {one.problem}" for one in checks.problems(role, World(roles, **world))]


def test_every_role_is_read() -> None:
    assert (sorted(EVERY), SCHEMA.misread) == (NAMES, [])


@pytest.mark.parametrize("name", NAMES)
def test_declarations_agree(name: str) -> None:
    assert list(checks.problems(EVERY[name], WORLD)) == [], f"roles/{name}"


def test_secrets_of_roles_are_seen() -> None:
    """Those in a list, those in the text of a private variable, and those that only a lookup has."""
    assert "postgresql_superuser" in declared_secrets(EVERY["postgresql"]) and "caprover_password" in declared_secrets(EVERY["caprover"])
    assert {*uses(EVERY["minio"])} >= {Use("minio_root_user"), Use("object_store_access_key"), Use("minio_user_", whole=False)}


@pytest.mark.parametrize("name", NAMES)
def test_codes_that_refuse_are_given(name: str) -> None:
    """A code that the agent never gives would refuse nothing."""
    agent = ROLES.parent / "plugins" / "module_utils"
    texts = "".join(path.read_text(encoding="utf-8") for path in agent.rglob("*.py"))
    for item in EVERY[name].items("calls"):
        assert [code for code in item.get("refuses", ()) if f'"{code}"' not in texts] == [], item["module"]


@pytest.mark.parametrize("name", NAMES)
def test_metrics_of_alerts_are_written(name: str) -> None:
    """An alert on a metric of this collection that nothing writes would never fire."""
    places = [ROLES.parent / "plugins" / "module_utils", *ROLES.glob("*/files"), *ROLES.glob("*/templates")]
    files = [path for place in places for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    texts = "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
    for item in EVERY[name].items("alert_rules"):
        named = set(re.findall(r"\bvannah_\w+", str(item["expr"])))
        assert sorted(metric for metric in named if metric not in texts) == [], item["alert"]


def lists_of(role: Role) -> set[str]:
    """The role's options that may hold addresses."""
    return {name for name, option in role.options.items() if option.get("type") in ("list", "raw")}


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        ("restart_policy", lambda role: any(option.endswith("_restart_policy") for option in role.options)),
        ("addresses", lambda role: role.words([item["from"] for item in role.items("firewall_ports")]) & lists_of(role)),
        ("keeps", lambda role: role.exports.get("data_directories")),
        ("scrape_targets", lambda role: any("_metrics_port" in option for option in role.options)),
    ],
)
def test_a_kind_that_is_emptied(kind: str, needs: Any) -> None:
    """In each role that has something to say."""
    roles = [role for role in EVERY.values() if needs(role)]
    assert roles
    for role in roles:
        emptied = replace(role, exports={**role.exports, kind: []})
        assert any(one.path == kind for one in checks.problems(emptied, WORLD)), role.name


SITES = site_map.SiteMap(("base", "apps", "late"), (site_map.Entry("web", "apps", ("edge",)), site_map.Entry("shop", "late", ("shop",))))


def web(
    components: list[Any] = COMPONENTS,
    text: str = "",
    artifacts: Any = None,
    defaults: Any = None,
    site: Any = (),
    tasks: str | None = None,
    removed: Any = (),
    templates: str = "",
    **said: Any,
) -> Role:
    """A role that agrees, with something else in its files."""
    exports = {
        "firewall_ports": [
            {"name": "web", "port": "{{ web_port }}", "from": "{{ __web_from }}"},
            {"name": "m", "port": 9, "from": ["monitoring"]},
        ],
        "secrets": [{"name": "web_key", "kind": "password"}],
        "host": {"component": "web", "unit": "web.service"},
        "addresses": [{"variable": "web_allowed_from"}],
        "scrape_targets": [{"job": "web", "port": 9}],
        "data_directories": [{"path": "/srv/web"}],
        "backup_paths": [{"path": "/srv/web/files"}],
        "keeps": [{"data": "pages", "job": "files"}],
        "effects": EFFECTS,
    }
    return Role(
        "web",
        exports={**exports, **said},
        components=components,
        site_variables=dict.fromkeys(site),
        site_effects={"web_realm": "live"},
        options={
            "web_port": {"type": "int", "default": 80},
            "web_allowed_from": {"type": "list"},
            "web_users": {"type": "list", "options": {"name": {}, "password": {}}},
        },
        variables={
            "__web_from": "{{ __web_all }}",
            "__web_all": "{{ ['edge'] + web_allowed_from }}",
            "__web_secrets": "- {name: web_key, kind: password}\n- {name: web_other, kind: password}\n- {name: web_other, kind: key32}",
            "__web_state": "/var/lib/vannah/web",
            "__web_passwd": "/etc/passwd",
            "__web_named": "shop_key",
            "__web_indirect": "{{ 'shop_' ~ __web_part }}",
            "__web_part": "key",
            "__web_shop": "- {name: shop_key, kind: password}",
        },
        defaults={"web_port": 80} if defaults is None else defaults,
        artifacts=artifacts or {"tool": {}},
        has=lambda file: file in ("templates/a.j2", "files/check", "tasks/objects.yml"),
        tasks=tasks,
        removed=removed,
        text=f"{text}{templates}",
        templates=templates,
    )


EFFECTS: dict[str, Any] = {"web_port": "live", "web_allowed_from": "reload", "web_users": "live"}
SHOP = Role(
    "shop",
    exports={
        "secrets": [{"name": "shop_key", "kind": "password"}],
        "data_directories": [{"path": "/srv/shop"}],
        "scrape_targets": [{"job": "shop", "port": 7}],
        "firewall_ports": [{"name": "shop", "port": 7, "from": ["monitoring"]}],
    },
    components=[
        {
            "name": "shop",
            "units": [{"name": "shop.service"}],
            "files": [{"path": "/etc/shop.conf", "content": "x"}],
            "users": [{"name": "shop"}],
            "sysctls": [{"name": "net.a", "value": "0"}],
        }
    ],
    options={"shop_port": {"type": "int"}},
    artifacts={"till": {}},
)
MODULES: dict[str, Any] = {
    "module_options": lambda _module: {"url": {"required": True}, "wait": {}},
    "module_changes": lambda module: module == "web_update",
}
PLAYBOOKS = ("change_ports.yml", "web/remove.yml")


def lookup(name: str) -> str:
    return f"lookup('vannah.healthcloud.secret', {name})"


ROLLING: dict[str, Any] = {
    "name": "Web",
    "policy": "{{ x }}",
    "gate": {"module": "web_info", "params": {"url": "x"}},
    "healthy": {"module": "web_info", "params": {"url": "x"}},
}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, ""),
        # --- names of components and units
        ({"host": {"component": "wep", "unit": "web.service"}}, "host.component: there is no wep: a component of the role"),
        ({"host": {"component": "web", "records": "x", "unit": "web.service"}}, "host.records: there is no x"),
        ({"host": {"component": "shop", "unit": "web.service"}}, "host.component: there is no shop"),
        ({"host": {"component": "web", "unit": "wep.service"}}, "host.unit: there is no wep.service"),
        ({"host": {"component": "web", "unit": "shop.service"}}, ""),
        ({"host": {"component": "web", "unit": "{{ web_unit }}"}}, ""),
        ({"host": {"component": "web"}}, "host.unit: which of web.service listens"),
        ({"membership": {"unit": "wep.service", "fix": "x"}}, "membership.unit: there is no wep.service"),
        (
            {"package_defaults": [{"unit": "other.service"}]},
            "package_defaults[0].unit: no component of the role has the unit other.service",
        ),
        # --- effects
        ({"effects": {"web_port": "live", "web_users": "live"}}, "effects.web_allowed_from: nothing says what a change"),
        ({"site": ["web_realm"]}, ""),
        ({"site": ["web_realm", "web_zone"]}, "effects.web_zone: nothing says what a change"),
        ({"effects": EFFECTS | {"web_port": {"effect": "together"}}}, "effects.web_port: together needs a verb"),
        ({"effects": EFFECTS | {"web_port": "new"}}, "effects.web_port: nothing says why"),
        ({"effects": EFFECTS | {"web_port": {"effect": "new", "why": "it is"}}}, ""),
        (
            {"effects": EFFECTS | {"web_port": {"effect": "together", "why": "x", "verb": "web/moove.yml"}}},
            "effects.web_port.verb: there is no web/moove.yml: a playbook",
        ),
        (
            {"effects": EFFECTS | {"web_port": {"effect": "new", "judged_with": "web_users"}}},
            "effects.web_port.judged_with: web_users has no",
        ),
        # --- secrets
        ({"secrets": [{"name": "web_key"}, {"name": "web_key"}]}, "secrets[1]: web_key is listed twice"),
        ({"secrets": "{{ __web_secrets }}"}, "secrets: web_other is listed twice"),
        ({"secrets": [{"name": "shop_key"}]}, "secrets[0]: the role shop declares shop_key, too"),
        ({"secrets": "{{ __web_shop }}"}, "secrets: the role shop declares shop_key, too"),
        ({"secrets": [{"name": "shop_new"}]}, "secrets: the name shop_new belongs to the role shop"),
        (
            {"named_secrets": [{"variable": "web_users", "key": "name", "own": "password", "prefix": "shop_user_"}]},
            "named_secrets: the name",
        ),
        (
            {"named_secrets": [{"variable": "web_users", "key": "nime", "own": "password", "prefix": "web_user_"}]},
            "named_secrets[0].key: there",
        ),
        ({"text": lookup("'web_key'")}, ""),
        ({"text": lookup("'shop_key'")}, "foreign_secrets: the role uses the secret shop_key of the role shop without"),
        ({"text": lookup("'a' if web_x else 'shop_key'")}, "secrets: the role uses the secret a, and does not declare it"),
        ({"text": lookup("'shop_user_' ~ name")}, "foreign_secrets: the role uses the secret shop_user_... of"),
        *(({"text": text}, "foreign_secrets: the role uses the secret shop_key of the role shop without") for text in OTHER_SPELLINGS),
        *(({"text": text}, "chosen_secrets: the role looks up a secret whose name is only known when it runs") for text in COMPUTED),
        ({"text": lookup("name"), "chosen_secrets": [{"variable": "web_users"}]}, ""),
        ({"text": lookup("'shop_key'"), "chosen_secrets": [{"variable": "web_users"}]}, "foreign_secrets: the role uses the secret"),
        ({"chosen_secrets": [{"kind": "object_store"}]}, "chosen_secrets[0].kind: there is no object_store"),
        ({"chosen_secrets": [{"variable": "web_user"}]}, "chosen_secrets[0].variable: there is no web_user"),
        ({"text": "# vannah.healthcloud.secret reads them"}, ""),
        ({"text": lookup("'web_' ~ 'key'")}, ""),
        ({"text": lookup("'web_key' ~ name")}, "named_secrets: the role uses the secret web_key..., and"),
        ({"text": lookup("'web_kez'")}, "secrets: the role uses the secret web_kez, and does not declare it"),
        ({"text": lookup("'web_user_' ~ name")}, "named_secrets: the role uses the secret web_user_..., and"),
        ({"text": lookup("'shop_key'"), "foreign_secrets": [{"name": "shop_key", "owner": "shop"}]}, ""),
        ({"foreign_secrets": [{"name": "shop_kez", "owner": "shop"}]}, "foreign_secrets: the role shop declares no secret shop_kez"),
        ({"foreign_secrets": [{"name": "x", "owner": "none"}]}, "foreign_secrets: the role none declares no secret x"),
        # --- directories
        (
            {"data_directories": [{"path": "/srv/shop/web"}]},
            "data_directories[0].path: /srv/shop/web lies within /srv/shop of the role shop",
        ),
        ({"data_directories": [{"path": "/srv/a"}, {"path": "/srv/a/b"}]}, "data_directories[1].path: /srv/a/b lies within /srv/a of"),
        ({"data_directories": [{"path": "/srv/a", "shared": True}, {"path": "/srv/a/b"}]}, ""),
        ({"data_directories": [{"path": "//srv//shop"}]}, "data_directories[0].path: //srv//shop lies within /srv/shop of the role shop"),
        *(({kind: [{"path": path}]}, f"{kind}[0].path: ") for kind in ("data_directories", "takeover_paths") for path in NOT_ITS_OWN),
        ({"data_directories": [{"path": "{{ __web_state }}"}]}, "data_directories[0].path: /var/lib/vannah/web holds what is not this"),
        ({"data_directories": [{"path": "/etc/web"}]}, "data_directories[0].path: /etc/web holds"),
        ({"data_directories": [{"path": "/", "shared": True}]}, "data_directories[0].path: / holds"),
        ({"data_directories": [{"path": "/usr", "shared": True}]}, ""),
        ({"takeover_paths": [{"path": "/etc/web"}, {"path": "/var/lib/web"}]}, ""),
        ({"data_directories": [{"path": "/srv/shop"}]}, "data_directories[0]: the role shop declares /srv/shop, too"),
        # --- calls, waves, clusters, variables, files
        ({"calls": [{"module": "web_info", "params": {"url": "x"}}]}, ""),
        ({"calls": [{"module": "web_info", "params": "{{ __web_call }}"}]}, ""),
        ({"calls": [{"module": "web_info", "params": {}}]}, "calls[0].params: web_info requires url"),
        ({"calls": [{"module": "web_info", "params": {"url": 1, "uri": 1}}]}, "calls[0].params.uri: web_info has no parameter uri"),
        ({"rolling": ROLLING}, ""),
        ({"rolling": {"name": "Web", "update": {"module": "web_update", "params": {"url": "x"}}}}, ""),
        ({"rolling": {"name": "Web"}}, "rolling: policy is missing"),
        ({"rolling": {**ROLLING, "gate": {"module": "web_update", "params": {"url": 1}}}}, "rolling.gate.module: web_update changes"),
        ({"rolling": {**ROLLING, "healthy": {"module": "web_info"}}}, "rolling.healthy.params: web_info requires url"),
        ({"rolling": ROLLING, "effects": EFFECTS | {"web_port": "rolling"}, "change_ports": {"takes_over": "rolling"}}, ""),
        ({"effects": EFFECTS | {"web_port": "rolling"}}, "effects.web_port: the change waits for a restart of one member"),
        ({"effects": EFFECTS | {"web_port": {"effect": "rolling"}}}, "effects.web_port: the change waits for a restart of one"),
        ({"effects": EFFECTS | {"web_port": "together"}}, "effects.web_port: together needs a verb"),
        ({"change_ports": {"takes_over": "rolling"}}, "change_ports.takes_over: members would take over a port by rolling"),
        (
            {"rolling": ROLLING, "change_ports": {"takes_over": "together"}},
            "change_ports.takes_over: members would take over a port by rolling.together",
        ),
        ({"calls": [{"module": "web_inof", "params": {}}]}, "calls[0].module: there is no web_inof: a module of the collection"),
        ({"rolling": {"name": "Web", "gate": {"module": "web_gate"}}}, "rolling.gate.module: there is no web_gate"),
        ({"rolling": {"name": "Web", "together": {"stop": {"module": "web_stop"}}}}, "rolling.together.stop.module: there is no web_stop"),
        ({"rolling": {"name": "Web", "together": {"verb": "web/x.yml"}}}, "rolling.together.verb: there is no web/x.yml"),
        ({"rolling": {"units": [{"component": "wep", "unit": "web.service"}]}}, "rolling.units[0].component: there is no wep"),
        ({"rolling": {"units": [{"component": "web", "unit": "shop.service"}]}}, "rolling.units[0].unit: there is no shop.service"),
        ({"wave": {"prepared": "base", "objects": "early"}}, ""),
        ({"wave": {"prepared": "bse"}}, "wave.prepared: there is no bse: a wave before apps"),
        ({"wave": {"prepared": "late"}}, "wave.prepared: there is no late"),
        ({"wave": {"before": "disks"}}, "wave.before: there is no tasks/disks.yml in the role"),
        (
            {"clusters": [{"name": "web", "group": "shop", "component": "web"}]},
            "clusters[0].group: there is no shop: a group that has the role",
        ),
        ({"clusters": [{"name": "web", "group": "edge", "component": "wep"}]}, "clusters[0].component: there is no wep"),
        ({"excludes": [{"group": "shop", "other": "edge"}]}, "excludes[0].group: there is no shop"),
        ({"clusters": [{"remove": "run playbooks/web/remov.yml"}]}, "clusters: there is no web/remov.yml: a playbook"),
        ({"follows": {"shop_port": "{{ x }}"}}, ""),
        ({"follows": {"shop_prot": "{{ x }}"}}, "follows.shop_prot: there is no shop_prot: a variable of another role"),
        ({"follows": {"web_port": "{{ x }}"}}, "follows.web_port: it is a variable of this role itself"),
        ({"identity": {"site_nam": {"why": "x"}}}, "identity.site_nam: there is no site_nam"),
        ({"identity": {"site_name": {"why": "x"}, "inventory_hostname": {"why": "x"}}}, ""),
        ({"host_checks": [{"program": "check", "arguments": []}]}, ""),
        ({"host_checks": [{"program": "chekc", "arguments": []}]}, "host_checks[0].program: there is no files/chekc in the role"),
        ({"host_checks": [{"program": "check", "template": "b.j2"}]}, "host_checks[0].template: there is no templates/b.j2"),
        # --- components and artifacts
        ({"components": [*COMPONENTS, *COMPONENTS]}, "component web: web is listed twice"),
        ({"components": [*COMPONENTS, {"name": "shop"}]}, "component shop: shop is a component of the role shop, too"),
        ({"components": [COMPONENTS[0] | {"files": [{"path": "/a", "template": "b.j2"}]}]}, "component web.files[0].template: there is no"),
        ({"components": [COMPONENTS[0] | {"files": [{"path": "/a", "src": "b"}]}]}, "component web.files[0].src: there is no files/b"),
        (
            {"components": [COMPONENTS[0] | {"files": [{"path": "/a", "units": ["b.service"]}]}]},
            "component web.files[0].units: there is no b",
        ),
        *(({"components": components_with(**said)}, problem) for said, problem in CONTENTS),
        (
            {"package_defaults": [{"path": "/etc/shadow", "content": "x"}]},
            "package_defaults[0].path: /etc/shadow belongs to the system",
        ),
        (
            {"package_defaults": [{"path": "/etc/shop.conf", "content": "x"}]},
            "package_defaults[0]: the path /etc/shop.conf belongs to the role shop, too",
        ),
        ({"artifacts": {"till": {}}}, "till: the role shop has an artifact with this name, too"),
        ({"text": "lookup('vannah.healthcloud.artifact', 'tol')"}, "artifacts: there is no tol: an artifact"),
        ({"defaults": {"web_port": 80, "web_prot": 1}}, "argument_specs.main.options: there is no web_prot, and defaults/main.yml sets it"),
        ({"defaults": {}}, "argument_specs.main.options.web_port: web_port has a default here, and none"),
        *DETAILS,
        # --- addresses, metrics, backups
        ({"addresses": []}, "addresses: web_allowed_from says who may reach a port"),
        ({"addresses": [{"variable": "web_allowed_from"}, {"variable": "web_users", "key": "nme"}]}, "addresses[1].key: there is no nme"),
        ({"firewall_ports": [{"name": "shop", "port": 9, "from": ["monitoring"]}]}, "firewall_ports[0]: the role shop declares shop, too"),
        ({"scrape_targets": [{"job": "shop", "port": 9}]}, "scrape_targets[0]: the role shop declares shop, too"),
        ({"scrape_targets": [{"job": "web", "port": 10}]}, "scrape_targets: web: nothing in firewall_ports opens its port"),
        ({"scrape_targets": []}, "scrape_targets: the port m is open for monitoring"),
        ({"alert_rules": [{"alert": "A", "expr": 'up{job="shop"} == 0'}]}, ""),
        (
            {"alert_rules": [{"alert": "A", "expr": 'up{job="wep"} == 0'}]},
            "alert_rules[0].expr: no role has a scrape target with the job wep",
        ),
        ({"alert_rules": [{"alert": "A", "expr": "a"}, {"alert": "A", "expr": "b"}]}, "alert_rules[1]: A is listed twice"),
        ({"keeps": []}, "keeps: data_directories has some"),
        ({"keeps": [], "data_directories": "{{ __web_from }}"}, "keeps: data_directories has some"),
        ({"keeps": [{"data": "pages", "none": "they are copies"}]}, "keeps: backup_paths has some"),
        ({"keeps": [{"data": "pages", "none": "x", "job": "files"}]}, "keeps[0]: pages has both a job and a reason"),
        ({"backup_paths": [], "keeps": [{"data": "pages", "none": "they are copies"}]}, ""),
    ],
)
def test_a_declaration_that_does_not_agree(said: dict[str, Any], problem: str) -> None:
    known = {"sites": SITES, "modules": ("web_info", "web_update"), **MODULES, "playbooks": PLAYBOOKS, "site_variables": ("site_name",)}
    listed = found(web(**said), SHOP, **known)
    assert any(one.startswith(problem) for one in listed) if problem else not listed, listed


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_misspelt_in_a_real_role(name: str) -> None:
    """Every reference of every role is seen: the test of good roles proves nothing where the checks do not look."""
    role = EVERY[name]
    changes: dict[str, Callable[[], dict[str, Any]]] = {
        "host.component": lambda: {"host": {**role.exports["host"], "component": "nothing"}},
        "calls[0].module": lambda: {"calls": [{**role.items("calls")[0], "module": "nothing_at_all"}]},
        "clusters[0].component": lambda: {"clusters": [{**role.items("clusters")[0], "component": "nothing"}]},
        "clusters[0].group": lambda: {"clusters": [{**role.items("clusters")[0], "group": "nothing"}]},
        "host_checks[0].program": lambda: {"host_checks": [{**role.items("host_checks")[0], "program": "nothing"}]},
        "rolling.update.module": lambda: {"rolling": {**role.exports["rolling"], "update": {"module": "nothing"}}},
        "membership.unit": lambda: {"membership": {**role.exports["membership"], "unit": "nothing.service"}},
        "wave.prepared": lambda: {"wave": {**role.exports.get("wave", {}), "prepared": "nothing"}},
        "follows.nothing": lambda: {"follows": {"nothing": "x"}},
    }
    for path, change in changes.items():
        kind = path.partition(".")[0].partition("[")[0]
        if kind in role.exports or kind in ("wave", "follows"):
            changed = replace(role, exports={**role.exports, **change()})
            world = replace(WORLD, roles={**EVERY, name: changed})
            assert path in [one.path for one in checks.problems(changed, world)], path


def test_every_fix_is_an_instruction() -> None:
    """Also of those that no real role has."""
    from tests.unit.lib.instructions import is_instruction

    role = web(host={"component": "x", "unit": "y.service"}, effects={}, keeps=[], text=lookup("'shop_key'"), defaults={})
    fixes = [one.fix for one in checks.problems(role, World({"web": role, "shop": SHOP}, sites=SITES))]
    assert len(fixes) > 5 and [fix for fix in fixes if not is_instruction(fix)] == []
