# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a host's clock is off, whatever the call took."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.main import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import clocks


@pytest.mark.parametrize(
    ("clock", "offset"),
    [(100.0, 0.0), (105, 0.0), (130.0, 0.0), (131.5, 1.5), (99.0, -1.0), (None, None), ("100", None)],
)
def test_offset(clock: object, offset: float | None) -> None:
    """It was read some time between the beginning and the end of the call."""
    assert clocks.offset(clock, 100.0, 130.0) == offset


def test_taking_a_lease_tells_the_clock() -> None:
    """So a verb asks no host twice."""
    assert main({"protocol": 1, "op": "lease", "mode": "check", "lease": {"action": "none"}}, root="/nonexistent").get("clock", 0) > 1e9
