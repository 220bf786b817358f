# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.wave_objects``: what of a wave's clusters is made now. Documentation: plugins/modules/wave_objects.py."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import waves
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.wave_objects``."""

    ARGUMENT_SPEC = documented.spec("wave_objects")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge what the hosts that are still in the run have said."""
        variables = [known["hostvars"].raw_get(host) for host in known["ansible_play_hosts"]]
        converged, looked = ([found.get(name) or {} for found in variables] for name in (arguments["converged"], arguments["looked"]))
        ready, roles = waves.objects(arguments["wave"], arguments["phase"], converged, looked)
        return {"changed": False, "ready": ready, "roles": roles}
