# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup server of a site."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site


@pytest.fixture
def keeper(reached: Site, servers: dict[str, Server]) -> Server:
    """The server that keeps the backups; tests that want it are skipped where a site has none."""
    return servers[required(reached, "backup", "servers with backups")[0]]
