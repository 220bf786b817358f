# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``minio_stop``; it runs on the controller (plugins/action/minio_stop.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_stop
short_description: Stop an object store's server
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Stops the server of this host, which stays enabled. A part of the verb C(object_store_update).
options: {}
"""

EXAMPLES = r"""
- name: Stop the server
  vannah.healthcloud.minio_stop:
"""

RETURN = r"""
steps:
  description: What was done.
  returned: always
  type: list
  elements: dict
"""
