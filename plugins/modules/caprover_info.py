# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_info``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_info
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Report the state of a CapRover server
description:
  - Asks a server for its version, domains, apps, nodes and registries. Changes nothing and shows no secret.
extends_documentation_fragment: [vannah.healthcloud.caprover, vannah.healthcloud.service_call.reads]
options:
  required: {type: bool, default: false, description: The task fails if the server does not answer within O(wait) seconds.}
"""

EXAMPLES = r"""
- name: Wait until CapRover answers
  vannah.healthcloud.caprover_info:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    wait: 120
    required: true
  register: caprover
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether the server answered.}
error: {returned: always, type: str, description: Why it did not.}
requests: {returned: always, type: int, description: "Number of requests to read the state, with the login."}
version: {returned: always, type: str, description: CapRover's version.}
latest_version: {returned: always, type: str, description: "The latest version that CapRover knows, its own without internet."}
root_domain: {returned: always, type: str, description: The root domain; empty where there is none.}
captain_domain: {returned: always, type: str, description: The domain of CapRover itself; empty without a root domain.}
root_tls: {returned: always, type: bool, description: Whether CapRover itself has a certificate.}
force_tls: {returned: always, type: bool, description: Whether it answers over HTTPS only.}
apps:
  description:
    - Apps with name, service (of the Swarm), persistent, instances, image (empty before the first deploy), version, building, exposed,
      http_port, domains, tls (those of them with a certificate), environment (names only), volumes, ports, tags, node.
  type: list
  elements: dict
  returned: always
nodes:
  description: Nodes of the Swarm with id, hostname, type, leader, ip, state, status, docker (version).
  type: list
  elements: dict
  returned: always
registries:
  description: Registries with domain, image_prefix, user, self_hosted, default (for pushes).
  type: list
  elements: dict
  returned: always
"""
