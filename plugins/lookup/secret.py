# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``vannah.healthcloud.secret``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: One of the site's secrets
description:
  - Reads a secret from the vault-encrypted C(secrets.yml) in the inventory's folder.
  - It never creates one; the preflight does (C(make check)).
  - In check mode a secret that does not exist yet is represented by a placeholder, which never reaches a host.
options:
  _terms:
    description: Names of secrets.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Render a password
  ansible.builtin.template:
    src: app.env.j2  # PASSWORD={{ lookup('vannah.healthcloud.secret', 'app_database') }}
    dest: /etc/app/env
    mode: "0600"
  no_log: true
"""

RETURN = r"""
_list:
  description: The secrets' values.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import TaskVars


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """Reads secrets."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[str]:
        """One value for each name."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        check = bool(known.get("ansible_check_mode"))
        site = site_directory(known)
        return [store.value(self._loader, site, str(term), check) for term in terms]
