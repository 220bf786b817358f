# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``docker_swarm``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_swarm
short_description: The part of a host in a Docker Swarm
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Makes a Swarm on this host, has it join one, or has it leave. A host that is already in a Swarm is left as it is.
  - The join token is sent to the engine itself, so it is on no command line.
  - A manager leaves only where the others keep their quorum. It hands its tasks over and its part in the quorum before. A worker leaves
    only when nothing of the Swarm runs on it, see M(vannah.healthcloud.docker_node).
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  state:
    description: What the host is in the Swarm. V(absent) has it leave.
    type: str
    choices: [manager, worker, absent]
    required: true
  address:
    description: IP address at which the other nodes reach this one, also for the traffic of containers. Needed unless O(state=absent).
    type: str
    default: ""
  managers:
    description: IP addresses of the Swarm's managers, without this host's. Where it is empty a host that is in no Swarm makes a new one.
    type: list
    elements: str
    default: []
  token:
    description: Join token of O(state), see M(vannah.healthcloud.docker_tokens). Only a host that is to join needs it.
    type: str
  address_pools:
    description:
      - Networks that a new Swarm takes those of its overlay networks from. Docker's own pool is all of 10.0.0.0/8, which hides hosts with
        such an address.
    type: list
    elements: str
    default: []
  pool_size:
    description: Length of the prefix of each network that is taken from O(address_pools).
    type: int
    default: 24
  end_swarm:
    description: Lets the last manager leave, which ends the Swarm and all of its services.
    type: bool
    default: false
  wait:
    description: Seconds until the host has to be in the Swarm, or its tasks have to run elsewhere.
    type: int
    default: 90
"""

EXAMPLES = r"""
- name: Tokens of the Swarm
  vannah.healthcloud.docker_tokens:
  register: swarm
  no_log: true
  delegate_to: app1

- name: A worker joins
  vannah.healthcloud.docker_swarm:
    state: worker
    address: 192.0.2.12
    managers: [192.0.2.11]
    token: "{{ swarm.worker }}"
"""

RETURN = r"""
node: {returned: always, type: str, description: "ID of this node in its Swarm before the call; empty where it was in none."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
