# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``docker_logins``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_logins
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Registries that root's Docker client is logged in to
description:
  - Writes entries of C(/root/.docker/config.json). Whatever else that file has stays, also the entry of a registry that is no longer
    listed.
  - Where the file names a program that keeps passwords (C(credsStore), C(credHelpers)), the task warns and leaves that registry alone.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  logins:
    description: Registries with who logs in.
    type: list
    elements: dict
    required: true
    suboptions:
      registry: {type: str, required: true, description: "The registry as images are named, V(host:port)."}
      user: {type: str, required: true, description: The user's name.}
      password: {type: str, required: true, description: The password.}
"""

EXAMPLES = r"""
- name: Log in to the registry
  vannah.healthcloud.docker_logins:
    logins:
      - registry: registry1:5000
        user: site
        password: "{{ lookup('vannah.healthcloud.secret', 'registry_user_site') }}"
"""

RETURN = r"""
registries: {returned: success, type: list, elements: str, description: All that are listed.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
