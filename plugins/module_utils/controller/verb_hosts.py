# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb is refused for before it asks any host.

Of a play without hosts Ansible says that none matched, of one whose tasks are left out by their tags it says nothing, and both end
well with nothing done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence

from ..preflight.nearby import Names


def problem(group: str, groups: Mapping[str, Sequence[str]], chosen: Collection[str], sources: Sequence[str], folder: str = "") -> str:
    """Why a verb has no host to work with, and what to do; empty where it has one.

    :param group: that the verb works with; several with ``:`` between them, as in a play's pattern
    :param groups: of the inventory, with their hosts
    :param chosen: hosts of the whole inventory that ``--limit`` leaves
    :param sources: paths of the inventory
    :param folder: paths below it are shown from there
    """
    names = group.split(":")
    named = " or ".join(names)
    members = members_of(group, groups)
    if any(host in chosen for host in members):
        return ""
    inventory = ", ".join(_shown(source, folder) for source in sources) or "that was read"
    if members:
        fix = f"pass --limit with some of {', '.join(members)}, or no --limit"
        return f"--limit leaves no host of the group {named}: nothing is done. Fix: {fix}"
    fix = f"pass the inventory of the right site with -i, or put hosts into the group {named}"
    known = [name for name in names if name in groups]
    guesses = {name: Names(groups).closest(name, extra=1) for name in names} if not known else {}
    for name, guess in ((name, guess) for name, guess in guesses.items() if guess):
        fix = f"write {name} instead of the group {guess}, if that is meant; otherwise {fix}"
    what = "has no hosts" if known else "is not there"
    return f"the group {named}, which this playbook works with, {what} in the inventory {inventory}: nothing is done. Fix: {fix}"


def members_of(group: str, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The hosts of a verb's group or groups, in the inventory's order."""
    return list(dict.fromkeys(host for name in group.split(":") for host in groups.get(name, ())))


def misused(tags: Sequence[str], switches: Collection[str], converges: bool) -> str:
    """Why a verb cannot be run with these arguments, and what to do; empty where it can.

    :param tags: options of the command line that choose tasks by their tags, such as ``--tags service``
    :param switches: variables that are set and let a run work on hosts of another site or name, or create a cluster again
    :param converges: whether the playbook converges a role
    """
    if tags:
        return f"{', '.join(tags)}: the playbooks have no tags, so all tasks would be left out. Fix: leave --tags and --skip-tags out"
    if switches and not converges:
        named = ", ".join(sorted(switches))
        return (
            f"{named}: only a converge takes hosts over or creates a cluster again. A verb that acts on one member could act on another"
            f" server than the one that is meant. Fix: run playbooks/site.yml with -e {named}=... first, then the verb without it"
        )
    return ""


def left_out(member: str, group: str, groups: Mapping[str, Sequence[str]], chosen: Collection[str]) -> str:
    """Why a verb cannot act on a member; empty where it can, also on one that is not a host of the inventory any more.

    :param member: that the verb acts on; empty for none
    """
    if not member or member not in members_of(group, groups) or member in chosen:
        return ""
    return f"--limit leaves out {member}, and the verb has work to do there: nothing is done. Fix: leave --limit out"


def converges(playbook: str) -> bool:
    """Whether a playbook, by its path or its name in the collection, converges a role, or hosts before a restore."""
    return not {"converge", "rebuild", "restore_site"}.isdisjoint(re.split(r"[./]", playbook))


def _shown(source: str, folder: str) -> str:
    below = os.path.relpath(source, folder) if folder and os.path.isabs(source) else source
    return source if below.startswith("..") else below
