# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of Docker's fault tests."""

from __future__ import annotations

import pytest

from tests.live.docker.engine import Engines
from tests.live.lib.site import Site


@pytest.fixture(scope="session")
def engines(site: Site) -> Engines:
    """The site's engines."""
    return Engines(site)


@pytest.fixture(scope="session")
def swarm(engines: Engines) -> Engines:
    """They form a Swarm, in which a service with two tasks runs."""
    engines.swarm()
    engines.serve(2)
    return engines
