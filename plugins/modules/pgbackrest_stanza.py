# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pgbackrest_stanza``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_stanza
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: The stanza of a PostgreSQL cluster in pgBackRest's repositories
description:
  - Makes the repositories of a backup server ready for a cluster, and checks that WAL arrives. A stanza that exists is left as it is.
  - Runs on the backup server, which asks the members itself which one leads.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  stanza: {type: str, required: true, description: Name of the stanza.}
  repositories: {type: list, elements: int, default: [1], description: Numbers of the repositories that have to know it.}
  wait: {type: int, default: 0, description: "Seconds to wait for a cluster that starts. Check mode does not wait."}
"""

EXAMPLES = r"""
- name: Make the repository ready
  vannah.healthcloud.pgbackrest_stanza:
    stanza: vannah
    wait: 120
"""

RETURN = r"""
answers: {returned: success, type: bool, description: Whether pgBackRest runs; in check mode it need not.}
backups: {returned: success, type: int, description: How many backups there are.}
newest: {returned: success, type: str, description: Label of the newest one; empty without one.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
