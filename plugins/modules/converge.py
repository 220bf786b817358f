# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``converge``; what it does is in ``plugins/action/converge.py`` and on the host in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: converge
short_description: Converge a host to what its roles define, in one call
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads C(meta/components.yml) of each role, templates it with the role's defaults, the task's variables and the role's own variables, and
    converges all components of all roles in one call.
  - The first component that fails ends the call; the ones before it stay as they were made.
  - A host without C(python3) gets it first. Under check mode this is reported, and nothing more for that host.
notes:
  - A component's options are those of M(vannah.healthcloud.component). A component whose C(when) is false is made absent; an item of its
    lists whose C(when) is false is left out.
  - The variable C(component_retry=true) tries a definition again that had failed, C(takeover=true) takes a host over from another run.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: debian
options:
  roles:
    description:
      - Names of roles with a C(meta/components.yml), of this collection or of the playbook, in the order in which they are made.
    type: list
    elements: str
    required: true
  prepare:
    description:
      - Of these roles everything is put in place, and no unit is enabled, started, restarted or reloaded. A later call does that.
    type: list
    elements: str
    default: []
  forming:
    description:
      - Clusters that this run forms, as RV(vannah.healthcloud.host_checks#module:new_clusters) names them.
      - Where another member of one that this host is in fails, this host ends before its next step, or in its wait for a unit.
    type: list
    elements: dict
    default: []
seealso:
  - module: vannah.healthcloud.component
  - plugin: vannah.healthcloud.roles_of
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Converge the host as a member of etcd
  vannah.healthcloud.converge:
    roles: [etcd]

- name: Converge all components of a host that need no order across hosts
  vannah.healthcloud.converge:
    roles: "{{ lookup('vannah.healthcloud.roles_of', wave='base') }}"
"""

RETURN = r"""
steps:
  description: What was done, or under check mode would be done, each in a line.
  returned: always
  type: list
  elements: str
  sample: ["package etcd-server: install", "unit etcd.service: start"]
components:
  description: The same for each component; see M(vannah.healthcloud.component).
  returned: always
  type: list
  elements: dict
pending_restart:
  description: Units that wait for M(vannah.healthcloud.component_restart).
  returned: always
  type: list
  elements: dict
  contains:
    component:
      description: The component.
      type: str
    role:
      description: Its role.
      type: str
    unit:
      description: The unit.
      type: str
healed:
  description: What an interrupted run had left and this run undid.
  returned: when there was any
  type: list
  elements: str
code:
  description: A stable word for what went wrong.
  returned: failed
  type: str
  sample: lease-held
cost:
  description: What the run cost the host, as seconds of CPU (C(cost.self), C(cost.children)), seconds (C(cost.wall)) and KiB of memory.
  returned: when the host answered
  type: dict
ansible_facts:
  description: The host's few facts, as C(ansible_facts.vannah).
  returned: success
  type: dict
  contains:
    vannah:
      description: See M(vannah.healthcloud.host_facts).
      type: dict
"""
