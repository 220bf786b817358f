# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelt and old names of ``-e``: a verb would do its work without them, as with ``-e postgresql_canditate=db2`` for another member.

Preflight judges all variables of a site, but most verbs run without it. What a verb reads stands in its playbook, so the known names are
the words of the playbooks and of the roles' specifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .. import site_map
from ..preflight.nearby import Names
from ..task_types import Written

ROOT = Path(__file__).resolve().parents[3]
#: Files in which variables are named.
READ = ("playbooks/**/*.yml", "roles/*/meta/*.yml", "roles/*/defaults/*.yml", "roles/*/tasks/*.yml")
#: How variables of the collection begin, beside its roles and groups.
BEGINNINGS = ("site", "component", "certificate")
#: Beginnings of names that belong to verbs which replace data: of these only declared ones are accepted (``verbs`` of
#: ``roles/*/meta/site_variables.yml``). Another one would decide what a verb finds out by itself, such as the member to restore.
CLOSED = ("restore_", "rebuild_")
_REGISTERED = re.compile(r"^\s*register: (\w+)$", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9_]+")


def own(known: Mapping[str, Any]) -> list[str]:
    """Patterns of the site's own variables.

    :param known: the task's variables
    """
    listed = known.get("site_own_variables")
    return [str(item) for item in listed] if isinstance(listed, list) else []


def problem(given: Iterable[str], own: Iterable[str] = ()) -> str:
    """What is wrong with the names of extra variables; empty where nothing is.

    :param given: the names
    :param own: patterns of names that are the site's own business (``site_own_variables``)
    """
    patterns = tuple(own)
    said: list[str] = []
    fixes: list[str] = []
    leave: list[str] = []
    for name in given:
        if name in renamed():
            said.append(f"extra vars {name}: this variable has the name {renamed()[name]} now, and has no effect.")
            fixes.append(f"{renamed()[name]} in place of {name}")
            continue
        if name.startswith("__") or name in registered() or (name.startswith(CLOSED) and name not in declared()):
            guess = Names(declared()).closest(name)
            said.append(f"extra vars {name}: a playbook finds this out by itself, and -e would override it.{_meant(guess)}")
            (fixes if guess else leave).append(f"{guess} in place of {name}" if guess else name)
            continue
        if name in known() or any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        guess = known().closest(name)
        if guess:
            said.append(f"extra vars {name}: this variable is not known.{_meant(guess)}")
            fixes.append(f"{guess} in place of {name}")
    if not said:
        return ""
    steps = [f"write {', '.join(fixes)}"] * bool(fixes) + [f"leave {', '.join(leave)} out"] * bool(leave)
    return f"{' '.join(said)} Nothing is done. Fix: {'; '.join(steps)}; a variable of your own belongs into site_own_variables"


def untyped(known: Iterable[str], given: Iterable[str]) -> str:
    """What is wrong where the inventory confirms a restore, for every run to come; empty where it does not.

    :param known: names of a host's variables
    :param given: names of extra variables
    """
    found = sorted(name for name in declared().intersection(known).difference(given) if name.startswith(CLOSED))
    if not found:
        return ""
    names = ", ".join(found)
    return f"the inventory sets {names}, which is given with -e for one run. Nothing is done. Fix: remove {names} from the inventory"


def _meant(guess: str | None) -> str:
    return f" Did you mean {guess}?" if guess else ""


@cache
def declared() -> frozenset[str]:
    """Variables of the verbs that roles declare."""
    return frozenset(name for said in _site_variables() for name in said.get("verbs") or ())


@cache
def registered() -> frozenset[str]:
    """Names under which the collection keeps answers of tasks."""
    return frozenset(name for text in _texts() for name in _REGISTERED.findall(text))


@cache
def renamed() -> dict[str, str]:
    """Old name -> new name, of removed variables that another one replaces (roles' ``meta/site_variables.yml``)."""
    removed = (entry for said in _site_variables() for entry in said.get("removed") or ())
    return {str(entry["name"]): str(entry["instead"]) for entry in removed if _NAME.fullmatch(str(entry["instead"]))}


@cache
def known() -> Names:
    """Every name of a variable in the collection's playbooks and roles."""
    entries = site_map.load().roles
    begin = {*BEGINNINGS, *(entry.role for entry in entries), *(group for entry in entries for group in entry.groups)}
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(begin, key=len, reverse=True))})_[a-z0-9_]+\b")
    return Names({word for text in _texts() for word in pattern.findall(text)}.difference(renamed()))


@cache
def _texts() -> tuple[str, ...]:
    """The files in which variables are named."""
    return tuple(file.read_text(encoding="utf-8") for glob in READ for file in ROOT.glob(glob))


@cache
def _site_variables() -> tuple[Written, ...]:
    """What the roles say of variables of the whole site."""
    files = ROOT.glob("roles/*/meta/site_variables.yml")
    return tuple(yaml.safe_load(file.read_text(encoding="utf-8")) or {} for file in files)
