# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``vannah.healthcloud.authority``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: authority
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: The certificates and revocation lists of the site's internal CA
description:
  - Reads C(pki/) in the inventory's folder, as PEM text. The preflight creates it (C(make check)).
  - In check mode an authority that does not exist yet gives an empty text.
options:
  _terms:
    description:
      - Which text. V(trusted) are the certificates of all authorities that the site trusts, two of them while its CA is rotated.
      - V(signing) is the one that signs, V(other) the other one, empty as a rule.
      - V(revoked) are their revocation lists, empty where there are none yet.
      - V(trusted) by default.
    type: list
    elements: str
    choices: [trusted, signing, other, revoked]
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
  description: One text for each term.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl, trust
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import certificate_text
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import TaskVars

#: What can be read beside the authority that signs.
TEXTS: dict[str, Callable[[str], str]] = {"trusted": trust.bundle, "other": trust.others, "revoked": crl.text}


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """Reads the CA's certificates and lists."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[str]:
        """The texts.

        :raises AnsibleError: an unknown term; see :func:`certificate_text`
        """
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        site, check = site_directory(known), bool(known.get("ansible_check_mode"))
        unknown = [str(term) for term in terms if term not in (*TEXTS, "signing")]
        if unknown:
            raise AnsibleError(f"the authority has no {', '.join(unknown)}. Fix: write {', '.join(TEXTS)} or signing")
        signing = certificate_text(site, check)
        return [TEXTS[str(term)](site) if term in TEXTS else signing for term in terms or ["trusted"]]
