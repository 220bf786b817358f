# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.recovery_kit``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_kit
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Write everything that rebuilds a site into one encrypted file
description:
  - The kit holds the inventory's folder with the secrets and the CA, the vault password, the lock files of the software, and the version
    and commit of the collection.
  - SSH keys and known hosts that the inventory names and that lie outside of its folder are not in it; they are warned of.
  - C(openssl) and C(tar) open it; RV(instructions) says how. It is read back after it was written.
  - A kit that already holds the same, under the same passphrase, is left as it is.
options:
  path:
    description: File to write, or a folder that exists. A place within the project or the site's folder is refused.
    type: str
    required: true
  passphrase:
    description: At least 16 characters, and not the vault password. Without it and O(passphrase_file) only the path is judged.
    type: str
  passphrase_file:
    description: File on the controller that holds the passphrase; wins over O(passphrase).
    type: path
attributes:
  check_mode:
    description: Everything but the writing.
    support: full
  diff_mode:
    description: There is none, as it would show secrets.
    support: none
"""

EXAMPLES = r"""
- name: Write the recovery kit
  vannah.healthcloud.recovery_kit:
    path: /media/safe/clinic.recovery-kit
    passphrase_file: /root/kit-passphrase
"""

RETURN = r"""
path:
  description: Where the kit is.
  type: str
  returned: success
files:
  description: Names of what it holds.
  type: list
  elements: str
  returned: success
instructions:
  description: How it is opened, line by line; to be printed.
  type: list
  elements: str
  returned: success
"""
