# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.site_secrets_renew``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_secrets_renew
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Renew secrets of a site
description:
  - Writes new passwords into the site's vault-encrypted C(secrets.yml), in one atomic write. The services that use them are not changed.
  - An encryption key is refused, because what it encrypts could no longer be read.
options:
  names:
    description: Names of the secrets, which have to exist.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Reports their names and writes nothing.
    support: full
  diff_mode:
    description: There is none, as it would show secrets.
    support: none
"""

EXAMPLES = r"""
- name: A new password for the object store's root
  vannah.healthcloud.site_secrets_renew:
    names: [minio_root_password]
"""

RETURN = r"""
renewed:
  description: Names of the secrets that have new values.
  type: list
  elements: str
  returned: always
"""
