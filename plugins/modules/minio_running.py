# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_running``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_running
short_description: Report what an object store's server runs with
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Compares the server that runs on this host with what lies on its disk. Servers of one store compare binary and environment when they
    start, so all of them have to apply a difference at once.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  binary: {type: path, default: /usr/local/bin/minio, description: The server's program.}
  environment: {type: path, default: /etc/minio/minio.env, description: Its environment file.}
  endpoint: {type: str, default: "", description: "Where this host's own server answers; empty, it is not asked whether it takes part."}
  ca: {type: path, default: /etc/vannah/pki/ca.crt, description: The authority of its certificate.}
"""

EXAMPLES = r"""
- name: Check whether a rolling restart is possible
  vannah.healthcloud.minio_running:
"""

RETURN = r"""
runs: {returned: always, type: bool, description: Whether a server runs.}
serves: {returned: always, type: bool, description: "Whether it takes part in the store; true also where it was not asked."}
binary: {returned: always, type: bool, description: Whether its program is another than that on disk.}
environment: {returned: always, type: bool, description: Whether its environment is another.}
settings: {returned: always, type: list, elements: str, description: "Names of the settings that differ, never a value."}
together: {returned: always, type: bool, description: Whether all servers have to be restarted at once.}
"""
