# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``verb_hosts``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verb_hosts
short_description: Refuse a verb that could not do its work
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Fails where the inventory has no host in the group, or C(--limit) leaves none.
  - Ansible itself only reports that no hosts matched, and succeeds.
  - Fails with C(--tags) or C(--skip-tags), which would leave the verb's tasks out, and with C(site_takeover_hosts) or
    C(site_data_lost_hosts) in a playbook that does not converge a role.
  - Run it with C(run_once), before the plays that work with the group.
options:
  group: {type: str, required: true, description: "The group that the playbook works with; several with C(:) between them."}
  member:
    type: str
    default: ""
    description: The member that the verb acts on. Fails where it is a host of the group and C(--limit) leaves it out.
attributes:
  check_mode: {support: full, description: Nothing is ever changed.}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Look for the group
  vannah.healthcloud.verb_hosts:
    group: etcd
  run_once: true
"""

RETURN = r"""
hosts: {returned: success, type: list, elements: str, description: The group's hosts that C(--limit) leaves.}
"""
