# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.site_secrets``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_secrets
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Generate a site's missing secrets and its internal CA
description:
  - Completes the vault-encrypted C(secrets.yml) in the inventory's folder in one atomic write.
  - Makes C(pki/ca.key), encrypted, and C(pki/ca.crt).
  - What exists is never changed. Nothing is done on the host that the task is for.
  - Fails where the site has a CA and its secrets are missing, because new ones do not open what the old ones encrypted.
  - Warns where it makes a CA for a site that has secrets already.
  - A site's first secrets are encrypted only with a vault password of at least 16 characters.
  - Needs the site's vault password.
options:
  secrets:
    description: What must exist. By default everything that the roles of the inventory's hosts export.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name that the lookup C(vannah.healthcloud.secret) reads it by.
        type: str
        required: true
      kind:
        description:
          - V(password) is 32 letters and digits, V(password24) 24 of them.
          - V(key32) is the base64 of 32 bytes, V(ec256) that of a private key on P-256.
        type: str
        choices: [password, password24, key32, ec256]
        default: password
  authority:
    description: Whether the site gets an internal CA.
    type: bool
    default: true
  site_name:
    description: The CA is called C(<site_name> internal CA). By default the variable C(site_name).
    type: str
attributes:
  check_mode:
    description: Reports what would be generated and writes nothing.
    support: full
  diff_mode:
    description: There is none, as it would show secrets.
    support: none
"""

EXAMPLES = r"""
- name: Generate what the roles of the site need
  vannah.healthcloud.site_secrets:

- name: Generate further secrets
  vannah.healthcloud.site_secrets:
    secrets:
      - name: postgresql_superuser
      - name: backup_cipher
        kind: key32
"""

RETURN = r"""
created:
  description: Names of the secrets that were made, or would be in check mode; never their values.
  type: list
  elements: str
  returned: always
authority_created:
  description: Whether the CA was made, or would be in check mode.
  type: bool
  returned: always
"""
