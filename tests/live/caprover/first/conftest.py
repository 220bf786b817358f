# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the first run."""

from __future__ import annotations

import pytest

from tests.live.caprover.captain import Captain
from tests.live.lib.site import Site


@pytest.fixture(scope="session")
def captain(site: Site) -> Captain:
    """The site's CapRover."""
    return Captain(site)
