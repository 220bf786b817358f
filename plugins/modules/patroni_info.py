# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_info``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_info
short_description: Report the state of the PostgreSQL cluster
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks this host's Patroni for the leader, the lag of the standbys and what is wrong; and asks the reported leader to confirm it.
extends_documentation_fragment: [vannah.healthcloud.patroni, vannah.healthcloud.service_call.reads]
options:
  wait:
    description: Seconds to wait until the cluster is healthy; the task fails when it was not. 0 only looks.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Find the leader
  vannah.healthcloud.patroni_info: {}
  register: cluster

- name: Wait until the cluster is healthy
  vannah.healthcloud.patroni_info:
    members: "{{ groups['postgresql'] }}"
    wait: 120
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether Patroni answered on this host.}
error: {returned: always, type: str, description: Why it did not; empty where it did.}
scope: {returned: when Patroni answers, type: str, description: Name of the cluster.}
leader: {returned: always, type: str, description: "Name of the leader; empty while there is none."}
members:
  description: All members with name, role, state, timeline, lag in bytes (null where unknown), pending_restart and its reasons.
  returned: always
  type: list
  elements: dict
synchronous: {returned: when Patroni answers, type: list, elements: str, description: Names of the synchronous standbys.}
synchronous_mode: {returned: when Patroni answers, type: bool, description: Whether commits wait for a synchronous standby.}
paused: {returned: when Patroni answers, type: bool, description: Whether Patroni's automatic failover is paused.}
pending_restart: {returned: always, type: list, elements: str, description: Members with settings that need a restart.}
problems: {returned: always, type: list, elements: str, description: Why the cluster is not healthy; empty when it is.}
member:
  description:
    - This host's own member. C(name), C(role), C(state), C(postgresql) and C(patroni) (versions) where Patroni answers.
    - C(pending_restart), C(lowered) (settings that run with more than the cluster's configuration says, and that a standby must have at
      least as high as its leader), C(waits_for_leader) (a restart of this standby would change nothing before the leader's).
  returned: always
  type: dict
"""
