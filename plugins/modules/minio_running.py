# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``minio_running``; it runs on the controller (plugins/action/minio_running.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_running
short_description: What an object store's server runs with
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Compares the server that runs on this host with what lies on its disk. Servers of one store compare binary and environment when they
    start, so that a difference can only be taken over by all of them at once.
options:
  binary:
    description: The server's program.
    type: path
    default: /usr/local/bin/minio
  environment:
    description: Its environment file.
    type: path
    default: /etc/minio/minio.env
"""

EXAMPLES = r"""
- name: Whether one restart after the other is possible
  vannah.healthcloud.minio_running:
"""

RETURN = r"""
runs:
  description: Whether a server runs.
  returned: always
  type: bool
binary:
  description: Whether its program is another than that on disk.
  returned: always
  type: bool
environment:
  description: Whether its environment is another.
  returned: always
  type: bool
settings:
  description: Names of the settings that differ, never a value.
  returned: always
  type: list
  elements: str
together:
  description: Whether all servers have to be restarted at once.
  returned: always
  type: bool
"""
