# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic groups of hosts, in both ways that ansible-core has had."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import grouping


class New:
    """An action of ansible-core 2.21."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def add_group(self, name: str, *, parent_group_names: list[str] | None = None) -> bool:
        self.asked.append((name, parent_group_names))
        return True


@pytest.mark.parametrize(
    ("result", "asked"),
    [
        ({"add_group": "planned_", "parent_groups": ["planned"]}, [("planned_", ["planned"])]),
        ({"add_group": "planned_", "parent_groups": ["planned"], "failed": True}, []),
        ({}, []),
    ],
)
def test_groups_are_asked_for(result: dict[str, Any], asked: list[Any]) -> None:
    action = New()
    grouping.join(action, result)
    assert action.asked == asked
    grouping.join(object(), result)  # an older ansible-core reads the result
