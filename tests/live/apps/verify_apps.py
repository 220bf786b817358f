# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apps of a converged site, as its Swarm sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

SERVICES = "docker service ls --format '{{.Name}} {{.Image}} {{.Replicas}}'"
MANAGES = "docker info --format '{{.Swarm.ControlAvailable}}'"


@pytest.fixture
def catalogue(reached: Site) -> list[dict[str, Any]]:
    """The apps that must run, of which there is at least one."""
    host = required(reached, "caprover", "nodes of a Swarm with CapRover")[0]
    found = [entry for entry in reached.values.get(host, "apps") or [] if entry.get("state") != "absent"]
    if not found:
        pytest.skip("the inventory has no apps")
    return found


def test_each_app_runs_its_image(reached: Site, servers: dict[str, Server], catalogue: list[dict[str, Any]]) -> None:
    """With all of its replicas."""
    manager = next((name for name in reached.hosts("caprover") if servers[name].shell(MANAGES).text.strip() == "true"), "")
    if not manager:
        pytest.skip("no manager of the Swarm can be tested")
    rows = (line.split() for line in servers[manager].shell(SERVICES).text.splitlines())
    running = {row[0]: (row[1], row[2]) for row in rows if len(row) >= 3}
    for app in catalogue:
        replicas = app.get("replicas", 1)
        image, count = running.get(app["name"], ("", ""))
        # Docker shows a name without a tag as latest, and a digest behind the tag.
        assert image.startswith(str(app["image"]).partition("@")[0]), app["name"]
        assert count == f"{replicas}/{replicas}", app["name"]
