# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role says of its variables in three places is one thing: defaults, argument specs, README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import document_roles
import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())


def options_of(role: str) -> dict[str, Any]:
    """Options of the role's main entry point."""
    specs = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())
    found: dict[str, Any] = specs["argument_specs"]["main"].get("options") or {}
    return found


def defaults_of(role: str) -> dict[str, Any]:
    """The role's defaults, their templates as they stand there."""
    return yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text()) or {}


@pytest.mark.parametrize("role", NAMES)
def test_defaults_are_in_the_spec(role: str) -> None:
    """Every default is a documented option."""
    assert sorted(set(defaults_of(role)) - set(options_of(role))) == []


@pytest.mark.parametrize("role", NAMES)
def test_spec_is_in_the_defaults(role: str) -> None:
    """An option with a default has the same one in defaults/main.yml. There, a template or null may say what the spec cannot."""
    defaults = defaults_of(role)
    for name, spec in options_of(role).items():
        default = defaults.get(name)
        computed = isinstance(default, str) and "{{" in default
        if "default" in spec:
            assert name in defaults, f"{name} has a default in meta/argument_specs.yml and none in defaults/main.yml"
            assert computed or default == spec["default"], f"{name}: {default!r} in defaults/main.yml, {spec['default']!r} in the spec"
        else:
            assert default is None or computed, (
                f"{name}: the default {default!r} of defaults/main.yml is missing in meta/argument_specs.yml"
            )


@pytest.mark.parametrize("role", NAMES)
def test_names(role: str) -> None:
    """Public variables begin with the role's name, private ones with two underscores and it."""
    private = ROLES / role / "vars" / "main.yml"
    given = yaml.safe_load(private.read_text()) if private.is_file() else None
    assert [name for name in {**options_of(role), **defaults_of(role)} if not name.startswith(f"{role}_")] == []
    assert [name for name in given or {} if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", NAMES)
def test_readme_is_up_to_date(role: str) -> None:
    """Its table is what scripts/document_roles.py writes (make docs)."""
    assert (ROLES / role / "README.md").read_text() == document_roles.readme(ROLES / role)


@pytest.mark.parametrize("role", NAMES)
def test_every_option_is_described(role: str) -> None:
    """No option without words and type."""
    assert [name for name, spec in options_of(role).items() if not spec.get("description") or not spec.get("type")] == []
