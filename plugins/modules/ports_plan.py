# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``ports_plan``, which runs on the controller; it decides in ``controller/port_changes.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ports_plan
short_description: Find the roles whose ports change on the running site
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Names the roles of which ports change, and adds the group C(ports_of_<role>) for each of them.
  - Fails where a host of the site is not in the run, or where members would listen on different ports that have to be one.
  - What a role does with a new port stands under C(change_ports) in its C(meta/exports.yml).
  - Run it with C(run_once).
options:
  before: {type: list, elements: dict, required: true, description: "C(before) of M(vannah.healthcloud.host_checks)."}
attributes:
  check_mode: {support: full, description: Nothing is ever changed.}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Decide whose ports change
  vannah.healthcloud.ports_plan:
    before: "{{ ports_asked.before }}"
  run_once: true
"""

RETURN = r"""
roles: {returned: success, type: list, elements: str, description: Roles of which ports change.}
"""
