# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``docker_health``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_health
short_description: Report the health of Docker and its Swarm
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks the engine of this host, and where that manages a Swarm, how its nodes are.
  - With O(interrupt) it fails where the managers would lose their quorum without this one, or where another node is away.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  name:
    description: The host's name in the inventory.
    type: str
    required: true
  interrupt:
    description: Whether the engine is about to be restarted.
    type: bool
    default: false
  wait:
    description: Seconds to wait until nothing is wrong; the task fails when something still was. 0 only looks.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Check that the engine can be restarted
  vannah.healthcloud.docker_health:
    name: "{{ inventory_hostname }}"
    interrupt: true
"""

RETURN = r"""
answers: {returned: success, type: bool, description: Whether the engine answered.}
version: {returned: success, type: str, description: The engine's version; empty where it did not answer.}
swarm: {returned: success, type: str, description: "The host's part in a Swarm as Docker calls it; C(inactive) where it is in none."}
member:
  returned: success
  type: dict
  description: C(id) of this node in its Swarm, empty where it is in none, and C(manager), whether it is a manager.
leader: {returned: success, type: str, description: This host's name where it leads the managers; else empty.}
directors: {returned: success, type: list, elements: str, description: IDs of the managers of its Swarm that it knows.}
directs: {returned: success, type: bool, description: Whether this host can have nodes of its Swarm hand their tasks over.}
problems: {returned: success, type: list, elements: str, description: What is wrong; empty where nothing is.}
"""
