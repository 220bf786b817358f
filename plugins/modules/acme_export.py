# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``acme_export``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_export
short_description: Read certificates of a public authority with their keys
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads the valid certificates of the host that obtains them, for M(vannah.healthcloud.acme_certificates) on the others.
  - The result has private keys. Always set C(no_log) for the task.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options: {}
"""

EXAMPLES = r"""
- name: Read the certificates
  vannah.healthcloud.acme_export: {}
  register: acme_exported
  no_log: true
"""

RETURN = r"""
certificates:
  description: Each with C(name), C(fullchain), C(private_key) and C(directory).
  returned: success
  type: list
  elements: dict
"""
