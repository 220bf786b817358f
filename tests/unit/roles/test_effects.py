# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every public variable says what a change of it does on a running site, and no statement names anything else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import effects

from tests.live.lib import settings_tried as tried

from .test_specs import NAMES, ROLES, options_of

REPOSITORY = ROLES.parent
SITE = yaml.safe_load((REPOSITORY / "playbooks" / "vars" / "site_variables.yml").read_text(encoding="utf-8"))
#: Role -> what it says of variables of the site that it alone reads.
OF_ROLES = {
    path.parent.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROLES.glob("*/meta/site_variables.yml"))
}
OF_SITE = {name for said in (SITE, *OF_ROLES.values()) for name in said.get("variables") or ()}
#: What a role may record beside variables of roles and of the site, and beside secrets.
OF_A_HOST = {"inventory_hostname", "site_address"}


def exports_of(role: str) -> dict[str, Any]:
    """The role's ``meta/exports.yml``."""
    return yaml.safe_load((ROLES / role / "meta" / "exports.yml").read_text(encoding="utf-8")) or {}


@pytest.mark.parametrize("role", NAMES)
def test_every_variable_has_an_effect(role: str) -> None:
    """As many statements as options."""
    stated = effects.statements(exports_of(role).get("effects") or {}, role)
    assert sorted(set(options_of(role)) - set(stated)) == [], f"state the effect of a change in roles/{role}/meta/exports.yml"
    assert sorted(set(stated) - set(options_of(role))) == [], "a statement names no variable"


def test_every_variable_of_the_site_has_an_effect() -> None:
    """Those of no role, and those that one role alone reads. A role may say more of a variable of the site."""
    assert set(effects.statements(SITE["effects"])) == set(SITE["variables"])
    for role, said in OF_ROLES.items():
        stated = set(effects.statements(said.get("effects") or {}))
        assert set(said.get("variables") or ()) <= stated <= OF_SITE, role


@pytest.mark.parametrize("role", NAMES)
def test_what_is_recorded_is_explained(role: str) -> None:
    """A refusal says why, and names a verb that there is."""
    exports = exports_of(role)
    every = OF_SITE | {name for other in NAMES for name in options_of(other)} | OF_A_HOST
    for name, statement in effects.recorded(exports, role).items():
        assert name in every or statement.secret, name
        followed = name in (exports.get("follows") or {})
        assert statement.why or followed, f"{role}: {name}: why is a change refused?"
    for name, statement in effects.statements(exports.get("effects") or {}).items():
        for verb in (statement.verb, statement.waits):
            assert not verb or (REPOSITORY / "playbooks" / verb).is_file(), f"{name}: there is no playbook {verb}"
        if statement.judged_with:
            assert effects.statements(exports["effects"])[statement.judged_with].recorded


def test_what_the_site_refuses_is_recorded_by_a_role() -> None:
    """A variable of the site is recorded by the roles that use it."""
    kept = {name for role in NAMES for name in effects.recorded(exports_of(role))}
    said = [SITE["effects"], *(one.get("effects") or {} for one in OF_ROLES.values())]
    for name, statement in ((name, one) for stated in said for name, one in effects.statements(stated).items()):
        assert not statement.recorded or name in kept, name


@pytest.mark.parametrize("role", NAMES)
def test_readme_says_the_effect(role: str) -> None:
    """The last column of the role's table of variables."""
    stated = effects.statements(exports_of(role)["effects"])
    rows = {found[1]: found[2] for found in re.finditer(r"^\| `(\w+)` \|.*\| (\w+) \|$", (ROLES / role / "README.md").read_text(), re.M)}
    assert {name: rows.get(name) for name in stated} == {name: one.effect for name, one in stated.items()}


@pytest.mark.parametrize(
    "wrong",
    [{"a": "sometimes"}, {"a": {"effect": "together"}}, {"a": {"effect": "new", "because": "x"}}, {"a": {"why": "x"}}],
)
def test_a_statement_that_is_none(wrong: dict[str, Any]) -> None:
    """Refused when it is read."""
    with pytest.raises(effects.EffectError, match="a: "):
        effects.statements(wrong)


def test_guide_explains_the_effects() -> None:
    """The legend of docs/day2.md has each effect."""
    text = (REPOSITORY / "docs" / "day2.md").read_text(encoding="utf-8").partition("## What a change of a setting does")[2]
    assert [effect for effect in effects.EFFECTS if f"| `{effect}` |" not in text] == []


def test_every_variable_is_changed_on_a_running_site() -> None:
    """On the site of a scenario; or there is a reason why not."""
    assert tried.tried_on("postgresql") and tried.tried_on("minio")
    names = [name for table in tried.TABLES.values() for name in table]
    assert sorted(set(tried.stated()) - set(names)) == [], "give it a second value, or a reason, in tests/live/<role>/settings.yml"
    assert sorted(set(names) - set(tried.stated())) == [], "there is no such variable"
    assert len(names) == len(set(names)), "a variable is listed twice"
