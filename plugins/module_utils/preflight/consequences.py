# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that only follow from another one: they name the wrong file, and are gone once the other one is corrected."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ..declared import tree
from .findings import Code, Finding, Level
from .model import Site

_NAME = re.compile(r"\w+")
#: How the problem of an evaluated declaration begins: the kind, and the number of its item.
_ITEM = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")
#: What is said of a name that is not there.
_NO_SUCH = re.compile(r"there is no (\w+)|the template uses (\w+),")


def without(site: Site, findings: Iterable[Finding], codes: dict[str, Code]) -> Iterator[Finding]:
    """The findings that a person has to act on."""
    given = list(findings)
    unread = {where.split("/")[1] for where, _problem in site.schema.misread if where.startswith("roles/")}
    wrong = {
        name[0]
        for one in given
        if not one.code.startswith("role-") and codes[one.code].level is Level.ERROR and (name := _NAME.match(one.variable))
    }
    yield from (one for one in given if not (_of_unread(site, one, unread) or _of_variable(site, one, wrong)))


def _of_unread(site: Site, finding: Finding, unread: Collection[str]) -> bool:
    """Whether it is about a variable whose role has a file that could not be read."""
    if finding.code == "role-declaration-invalid":
        found = _NO_SUCH.search(finding.problem)
        role = finding.where.split("/")[1]
        return role in unread or (found is not None and site.schema.prefix_of(found[1] or found[2]) in unread)
    name = _NAME.match(finding.variable)
    return finding.code.startswith("variable-") and name is not None and site.schema.prefix_of(name[0]) in unread


def _of_variable(site: Site, finding: Finding, wrong: Collection[str]) -> bool:
    """Whether the declaration has another form only because of a variable that has a finding of its own."""
    place = _ITEM.match(finding.problem)
    if finding.code != "role-declaration-invalid" or finding.variable != "-" or place is None or site.schema.declared is None:
        return False
    role = site.schema.declared.roles.get(finding.where.split("/")[1])
    said = role.exports.get(place[1]) if role else None
    if isinstance(said, list | tuple) and place[2] and int(place[2]) < len(said):
        said = said[int(place[2])]
    return role is not None and not _names(role, said).isdisjoint(wrong)


def _names(role: tree.Role, value: Any) -> set[str]:
    """The variables in a value, also those that private variables and defaults use."""
    found = role.words(value)
    return found.union(*(role.words(role.defaults[name]) for name in found if name in role.defaults))
