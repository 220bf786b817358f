# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_guard``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_guard
short_description: Refuse a host with a PostgreSQL that is not managed here
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Fails where the data directory holds data that the role C(postgresql) did not make, where another
    Patroni is set up, or where a port is taken.
  - Fails where the role's own cluster would get another name or another data directory while the present one
    holds data, and where the data directory is the root of a file system.
  - Fails where a cluster of Debian's packages with data has one of the ports, or takes it when the host starts.
  - Changes nothing. Run it before the first change.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  scope:
    description: The cluster's name.
    type: str
    required: true
  data_directory:
    description: The data directory the role is going to use.
    type: path
    required: true
  ports:
    description: Ports that have to be free on a host where the role has not been before.
    type: list
    elements: int
    default: [5432, 8008]
  adopt:
    description: Take over an installation that is not managed here. The role still does not replace its own cluster by another one.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Refuse an installation that is not managed here
  vannah.healthcloud.patroni_guard:
    scope: vannah
    data_directory: /var/lib/postgresql/17/vannah
"""

RETURN = r"""
managed: {returned: always, type: bool, description: Whether the role has been on this host before.}
"""
