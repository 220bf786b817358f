# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.preflight``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Check a whole inventory before any host is contacted
description:
  - Reads every host and group of the inventory, the site's secrets and the roles' specifications on the controller.
  - Fails with every error at once, each on its line with a stable code, where it is, what is wrong and what to write.
  - Contacts no host and changes nothing, whatever host the task is for. C(--limit) narrows nothing but is judged too.
  - C(docs/preflight.md) lists the codes.
options: {}
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Check the inventory before any change
  hosts: localhost:all
  gather_facts: false
  tasks:
    - name: Check the inventory
      vannah.healthcloud.preflight:
      run_once: true
"""

RETURN = r"""
errors:
  description: What stops the run, sorted.
  type: list
  elements: dict
  returned: when the task has C(register)
  contains:
    code:
      description: A stable word for the kind of error.
      type: str
      returned: always
    where:
      description: The host, group or file, or C(extra vars).
      type: str
      returned: always
    variable:
      description: The variable with the path within it; V(-) where none is at fault.
      type: str
      returned: always
    problem:
      description: What is wrong. Never quotes a value that may be secret.
      type: str
      returned: always
    fix:
      description: What to write instead.
      type: str
      returned: always
    source:
      description: File and line, where they are known.
      type: str
      returned: always
warnings_found:
  description: What does not stop the run, in the form of RV(errors).
  type: list
  elements: dict
  returned: when the task has C(register)
coverage:
  description: Which data of the site have a backup, one line for each kind of data of a role.
  type: list
  elements: str
  returned: when the task has C(register)
hosts:
  description: How many hosts the inventory has.
  type: int
  returned: when the task has C(register)
summary:
  description: One sentence with the counts.
  type: str
  returned: when the task has C(register)
msg:
  description: The summary and each error on its line.
  type: str
  returned: always
report:
  description: That RV(msg) is a report, of which the console shows every line.
  type: bool
  returned: always
"""
