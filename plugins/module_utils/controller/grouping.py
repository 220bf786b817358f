# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the host of a task into dynamic groups, as ansible.builtin.group_by does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def join(action: Any, result: Mapping[str, Any]) -> None:
    """Ask for the groups that a result names (``add_group``, ``parent_groups``). Before ansible-core 2.21 the result alone was enough.

    :param action: the action plugin
    """
    ask = getattr(action, "add_group", None)
    if ask is not None and result.get("add_group") and not result.get("failed"):
        ask(result["add_group"], parent_group_names=list(result.get("parent_groups") or ()))
