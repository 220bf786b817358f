# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_info``; it runs on the controller (plugins/action/patroni_info.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_info
short_description: How the PostgreSQL cluster is
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Asks this host's Patroni who leads, who follows how closely, and what is not as it should be; and who leads, whether that is true.
extends_documentation_fragment: [vannah.healthcloud.patroni]
options:
  wait:
    description: Seconds to wait until the cluster is whole; the task fails when it was not. 0 only looks.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Who leads
  vannah.healthcloud.patroni_info: {}
  register: cluster

- name: Go on when the cluster is whole
  vannah.healthcloud.patroni_info:
    members: "{{ groups['postgresql'] }}"
    wait: 120
"""

RETURN = r"""
leader:
  description: Who leads, and says so itself when it is asked; empty while nobody does.
  returned: always
  type: str
members:
  description: All members with name, role, state, timeline, lag in bytes (null where unknown), pending_restart and its reasons.
  returned: always
  type: list
  elements: dict
problems:
  description: Why the cluster is not whole, a sentence each. Empty when it is.
  returned: always
  type: list
  elements: str
pending_restart:
  description: Members with settings that only a restart makes true.
  returned: always
  type: list
  elements: str
member:
  description:
    - This host's own member. C(name), C(role), C(state), C(postgresql) and C(patroni) (versions) where Patroni answers.
    - C(pending_restart), C(lowered) (settings that run with more than the cluster's configuration says, and that a standby must have at
      least as high as its leader), C(waits_for_leader) (a restart of this standby would change nothing before the leader's).
  returned: always
  type: dict
answers:
  description: Whether Patroni answered on this host.
  returned: always
  type: bool
"""
