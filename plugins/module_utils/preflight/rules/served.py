# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site map: which roles the groups of a site give their hosts."""

from __future__ import annotations

from collections.abc import Iterator

from ...site_map import FILE, SiteMapError
from ..findings import Code, Finding, Level
from ..model import Site

CODES = (
    Code(
        "site-map-invalid",
        f"{FILE} is not YAML, has another form than its readers expect, or names a role or a wave that does not exist.",
        "Correct the entry that the message names. Nothing else is checked before.",
    ),
    Code(
        "role-not-in-map",
        f"There is a folder of a role that {FILE} does not name: no host gets the role.",
        f"Add the role to {FILE}, or remove its folder.",
        Level.WARNING,
    ),
)


def invalid(error: SiteMapError) -> Finding:
    """What is wrong with the map; without one there is nothing else to judge."""
    return Finding("site-map-invalid", FILE, error.entry, f"{error.problem}.", error.fix)


def check_unserved(site: Site) -> Iterator[Finding]:
    """Roles that no host can get. Version control leaves empty folders behind; they are no roles."""
    world = site.schema.declared
    if world is None:
        return
    for name, role in sorted(world.roles.items()):
        if not world.sites.groups_of(name) and any(role.has(file) for file in ("meta/exports.yml", "tasks/main.yml")):
            fix = f"add {{role: {name}, wave: WAVE, groups: [GROUP]}} to {FILE}, or remove the folder"
            yield Finding("role-not-in-map", f"roles/{name}", "-", "the site map does not name this role, so no host gets it.", fix)


RULES = (check_unserved,)
