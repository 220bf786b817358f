# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate between the steps that form a cluster: where a member has failed, the others are not started into a wait that cannot end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The code of a member that ended because another one had failed (``agent/core/waiting.py``).
STOPPED = "peer-failed"
#: Characters of the members' own errors together: all of it stands above, where they failed.
_SHOWN = 300


def problem(
    clusters: Iterable[Mapping[str, Any]],
    present: Iterable[str],
    reasons: Mapping[str, str],
    step: str,
    stopped: Iterable[str] = (),
) -> tuple[str, list[str]]:
    """Why the run ends here, and the members that are to blame; both empty where all members of all new clusters are still in it.

    :param clusters: each with ``name``, ``group`` and ``members``
    :param present: hosts that have not failed in this run
    :param reasons: member -> why it failed, where that is known
    :param step: what was done last: ``prepared``, ``started``
    :param stopped: members that ended only because another one had failed: there is nothing to repair on them
    """
    there = set(present)
    lost: dict[str, list[Mapping[str, Any]]] = {}
    for cluster in clusters:
        for name in cluster["members"]:
            if name not in there:
                lost.setdefault(name, []).append(cluster)
    if not lost:
        return "", []
    # Who stopped them may be a member of a cluster that is not asked for here.
    blamed = {name: of_host for name, of_host in lost.items() if name not in set(stopped)} or lost
    names = ", ".join(blamed)
    incomplete = list(dict.fromkeys(str(cluster["name"]) for of_host in lost.values() for cluster in of_host))
    groups = ", ".join(dict.fromkeys(str(cluster["group"]) for of_host in blamed.values() for cluster in of_host))
    said = "; ".join(f"{name}: {_short(reasons.get(name, ''), max(_SHOWN // len(blamed), 80))}" for name in blamed)
    which = ("the new cluster " if len(incomplete) == 1 else "the new clusters ") + ", ".join(incomplete)
    nothing = "No member was started." if step == "prepared" else "Nothing that waits for all members was started."
    return (
        f"The run ends here, because {names} failed while {which} {'was' if len(incomplete) == 1 else 'were'} {step}. {said}."
        f" {nothing} Nothing is lost. Fix: repair {names} and run again, and the run continues from here;"
        f" or take {names} out of the group {groups}."
    ), list(blamed)


def _short(reason: str, most: int) -> str:
    # One fix in a line: the console looks for the word.
    text = " ".join(reason.split()).replace("Fix: ", "").rstrip(". ")
    if not text:
        return "no longer in this run, see its error above"
    return text if len(text) <= most else text[:most].rstrip() + " .."
