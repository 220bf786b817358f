# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every server of the inventory is there. One that is not is left out of the tests that follow."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import without


def test_every_server_is_reached_and_of_this_site(absent: dict[str, str]) -> None:
    """What cannot be judged is said first, and in plain words."""
    if absent:
        pytest.fail("\n".join([*without(absent), f"The tests that follow judge the site without {', '.join(absent)}."]), pytrace=False)
