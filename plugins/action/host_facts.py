# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

import time
from typing import Any

from ..module_utils.controller import clusters
from ..module_utils.controller.action import AgentAction, Answer, Result
from ..module_utils.controller.specs import HOST_FACTS


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = HOST_FACTS

    def perform(self) -> Result:
        """Ask the host, and compare its clock with ours."""
        before = time.time()
        answer = self.converse({"op": "facts"}, lease="none")
        after = time.time()
        facts = answer.get("facts") or {}
        facts["clusters"] = self._clusters(answer, facts)
        result: Result = {"changed": False, "ansible_facts": {"vannah": facts}}
        clock = facts.get("clock")
        if isinstance(clock, int | float):
            # It was read some time during the trip, which is long where Python had to be installed first.
            result["clock_offset"] = round(clock - min(max(clock, before), after), 3)
        return result

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
