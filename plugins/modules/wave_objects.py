# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``wave_objects``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wave_objects
short_description: Decide which objects of a wave's clusters are created now
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Judges from the results of all hosts of a play for which roles of a wave the run makes what their cluster holds, and whether it waits
    for the cluster first. What they wait for stands under C(wave) in the role's C(meta/exports.yml).
  - Run it with C(run_once).
options:
  wave: {type: str, required: true, description: A wave of C(playbooks/vars/site_map.yml).}
  phase: {type: str, required: true, choices: [early, late], description: "Before restarts that wait, or after them."}
  converged: {type: str, default: site_converged, description: Name of the variable that the wave's converge was registered as.}
  looked: {type: str, default: rolling_looked, description: Name of the variable that M(vannah.healthcloud.rolling_look) was registered as.}
attributes:
  check_mode: {support: full, description: Nothing is ever changed.}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Decide which objects are created now
  vannah.healthcloud.wave_objects:
    wave: database
    phase: early
  register: site_objects
  run_once: true
"""

RETURN = r"""
ready:
  description: C(role) and C(tasks), the file of its tasks that waits until its cluster can be given anything.
  returned: success
  type: list
  elements: dict
roles: {returned: success, type: list, elements: str, description: Roles whose C(tasks/objects.yml) is run.}
"""
