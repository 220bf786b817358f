# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says all of itself in meta/exports.yml: of each kind at least that there is nothing, in the form that its readers expect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared import forms, kinds
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Schema
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import schema_of

from .test_effects import exports_of
from .test_specs import NAMES, ROLES, options_of


def items_of(role: str, kind: str) -> Iterator[Any]:
    """The items that stand there as they are; a template of a whole list gives none."""
    found = exports_of(role).get(kind)
    yield from found if isinstance(found, list) else ()


@pytest.fixture(scope="module")
def schema() -> Schema:
    """Of the roles that there are."""
    return schema_of(DataLoader(), site_map.load())


@pytest.mark.parametrize("role", NAMES)
def test_every_declaration_has_the_form_of_its_kind(role: str, schema: Schema) -> None:
    """None is left out, and what is there is what its readers expect."""
    known = forms.Known(schema.groups, frozenset(options_of(role)))
    assert list(kinds.of_role(exports_of(role), known)) == [], f"correct roles/{role}/meta/exports.yml"


def test_every_kind_is_explained() -> None:
    text = (ROLES.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [kind for kind in kinds.KINDS if f"`{kind}`" not in text] == [], "explain it in docs/architecture.md"


@pytest.mark.parametrize("role", NAMES)
def test_what_is_kept_has_a_job_or_a_reason(role: str) -> None:
    """Not both. A kind of job that no role has yet is covered by a waiver of the site."""
    for item in items_of(role, "keeps"):
        assert ("job" in item) != ("none" in item), item


@pytest.mark.parametrize("role", NAMES)
def test_groups_that_are_named_bring_the_role(role: str) -> None:
    """A policy or an exclusion of a foreign group would count for no client."""
    groups = site_map.load().groups_of(role)
    for kind in ("clusters", "excludes", "restart_policy"):
        assert {item["group"] for item in items_of(role, kind)} <= set(groups), kind


@pytest.mark.parametrize("role", NAMES)
def test_a_role_that_runs_something_needs_memory(role: str) -> None:
    """Whatever is not said counts as nothing, and a server without the memory would be found in the middle of the run."""
    assert exports_of(role)["host"]["memory_mb"] or role == "firewall"


#: A role with one wrong declaration -> what is said of it.
GOOD: dict[str, Any] = {kind: [] if form.listed else {} for kind, form in kinds.KINDS.items() if form.required} | {
    "host": {"component": "web", "memory_mb": 50}
}
PORT = {"name": "web", "port": 80, "proto": "tcp", "from": ["edge"]}
TARGET = {"job": "web", "port": 80, "scheme": "http", "authentication": "none"}
ALERT = {"alert": "Down", "expr": "up == 0", "for": "5m", "labels": {}, "annotations": {}}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("host", {"component": "web", "memory_mb": "fifty"}, "host.memory_mb must be a whole number, 0 or more"),
        ("host", {"component": "web", "memory_mb": True}, "host.memory_mb must be"),
        ("host", {"component": "web", "memory_mb": -1}, "host.memory_mb must be"),
        ("host", {"component": "{{ web }}", "memory_mb": 1}, "host.component must be a text without a template"),
        ("host", {"component": "web", "memory_mb": 1, "unit": "web"}, "host.unit must be the full name of a unit"),
        ("host", {"memory_mb": 1}, "host has no component"),
        ("host", {"component": "web", "memory_mb": 1, "units": []}, "host has the key units: it may have component, memory_mb, "),
        ("firewall_ports", [PORT | {"proto": "tcpp"}], "firewall_ports[0].proto must be a protocol of IP"),
        ("firewall_ports", [PORT | {"port": "many"}], "firewall_ports[0].port must be a port"),
        ("firewall_ports", [PORT | {"port": 70000}], "firewall_ports[0].port must be a port"),
        ("firewall_ports", [PORT | {"from": ["monitor"]}], "firewall_ports[0].from[0] must be a group of the site map, an address"),
        ("firewall_ports", [PORT, "web"], "firewall_ports[1] must be a mapping"),
        ("firewall_ports", [PORT | {"when": "yes"}], "firewall_ports[0].when must be true or false"),
        ("firewall_ports", {"name": "web"}, "firewall_ports must be a list, or a template of one"),
        ("secrets", [{"name": "x", "kind": "magic"}], "secrets[0].kind must be a kind of secret: one of password"),
        (
            "scrape_targets",
            [TARGET | {"authentication": "magic"}],
            "scrape_targets[0].authentication must be one of none, certificate, token",
        ),
        ("scrape_targets", [TARGET | {"scheme": "gopher"}], "scrape_targets[0].scheme must be one of http, https"),
        ("alert_rules", [ALERT | {"for": 5}], "alert_rules[0].for must be a duration of Prometheus"),
        ("alert_rules", [ALERT | {"labels": ["page"]}], "alert_rules[0].labels must be a mapping"),
        ("alert_rules", [ALERT | {"annotations": {"summary": 1}}], "alert_rules[0].annotations.summary must be a text"),
        ("data_directories", [{"path": "srv/web", "needs_mb": 1}], "data_directories[0].path must be an absolute path"),
        ("data_directories", [{"path": "/srv/web", "needs_mb": "lots"}], "data_directories[0].needs_mb must be"),
        ("data_directories", [{"path": "/srv", "needs_mb": 1, "variable": "wep"}], "data_directories[0].variable must be a variable in"),
        ("backup_paths", ["/srv/web"], "backup_paths[0] must be a mapping"),
        ("restart_policy", [{"variable": "web_policy", "group": "wep"}], "restart_policy[0].group must be a group of the site map"),
        ("addresses", [{"variable": "web_policy", "form": "any"}], "addresses[0].form must be one of address, bind, network, source"),
        ("update_exclude", [""], "update_exclude[0] must be a text"),
        ("package_defaults", [{"unit": "a"}], "package_defaults[0].unit must be the full name of a unit"),
        ("package_defaults", [{"units": ["a.service"]}], "package_defaults[0] "),
        ("effects", {"web_policy": "sometimes"}, "effects.web_policy must be one of live"),
        ("effects", {"wep": "live"}, "effects: the key wep must be a variable in"),
        ("rolling", {"name": "Web", "gates": {}}, "rolling has the key gates"),
        ("ingres", [], "ingres is no kind of declaration: describe it in KINDS in plugins/module_utils/declared/kinds.py"),
    ],
)
def test_a_declaration_of_another_form(kind: str, value: Any, problem: str) -> None:
    known = forms.Known(frozenset({"edge", "web"}), frozenset({"web_policy"}))
    assert list(kinds.of_role(GOOD, known)) == []
    found = list(kinds.of_role({**GOOD, kind: value}, known))
    assert len(found) >= 1 and found[0].startswith(problem), found


@pytest.mark.parametrize("kind", [kind for kind, form in kinds.KINDS.items() if form.required])
def test_a_kind_that_is_left_out(kind: str) -> None:
    """An empty list is a statement; a kind that is not there was forgotten."""
    said = {name: value for name, value in GOOD.items() if name != kind}
    assert list(kinds.of_role(said, forms.Known())) == [f"{kind} is missing: an empty list says that there is nothing"]


def test_a_kind_without_a_form_is_not_read() -> None:
    role = collect.load(DataLoader(), "etcd", "")
    templates = collect.templates_of(role, {}, Templar(loader=DataLoader()))
    assert exports.evaluate("artifacts", role, templates, "db1") == []
    with pytest.raises(AnsibleError, match=r"roles export no 'ingres': the kinds are firewall_ports, .*describe it in KINDS"):
        exports.evaluate("ingres", role, templates, "db1")
