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

SERVICES = "docker service ls --format '{{.Name}} {{.Replicas}}'"
#: `docker service ls` leaves digests out.
IMAGES = "docker service inspect --format '{{.Spec.Name}} {{.Spec.TaskTemplate.ContainerSpec.Image}}' $(docker service ls --quiet)"
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


def is_image(runs: str, wanted: str) -> bool:
    """Whether a service runs an image: with its digest where one is named. Docker adds `latest`, and a digest that it has looked up."""
    named = wanted if "@" in wanted or ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    return runs in (wanted, named) or ("@" not in wanted and runs.startswith(f"{named}@"))


def answer(app: dict[str, Any], domain: str) -> int:
    """The status that its health path has under a domain, for a client without user and password."""
    if app.get("redirect") and app["redirect"] != domain:
        return 302
    return 401 if app.get("basic_auth") else 200


def test_each_app_runs_its_image(reached: Site, servers: dict[str, Server], catalogue: list[dict[str, Any]]) -> None:
    """With all of its replicas, and the digest that the inventory names."""
    manager = next((name for name in reached.hosts("caprover") if servers[name].shell(MANAGES).text.strip() == "true"), "")
    if not manager:
        pytest.skip("no manager of the Swarm can be tested")
    counts = dict(line.split()[:2] for line in servers[manager].shell(SERVICES).text.splitlines())
    images = dict(line.split()[:2] for line in servers[manager].shell(IMAGES).text.splitlines())
    for app in catalogue:
        replicas, name = app.get("replicas", 1), app["name"]
        assert is_image(images.get(name, ""), str(app["image"])), f"{name} runs {images.get(name)}"
        assert counts.get(name) == f"{replicas}/{replicas}", name


def test_each_app_answers_under_its_domains(reached: Site, servers: dict[str, Server], catalogue: list[dict[str, Any]]) -> None:
    """Those that say how their health is asked."""
    group = reached.hosts("caprover")
    host = (reached.values.setting(group[0], "caprover_managers") or reached.values.in_order("caprover"))[0]
    asked = [
        (app, domain)
        for app in catalogue
        for domain in app.get("domains", ())
        if app.get("replicas", 1) and "path" in app.get("health", {})
    ]
    if not asked or host not in servers:
        pytest.skip("no app has domains and health.path" if not asked else f"{host}, on which CapRover runs, cannot be tested")
    for app, domain in asked:
        tls = bool(app.get("tls", True))
        port = reached.values.setting(host, "caprover_https_port" if tls else "caprover_http_port")
        said = servers[host].shell(ASK.format(domain=domain, path=shlex.quote(app["health"]["path"]), port=port, tls=tls)).text
        assert said.startswith(f"{answer(app, domain)} "), f"{app['name']} at {domain}: {said}"
