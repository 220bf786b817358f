# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of a wave that have something to do on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: wave_roles
short_description: Roles of a wave that have something to do on a host
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Gives the roles that a host's groups give it in a wave, as far as they have something to do in a part of it. What else than components
    that is, a role says under C(wave) in its C(meta/exports.yml).
options:
  _terms:
    description: The wave, a name of C(playbooks/vars/site_map.yml).
    required: true
  part:
    description:
      - V(components), roles that have components on this site. V(prepare), with them those of later waves that are prepared in this one.
      - V(before), roles with tasks that come before their components. V(formed), those that are waited for after their first start.
    type: str
    choices: [components, prepare, before, formed]
    default: components
  new:
    description: Roles of clusters that this run forms.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Install, configure and start the services
  vannah.healthcloud.converge:
    roles: "{{ lookup('vannah.healthcloud.wave_roles', 'base') }}"
"""

RETURN = r"""
_raw:
  description: Names of roles; mappings of C(role) and C(tasks) for V(before). Always a list, also with C(lookup).
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..module_utils import site_map
from ..module_utils.controller import collect, templating, waves
from ..module_utils.task_types import TaskVars


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """The lookup ``vannah.healthcloud.wave_roles``."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[Any]:
        """One list in a list, so that a wave of one role is a list too."""
        self.set_options(var_options=variables, direct=kwargs)
        self._known = variables or {}
        member = self._known.get("group_names") or []
        wave, part = str(terms[0]), self.get_option("part")
        try:
            mine = site_map.load().roles_of(member, wave)
            if part == "prepare":
                new = self.get_option("new")
                mine += [role for role in site_map.load().roles_of(member) if role in waves.ahead(wave) and role in new]
        except site_map.SiteMapError as error:
            raise AnsibleError(str(error)) from None
        if part == "formed":
            return [[role for role in mine if "formed" in waves.exported(role, "rolling")]]
        if part == "before":
            return [[{"role": role, "tasks": waves.exported(role, "wave")["before"]} for role in mine if self._is_before(role)]]
        return [[role for role in mine if self._says(role, "converged", self._role(role).exports.get("converged", True))]]

    def _is_before(self, role: str) -> bool:
        said = self._role(role).exports.get("wave") or {}
        return "before" in said and self._says(role, "wave: when", said.get("when", True))

    def _says(self, role: str, where: str, condition: Any) -> bool:
        if condition is True:
            return True
        templates = templating.Templates(self._templar, self._role(role).variables(self._known), [])
        return templates.condition(condition, f"role {role}: meta/exports.yml: {where}")

    def _role(self, name: str) -> collect.Role:
        return collect.load(self._loader, name, str(self._known.get("playbook_dir") or self._loader.get_basedir()))
