# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apps of a converged site, as its Swarm sees them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

SERVICES = "docker service ls --format '{{.Name}} {{.Image}} {{.Replicas}}'"
#: What an app's health path answers under its domain, asked on CapRover's own host: others may have to come through an edge.
ASK = """python3 - {domain} {path} {port} {tls} <<'END'
import http.client, socket, ssl, sys
domain, path, port, tls = sys.argv[1:]
link = http.client.HTTPConnection(domain, int(port), timeout=20)
link.sock = socket.create_connection(("127.0.0.1", int(port)), 20)
if tls == "True":
    link.sock = ssl.create_default_context().wrap_socket(link.sock, server_hostname=domain)
link.request("GET", path)
answer = link.getresponse()
print(answer.status, answer.read(300).decode(errors="replace"))
END
"""
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


def test_each_app_answers_under_its_domains(reached: Site, servers: dict[str, Server], catalogue: list[dict[str, Any]]) -> None:
    """Those that say how their health is asked."""
    group = reached.hosts("caprover")
    host = (reached.values.setting(group[0], "caprover_managers") or reached.values.in_order("caprover"))[0]
    asked = [(app, domain) for app in catalogue for domain in app.get("domains", ()) if "path" in app.get("health", {})]
    if not asked or host not in servers:
        pytest.skip("no app has domains and health.path" if not asked else f"{host}, on which CapRover runs, cannot be tested")
    for app, domain in asked:
        tls = bool(app.get("tls", True))
        port = reached.values.setting(host, "caprover_https_port" if tls else "caprover_http_port")
        said = servers[host].shell(ASK.format(domain=domain, path=shlex.quote(app["health"]["path"]), port=port, tls=tls)).text
        assert said.startswith("200 "), f"{app['name']} at {domain}: {said}"
