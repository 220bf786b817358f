# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_switchover``; it runs on the controller (plugins/action/patroni_switchover.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_switchover
short_description: Let another member lead
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - A planned switchover of about a second and a half, in which nothing that was acknowledged is lost.
  - Refused while the cluster is not whole, and for a candidate that lags or, where replication is synchronous, is no synchronous standby.
extends_documentation_fragment: [vannah.healthcloud.patroni]
options:
  candidate:
    description: Who is to lead. Empty is the best standby. Nothing is done when it leads already.
    type: str
    default: ""
  away_from:
    description: Do nothing unless this member leads, or when it is the only one.
    type: str
    default: ""
  timeout:
    description: Seconds for the cluster to be whole again.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Let the best standby lead
  vannah.healthcloud.patroni_switchover: {}

- name: Lead elsewhere before this host is worked on
  vannah.healthcloud.patroni_switchover:
    away_from: "{{ inventory_hostname }}"
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
from:
  description: Who led.
  returned: always
  type: str
to:
  description: Who leads now, or would.
  returned: always
  type: str
"""
