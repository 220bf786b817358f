# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``lease``; what it does is in ``plugins/action/lease.py`` and on the host in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Hold, release or ask for the right to change a host
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - A host is changed by one run at a time. The first task of a run takes the lease, each further one renews it, and it ends ten minutes
    after the last, when it is released, or when the host boots.
  - A host that another run holds fails the task within seconds, with that run's name. A run whose process on this controller is gone
    is taken over at once.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: Under check mode the task only reports which run holds the host.
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  state:
    description:
      - V(held) takes or renews the lease, V(released) releases it, V(info) only reports which run has it.
    type: str
    choices: [held, released, info]
    default: held
  takeover:
    description:
      - Takes the host from whatever run holds it. The variable C(takeover=true) does the same for every task of a run.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Hold the hosts during maintenance of the disks
  vannah.healthcloud.lease:
    state: held

- name: Release the hosts
  vannah.healthcloud.lease:
    state: released
"""

RETURN = r"""
held:
  description: Whether any run holds the host now.
  returned: success
  type: bool
holder:
  description: The run that holds the host, with its C(id), C(who), C(playbook), C(since) and C(until); null where none does.
  returned: success
  type: dict
clock_offset:
  description: Seconds that the host's clock is ahead of this machine's; M(vannah.healthcloud.host_checks) judges them.
  returned: success
  type: float
lease:
  description: The host's answer as it is, with C(lease.ok) for whether this run may change it.
  returned: always
  type: dict
"""
