# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make verify` takes for the image of an app, and what its domains answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.apps.verify_apps import answer, is_image


@pytest.mark.parametrize(
    ("runs", "wanted", "same"),
    [
        ("r:5000/a:1", "r:5000/a:1", True),
        ("r:5000/a:1@sha256:1", "r:5000/a:1", True),
        ("r:5000/a:10", "r:5000/a:1", False),
        ("r:5000/a@sha256:1", "r:5000/a@sha256:1", True),
        ("r:5000/a@sha256:2", "r:5000/a@sha256:1", False),
        ("r:5000/a:1", "r:5000/a:1@sha256:1", False),
        ("r:5000/a:latest@sha256:1", "r:5000/a", True),
        ("", "r:5000/a", False),
    ],
)
def test_what_the_same_image_is(runs: str, wanted: str, same: bool) -> None:
    """With its digest where one is named."""
    assert is_image(runs, wanted) == same


@pytest.mark.parametrize(
    ("app", "domain", "status"),
    [
        ({}, "a.test", 200),
        ({"redirect": "b.test"}, "a.test", 302),
        ({"redirect": "b.test"}, "b.test", 200),
        ({"basic_auth": {"user": "u"}}, "a.test", 401),
        ({"basic_auth": {"user": "u"}, "redirect": "b.test"}, "a.test", 302),
    ],
)
def test_what_a_domain_answers(app: dict[str, Any], domain: str, status: int) -> None:
    """To a client without user and password."""
    assert answer(app, domain) == status
