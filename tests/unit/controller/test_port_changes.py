# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose ports change, who takes part in it, and when it does not begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning, port_changes, waves

REPOSITORY = Path(__file__).resolve().parents[3]
REAL = site_map.load()
VERB = "change_ports.yml"
MAP = {
    "waves": ["w"],
    "roles": [
        {"role": "walls", "wave": "w", "groups": ["all"]},
        {"role": "proxy", "wave": "w", "groups": ["p"]},
        {"role": "one", "wave": "w", "groups": ["a", "b"]},
        {"role": "all", "wave": "w", "groups": ["c"]},
    ],
}
EXPORTS: dict[str, dict[str, Any]] = {
    "walls": {"change_ports": {"holds_both": True}},
    "proxy": {"change_ports": {"holds_both": True}, "effects": {"proxy_port": {}}},
    "one": {"change_ports": {"takes_over": "rolling", "one_value": ["one_port"]}, "effects": {"one_port": {}, "one_rest_port": {}}},
    "all": {"change_ports": {"takes_over": "together"}, "effects": {"all_port": {}}},
}
GROUPS = {"all": ["localhost", "h1", "h2", "h3"], "p": ["h3"], "a": ["h1"], "b": ["h2", "h1"], "c": ["h3"]}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site of roles that do not exist."""
    monkeypatch.setattr(site_map, "load", lambda: site_map.parse(MAP))
    monkeypatch.setattr(waves, "exported", lambda role, kind: EXPORTS.get(role, {}).get(kind, {}))


def judged(before: list[dict[str, Any]], present: str = "h1 h2 h3", **ports: Any) -> str:
    """A refusal; ``ports`` are those of hosts that do not have 1."""
    return port_changes.refusal(before, present.split(), GROUPS, lambda role, variable, host: ports.get(host, 1))


@pytest.mark.usefixtures("site")
def test_whose_ports_change() -> None:
    """In the site map's order, each once; a variable that no role owns has no owner."""
    assert port_changes.changing([{"all_port": 1}, {"one_port": 1}, {"one_rest_port": 2}, {"strange_port": 3}]) == ["one", "all"]
    assert port_changes.changing([]) == []


@pytest.mark.usefixtures("site")
def test_all_hosts_are_needed() -> None:
    """Also where nothing changes: the old ports are closed everywhere. The controller has none."""
    assert judged([]) == ""
    said = judged([], "h2")
    assert said.startswith("Ports change on all hosts at the same time, and h1, h3 cannot be reached, or is left out by --limit.")


@pytest.mark.usefixtures("site")
def test_members_have_one_port() -> None:
    """Where it changes and has to be one. Numbers written as texts are the same ports."""
    assert judged([{"one_port": 5}], h1=2, h2="2") == ""
    assert judged([{"one_rest_port": 5}, {"all_port": 5}], h1=2, h2=3) == ""
    said = judged([{"one_port": 5}], h2=3)
    assert said == "The members would listen on different ports (1, 3). Give all of them the same one_port to change it."


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("changing", "part", "roles", "hosts"),
    [
        ([], "both", ["walls", "proxy"], planning.NONE),
        ([], "rolling", [], planning.NONE),
        (["one"], "both", ["walls", "proxy"], "all"),
        (["one"], "rolling", ["one"], "a:b"),
        (["one"], "together", [], planning.NONE),
        (["all"], "together", ["all"], "c"),
        (["all"], "rolling", [], planning.NONE),
        (["proxy"], "both", ["walls", "proxy"], "all"),
        (["proxy"], "rolling", [], planning.NONE),
    ],
)
def test_who_takes_part(changing: list[str], part: str, roles: list[str], hosts: str) -> None:
    """Roles that hold both on all hosts; members only where their own ports change."""
    known = {**GROUPS, **{port_changes.group(role): ["h1"] for role in changing}}
    assert port_changes.roles(known, part) == roles
    assert port_changes.hosts(known, part) == hosts


def statements(role: str) -> list[str]:
    """The variables of a role that the playbook changes."""
    said = yaml.safe_load((REPOSITORY / "roles" / role / "meta" / "exports.yml").read_text())["effects"]
    return [name for name, found in said.items() if isinstance(found, dict) and found.get("verb") == VERB]


@pytest.mark.parametrize("role", [entry.role for entry in REAL.roles])
def test_what_roles_say_of_it(role: str) -> None:
    """With keys that are read; each role with ports that the playbook changes says how they are taken over."""
    said = waves.exported(role, port_changes.KIND)
    ports = statements(role)
    assert set(said) <= set(port_changes.KEYS)
    assert said.get("takes_over") in (None, *port_changes.TAKES_OVER)
    assert bool(said) or not ports, f"meta/exports.yml: change_ports says how members take over {ports}"
    assert {*said.get("one_value", ())} <= {*ports}
    if "takes_over" in said:
        rolling = waves.exported(role, "rolling")
        assert rolling and (said["takes_over"] != "together" or "together" in rolling)


def test_the_playbook_has_room_for_all() -> None:
    """It imports the playbooks that restart members once for each role that needs it."""
    imported = [play.get("ansible.builtin.import_playbook") for play in yaml.safe_load((REPOSITORY / "playbooks" / VERB).read_text())]
    for way in port_changes.TAKES_OVER:
        roles = [entry.role for entry in REAL.roles if waves.exported(entry.role, port_changes.KIND).get("takes_over") == way]
        assert imported.count(f"{way}.yml") == port_changes.SLOTS
        assert len(roles) <= port_changes.SLOTS, f"{VERB} restarts one cluster in this way ({way}), and there are {', '.join(roles)}"
