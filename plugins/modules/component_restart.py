# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``component_restart``; what it does is in ``plugins/action/component_restart.py`` and in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: component_restart
short_description: Restart one unit of a role's component and see it ready
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Restarts a unit that M(vannah.healthcloud.converge) reported in RV(vannah.healthcloud.converge#module:pending_restart), through the
    unit's own driver, and waits until it is ready.
  - Where it does not become ready, the previous good files are restored, the unit runs with them, and the task fails.
  - A unit that already runs with what it should run with is left alone.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  component:
    description:
      - The component's name.
    type: str
    required: true
  role:
    description:
      - The role that defines it.
    type: str
    required: true
  unit:
    description:
      - The unit's name with its suffix.
    type: str
    required: true
  previous:
    description:
      - What becomes of the previous files, where only several hosts together show whether a unit works. With it nothing is restarted.
      - V(kept) retains them after a successful start, until one of the others is requested.
      - V(forgotten) says that the new files are good.
      - V(restored) restores the previous files and the unit runs with them; the task fails with O(reason), and the definition is not
        tried again. Where there are none, a unit that was stopped is started and the task succeeds.
    type: str
    choices: [kept, forgotten, restored]
  reason:
    description: Why they are restored. Later runs that refuse the definition say it.
    type: str
seealso:
  - module: vannah.healthcloud.converge
"""

EXAMPLES = r"""
- name: Restart what waits for it, one host at a time
  vannah.healthcloud.component_restart:
    component: "{{ item.component }}"
    role: "{{ item.role }}"
    unit: "{{ item.unit }}"
  loop: "{{ converged.pending_restart }}"
  throttle: 1
"""

RETURN = r"""
steps:
  description: What was done, or under check mode would be done, each in a line.
  returned: always
  type: list
  elements: str
  sample: ["unit etcd.service: restart"]
components:
  description: The same for the component; see M(vannah.healthcloud.component).
  returned: always
  type: list
  elements: dict
pending_restart:
  description: Units of the component that still wait.
  returned: always
  type: list
  elements: dict
healed:
  description: What an interrupted run had left and this run undid.
  returned: when there was any
  type: list
  elements: str
cost:
  description: What the run cost the host, as seconds of CPU (C(cost.self), C(cost.children)), seconds (C(cost.wall)) and KiB of memory.
  returned: when the host answered
  type: dict
code:
  description: A stable word for what went wrong.
  returned: failed
  type: str
  sample: not-ready
"""
