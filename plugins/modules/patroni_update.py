# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_update``; it runs on the controller (plugins/action/patroni_update.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_update
short_description: Minor updates of one member's packages
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Brings the installed packages of PostgreSQL and Patroni to what the host's sources offer. No service is restarted.
  - Held packages stay, and a new major version is refused.
options:
  names:
    description: Packages instead of all of the data tier.
    type: list
    elements: str
    default: []
  refresh:
    description: Fetch the package lists first. Not done in check mode.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Update this member's packages
  vannah.healthcloud.patroni_update: {}
"""

RETURN = r"""
packages:
  description: What is newer, with name, installed and available version.
  returned: always
  type: list
  elements: dict
"""
