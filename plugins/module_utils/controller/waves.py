# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plays of a wave are for: which hosts, and which of the wave's roles. Only the roles' exports name a service.

Beside its components a role may say in ``meta/exports.yml`` what else its wave of the site does, see :data:`KEYS`:

    wave:
      before: drives          # file in its tasks/ that comes before its components
      when: "{{ ... }}"       # where that file has something to do
      prepared: base          # an earlier wave in which members of a new cluster are prepared, because they wait for its clusters
      objects: early | late   # tasks/objects.yml makes what the cluster holds; before restarts that wait, or after them
      ready: healthy          # file in its tasks/ that waits until the cluster can be given that, where the wave has changed it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypedDict, overload

from ansible.parsing.dataloader import DataLoader

from .. import site_map
from . import collect, planning, rolling

#: Clusters of a wave that can be restarted: so many imports of rolling.yml does wave.yml have. Each costs all runs its plays.
SLOTS = 1


class Wave(TypedDict, total=False):
    """``wave`` of a role's exports, not templated."""

    before: str
    when: str | bool
    prepared: str
    objects: Literal["early", "late"]
    ready: str


KEYS = tuple(Wave.__annotations__)

Groups = Mapping[str, Sequence[str]]


@overload
def exported(role: str, kind: Literal["wave"]) -> Wave: ...
@overload
def exported(role: str, kind: Literal["rolling"]) -> rolling.Rolling: ...
@overload
def exported(role: str, kind: str) -> Mapping[str, Any]: ...
def exported(role: str, kind: str) -> Any:
    """A mapping of a role's exports, not templated; empty where it has none."""
    return _exported(role, kind)


@cache
def _exported(role: str, kind: str) -> Any:
    return collect.load(DataLoader(), role, "").exports.get(kind) or {}


def roles(wave: str) -> list[str]:
    """The roles of a wave, in order."""
    return [entry.role for entry in site_map.load().roles if entry.wave == wave]


def ahead(wave: str) -> list[str]:
    """Roles of later waves of which new members are prepared in this one."""
    return [entry.role for entry in site_map.load().roles if exported(entry.role, "wave").get("prepared") == wave]


def own(wave: str) -> list[str]:
    """The roles of which new members are prepared in a wave."""
    return [role for role in roles(wave) if not exported(role, "wave").get("prepared")] + ahead(wave)


def groups(names: Iterable[str]) -> list[str]:
    """The groups whose hosts get any of these roles; only that of all hosts where it is one of them."""
    found = list(dict.fromkeys(group for name in names for group in site_map.load().groups_of(name)))
    return [site_map.ALL] if site_map.ALL in found else found


def every(wave: str) -> bool:
    """Whether a wave is every host's."""
    return groups(roles(wave)) == [site_map.ALL]


def hosts(known: Groups, wave: str, part: str = "components", planned: bool = True) -> str:
    """The pattern of the hosts of a play of a wave.

    :param known: ``groups``
    :param wave: of the site map, or ``release``
    :param part: as the filter ``wave_hosts`` documents it
    :param planned: whether the run goes by a plan
    """
    order = planning.order(site_map.load().waves)
    if wave == planning.RELEASE:
        return planning.hosts_of(known, [site_map.ALL], wave, order, planned=planned)
    if part in ("before", "components"):
        wanted = roles(wave) if part == "components" else [role for role in roles(wave) if "before" in exported(role, "wave")]
        return planning.hosts_of(known, groups(wanted), wave, order, every(wave) and planning.FORMING not in known, planned)
    if part in ("early", "late"):
        holding = [role for role in roles(wave) if exported(role, "wave").get("objects") == part]
        return planning.hosts_of(known, groups(holding), wave + planning.OBJECTS, order, planned=planned)
    new = any(f"{planning.FORMING}_{role}" in known for role in own(wave))
    if not new:
        return planning.NONE
    wanted = roles(wave) if part == "prepare" else [role for role in roles(wave) if "formed" in exported(role, "rolling")]
    return planning.pattern(known, groups(wanted))


def rolling_role(wave: str, number: int) -> str:
    """The role of the wave whose members are restarted in a slot; empty where there is none.

    Without a policy nothing of a role waits for a restart.
    """
    found = [role for role in roles(wave) if "policy" in exported(role, "rolling")]
    return found[number] if number < len(found) else ""


def rolling_hosts(known: Groups, role: str, part_of_site: bool = False, planned: bool = False) -> str:
    """The pattern of the members of a cluster that are looked at for restarts that wait.

    Those of which a run of the site has converged or changed something; for the playbook that does it at once, all of them.

    :param role: whose hosts form the cluster; empty for none
    :param part_of_site: whether the run of the site asks
    :param planned: whether it goes by a plan
    """
    entry = next((entry for entry in site_map.load().roles if entry.role == role), None)
    if entry is None or not part_of_site:
        return planning.pattern(known, entry.groups if entry else ())
    # What a cluster holds may have its settings among it.
    objects = planning.OBJECTS if exported(role, "wave").get("objects") == "early" else ""
    alone = every(entry.wave) and planning.FORMING not in known
    return planning.hosts_of(known, entry.groups, entry.wave + objects, planning.order(site_map.load().waves), alone, planned)


def together_hosts(known: Groups, role: str, asked_for: bool = False) -> str:
    """The pattern of the members of a cluster where all of them are restarted together.

    :param role: whose hosts form the cluster; empty for none
    :param asked_for: whether a verb does it; else only where the run has found that it may
    """
    there = asked_for or rolling.group(role, rolling.TOGETHER) in known
    return planning.pattern(known, site_map.load().groups_of(role)) if there else planning.NONE


def judged(wave: str, clusters: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The new clusters whose members a wave's gate asks for."""
    if every(wave):
        return list(clusters)
    return [cluster for cluster in clusters if cluster["role"] in roles(wave)]


def objects(
    wave: str, phase: str, converged: Sequence[Mapping[str, Any]], looked: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Decide which objects of a wave's clusters are created now: tasks that wait for a cluster first, and roles whose objects are made.

    :param phase: ``early`` or ``late``
    :param converged: results of the wave's converge on all hosts of the play
    :param looked: what their members were found to wait for
    """
    changed = any(result.get("changed") for result in converged)
    mine = [result for result in looked if result.get("role") in roles(wave)]
    together = any(result.get("together") for result in mine)
    ready: list[dict[str, str]] = []
    making: list[str] = []
    for role in roles(wave):
        said = exported(role, "wave")
        if said.get("objects") != phase:
            continue
        # A server that was started a moment ago may still wait for the others; where all wait for a verb, the cluster is unchanged.
        if said.get("ready") and changed and not together:
            ready.append({"role": role, "tasks": str(said["ready"])})
        making.append(role)
    return ready, making
