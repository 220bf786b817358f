# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answer of a host's planning call means: which waves have work on it.

A run of the site asks each host once, in check mode, for all its components and all questions of its services. Only waves with work get
hosts afterwards, so that a run without changes costs one call, whatever the number of layers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from .. import site_map

#: Facts that only an administrator changes. Components are rendered with the last known ones; the host compares them.
STABLE_FACTS = (
    "system",
    "release",
    "version",
    "kernel",
    "machine",
    "memory_mb",
    "cores",
    "addresses",
    "python",
    "container",
    "hostname",
    "sshd",
)
#: The dynamic group of the hosts that a run has planned, and of those that it could not plan.
PLANNED, UNPLANNED = "planned", "unplanned"
#: What the dynamic groups of hosts with work are called; the rest is the wave.
GROUP = "planned_"
#: The work of a wave after its components: what a cluster or store holds.
OBJECTS = "_objects"
#: What comes after all waves, on hosts that any of them has changed.
RELEASE = "release"
#: The dynamic group of the hosts of a run that forms a cluster.
FORMING = "site_forming"
#: The dynamic group that ends what a run converges: from then on plays that converge hosts have none. A verb that converges the site
#: several times ends with it as soon as no step is left.
OVER = "site_over"
#: No host, without a warning.
NONE = "all:!all"


def work(answer: Mapping[str, Any], wave_of: Mapping[str, str], calls: Sequence[Mapping[str, Any]], waves: Sequence[str]) -> list[str]:
    """The waves that have something to do on a host, each once, in their order; what belongs to a wave's objects is ``<wave>_objects``.

    What could not be planned may be possible once what comes before it is there, so it counts as work.

    :param answer: of the agent's ``plan``
    :param wave_of: role -> wave
    :param calls: what was asked, in the order of the answer's ``calls``: ``role``, ``stage`` (``objects``, or ``components`` for what comes
        before them)
    :param waves: all of them, in their order
    """
    found: set[str] = set()
    if answer.get("unfinished") or answer.get("healed"):
        found.add(waves[0])
    components = answer.get("components") or ()
    for component in components:
        if any(component.get(key) for key in ("changed", "records", "error", "needs", "csrs", "pending_restart")):
            found.add(wave_of[component["role"]])
    said = answer.get("calls") or ()
    for call, outcome in zip(calls, said, strict=False):
        result = outcome.get("result") or {}
        if outcome.get("changed") or outcome.get("error") or result.get("pending_restart"):
            found.add(_place(call, wave_of))
    return [name for wave in waves for name in (wave, wave + OBJECTS) if name in found]


def _place(call: Mapping[str, Any], wave_of: Mapping[str, str]) -> str:
    return wave_of[call["role"]] + (OBJECTS if call["stage"] == "objects" else "")


def warnings(
    answer: Mapping[str, Any],
    wave_of: Mapping[str, str],
    calls: Sequence[Mapping[str, Any]],
    waves: Sequence[str],
    notes: Iterable[str] = (),
) -> list[str]:
    """What a person should know of the waves before the first one with work. The later ones run, and say it themselves.

    :param notes: what the roles say of their components, each ``<component>: <text>``
    """
    found, places = work(answer, wave_of, calls, waves), order(waves)
    silent = set(places[: places.index(found[0])] if found else places)
    # Of the host, whose first wave with work would say it again.
    given, said = list(notes), [] if found else list(answer.get("warnings") or ())
    for component in answer.get("components") or ():
        if wave_of[component["role"]] in silent:
            name = component["name"]
            said += [note for note in given if note.startswith(f"{name}: ")]
            said += [f"{name}: {text}" for text in component.get("warnings") or ()]
    for call, outcome in zip(calls, answer.get("calls") or (), strict=False):
        if _place(call, wave_of) in silent:
            said += outcome.get("warnings") or ()
    return said


class Groups(TypedDict):
    """The part of a task's result with which Ansible puts its host into groups."""

    add_group: str
    parent_groups: list[str]


def groups(waves: Iterable[str], planned: bool = True) -> Groups:
    """The part of a task's result that puts its host into the group of each wave with work, and says that the run has planned.

    A result can name one group and its parents (ansible.builtin.group_by), so the one group stands for a set of waves.

    :param planned: whether the host could be asked
    """
    named, outcome = list(waves), PLANNED if planned else UNPLANNED
    return {"add_group": "_and_".join([outcome, *named]) + "_", "parent_groups": [outcome, *(GROUP + name for name in named)]}


def ended() -> Groups:
    """The part of a task's result that ends what the run converges."""
    return {"add_group": OVER, "parent_groups": []}


def hosts_of(
    known: Mapping[str, Sequence[str]],
    given: Iterable[str],
    wave: str,
    order: Sequence[str],
    only_planned: bool = False,
    planned: bool = True,
) -> str:
    """The pattern of the hosts that a play of a wave is for.

    Once any earlier wave has work anywhere, the plan cannot know what it leads to: all hosts of the group take part. They do as well
    where the wave itself has work on one of them, unless no order across hosts lies within it. A run that left the host checks out
    (``--start-at-task``) has no plan.

    :param known: ``groups``
    :param given: the groups whose hosts the wave is for
    :param order: the waves in their order, with their objects
    :param only_planned: leave out the hosts on which the wave has nothing to do
    :param planned: whether the playbook goes by a plan; without one all hosts of the group take part
    """
    group = pattern(known, given)
    if group == NONE or not planned or not (known.get(PLANNED) or known.get(UNPLANNED)):
        return group
    if any(known.get(GROUP + name) for name in order[: order.index(wave)]):
        return group
    if not known.get(GROUP + wave):
        return NONE
    return f"{group}:&{GROUP}{wave}" if only_planned else group


def pattern(known: Mapping[str, Sequence[str]], groups: Iterable[str]) -> str:
    """The pattern of the hosts of all of these groups. One that does not exist is left out: naming it would be warned of at each run.

    Where nothing more is to be converged (:data:`OVER`) there are none.
    """
    if OVER in known:
        return NONE
    return ":".join(group for group in groups if group in known) or NONE


def members(known: Mapping[str, Sequence[str]], role: str) -> list[str]:
    """The hosts to which their groups give a role, in the inventory's order."""
    return list(dict.fromkeys(host for group in site_map.load().groups_of(role) for host in known.get(group) or ()))


def order(waves: Iterable[str]) -> list[str]:
    """Waves with the work that follows each of them, and the release of the leases that they have taken."""
    return [*(name for wave in waves for name in (wave, wave + OBJECTS)), RELEASE]


def stable(facts: Mapping[str, Any]) -> dict[str, object]:
    """What of a host's facts only an administrator changes."""
    return {name: facts.get(name) for name in STABLE_FACTS}


class FactsCache:
    """The last known stable facts of a site's hosts, so that components can be rendered before a host is asked.

    It only saves a call: a host whose facts are different says so, and what cannot be read or written is as if it were not there.
    """

    def __init__(self, folder: Path, site: str) -> None:
        self._folder = folder / f"{Path(site).name}-{hashlib.sha256(site.encode()).hexdigest()[:12]}"

    def get(self, host: str) -> dict[str, object] | None:
        """A host's facts; None where nothing usable is known."""
        try:
            found = json.loads(self._path(host).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and set(STABLE_FACTS) <= set(found) else None

    def put(self, host: str, facts: Mapping[str, Any]) -> None:
        """Remember what of ``facts`` is stable."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(stable(facts), file)
            os.replace(name, self._path(host))

    def _path(self, host: str) -> Path:
        return self._folder / f"{hashlib.sha256(host.encode()).hexdigest()[:24]}.json"
