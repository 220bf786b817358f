# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a host once for everything that a run of the site would do on it. Documentation: plugins/modules/site_plan.py."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.loader import action_loader

from ..module_utils import site_map
from ..module_utils.controller import collect, planning, report, run, templating, transport
from ..module_utils.controller.action import Answer, Failure, Result
from ..module_utils.controller.converge import ComponentAction
from ..module_utils.controller.specs import HOST_FACTS


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.site_plan``."""

    ARGUMENT_SPEC = HOST_FACTS

    def perform(self) -> Result:
        """Ask, and say which waves have work. Of a host without python3 nothing can be said in check mode: all of them look at it."""
        sites = site_map.load()
        try:
            return self._result(self._asked(sites), sites)
        except transport.BareHost as error:
            work = [wave for wave in sites.waves if any(self.waves[role] == wave for role in self.roles)]
            return {"changed": False, "msg": error.message, "work": work, **planning.groups(work)}

    # --- asking -----------------------------------------------------------------------------------------------------------

    def _asked(self, sites: site_map.SiteMap) -> Answer:
        """The answer to a call with the facts of the last run; where they are unknown or different, to one with the new ones."""
        self.waves = {entry.role: entry.wave for entry in sites.roles}
        self.playbook_dir = str(self.vars.get("playbook_dir", self._loader.get_basedir()))
        self.roles = sites.roles_of(self.vars.get("group_names") or ())
        cache = self._cache()
        expected = cache.get(self.host) if cache else None
        answer = None
        if expected is not None:
            try:
                answer = self._plan(expected)
            except transport.BareHost:
                expected = None  # python3 was there and is gone: the next call installs it
            except (AnsibleConnectionFailure, Failure):
                raise
            except AnsibleError:
                expected = None  # with the facts of the last run it may not even render
        if answer is None or answer.get("stale"):
            facts = answer["facts"] if answer else self._facts()
            answer = self._plan(facts, given=answer is None)
        if cache and expected != {name: answer["facts"].get(name) for name in planning.STABLE_FACTS}:
            cache.put(self.host, answer["facts"])
        return answer

    def _cache(self) -> planning.FactsCache | None:
        folder = self.inventory_dir
        return planning.FactsCache(collect.COLLECTION / ".cache" / "facts", folder) if folder else None

    def _facts(self) -> dict[str, Any]:
        before = time.time()
        facts: dict[str, Any] = self.converse({"op": "facts"}, lease="none").get("facts") or {}
        self._compare_clocks(facts, before)
        return facts

    def _plan(self, facts: Mapping[str, Any], given: bool = False) -> Answer:
        """One planning call.

        :param given: the facts came with another call just now
        """
        known = self.vars
        self.vars = {**known, "ansible_facts": {**(known.get("ansible_facts") or {}), "vannah": dict(facts)}}
        try:
            components, _artifacts = self.role_components(self._converged())
            self._add_authority(components)
            self.calls = self._calls()
        finally:
            self.vars = known
        expected = {name: facts.get(name) for name in planning.STABLE_FACTS}
        part = {"op": "plan", "mode": "check", "expected": expected, "components": components, "calls": self.calls}
        before = time.time()
        answer = self.converse(part, lease="none")
        if not given:
            self._compare_clocks(answer.get("facts") or {}, before)
        return answer

    def _calls(self) -> list[dict[str, Any]]:
        """What the services of the host's roles are asked, with validated parameters."""
        found = []
        for item in self._exported():
            action = action_loader.get(f"vannah.healthcloud.{item['module']}", class_only=True)
            validated = ArgumentSpecValidator(action.ARGUMENT_SPEC).validate(item["params"])
            if validated.error_messages:
                raise AnsibleError(f"role {item['role']}: meta/exports.yml: {item['module']}: {'; '.join(validated.error_messages)}")
            found.append(
                {
                    "role": item["role"],
                    "stage": item.get("stage", "objects"),
                    "domain": action.DOMAIN,
                    "call": action.CALL,
                    "params": validated.validated_parameters,
                }
            )
        return found

    def _exported(self) -> Iterator[dict[str, Any]]:
        """The items of ``calls`` in the roles' ``meta/exports.yml``, templated with the facts that the components were rendered with."""
        for name in self.roles:
            role = collect.load(self._loader, name, self.playbook_dir)
            if role.exports.get("calls"):
                for item in collect.items(role.exports["calls"], self._templates(role), f"role {name}: meta/exports.yml: calls"):
                    yield {**item, "role": name}

    def _converged(self) -> list[str]:
        """The roles whose components the host has: a role may say in ``meta/exports.yml`` (``converged``) that this site has none of them."""
        found = []
        for name in self.roles:
            role = collect.load(self._loader, name, self.playbook_dir)
            condition = role.exports.get("converged", True)
            if condition is True or self._templates(role).condition(condition, f"role {name}: meta/exports.yml: converged"):
                found.append(name)
        return found

    def _templates(self, role: collect.Role) -> templating.Templates:
        return templating.Templates(self._templar, role.variables(self.vars), [])

    def _compare_clocks(self, facts: Mapping[str, Any], before: float) -> None:
        clock, after = facts.get("clock"), time.time()
        if isinstance(clock, int | float):
            # It was read some time during the call, which is long where Python had to be installed first.
            self.offset = round(clock - min(max(clock, before), after), 3)

    # --- what the answer means --------------------------------------------------------------------------------------------

    def _result(self, answer: Answer, sites: site_map.SiteMap) -> Result:
        self._refuse_held(answer)
        result: Result = {"changed": False, "ansible_facts": {"vannah": answer["facts"]}}
        if hasattr(self, "offset"):
            result["clock_offset"] = self.offset
        if answer.get("cost"):
            result["cost"] = answer["cost"]
        outcomes = answer.get("calls") or ()
        for call, outcome in zip(self.calls, outcomes, strict=False):
            if call["stage"] == "host_check" and outcome.get("error"):
                raise Failure(report.message(outcome["error"], self.host), {**result, "code": outcome["error"].get("code", "unknown")})
        result["work"] = planning.work(answer, self.waves, self.calls, sites.waves)
        result.update(planning.groups(result["work"]))
        return result

    def _refuse_held(self, answer: Answer) -> None:
        """A host that another run works on is refused before anything else is asked of it."""
        lease = answer.get("lease") or {}
        holder = lease.get("holder") or {}
        if self.check or lease.get("ok", True) or run.is_dead(holder) or self.flag("takeover"):
            return
        raise Failure(str(lease.get("text") or f"this host is held by {holder.get('who')}"), {"code": "lease-held", "lease": lease})
