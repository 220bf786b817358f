# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge a host to what its roles define, in one call. Documentation: plugins/modules/converge.py."""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure

from ..module_utils import documented
from ..module_utils.controller import forming, peers
from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction
from ..module_utils.task_types import TaskVars


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.converge``."""

    ARGUMENT_SPEC = documented.spec("converge")

    def run(self, tmp: str | None = None, task_vars: TaskVars | None = None) -> Result:
        """Ansible's entry; the other members of a cluster that is being formed are informed of a failure."""
        try:
            result = super().run(tmp, task_vars)
        except AnsibleConnectionFailure as error:
            if self.peers:
                peers.note(self.host, error.message)
            raise
        if self.peers and result.get("failed"):
            stopped = peers.lost(self.peers) if result.get("code") == forming.STOPPED else None
            culprit, reason = stopped or (self.host, str(result.get("msg") or ""))
            peers.note(self.host, reason, culprit)
        return result

    def perform(self) -> Result:
        """Collect the roles' components and send them."""
        self.peers = peers.of(self.host, self.params["forming"]) if self.params["forming"] and not self.check else ()
        components, artifacts = self.role_components(self.params["roles"])
        self.prepared = [item["name"] for item in components if item["role"] in self.params["prepare"]]
        return self.make(components, artifacts)
