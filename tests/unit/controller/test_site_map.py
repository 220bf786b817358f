# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site map's reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

MAP = {
    "waves": ["base", "database"],
    "roles": [
        {"role": "base", "wave": "base", "groups": ["all"]},
        {"role": "etcd", "wave": "base", "groups": ["etcd", "coordination"]},
        {"role": "postgresql", "wave": "database", "groups": ["postgresql"]},
    ],
}


@pytest.mark.parametrize(
    ("groups", "wave", "roles"),
    [
        ([], None, ["base"]),
        (["etcd"], "base", ["base", "etcd"]),
        (["postgresql", "etcd"], None, ["base", "etcd", "postgresql"]),
        (["postgresql"], "database", ["postgresql"]),
        (["web"], "database", []),
    ],
)
def test_roles_of(groups: list[str], wave: str | None, roles: list[str]) -> None:
    assert site_map.parse(MAP).roles_of(groups, wave) == roles


def test_unknown_wave_is_named() -> None:
    with pytest.raises(site_map.SiteMapError, match="there is no wave 'bsae': the site map has base, database"):
        site_map.parse(MAP).roles_of([], "bsae")


def test_groups() -> None:
    found = site_map.parse(MAP)
    assert found.groups_served() == {"etcd", "coordination", "postgresql"}
    assert found.groups_of("etcd") == ("etcd", "coordination")
    assert found.groups_of("nothing") == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "a mapping with waves and roles"),
        ({**MAP, "more": 1}, "nothing else"),
        ({**MAP, "waves": "base"}, "waves must be a list of names"),
        ({**MAP, "waves": ["base", "base"]}, "twice"),
        ({**MAP, "roles": [{"role": "a", "wave": "base"}]}, "role 1: a mapping with role, wave and groups"),
        ({**MAP, "roles": [{"role": "a", "wave": "late", "groups": ["all"]}]}, "role 1 .a.: there is no wave 'late'"),
        ({**MAP, "roles": [{"role": "a", "wave": "base", "groups": ["all"]}] * 2}, "role 2: a is listed twice"),
    ],
)
def test_wrong_maps(data: Any, words: str) -> None:
    with pytest.raises(site_map.SiteMapError, match=words):
        site_map.parse(data)


def test_own_map() -> None:
    found = site_map.load()
    roles = Path(__file__).resolve().parents[3] / "roles"
    assert [entry.role for entry in found.roles if not (roles / entry.role).is_dir()] == []
    assert found.roles_of([], "base")[0] == "base"
