# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``host_facts``; what it does is in ``plugins/action/host_facts.py`` and on the host in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_facts
short_description: Gather the facts of a host that this collection uses
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Costs a host a tenth of what M(ansible.builtin.setup) does. M(vannah.healthcloud.converge) brings the same facts with its answer.
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
options:
  survey:
    description:
      - Whether a host without one of its roles is examined more closely, which takes a second call. It returns RV(survey) then.
      - Waits five minutes at most for a server that cloud-init still sets up.
    type: bool
    default: false
  plan:
    description:
      - Whether the same call plans a run of the site on the host. It sends the components of all its roles and the questions of its
        services (C(calls) in the roles' C(meta/exports.yml)) in check mode, whatever mode the run is in. Nothing is changed, and the lease
        is not taken.
      - The host is put into the group C(planned), and into C(planned_<wave>) of each wave that has work on it, for
        P(vannah.healthcloud.wave_hosts#filter).
      - Components are rendered with the facts that the host told the last time, kept in C(.cache/facts) of the controller. A host whose
        facts have changed is asked again.
      - A host on which nothing has been made yet, or that another site has made, is not planned. It is put into the group C(unplanned), and
        all of its waves have work.
    type: bool
    default: false
  roles:
    description:
      - With O(survey=true), only services of these roles may refuse the host (C(calls) of the stage C(host_check) in their
        C(meta/exports.yml)). By default those of all its roles.
    type: list
    elements: str
  listeners:
    description:
      - Whether the host says which program and unit listen on each of its TCP ports (C(served)).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Ask the host
  vannah.healthcloud.host_facts:

- name: Show how much memory it has
  ansible.builtin.debug:
    var: ansible_facts.vannah.memory_mb
"""

RETURN = r"""
ansible_facts:
  description: Facts of the host.
  returned: always
  type: dict
  contains:
    vannah:
      description:
        - Release and version of Debian, memory in MiB, cores, addresses, block devices, and whether it is a container.
        - For each cluster that the host is a member of, whether it is known to exist (C(clusters)).
        - What it told of the services of its roles (C(services), see C(host_facts) in the roles' C(meta/exports.yml)).
        - Which site the host belongs to (C(site)), its machine ID, its SSH host key, the address by which the other hosts reach it since
          the last converge (C(known_by)), and whether services may listen on addresses that it does not have (C(nonlocal_bind)).
        - Of a host that C(site_takeover_hosts) names also the data directories of its roles that hold something (C(found)).
        - Until the role firewall has come also the ports and protocols that others reach (C(listening)), names of programs for some of them
          (C(listeners)), and other firewalls (C(firewalls)). Not with C(firewall_enabled=false).
        - From which address Ansible comes, and to which port of sshd (C(caller)), as the host sees it. Not with C(firewall_enabled=false).
        - Where the inventory says another address than that one, the own address that the host sends from to each member of a cluster
          (C(senders)).
        - With O(listeners=true) program and unit of what listens on each TCP port (C(served)), and the units of each component (C(units)).
      type: dict
survey:
  description:
    - The file systems of the data directories of the host's roles, mounts that no run can use, sources of packages that are discs,
      whether cloud-init is still at work or has broken off, and what the roles' own checks refuse.
  returned: when O(survey=true) and a role has not come to the host yet
  type: dict
bare:
  description: The host has no python3, or no sudo, which a real run installs. Nothing more is known of it then.
  returned: in check mode, on such a host
  type: bool
work:
  description: The waves that have work on the host, with C(_objects) for what a wave's clusters and stores hold.
  returned: with O(plan=true)
  type: list
  elements: str
  sample: [base, database_objects]
cost:
  description: What the planning call cost the host, as M(vannah.healthcloud.converge) returns it.
  returned: with O(plan=true)
  type: dict
clock_offset:
  description: Seconds the host's clock is ahead of the controller's; 0 where it agrees as far as can be told.
  returned: when the host answered
  type: float
"""
