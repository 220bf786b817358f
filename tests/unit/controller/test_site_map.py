# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site map's reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

from tests.unit.lib.instructions import is_instruction

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
    with pytest.raises(site_map.SiteMapError, match=r"there is no wave 'bsae'\. Fix: use one of base, database"):
        site_map.parse(MAP).roles_of([], "bsae")


def test_groups() -> None:
    found = site_map.parse(MAP)
    assert found.groups_served() == {"etcd", "coordination", "postgresql"}
    assert found.groups_of("etcd") == ("etcd", "coordination")
    assert found.groups_of("nothing") == ()


ONE = "waves: [base]\nroles: [{role: base, wave: base, groups: [all]}]\n"


@pytest.mark.parametrize(
    ("text", "entry", "words"),
    [
        ("", "-", "a mapping with waves, roles"),
        ("just words", "-", "a mapping with waves, roles"),
        (f"{ONE}more: 1", "-", "the key more is not known"),
        ("waves: [base]", "-", "the key roles is missing"),
        (ONE.replace("[base]", "base", 1), "waves", "a list with at least one name"),
        (ONE.replace("[base]", "[base, base]"), "waves[1]", "base is listed twice"),
        (ONE.replace("[base]", "['ba se']"), "waves[0]", "not a name"),
        (ONE.replace("[base]", "[1]"), "waves[0]", "not a name"),
        ("waves: [base]\nroles: base", "roles", "a list of roles"),
        ("waves: [base]\nroles: [base]", "roles[0]", "a mapping with role, wave, groups"),
        (ONE.replace("groups: [all]", ""), "roles[0] (base)", "the key groups is missing"),
        (ONE.replace("[all]", "[]"), "roles[0] (base).groups", "a list with at least one name"),
        (ONE.replace("[all]", "all"), "roles[0] (base).groups", "a list with at least one name"),
        (ONE.replace("[all]", "[{a: b}]"), "roles[0] (base).groups[0]", "not a name"),
        (ONE.replace("groups", "group"), "roles[0] (base)", "the key groups is missing"),
        (ONE.replace("wave: base", "wave: [base]"), "roles[0] (base).wave", "not a name"),
        (ONE.replace("wave: base", "wave: late"), "roles[0] (base).wave", "there is no wave 'late' in waves"),
        (ONE.replace("role: base", "role: 5"), "roles[0].role", "not a name"),
        (ONE.replace("}]", "}, {role: base, wave: base, groups: [a]}]"), "roles[1] (base)", "the role is listed twice"),
        (ONE.replace("role: base", "role: bsae"), "roles[0] (bsae).role", "there is no folder roles/bsae. Fix: correct the role's name in"),
        (ONE.replace("}]", "}"), "line 3", "the YAML is invalid"),
        (f"{ONE}waves: [other]\n", "line 3", "the key waves is listed twice"),
        ("waves: [\x01]", "-", "the YAML is invalid"),
        (None, "-", "it cannot be read"),
    ],
)
def test_a_wrong_map_is_one_sentence(tmp_path: Path, text: str | None, entry: str, words: str) -> None:
    """With the code, the file, the entry and what to do, and never an error of Python."""
    (tmp_path / "roles" / "base").mkdir(parents=True)
    path = tmp_path / "playbooks" / "vars" / "site_map.yml"
    path.parent.mkdir(parents=True)
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(site_map.SiteMapError) as refused:
        site_map.load(path)
    said = str(refused.value)
    assert said.startswith(f"site-map-invalid playbooks/vars/site_map.yml {entry}: ") and words in said and "\n" not in said
    assert is_instruction(refused.value.fix) and refused.value.entry == entry


def test_a_role_that_is_nearly_another(tmp_path: Path) -> None:
    (tmp_path / "roles" / "base").mkdir(parents=True)
    (tmp_path / "playbooks" / "vars").mkdir(parents=True)
    (tmp_path / "playbooks" / "vars" / "site_map.yml").write_text(ONE.replace("role: base", "role: basee"), encoding="utf-8")
    with pytest.raises(site_map.SiteMapError, match="did you mean base"):
        site_map.load(tmp_path / "playbooks" / "vars" / "site_map.yml")


def test_what_needs_the_groups_alone_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> site_map.SiteMap:
        raise site_map.SiteMapError("-", "x", "use y")

    monkeypatch.setattr(site_map, "load", wrong)
    assert site_map.known_groups() == frozenset()


def test_own_map() -> None:
    found = site_map.load()
    roles = Path(__file__).resolve().parents[3] / "roles"
    assert [entry.role for entry in found.roles if not (roles / entry.role).is_dir()] == []
    assert found.roles_of([], "base")[0] == "base"
