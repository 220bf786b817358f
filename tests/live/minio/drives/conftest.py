# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose drives are devices: loop devices, where the machine gives them to its containers."""

from __future__ import annotations

import pytest

from tests.live.lib.site import Site
from tests.live.minio.drives.devices import Devices


@pytest.fixture(scope="session")
def devices() -> Devices:
    """The server with devices; where the machine has none, every test says so and why."""
    found = Devices(Site.from_environment())
    reason = found.site.values.get(found.host, "server_no_drives")
    if reason is not None:
        pytest.skip(f"NO LOOP DEVICES on this machine, so drives that the role formats and mounts were not tested: {reason}")
    return found
