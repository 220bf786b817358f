# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``vannah.healthcloud.authority``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: authority
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: The certificate of the site's internal CA
description:
  - Reads C(pki/ca.crt) in the inventory's folder, as PEM text. The preflight creates it (C(make check)).
  - In check mode an authority that does not exist yet gives an empty text.
options: {}
"""

EXAMPLES = r"""
- name: Trust the site's CA
  ansible.builtin.copy:
    content: "{{ lookup('vannah.healthcloud.authority') }}"
    dest: /usr/local/share/ca-certificates/site.crt
    mode: "0644"
"""

RETURN = r"""
_list:
  description: The certificate, one text.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import certificate_text
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """Reads the CA's certificate."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:  # noqa: ARG002 # Ansible gives it
        """The certificate."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        return [certificate_text(site_directory(known), bool(known.get("ansible_check_mode")))]
