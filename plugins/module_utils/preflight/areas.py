# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All areas of preflight: what the services share, and what each service's folder has."""

from __future__ import annotations

from collections.abc import Iterator

from . import service_parts
from .findings import Code, Finding
from .model import Site
from .rules import (
    Area,
    Rule,
    addresses,
    authority,
    coverage,
    declarations,
    hosts,
    names,
    overlaps,
    restarts,
    safety,
    secrets,
    served,
    settings,
    takeover,
    variable_files,
)

CODES = (
    Code(
        "preflight-rule-broken",
        "A rule of preflight itself failed, usually because a value has an unexpected type. Its findings are missing.",
        "Report it. Until it is fixed: check what the message names for a value of another type than its role's README documents.",
    ),
)

AREAS = (
    Area("Hosts and groups", (*hosts.CODES, *addresses.CODES, *overlaps.CODES), (*hosts.RULES, *addresses.RULES, *overlaps.RULES)),
    Area("Files of variables", variable_files.CODES, variable_files.RULES),
    Area("Names", names.CODES, names.RULES),
    Area("Dicts of settings", settings.CODES, settings.RULES),
    *(part.AREA for part in service_parts.modules("preflight")),
    Area("Coverage of backups", coverage.CODES, coverage.RULES),
    Area("Restarts", restarts.CODES, restarts.RULES),
    Area("Secrets", secrets.CODES, secrets.RULES),
    Area("The site's authority", authority.CODES, authority.RULES),
    Area("Hosts of another site", takeover.CODES, takeover.RULES),
    Area("Safety", safety.CODES, safety.RULES),
    Area("Site map", served.CODES, served.RULES),
    Area("Roles", declarations.CODES, declarations.RULES),
    Area("Preflight itself", CODES, ()),
)


def findings(site: Site) -> Iterator[Finding]:
    """What all rules say of a site."""
    for area in AREAS:
        for rule in area.rules:
            yield from guarded(rule, site)


def guarded(rule: Rule, site: Site) -> Iterator[Finding]:
    """What one rule says; where it breaks that is a finding, and the other rules are heard all the same."""
    try:
        yield from rule(site)
    except Exception as problem:  # whatever it is, and its text may quote a value
        where = f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"
        said = f"the rule {where} of preflight failed on a value in the inventory ({type(problem).__name__})."
        yield Finding(
            "preflight-rule-broken", "all", "-", said, "report an issue with this line and the part of the inventory that it concerns"
        )
