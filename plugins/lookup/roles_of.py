# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that a host's groups give it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: roles_of
short_description: Roles that a host's groups give it
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Gives the names of the roles that C(playbooks/vars/site_map.yml) gives a host for the groups it is in, in the map's order.
options:
  _terms:
    description: Not used.
  wave:
    description:
      - Only the roles of this wave. By default the roles of all waves.
    type: str
  host:
    description:
      - A host of the inventory. By default the current host.
    type: str
"""

EXAMPLES = r"""
- name: Converge all components of a host that need no order across hosts, in one call
  vannah.healthcloud.converge:
    roles: "{{ lookup('vannah.healthcloud.roles_of', wave='base') }}"
"""

RETURN = r"""
_raw:
  description: Names of roles. Always a list, also with C(lookup).
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils import site_map
from ..module_utils.controller.exports import host_variables
from ..module_utils.task_types import TaskVars


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup ``vannah.healthcloud.roles_of``."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[Any]:  # noqa: ARG002 # Ansible gives it
        """One list in a list, so that a site of one role is a list too."""
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        host = self.get_option("host")
        groups = host_variables(variables["hostvars"], host)["group_names"] if host else variables.get("group_names") or []
        return [site_map.load().roles_of(groups, self.get_option("wave"))]
