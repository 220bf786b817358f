# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``cluster_gate``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_gate
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: End the run where a member of a new cluster has failed
description:
  - Fails where a member of one of O(clusters) is no longer in the run, and names the member, its error, and what to do.
  - The remaining members are then not started, because they would wait without end.
  - Run it with C(run_once), in a play for all hosts.
options:
  clusters:
    description: RV(vannah.healthcloud.host_checks#module:new_clusters) of M(vannah.healthcloud.host_checks).
    type: list
    elements: dict
    required: true
  wave:
    description: Only the clusters that have to exist after this wave. By default all of them.
    type: str
  results:
    description: Names of variables that earlier tasks were registered as. A member's error is looked for in them.
    type: list
    elements: str
    default: []
  step:
    description: What was done to the members last.
    type: str
    choices: [prepared, started]
    required: true
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Continue with all members, or end the run
  vannah.healthcloud.cluster_gate:
    clusters: "{{ host_checks_judged.new_clusters }}"
    results: [site_prepared]
    step: prepared
  run_once: true
"""

RETURN = r"""
msg:
  description: Which member failed, why, and what to do. Members that only stopped because another one had failed are not named.
  type: str
  returned: failed
blamed:
  description: The members whose own work failed.
  type: list
  elements: str
  returned: failed
"""
