# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``registry_health``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_health
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Whether a registry of images answers
description:
  - Asks a registry whether it lets a user in. Changes nothing.
extends_documentation_fragment: [vannah.healthcloud.registry, vannah.healthcloud.service_call.reads]
options:
  wait: {type: int, default: 0, description: "Seconds until it has to answer; the task fails after them. With 0 it does not."}
"""

EXAMPLES = r"""
- name: Continue when the registry answers
  vannah.healthcloud.registry_health:
    user: site
    password: "{{ lookup('vannah.healthcloud.secret', 'registry_user_site') }}"
    wait: 60
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether the registry answered.}
problems: {returned: always, type: list, elements: str, description: Why it is not healthy.}
"""
