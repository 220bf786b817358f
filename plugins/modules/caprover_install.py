# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_install``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_install
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Install CapRover on a manager of a Docker Swarm, with a password of the site
description:
  - Runs CapRover's installer, waits until it answers, and sets the password. CapRover ties itself to the Swarm's leader, so this host has
    to be the leader. The Swarm has to exist, see M(vannah.healthcloud.docker_swarm).
  - The installer gets a random password that is used once, so the known default never works. It stays in C(docker service inspect), and
    is not valid after O(password) is set. A run that was interrupted in between is continued with it.
  - An existing CapRover is not changed. If it has another version, the task warns of it.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  password: {type: str, required: true, description: "CapRover's password, 8 to 29 characters."}
  previous_password:
    description: The password that an existing CapRover has until now. It is tried after O(password), and replaced by it.
    type: str
    default: ""
  address: {type: str, required: true, description: IP address of this host at which the other nodes of the Swarm reach it.}
  version: {type: str, required: true, description: "The version, such as V(1.15.3)."}
  image: {type: str, default: caprover/caprover, description: The installer's image without its version.}
  accept_terms:
    description: Accepts the terms of service of CapRover's makers (TERMS_AND_CONDITIONS.md of its repository). The installer needs it.
    type: bool
    default: false
  http_port: {type: int, default: 80, description: Port where its nginx listens for HTTP. Certificates of Let's Encrypt need 80.}
  https_port: {type: int, default: 443, description: Port where it listens for HTTPS.}
  admin_port: {type: int, default: 3000, description: Port where CapRover itself answers without TLS.}
  settings:
    description: Settings of C(/captain/data/config-override.json), over the module's own. CapRover reads them when it starts.
    type: dict
    default: {}
  wait: {type: int, default: 300, description: "Seconds for the installer to pull its images, and for CapRover to answer."}
"""

EXAMPLES = r"""
- name: CapRover behind the site's edge
  vannah.healthcloud.caprover_install:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    address: 192.0.2.11
    version: 1.15.3
    accept_terms: true
    http_port: 8080
    https_port: 8443
"""

RETURN = r"""
installed: {returned: always, type: bool, description: Whether CapRover was installed before the call.}
version: {returned: always, type: str, description: The version before the call; empty if there was none.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
