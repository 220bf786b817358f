# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a run takes over from another site: each one by its name, for this run only."""

from __future__ import annotations

from collections.abc import Iterator

from ..belonging import SWITCH
from ..findings import Code, Finding
from ..model import UNKNOWN, Site

CODES = (
    Code(
        "takeover-unknown-host",
        "site_takeover_hosts names something that is no host of the inventory.",
        "-e site_takeover_hosts=db1,db2 with names of hosts, no groups and no patterns.",
    ),
    Code(
        "takeover-not-a-switch",
        "site_takeover_hosts is set in the inventory: the hosts would never again be protected from another site's run.",
        "-e site_takeover_hosts=db1,db2 on the command line of the one run that takes the hosts over.",
    ),
)


def check_takeover(site: Site) -> Iterator[Finding]:
    """Each definition of the switch."""
    for definition in site.definitions:
        if definition.name != SWITCH:
            continue
        if not definition.from_cli:
            problem = "it is set in the inventory, and it is for one run."
            remedy = f"-e {SWITCH}=db1,db2 on the command line of that run"
            yield Finding("takeover-not-a-switch", definition.owner, SWITCH, problem, remedy, definition.source)
    for host in site.hosts.values():
        value = host.get(SWITCH)
        listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        unknown = [str(name).strip() for name in listed if name is not UNKNOWN and str(name).strip() not in site.hosts]
        if unknown:
            problem = f"the inventory has no host {', '.join(unknown)}."
            yield Finding("takeover-unknown-host", "extra vars", SWITCH, problem, f"-e {SWITCH}= with names of hosts, commas between them")
            return


RULES = (check_takeover,)
