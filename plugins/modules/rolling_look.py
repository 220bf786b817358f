# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``rolling_look``; what it does is in ``plugins/action/rolling_look.py`` and ``controller/rolling.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_look
short_description: Report what a member of a cluster waits for
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks one member of a cluster whether it waits for a restart, who leads, and whether it has to be restarted together with all others.
  - What is asked stands under C(rolling) in the role's C(meta/exports.yml).
  - Alone, it converges the role first. As a part of C(site.yml) it takes what the wave has said, and asks nothing twice.
options:
  role: {type: str, required: true, description: The role whose hosts form the cluster.}
  part_of_site:
    description: Whether the run of the site has converged the role, and its policy says when what waits is restarted.
    type: bool
    default: false
  update:
    description: Take the lease and ask who leads; every member is going to be updated, whether it waits or not.
    type: bool
    default: false
  converged:
    description: Name of the variable that the wave's M(vannah.healthcloud.converge) was registered as.
    type: str
    default: site_converged
attributes:
  check_mode: {support: full, description: Reports what would be done and changes nothing.}
  diff_mode: {support: full, description: Shows what the role's converge would change.}
"""

EXAMPLES = r"""
- name: Ask the members
  vannah.healthcloud.rolling_look:
    role: etcd
  register: rolling_looked
"""

RETURN = r"""
problems: {returned: with O(update), type: list, elements: str, description: Why the cluster is unhealthy; empty when it is.}
role: {returned: without O(update), type: str, description: As it was asked for.}
waits: {returned: without O(update), type: bool, description: "Whether a unit of the member waits, or its restart was asked for."}
leader: {returned: success, type: str, description: The member that leads; empty where the service has no leader.}
names: {returned: without O(update), type: list, elements: str, description: Members with settings that wait for a restart.}
together: {returned: without O(update), type: bool, description: Whether all members have to be restarted together.}
differs: {returned: without O(update), type: list, elements: str, description: "What they take over then, never a value."}
cut_off:
  description: Whether a restart of all members together was interrupted, as far as the run of the site has asked.
  type: bool
  returned: without O(update)
apart: {returned: without O(update), type: bool, description: "Whether it takes no part in the cluster, as far as it was asked."}
why: {returned: without O(update), type: str, description: For what the restart waits; empty where it is done now.}
why_alone: {returned: without O(update), type: str, description: "The same, were the member restarted without the others."}
member: {returned: success, type: str, description: "What the cluster knows the member by, where others take its work over; else empty."}
directors: {returned: success, type: list, elements: str, description: "Members that can do so for this one, as the cluster knows them."}
directs: {returned: success, type: bool, description: Whether the member can have others take work over.}
steps: {returned: success, type: list, elements: str, description: "What the role's converge did, one line each."}
"""
