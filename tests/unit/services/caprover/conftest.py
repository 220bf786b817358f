# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in server for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.standins.caprover.server import StandIn

PASSWORD = "Captain-Test-42"


@pytest.fixture
def captain() -> Iterator[StandIn]:
    """A server with a root domain and TLS for it."""
    stand_in = StandIn()
    stand_in.model.password, stand_in.model.root, stand_in.model.root_ssl = PASSWORD, "cap.test", True
    yield stand_in
    stand_in.close()
