# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of a site declare, before any host is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared import kinds
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN, Host, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules.declarations import check_declarations
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Schema

LISTS = [name for name, kind in kinds.KINDS.items() if kind.required and kind.listed]
SAID: dict[str, Any] = {**{name: [] for name in LISTS}, "host": {"component": "web", "memory_mb": 50}, "effects": {}}
WHERE = "roles/web/meta/exports.yml"


def exporting(**items: list[Any]) -> Callable[[str], list[dict[str, Any]]]:
    """What a host's variables make of the items of its roles."""
    return lambda kind: [{**item, "role": "web"} for item in items.get(kind, [])]


def problems(said: dict[str, Any], *hosts: Host) -> list[tuple[str, str, str]]:
    """(code, where, problem) of a site with these hosts and a role ``web`` that declares this."""
    site = Site(
        schema=Schema(exports={"web": {**SAID, **said}}, groups=frozenset({"all", "web"})), hosts={host.name: host for host in hosts}
    )
    return [(found.code, found.where, found.problem) for found in check_declarations(site)]


def test_roles_of_the_site_are_judged() -> None:
    """As they are written, and once for all hosts; not a role that no host has."""
    wrong = {"host": {"component": "web", "memory_mb": "fifty"}}
    hosts = [Host("a", roles=("web",)), Host("b", roles=("web",))]
    assert problems({}, *hosts) == []
    assert problems(wrong, *hosts) == [("role-declaration-invalid", WHERE, "host.memory_mb must be a whole number, 0 or more.")]
    assert problems(wrong, Host("c", roles=("other",))) == []


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"path": "/srv/web", "needs_mb": 100}, ""),
        ({"path": UNKNOWN, "needs_mb": 100}, ""),
        ({"path": "srv/web", "needs_mb": 100}, "data_directories[0].path must be an absolute path."),
        ({"path": "/srv/web", "needs_mb": "lots"}, "data_directories[0].needs_mb must be a whole number, 0 or more."),
    ],
)
def test_what_templates_give(item: dict[str, Any], problem: str) -> None:
    """With the variables of the first host that has the role; what only the host checks can tell may be anything."""
    host = Host("a", roles=("web",), exported=exporting(data_directories=[item]))
    assert problems({"data_directories": "{{ web_directories }}"}, host) == (
        [("role-declaration-invalid", WHERE, problem)] if problem else []
    )


def test_no_value_is_quoted() -> None:
    """It may be a secret."""
    host = Host("a", roles=("web",), exported=exporting(registries=[{"name": "r:5000", "user": "u", "password": ["s3cret"]}]))
    (found,) = problems({}, host)
    assert "s3cret" not in str(found) and found[2] == "registries[0].password must be a text."
