# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that several hosts share, changed on the running site: the hosts that take part, and whether it may begin.

Pure: contacts no host.

A role says in ``meta/exports.yml`` what it does in ``change_ports.yml``, see :data:`KEYS`:

    change_ports:
      holds_both: true                # the new ports beside the old ones (site_before) until the new ones run; converged first and last
      takes_over: rolling | together  # how its members take over a new port of the role: with a restart of one after the other, or of all
      one_value: [example_port]       # ports that all members have to have in common

A role without it has nothing to do there. A port of a role that holds both is taken over with the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import site_map
from . import planning, waves

KIND = "change_ports"
KEYS = ("holds_both", "takes_over", "one_value")
#: How members take over a new port: change_ports.yml imports the playbook of that name.
TAKES_OVER = ("rolling", "together")
#: For so many roles each.
SLOTS = 1
#: The part of the playbook that opens the new ports and closes the old ones.
BOTH = "both"
#: Where the inventory has the controller among its hosts, it has no ports of the site.
CONTROLLER = "localhost"

Groups = Mapping[str, Sequence[str]]


def group(role: str) -> str:
    """The dynamic group that exists where ports of a role change."""
    return f"ports_of_{role}"


def owner(variable: str) -> str:
    """The role that owns a variable; empty where none does."""
    return next((entry.role for entry in site_map.load().roles if variable in waves.exported(entry.role, "effects")), "")


def changing(before: Iterable[Mapping[str, Any]]) -> list[str]:
    """The roles of which ports change, in the site map's order.

    :param before: each running value that goes, as a mapping of its variable
    """
    owners = {owner(variable) for overlay in before for variable in overlay}
    return [entry.role for entry in site_map.load().roles if entry.role in owners]


def refusal(before: Iterable[Mapping[str, Any]], present: Iterable[str], groups: Groups, value: Callable[[str, str, str], Any]) -> str:
    """Why nothing is changed; empty where it may be.

    :param before: each running value that goes, as a mapping of its variable
    :param present: the hosts that are in the run and were reached
    :param groups: ``groups``
    :param value: gives the value of a variable that a role owns on a host (role, variable, host)
    """
    here = set(present)
    missing = [host for host in groups["all"] if host not in here and host != CONTROLLER]
    if missing:
        return (
            f"Ports change on all hosts at the same time, and {', '.join(missing)} cannot be reached, or is left out by --limit. "
            "Run it with all of them."
        )
    variables = list(dict.fromkeys(variable for overlay in before for variable in overlay))
    for variable in variables:
        role = owner(variable)
        if variable in (waves.exported(role, KIND).get("one_value") or ()):
            found = list(dict.fromkeys(str(value(role, variable, host)) for host in planning.members(groups, role)))
            if len(found) > 1:
                return (
                    f"The members would listen on different ports ({', '.join(found)}). Give all of them the same {variable} to change it."
                )
    return ""


def roles(known: Groups, part: str) -> list[str]:
    """The roles that have something to do in a part of the playbook, in the site map's order.

    :param known: ``groups``
    :param part: ``both``: those that hold the old and the new ports; else one of :data:`TAKES_OVER`: those whose ports change in this way
    """
    said = {entry.role: waves.exported(entry.role, KIND) for entry in site_map.load().roles}
    if part == BOTH:
        return [role for role, found in said.items() if found.get("holds_both")]
    return [role for role, found in said.items() if found.get("takes_over") == part and group(role) in known]


def hosts(known: Groups, part: str) -> str:
    """The pattern of the hosts of a part of the playbook: all hosts where any port changes, or the members of the roles of the part.

    :param known: ``groups``
    :param part: as for :func:`roles`
    """
    if part == BOTH:
        return site_map.ALL if any(group(entry.role) in known for entry in site_map.load().roles) else planning.NONE
    return planning.pattern(known, waves.groups(roles(known, part)))
