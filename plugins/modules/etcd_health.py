# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``etcd_health``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_health
short_description: Report the health of the etcd cluster
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks every member of etcd through one of them.
  - With O(interrupt) it fails where the loss of that member would cost the quorum.
extends_documentation_fragment: [vannah.healthcloud.etcd, vannah.healthcloud.service_call.reads]
options:
  interrupt:
    description: Name of a member that is about to be interrupted.
    type: str
    default: ""
  formed:
    description:
      - Only wait until the cluster has decided on its version, which it does once all of its members have started. Then only RV(version) is
        returned. The task fails where it has not decided within O(wait) seconds.
    type: bool
    default: false
  members:
    description: Names of the members that have to be there.
    type: list
    elements: str
    default: []
  wait:
    description: Seconds to wait until every member is healthy; the task fails when they were not. 0 only looks.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Check that this member can be restarted
  vannah.healthcloud.etcd_health:
    interrupt: "{{ inventory_hostname }}"
"""

RETURN = r"""
version: {returned: with O(formed), type: str, description: The version that the cluster has decided on.}
answers: {returned: without O(formed), type: bool, description: Whether etcd answered on this host.}
error: {returned: without O(formed), type: str, description: Why it did not; empty where it did.}
members:
  returned: without O(formed)
  type: list
  elements: dict
  description: All members with name, endpoint, healthy, leader and learner.
healthy: {returned: without O(formed), type: int, description: How many voting members answer.}
quorum: {returned: without O(formed), type: int, description: How many voting members have to answer.}
problems: {returned: without O(formed), type: list, elements: str, description: Why the cluster is not healthy; empty when it is.}
"""
