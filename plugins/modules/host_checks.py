# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.host_checks``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_checks
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Check the answers of all hosts before anything is changed
description:
  - Reads what M(vannah.healthcloud.host_facts) registered for each host of the play and fails with every error at once.
  - Checks system and release, memory, disk, clocks, sudo, and the major version of a database.
  - A cluster that does not exist yet is formed only with all its members. One that is unreachable, has failed, or is left out by C(--limit)
    is an error.
  - Adds the groups C(site_forming) and C(site_forming_<role>) where clusters are formed by this run.
  - Refuses hosts of another site, of another authority or under another name, a checkout that is out of date, clones, data of another
    member of etcd, and an address that is on no interface.
  - Refuses settings that differ from those that run, where a converge would break the running site by changing them.
  - A host that was reached and failed is an error. One that was not reached is left to Ansible, unless sudo was refused there.
options:
  answers:
    description: Name of the variable that M(vannah.healthcloud.host_facts) was registered as.
    type: str
    required: true
  roles:
    description: Check only the clusters of these roles. By default the clusters of all roles.
    type: list
    elements: str
  changing:
    description:
      - The playbook that runs now, where it changes settings on the running site that C(site.yml) refuses, such as C(change_ports.yml).
      - What it changes is no error then, and is returned.
    type: str
    default: ''
  only_clocks:
    description:
      - Check nothing but the clocks, for a verb that changes no configuration.
      - Then O(answers) may be what M(vannah.healthcloud.lease) registered.
    type: bool
    default: false
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Gather facts of the hosts
  vannah.healthcloud.host_facts:
  register: host_answers

- name: Check their answers
  vannah.healthcloud.host_checks:
    answers: host_answers
  run_once: true
"""

RETURN = r"""
msg:
  description: The summary and each error on its line.
  type: str
  returned: always
report:
  description: That RV(msg) is a report, of which the console shows every line.
  type: bool
  returned: always
blamed:
  description: The hosts of the play that errors name. All hosts are left as they are.
  type: list
  elements: str
  returned: failed
new_clusters:
  description: Clusters that do not exist yet, each with C(name), C(group), C(role) and C(members).
  type: list
  elements: dict
  returned: success
before:
  description: Values that run and go, each as a mapping of its variable.
  type: list
  elements: dict
  returned: with O(changing)
changes:
  description: What runs and what is asked for, a line each.
  type: list
  elements: str
  returned: with O(changing)
"""
