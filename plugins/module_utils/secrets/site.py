# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a site's folder is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .files import SecretsError


def site_directory(variables: Mapping[str, Any]) -> str:
    """The folder of the inventory that a task runs with.

    :param variables: the task's variables: ``inventory_dir``, which an implicit localhost does not have, else the first inventory given
    :raises SecretsError: ``no-site``: the inventory is a list of hosts
    """
    known = variables.get("inventory_dir")
    if known:
        return str(known)
    for source in variables.get("ansible_inventory_sources") or ():
        path = str(source)
        if os.path.isdir(path):
            return path
        if os.path.isfile(path):
            return os.path.dirname(path)
    raise SecretsError("no-site", "the inventory is not in a folder, so its secrets cannot be stored", "run with -i inventories/<site>")
