# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site, as the tests of Debian's packages see it."""

from __future__ import annotations

import pytest

from tests.live.postgresql.cluster import Cluster


@pytest.fixture(scope="session")
def site() -> Cluster:
    """The site with its database cluster."""
    return Cluster.from_environment()
