# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of a host export to others."""

from __future__ import annotations

DOCUMENTATION = r"""
name: exports
short_description: What the roles of a host export to others
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads C(meta/exports.yml) of all roles that a host's groups give it and templates it on the controller, with the roles' defaults, that
    host's variables and the roles' own variables.
options:
  _terms:
    description:
      - Kinds of exports, such as V(firewall_ports) or V(secrets).
    type: list
    elements: str
    required: true
  host:
    description:
      - A host of the inventory. By default the current host.
    type: str
"""

EXAMPLES = r"""
- name: Show which ports the roles of this host want open
  ansible.builtin.debug:
    msg: "{{ lookup('vannah.healthcloud.exports', 'firewall_ports', host=inventory_hostname) }}"
"""

RETURN = r"""
_raw:
  description: The items of all roles, each mapping with the name of its role as C(role). Always a list, also with C(lookup).
  type: list
  elements: raw
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils.controller.exports import exports_of
from ..module_utils.task_types import TaskVars


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup ``vannah.healthcloud.exports``."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[Any]:
        """One list in a list, so that a single port is a list too."""
        self.set_options(var_options=variables, direct=kwargs)
        variables = variables or {}
        host = self.get_option("host") or variables["inventory_hostname"]
        found: list[Any] = []
        for kind in terms:
            found += exports_of(
                str(kind), str(host), hostvars=variables["hostvars"], loader=self._loader, playbook_dir=variables.get("playbook_dir")
            )
        return [found]
