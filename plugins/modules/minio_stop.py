# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_stop``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_stop
short_description: Stop an object store's server
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Stops the server of this host, which stays enabled. A part of the verb C(minio/update.yml).
extends_documentation_fragment: [vannah.healthcloud.service_call]
options: {}
"""

EXAMPLES = r"""
- name: Stop the server
  vannah.healthcloud.minio_stop:
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
