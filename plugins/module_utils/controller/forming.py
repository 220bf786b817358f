# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate between the steps that form a cluster: where a member has failed, the others are not started into a wait that cannot end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: Characters of a member's own error: all of it stands above, where the member failed.
_SHOWN = 400


def problem(clusters: Iterable[Mapping[str, Any]], present: Iterable[str], reasons: Mapping[str, str], step: str) -> str:
    """Why the run ends here; empty where all members of all new clusters are still in it.

    :param clusters: each with ``name``, ``group`` and ``members``
    :param present: hosts that have not failed in this run
    :param reasons: member -> why it failed, where that is known
    :param step: what was done last: ``prepared``, ``started``
    """
    there = set(present)
    lost: dict[str, list[Mapping[str, Any]]] = {}
    for cluster in clusters:
        for name in cluster["members"]:
            if name not in there:
                lost.setdefault(name, []).append(cluster)
    if not lost:
        return ""
    names = ", ".join(lost)
    incomplete = {str(cluster["name"]): str(cluster["group"]) for of_host in lost.values() for cluster in of_host}
    said = "; ".join(f"{name}: {_short(reasons.get(name, ''))}" for name in lost)
    which = ("the new cluster " if len(incomplete) == 1 else "the new clusters ") + ", ".join(incomplete)
    nothing = "No member was started." if step == "prepared" else "Nothing that waits for all members was begun."
    return (
        f"The run ends here, because {names} failed while {which} {'was' if len(incomplete) == 1 else 'were'} {step}. {said}."
        f" {nothing} Nothing is lost: repair {names} and run again, and the run goes on from here."
        f" Or take {names} out of the group {', '.join(dict.fromkeys(incomplete.values()))}."
    )


def _short(reason: str) -> str:
    text = " ".join(reason.split()).rstrip(". ")
    if not text:
        return "no longer in this run, see its error above"
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + " ..."
