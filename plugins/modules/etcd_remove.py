# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``etcd_remove``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_remove
short_description: Take one member out of etcd
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks this host's member to take another one out of the cluster, whether that one's server still runs or not. Its data stay on its host.
  - Fails where fewer members would answer than are needed for a quorum, before or after.
extends_documentation_fragment: [vannah.healthcloud.etcd, vannah.healthcloud.service_call]
options:
  member:
    description: Name of the member to remove. One that has never started has no name; then its address.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Take a lost server out, on another member
  vannah.healthcloud.etcd_remove:
    member: db3
"""

RETURN = r"""
member: {returned: always, type: str, description: The member that is taken out; empty where the cluster has no such member.}
members: {returned: always, type: list, elements: str, description: The other members.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
