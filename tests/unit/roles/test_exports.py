# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role says all of itself in meta/exports.yml: of each kind at least that there is nothing, in the form that its readers expect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import exports

from .test_effects import exports_of
from .test_specs import NAMES, ROLES, options_of

#: Kind -> keys that an item has to have, and keys that it may have. An item is a text where there is nothing.
KEYS: dict[str, tuple[str, str]] = {
    "firewall_ports": ("name port proto from", ""),
    "secrets": ("name kind", ""),
    "data_directories": ("path needs_mb", "variable stated mounted unit_hides_homes"),
    "restart_policy": ("variable group", ""),
    "update_exclude": ("", ""),
    "addresses": ("variable form", "key"),
    "scrape_targets": ("job port scheme authentication", "path"),
    "alert_rules": ("alert expr for labels annotations", ""),
    "backup_paths": ("path", "exclude"),
    "artifacts": ("", ""),
    "binds": ("variable addresses", ""),
    "calls": ("module params", "stage refuses"),
    "clusters": ("name group component exists", "majority odd remove data lost"),
    "endpoints": ("name values", ""),
    "excludes": ("group other why", ""),
    "given_secrets": ("name", "identifies"),
    "host_checks": ("program arguments", "template"),
    "known_by_address": ("why", ""),
    "named_secrets": ("variable key own prefix", ""),
    "own_address": ("what listens", ""),
    "package_defaults": ("", "unit path content"),
    "registries": ("name user password", ""),
    "summary": ("runs", "title text command"),
    "takeover_paths": ("path adopt", ""),
}
#: What a variable that holds addresses may hold; see docs/architecture.md.
FORMS = {"address", "bind", "network", "source"}
#: The service's own words, which only its own folder reads.
FREE = {"host_facts"}


def items_of(role: str, kind: str) -> Iterator[Any]:
    """The items that stand there as they are; a template of a whole list gives none."""
    found = exports_of(role).get(kind)
    yield from found if isinstance(found, list) else ()


@pytest.mark.parametrize("role", NAMES)
def test_a_role_leaves_no_kind_out(role: str) -> None:
    """An empty list is a statement; a kind that is not there was forgotten."""
    said = exports_of(role)
    assert [kind for kind in (*exports.STATED, "host", "effects") if kind not in said] == [], f"say it in roles/{role}/meta/exports.yml"
    assert sorted(set(said) - {*exports.KINDS, *exports.MAPPINGS}) == [], "nobody reads this"
    for kind in exports.KINDS:
        found = said.get(kind, [])
        assert isinstance(found, list) or (isinstance(found, str) and found.startswith("{{")), (
            f"{kind} must be a list, or a template of one"
        )


def test_every_kind_has_a_form() -> None:
    assert set(KEYS) | FREE == set(exports.KINDS)
    text = (ROLES.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [kind for kind in (*exports.KINDS, *exports.MAPPINGS) if f"`{kind}`" not in text] == [], "say it in docs/architecture.md"


@pytest.mark.parametrize("role", NAMES)
@pytest.mark.parametrize("kind", sorted(KEYS))
def test_items_have_the_keys_that_are_read(role: str, kind: str) -> None:
    """A key that is misspelt would say nothing."""
    needed, more = (set(words.split()) for words in KEYS[kind])
    for item in items_of(role, kind):
        if not needed and not more:
            assert isinstance(item, str) and item, item
            continue
        assert needed <= set(item), item
        assert set(item) <= needed | more | {"when"}, item


@pytest.mark.parametrize("role", NAMES)
def test_variables_that_are_named_are_the_roles_own(role: str) -> None:
    """Another name would never have a value."""
    for kind in exports.KINDS:
        for item in items_of(role, kind):
            if isinstance(item, dict) and "variable" in item:
                assert item["variable"] in options_of(role), f"{kind}: {item['variable']}"
    assert {item["form"] for item in items_of(role, "addresses")} <= FORMS


@pytest.mark.parametrize("role", NAMES)
def test_groups_that_are_named_bring_the_role(role: str) -> None:
    """A policy or an exclusion of a foreign group would count for no client."""
    groups = site_map.load().groups_of(role)
    for kind in ("clusters", "excludes", "restart_policy"):
        assert {item["group"] for item in items_of(role, kind)} <= set(groups), kind


@pytest.mark.parametrize("role", NAMES)
def test_what_a_host_needs(role: str) -> None:
    """Whatever is not said counts as nothing, and a server without the memory would be found in the middle of the run."""
    host = exports_of(role)["host"]
    assert {"component", "memory_mb"} <= set(host) <= {"component", "memory_mb", "unit", "records", "when"}
    assert host["memory_mb"] or role == "firewall"
