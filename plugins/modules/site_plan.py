# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``site_plan``; what it does is in ``plugins/action/site_plan.py`` and on the host in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_plan
short_description: Ask a host once for everything that a run of the site would do on it
version_added: 0.1.0
author:
  - The VannahHealthCloud developers
description:
  - Sends the components of all roles of the host and the questions of its services (C(calls) in the roles' C(meta/exports.yml)) in one
    call, in check mode whatever mode the run is in. Nothing is changed, and the lease is not taken.
  - Puts the host into the group C(planned_<wave>) of each wave that has work on it, for P(vannah.healthcloud.wave_hosts#filter).
  - Components are rendered with the facts that the host told the last time, kept in C(.cache/facts) of the controller. A host whose facts
    have changed is asked a second time.
  - Gives the facts of M(vannah.healthcloud.host_facts) as well.
notes:
  - A host without C(python3) gets it first. Under check mode that is said, and nothing more for that host.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.facts
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  facts:
    support: full
  platform:
    platforms: debian
options: {}
seealso:
  - plugin: vannah.healthcloud.wave_hosts
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask each host what it is and what would change
  vannah.healthcloud.site_plan:
  register: answer
  changed_when: false
"""

RETURN = r"""
work:
  description: The waves that have work on the host, with C(_objects) for what a wave's clusters and stores hold.
  returned: success
  type: list
  elements: str
  sample: [base, database_objects]
ansible_facts:
  description: Facts of the host, see M(vannah.healthcloud.host_facts).
  returned: success
  type: dict
  contains:
    vannah:
      description: The facts.
      type: dict
clock_offset:
  description: Seconds the host's clock is ahead of the controller's; 0 where it agrees as far as can be told.
  returned: when the host answered
  type: float
cost:
  description: What the call cost the host, see M(vannah.healthcloud.converge).
  returned: when the host answered
  type: dict
code:
  description: A stable word for what went wrong.
  returned: failed
  type: str
  sample: lease-held
"""
