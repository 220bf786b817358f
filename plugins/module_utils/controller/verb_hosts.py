# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a verb has hosts: Ansible says of a play without any that none matched, and ends well with nothing done."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from ..preflight.nearby import Names


def problem(group: str, groups: Mapping[str, Sequence[str]], chosen: Collection[str], sources: Sequence[str], folder: str = "") -> str:
    """Why a verb has no host to work with, and what to do; empty where it has one.

    :param group: that the verb works with
    :param groups: of the inventory, with their hosts
    :param chosen: hosts of the whole inventory that ``--limit`` leaves
    :param sources: paths of the inventory
    :param folder: paths below it are shown from there
    """
    members = groups.get(group, ())
    if any(host in chosen for host in members):
        return ""
    inventory = ", ".join(_shown(source, folder) for source in sources) or "that was read"
    if members:
        return (
            f"--limit leaves no host of the group {group}: nothing is done. Fix: --limit with some of {', '.join(members)}, or no --limit"
        )
    fix = f"-i with the inventory of the site that is meant, or hosts in the group {group}"
    guess = None if group in groups else Names(groups).closest(group, extra=1)
    if guess:
        fix = f"{group} instead of the group {guess}, if that is meant; otherwise {fix}"
    what = "has no hosts" if group in groups else "is not there"
    return f"the group {group}, which this playbook works with, {what} in the inventory {inventory}: nothing is done. Fix: {fix}"


def _shown(source: str, folder: str) -> str:
    below = os.path.relpath(source, folder) if folder and os.path.isabs(source) else source
    return source if below.startswith("..") else below
