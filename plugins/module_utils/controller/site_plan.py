# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planning call of a host: what is sent, and what the answer means for the run of the site."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import site_map
from ..artifacts.cache import COLLECTION
from ..task_types import Written
from . import collect, compiled, planning, report, role_calls, run, templating
from .action import Failure, Result
from .converge import ComponentAction

if TYPE_CHECKING:
    from ..agent.contract import Answer, LeaseAnswer, Payload, RoleCall

#: The stage of a question that may refuse the host before anything is changed.
HOST_CHECK = "host_check"


class SitePlan:
    """The plan of one host.

    :param action: of the host's task
    """

    def __init__(self, action: ComponentAction) -> None:
        self._action = action
        self._sites = site_map.load()
        self._waves = {entry.role: entry.wave for entry in self._sites.roles}
        self._roles = self._sites.roles_of(action.vars.get("group_names") or ())
        self._playbook_dir = str(action.vars.get("playbook_dir", action._loader.get_basedir()))
        self._calls: list[RoleCall] = []
        folder = action.inventory_dir
        self._cache = planning.FactsCache(COLLECTION / ".cache" / "facts", folder) if folder else None

    def known_facts(self) -> dict[str, object] | None:
        """The host's stable facts as it told them the last time; None where they are unknown."""
        return self._cache.get(self._action.host) if self._cache else None

    def remember(self, facts: Mapping[str, Any]) -> None:
        """Keep the facts for the next run."""
        if self._cache and self._cache.get(self._action.host) != planning.stable(facts):
            self._cache.put(self._action.host, facts)

    def payload(self, facts: Mapping[str, Any]) -> Payload:
        """The planning call, rendered with ``facts``.

        :raises AnsibleError: a role cannot be rendered
        """
        action, known = self._action, self._action.vars
        action.vars = {**known, "ansible_facts": {**(known.get("ansible_facts") or {}), "vannah": dict(facts)}}
        try:
            components, _artifacts = action.role_components(self._converged())
            action.add_authority(components)
            self._calls = self._asked()
        finally:
            action.vars = known
        compiled.STORE.write()
        return {"op": "plan", "mode": "check", "expected": planning.stable(facts), "components": components, "calls": self._calls}

    def questions(self, facts: Mapping[str, Any], roles: Container[str] | None = None) -> Payload | None:
        """What the services ask that may refuse a host, of one that is not planned; None where none of them asks anything.

        :param roles: only of these
        :raises AnsibleError: a role's question cannot be rendered
        """
        action, known = self._action, self._action.vars
        action.vars = {**known, "ansible_facts": {**(known.get("ansible_facts") or {}), "vannah": dict(facts)}}
        try:
            self._calls = [call for call in self._asked(HOST_CHECK) if roles is None or call["role"] in roles]
        finally:
            action.vars = known
        if not self._calls:
            return None
        return {"op": "plan", "mode": "check", "expected": planning.stable(facts), "components": [], "calls": self._calls}

    def result(self, answer: Answer | None) -> Result:
        """The part of the task's result that says which waves have work on the host.

        A host that was not planned, because nothing is on it yet or another site has made it, has work in all of its own.
        """
        waves = self._sites.waves
        if answer is None or "calls" not in answer:
            work = [wave for wave in waves if any(self._waves[role] == wave for role in self._roles)]
            return {"work": work, **planning.groups(work, planned=False)}
        work = planning.work(answer, self._waves, self._calls, waves)
        warnings = planning.warnings(answer, self._waves, self._calls, waves, self._action.notes)
        return {"work": work, **planning.groups(work), **({"warnings": warnings} if warnings else {})}

    def refuse(self, answer: Answer) -> None:
        """End the host's checks where one of its services refuses the host, or another run works on it.

        :raises Failure: with the reason
        """
        action = self._action
        for call, outcome in zip(self._calls, answer.get("calls") or (), strict=False):
            error = outcome.get("error")
            if error and (call["stage"] == HOST_CHECK or error.get("code") in call["refuses"]):
                raise Failure(report.message(error, action.host), {"code": error.get("code", "unknown")})
        lease: LeaseAnswer = answer.get("lease") or {}
        holder = lease.get("holder") or {}
        if action.check or lease.get("ok", True) or run.is_dead(holder) or action.flag("takeover"):
            return
        raise Failure(str(lease.get("text") or f"this host is held by {holder.get('who')}"), {"code": "lease-held", "lease": lease})

    # --- what is asked ----------------------------------------------------------------------------------------------------

    def _asked(self, stage: str | None = None) -> list[RoleCall]:
        """What the services of the host's roles are asked, with validated parameters.

        :param stage: only this one's
        """
        found: list[RoleCall] = []
        for item in self._exported(stage):
            where = f"role {item['role']}: meta/exports.yml: calls: {item['module']}"
            call, secrets = role_calls.prepared(item, where)
            self._action.hidden |= secrets
            found.append({"role": item["role"], "stage": item.get("stage", "objects"), "refuses": item.get("refuses") or [], **call})
        return found

    def _exported(self, stage: str | None = None) -> Iterator[Written]:
        """The items of ``calls`` in the roles' ``meta/exports.yml``, templated with the facts that the components were rendered with."""
        for name in self._roles:
            role = collect.load(self._action._loader, name, self._playbook_dir)
            calls = [item for item in role.exports.get("calls") or () if stage in (None, item.get("stage"))]
            if calls:
                for item in collect.items(calls, self._templates(role), f"role {name}: meta/exports.yml: calls"):
                    yield {**item, "role": name}

    def _converged(self) -> list[str]:
        """The roles whose components the host has: ``converged`` in ``meta/exports.yml`` may say that this site has none of them."""
        found = []
        for name in self._roles:
            role = collect.load(self._action._loader, name, self._playbook_dir)
            condition = role.exports.get("converged", True)
            if condition is True or self._templates(role).condition(condition, f"role {name}: meta/exports.yml: converged"):
                found.append(name)
        return found

    def _templates(self, role: collect.Role) -> templating.Templates:
        return collect.templates_of(role, self._action.vars, self._action._templar)
