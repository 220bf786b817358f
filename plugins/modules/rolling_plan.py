# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``rolling_plan``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_plan
short_description: Decide which members of a cluster are restarted now, and in which order
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Judges what M(vannah.healthcloud.rolling_look) found on all members of a play. The leader comes last.
  - Run it with C(run_once).
options:
  role: {type: str, required: true, description: The role whose hosts form the cluster.}
  looked: {type: str, default: rolling_looked, description: Name of the variable that the looks were registered as.}
  update:
    description: All members, whether they wait or not; fails where the cluster is unhealthy.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: Nothing is ever changed.}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Decide which members are restarted now
  vannah.healthcloud.rolling_plan:
    role: etcd
  register: rolling_planned
  run_once: true
"""

RETURN = r"""
order:
  description: Members that are restarted now, in this order. C(name) is the host's, C(group) the dynamic group that it joins, C(through)
    the host that has others take its work over meanwhile, empty where no host does.
  returned: success
  type: list
  elements: dict
postponed: {returned: success, type: list, elements: str, description: "What waits, for what, and which playbook does it at once."}
continues: {returned: success, type: bool, description: Whether an interrupted restart of all members together is completed.}
incomplete: {returned: success, type: list, elements: str, description: Members that have failed in this run.}
"""
