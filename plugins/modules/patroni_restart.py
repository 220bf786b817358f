# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_restart``; it runs on the controller (plugins/action/patroni_restart.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_restart
short_description: Restart one member's PostgreSQL
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Patroni restarts the PostgreSQL of this host, and the task is done when it leads or follows again.
  - Refused for the leader, and where no healthy standby would be left.
extends_documentation_fragment: [vannah.healthcloud.patroni]
options:
  only_pending:
    description: Do nothing unless a setting waits for a restart.
    type: bool
    default: true
  force:
    description: Restart the leader too, and the last healthy standby; clients are interrupted.
    type: bool
    default: false
  timeout:
    description: Seconds for the member to be back.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Make settings true that wait for a restart
  vannah.healthcloud.patroni_restart: {}
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
