# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_reinit``; it runs on the controller (plugins/action/patroni_reinit.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_reinit
short_description: Copy one member's data anew
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Throws away the data of this host's member and copies them from the cluster.
  - Refused for the leader, while nobody leads, and for the last healthy standby.
extends_documentation_fragment: [vannah.healthcloud.patroni]
options:
  force:
    description: Also the last healthy standby.
    type: bool
    default: false
  timeout:
    description: Seconds for the copy.
    type: int
    default: 3600
"""

EXAMPLES = r"""
- name: Repair a standby that cannot be rewound
  vannah.healthcloud.patroni_reinit: {}
"""

RETURN = r"""
leader:
  description: Who leads; empty while nobody does.
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
  description: Name of this host's member.
  returned: always
  type: str
"""
