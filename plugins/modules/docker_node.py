# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``docker_node``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_node
short_description: Drain a node of a Docker Swarm, or make it active again
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Runs on a manager of the Swarm. On a host that is in no Swarm, or a worker of one, there is nothing to restore.
  - A node that is drained gets a label that says since when. Only a node with that label is made active again, so a node that was
    drained or paused otherwise stays so, and a node that an interrupted run has drained is found by the next run.
  - A node that is not active, or whose tasks no other node could take, is not drained.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  node:
    description:
      - The node's ID, or its host name where only one node has it. Empty for all nodes that were drained by this module, with
        O(state=restored).
    type: str
    default: ""
  state:
    description:
      - V(drained) moves its tasks to other nodes and waits until they run there. V(restored) makes it active again.
      - V(removed) takes a node out of the Swarm's list that has left it, or is lost. One that is still there is not removed, see
        M(vannah.healthcloud.docker_swarm). A lost manager is taken out of the quorum before, where that is kept.
    type: str
    choices: [drained, restored, removed]
    required: true
  wait:
    description:
      - Seconds until the tasks have to run elsewhere, or the Swarm has to see the node ready. After them the task warns of what does not,
        and succeeds. With O(state=removed) seconds until the Swarm has to see that the node is away; after them the task fails.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Move the tasks of a worker
  vannah.healthcloud.docker_node:
    node: "{{ worker.member.id }}"
    state: drained
  delegate_to: manager1
"""

RETURN = r"""
nodes: {returned: success, type: list, elements: str, description: "Names of the nodes that were, or in check mode would be, changed."}
waits: {returned: success, type: list, elements: str, description: Tasks that did not come up elsewhere in time.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
