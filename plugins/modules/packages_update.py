# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``packages_update``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packages_update
short_description: Minor updates of installed packages
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Updates installed packages to the versions in the host's package sources. No service is restarted.
  - Packages that are not installed, or held without O(held), stay as they are.
  - For a package whose name carries a major version another one is refused.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  names:
    description: Names of packages. One with C(*) stands for all installed packages that it fits.
    type: list
    elements: str
    required: true
  held:
    description: Also packages on hold. Their hold and their pin stay.
    type: bool
    default: false
  refresh:
    description: Fetch the package lists first. Not done in check mode.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Update this member's packages
  vannah.healthcloud.packages_update:
    names: ["postgresql-*", "patroni*"]
"""

RETURN = r"""
packages: {returned: always, type: list, elements: dict, description: "What is newer, with name, installed and available version."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
