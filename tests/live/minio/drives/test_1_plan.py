# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on a bare server with four empty devices: it says which are formatted and mounted where, and touches none."""

from __future__ import annotations

import re

from tests.live.lib.untouched import server
from tests.live.minio.drives.devices import BY_ID, Devices

NAMES = ("drive1", "drive2", "drive3", "drive4")


def test_plan_names_what_is_formatted(devices: Devices) -> None:
    """Each device and each mount point stands in the plan; nothing on the server is another afterwards."""
    before = server(devices.site, devices.host)
    done = devices.site.playbook("site.yml", "--check", "--diff")
    assert done.returncode == 0, done.stdout[-4000:]
    for name in NAMES:
        assert re.search(rf"^\+\+\+ after: {BY_ID}{name}\n.*\n\+format: xfs$", done.stdout, re.MULTILINE), (
            f"{name} is not formatted:\n{done.stdout}"
        )
        assert f"+mount: {BY_ID}{name} (xfs)" in done.stdout, f"{name} is not mounted:\n{done.stdout}"
    assert server(devices.site, devices.host) == before
    assert [name for name in (*NAMES, "spare") if not devices.never_written(name)] == []
    assert devices.mounts() == {}
