# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..module_utils import site_map
from ..module_utils.controller import clusters, host_needs
from ..module_utils.controller.action import AgentAction, Answer, Result
from ..module_utils.controller.specs import HOST_FACTS

#: Seconds to wait for cloud-init, which installs packages and writes the system's files at a first boot; seconds between two looks.
PATIENCE, PAUSE = 300, 10


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = HOST_FACTS

    def perform(self) -> Result:
        """Ask the host, and compare its clock with ours; where a role is still to come, look closer."""
        answer, offset = self._ask()
        survey: dict[str, Any] = {}
        if self.params["survey"]:
            survey = self._survey(answer)
            if survey.get("cloud_init"):
                survey = self._after_cloud_init(answer)
                answer, offset = self._ask()  # it may have changed what was told
        facts = answer.get("facts") or {}
        facts["clusters"] = self._clusters(answer, facts)
        result: Result = {"changed": False, "ansible_facts": {"vannah": facts}}
        if offset is not None:
            result["clock_offset"] = offset
        if survey:
            result["survey"] = survey
        return result

    def _ask(self) -> tuple[Answer, float | None]:
        before = time.time()
        asked = {"op": "facts", "look": self._data() if self.takeover else [], "firewall": self._has_firewall()}
        if self.params["survey"]:
            asked["packages"] = self._packages()
        answer = self.converse(asked, lease="none")
        after = time.time()
        clock = (answer.get("facts") or {}).get("clock")
        if not isinstance(clock, int | float):
            return answer, None
        # It was read some time during the trip, which is long where Python had to be installed first.
        return answer, round(clock - min(max(clock, before), after), 3)

    def _survey(self, answer: Answer) -> dict[str, Any]:
        """A trip of its own, and only where a role was not on the host yet."""
        roles = site_map.load().roles_of(self.vars.get("group_names") or ())
        new = host_needs.unmade(roles, answer.get("made") or ())
        if not new:
            return {}
        asked = host_needs.request(self, roles, new, answer.get("facts") or {})
        if not asked["checks"] and not any(need["role"] in new for need in asked["needs"]):
            return {}
        paths = list(dict.fromkeys(str(need["path"]) for need in asked["needs"]))
        told = self.converse({"op": "survey", "paths": paths, "checks": asked["checks"]}, lease="none")
        return {**(told.get("survey") or {}), "needs": asked["needs"], "memory_mb": asked["memory_mb"]}

    def _after_cloud_init(self, answer: Answer) -> dict[str, Any]:
        begun = time.monotonic()
        while True:
            waited = int(time.monotonic() - begun)
            survey = self._survey(answer)
            if not survey.get("cloud_init") or waited >= PATIENCE:
                return survey
            Display().display(f"{self.host}: waits for cloud-init, which sets the server up, {waited} s of at most {PATIENCE} s")
            time.sleep(PAUSE)

    def _clusters(self, answer: Answer, facts: dict[str, Any]) -> dict[str, bool]:
        """Whether each cluster that the host is a member of is known to exist. The ledger knows, on all hosts but new ones."""
        mine = clusters.of(self.host_vars.get("group_names") or ())
        known = {cluster.name: True for cluster in mine if cluster.component in (answer.get("ran") or ())}
        others = [cluster for cluster in mine if cluster.name not in known]
        if others:
            variables = {**self.host_vars, "ansible_facts": {**(self.host_vars.get("ansible_facts") or {}), "vannah": facts}}
            places = clusters.places(others, variables, self._loader, self._templar)
            if places:
                known.update(self.converse({"op": "facts", "places": places}, lease="none").get("members") or {})
        return known

    def _has_firewall(self) -> bool:
        """Whether the host shall have a firewall: what the first one would close is looked for at length."""
        try:
            return bool(boolean(self._templar.template(self.host_vars.get("firewall_enabled", True)), strict=False))
        except AnsibleError:
            return True  # who judges the host says what is wrong

    def _packages(self) -> list[str]:
        """Packages that the site wishes for, to be looked up before anything is changed. Those of the roles exist."""
        try:
            found = self._templar.template(self.host_vars.get("base_packages", []))
        except AnsibleError:
            return []  # who judges the host says what is wrong
        return [str(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def _data(self) -> list[str]:
        """Where the host's roles keep data that they are not told to adopt: on a host that is taken over they may be another site's."""
        from ..module_utils.controller.exports import exports_of

        found = exports_of("takeover_paths", self.host, hostvars=self.vars["hostvars"], loader=self._loader)
        return [str(item["path"]) for item in found if not boolean(item["adopt"], strict=False)]
