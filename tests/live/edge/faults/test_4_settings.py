# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each setting of the edge, changed on the running site and back."""

from __future__ import annotations

import json
import os

import pytest

from tests.live.lib.settings_tried import refused, taken_over, tried_on
from tests.live.lib.site import Site

TRIED = tried_on("edge")


def test_no_setting_is_refused() -> None:
    """All of them may change at any time."""
    assert TRIED and not refused(TRIED)


@pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes half a minute for each setting: `make soak` runs it")
@pytest.mark.parametrize("name", list(taken_over(TRIED)))
def test_every_setting(site: Site, name: str) -> None:
    """Taken over, unchanged by a second run, and taken back."""
    site.converge("-e", json.dumps({name: TRIED[name]}))
    site.converge_unchanged("-e", json.dumps({name: TRIED[name]}))
    site.converge()
