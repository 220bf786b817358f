# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``docker_tokens``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_tokens
short_description: Join tokens of the Swarm that this host manages
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Gives what a host needs to join. Who has a manager's token can have every secret of the Swarm, so the task needs C(no_log).
  - On a host that manages no Swarm both are empty.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options: {}
"""

EXAMPLES = r"""
- name: Tokens of the Swarm
  vannah.healthcloud.docker_tokens:
  register: swarm
  no_log: true
"""

RETURN = r"""
manager: {returned: success, type: str, description: Token with which a host joins as a manager.}
worker: {returned: success, type: str, description: Token with which a host joins as a worker.}
"""
