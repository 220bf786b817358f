# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_server``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_server
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Configure a CapRover server
description:
  - Converges the settings of a server. Options that are not set stay as they are, except O(netdata), which is off by default.
  - One login and one request for each part that is set. A second run sends nothing else.
  - O(password) is tried first, and O(previous_password) only if it is refused, each once, because five wrong passwords within 30 s lock
    all users out. In check mode it is the other way round.
extends_documentation_fragment: [vannah.healthcloud.caprover, vannah.healthcloud.caprover.changes, vannah.healthcloud.service_call]
options:
  previous_password:
    description: The password that is in force, such as the one-time password of the installer. It is replaced by O(password).
    type: str
  root_domain:
    description: Domain below which each app gets a name. C(*.<root_domain>) has to lead to this server, also from the server itself.
    type: str
  force_root_domain:
    description:
      - Allows the task to change a root domain that has TLS, and to turn O(root_tls) off.
      - It ends the TLS of CapRover and of all apps below the domain, and forced TLS everywhere. Set it for one run.
    type: bool
    default: false
  root_tls: {type: bool, description: Whether CapRover itself has a certificate of Let's Encrypt. All other TLS needs it.}
  email: {type: str, description: Address that the certificate authority may write to. O(root_tls) needs it; it cannot be read again.}
  force_tls: {type: bool, description: Whether CapRover itself answers over HTTPS only. Needs O(root_tls).}
  registries:
    description:
      - Registries, identified by domain and image prefix. Others stay; duplicates of a listed one are removed.
      - The very first registry of a server becomes its default for pushes.
    type: list
    elements: dict
    default: []
    suboptions:
      domain: {type: str, required: true, description: "Name of the registry, with its port where it has one."}
      image_prefix: {type: str, default: "", description: The part of its images' names between domain and image.}
      user: {type: str, description: The user.}
      password: {type: str, description: The user's password. CapRover checks user and password.}
      state: {type: str, choices: [present, absent], default: present, description: V(absent) removes it.}
  default_push_registry:
    description:
      - Registry that images which CapRover builds are pushed to, as C(domain/image_prefix); refused without a prefix. Empty for none.
    type: str
  self_hosted_registry:
    description: Whether CapRover runs a registry of its own at C(registry.<root domain>:996). Needs O(root_tls).
    type: bool
  disk_cleanup:
    description: When images that no app uses are removed.
    type: dict
    suboptions:
      keep: {type: int, default: 1, description: So many of the newest images of each app stay.}
      schedule: {type: str, default: "", description: "When, as cron has it, such as V(0 3 * * *). Empty for never."}
      timezone: {type: str, default: UTC, description: Time zone of the schedule.}
  netdata:
    description: Whether CapRover's netdata runs, which shows load and containers of the server. Its notifications stay as they are.
    type: bool
    default: false
  nginx:
    description: Templates of CapRover's nginx. Empty is CapRover's own template. One that nginx refuses is reverted by CapRover.
    type: dict
    suboptions:
      base: {type: str, description: nginx.conf.}
      captain: {type: str, description: CapRover's own server block.}
"""

EXAMPLES = r"""
- name: Configure CapRover
  vannah.healthcloud.caprover_server:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    previous_password: "{{ caprover_one_time_password }}"
    root_domain: apps.example.org
    root_tls: true
    email: ops@example.org
    force_tls: true
    registries:
      - domain: registry.example.org:5000
        image_prefix: vhc
        user: caprover
        password: "{{ lookup('vannah.healthcloud.secret', 'registry') }}"
    default_push_registry: registry.example.org:5000/vhc
    disk_cleanup: {keep: 3, schedule: "0 3 * * *"}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether a server answered; false in check mode when none does yet.}
requests: {returned: always, type: int, description: "Number of requests to read the state, with the login."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
