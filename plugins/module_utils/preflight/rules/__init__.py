# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules across hosts, one module for each area.

A rule is a pure function ``rule(site: Site) -> Iterable[Finding]``. An area's module has ``CODES`` and ``RULES``; a new area (object
store, backups, certificates, DICOM) is a new module and a line in ``AREAS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..findings import Code, Finding
from ..model import Site
from . import addresses, authority, coordination, database_objects, databases, hosts, names, object_store, safety, secrets

Rule = Callable[[Site], Iterable[Finding]]


@dataclass(frozen=True)
class Area:
    """One chapter of the documentation."""

    title: str
    codes: tuple[Code, ...]
    rules: tuple[Rule, ...]


AREAS = (
    Area("Hosts and groups", (*hosts.CODES, *addresses.CODES), (*hosts.RULES, *addresses.RULES)),
    Area("Names", names.CODES, names.RULES),
    Area("Coordination (etcd)", coordination.CODES, coordination.RULES),
    Area("Databases", (*databases.CODES, *database_objects.CODES), (*databases.RULES, *database_objects.RULES)),
    Area("Object store", object_store.CODES, object_store.RULES),
    Area("Secrets", secrets.CODES, secrets.RULES),
    Area("The site's authority", authority.CODES, authority.RULES),
    Area("Safety", safety.CODES, safety.RULES),
)


def findings(site: Site) -> Iterator[Finding]:
    """What all rules say of a site."""
    for area in AREAS:
        for rule in area.rules:
            yield from rule(site)
