# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches that name hosts for one run: those that it takes over from another site, and those whose data are lost for good."""

from __future__ import annotations

from collections.abc import Iterator

from ..belonging import SWITCH
from ..findings import Code, Finding
from ..formation import DATA_LOST
from ..model import UNKNOWN, Site

CODES = (
    Code(
        "takeover-unknown-host",
        "site_takeover_hosts names something that is not a host of the inventory.",
        "Use -e site_takeover_hosts=db1,db2 with names of hosts, no groups and no patterns.",
    ),
    Code(
        "data-lost-unknown-host",
        "site_data_lost_hosts names something that is not a host of the inventory.",
        "Use -e site_data_lost_hosts=db1,db2 with names of hosts, no groups and no patterns.",
    ),
    Code(
        "data-lost-not-a-switch",
        "site_data_lost_hosts is set in the inventory: a disk that is not mounted would never again stop a run.",
        "Use -e site_data_lost_hosts=db1,db2 on the command line of the one run that creates the cluster again.",
    ),
    Code(
        "takeover-not-a-switch",
        "site_takeover_hosts is set in the inventory: the hosts would never again be protected from another site's run.",
        "Use -e site_takeover_hosts=db1,db2 on the command line of the one run that takes the hosts over.",
    ),
)


#: Switch -> the codes for one in the inventory, and for one that names no host.
SWITCHES = {
    SWITCH: ("takeover-not-a-switch", "takeover-unknown-host"),
    DATA_LOST: ("data-lost-not-a-switch", "data-lost-unknown-host"),
}


def check_switches(site: Site) -> Iterator[Finding]:
    """Each definition of a switch."""
    for definition in site.definitions:
        if definition.name in SWITCHES and not definition.from_cli:
            problem = "it is set in the inventory, and it is for one run."
            fix = f"write -e {definition.name}=db1,db2 on the command line of that run"
            code, _unknown_host = SWITCHES[definition.name]
            yield Finding(code, definition.owner, definition.name, problem, fix, definition.source)
    for switch, (_not_a_switch, code) in SWITCHES.items():
        unknown = next(filter(None, (_unknown(host.get(switch), site) for host in site.hosts.values())), [])
        if unknown:
            problem = f"the inventory has no host {', '.join(unknown)}."
            yield Finding(code, "extra vars", switch, problem, f"write -e {switch}= with names of hosts, commas between them")


def _unknown(value: object, site: Site) -> list[str]:
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return [str(name).strip() for name in listed if name is not UNKNOWN and str(name).strip() not in site.hosts]


RULES = (check_switches,)
