# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.verb_hosts``: end a run that cannot do its work. Documentation: plugins/modules/verb_hosts.py."""

from __future__ import annotations

import os

from ansible import context
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import commands, verb_hosts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.identity import TAKEOVER
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.formation import DATA_LOST
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import chosen_by_tags
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.verb_hosts``."""

    ARGUMENT_SPEC = documented.spec("verb_hosts")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Look for the group's hosts in the inventory and in what ``--limit`` leaves of it."""
        inventory = known["hostvars"]._inventory
        # Without the play's own restriction, which is its first host here.
        chosen = {host.name for host in inventory.get_hosts("all", ignore_restrictions=True)}
        sources = [str(source) for source in known.get("ansible_inventory_sources") or ()]
        groups = inventory.get_groups_dict()
        playbook = str((context.CLIARGS.get("args") or [""])[0])
        switches = [name for name in (TAKEOVER, DATA_LOST) if known.get(name)]
        said = (
            verb_hosts.problem(arguments["group"], groups, chosen, sources, os.getcwd())
            or verb_hosts.misused(chosen_by_tags(), switches, verb_hosts.converges(playbook))
            or commands.misspelt(known)
            or commands.untyped(known, verb_hosts.members_of(arguments["group"], groups))
            or verb_hosts.left_out(arguments["member"] or "", arguments["group"], groups, chosen)
        )
        if said:
            return {"changed": False, "failed": True, "msg": said}
        return {"changed": False, "hosts": [host for host in verb_hosts.members_of(arguments["group"], groups) if host in chosen]}
