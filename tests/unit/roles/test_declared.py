# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role declares agrees with what else it says, and a declaration that does not is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.lib.declared import Role, disagreements

from .test_specs import NAMES, ROLES

EVERY = {name: Role.read(ROLES / name) for name in NAMES}
UNITS = {unit for role in EVERY.values() for unit in role.units}


@pytest.mark.parametrize("name", NAMES)
def test_declarations_agree(name: str) -> None:
    assert list(disagreements(EVERY[name], UNITS)) == [], f"roles/{name}/meta/exports.yml"


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
        assert any(said.startswith(f"{kind}: ") for said in disagreements(emptied, UNITS)), role.name


def web(**said: Any) -> Role:
    """A role that agrees, with something else in its exports."""
    exports = {
        "firewall_ports": [
            {"name": "web", "port": "{{ web_port }}", "from": "{{ __web_from }}"},
            {"name": "m", "port": 9, "from": ["monitoring"]},
        ],
        "host": {"component": "web", "unit": "web.service"},
        "addresses": [{"variable": "web_allowed_from"}],
        "scrape_targets": [{"job": "web", "port": 9}],
        "data_directories": [{"path": "/srv/web"}],
        "backup_paths": [{"path": "/srv/web/files"}],
        "keeps": [{"data": "pages", "job": "files"}],
    }
    return Role(
        "web",
        {**exports, **said},
        [{"name": "web", "units": [{"name": "web.service"}]}],
        {"web_port": {"type": "int"}, "web_allowed_from": {"type": "list"}},
        {"__web_from": "{{ __web_all }}", "__web_all": "{{ ['edge'] + web_allowed_from }}"},
    )


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, ""),
        ({"host": {"component": "wep", "unit": "web.service"}}, "host.component: no component of the role has the name wep"),
        ({"host": {"component": "web", "records": "x", "unit": "web.service"}}, "host.records: no component"),
        ({"host": {"component": "web", "unit": "wep.service"}}, "host.unit: no role has the unit wep.service"),
        ({"host": {"component": "web"}}, "host.unit: which of web.service listens"),
        ({"addresses": []}, "addresses: web_allowed_from says who may reach a port"),
        ({"scrape_targets": [{"job": "web", "port": 10}]}, "scrape_targets: web: nothing in firewall_ports opens its port"),
        ({"scrape_targets": []}, "scrape_targets: the port m is open for monitoring"),
        ({"keeps": []}, "keeps: data_directories has some"),
        ({"keeps": [], "data_directories": "{{ __web_from }}"}, "keeps: data_directories has some"),
        ({"keeps": [{"data": "pages", "none": "they are copies"}]}, "keeps: backup_paths has some"),
        ({"backup_paths": [], "keeps": [{"data": "pages", "none": "they are copies"}]}, ""),
    ],
)
def test_a_declaration_that_does_not_agree(said: dict[str, Any], problem: str) -> None:
    found = list(disagreements(web(**said), {"web.service"}))
    assert bool(found) == bool(problem) and all(one.startswith(problem) for one in found[:1]), found
