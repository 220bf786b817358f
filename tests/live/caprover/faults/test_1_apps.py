# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps on a CapRover of two nodes: what changes them, what does not, and what is put back."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.live.caprover.captain import Captain
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

WEB = "web.apps.vannah.internal"


def changed(captain: Captain, name: str, **more: Any) -> str:
    """``-e`` with the catalogue, of which one app is another one."""
    return json.dumps({"apps": [{**app, **more} if app["name"] == name else app for app in captain.catalogue]})


def test_an_app_answers_under_its_domain(captain: Captain) -> None:
    """From a host outside of the site, by containers of both nodes."""
    captain.wait_answer(WEB, "blue")
    wait_until(lambda: len({captain.ask(WEB) for _turn in range(12)}) > 1, "both containers answer", ceiling(30))


def test_closed_ports(site: Site, captain: Captain) -> None:
    """CapRover's API without TLS is for its own host; a published port is for those that the app names."""
    for host, port in ((captain.host, 3000), (captain.host, 2377), (captain.others[0], 80)):
        with socket.socket() as client:
            client.settimeout(3)
            assert client.connect_ex((site.address(host), port)) != 0, f"{host}:{port}"


def test_another_environment_redeploys_one_app(site: Site, captain: Captain) -> None:
    """Once, and no other app."""
    before = captain.indices()
    printed = site.converge("-e", changed(captain, "web", environment={"COLOUR": "green"}))
    captain.wait_answer(WEB, "green")
    after = captain.indices()
    assert {name for name in before if before[name] != after[name]} == {"web"}
    assert captain.password not in printed


def test_an_image_that_ends_goes_back(site: Site, captain: Captain) -> None:
    """The version before answers all the time; the image is not tried again, and each run says so."""
    site.converge()
    bad = changed(captain, "web", image=captain.catalogue[0]["image"].replace(":1", ":bad"))
    done = site.playbook("site.yml", "-e", bad)
    assert done.returncode != 0 and "does not become healthy" in done.stdout and "was restored" in done.stdout, done.stdout[-3000:]
    captain.wait_answer(WEB, "blue")
    before = captain.indices()
    done = site.playbook("site.yml", "-e", bad)
    assert done.returncode != 0 and "held back until it changes" in done.stdout, done.stdout[-3000:]
    assert captain.indices() == before
    site.converge()


def test_a_change_by_hand_is_reverted_and_other_apps_stay(site: Site, captain: Captain) -> None:
    """In CapRover's pages; an app of another team is neither changed nor removed."""
    definitions = "/user/apps/appDefinitions"
    body = {"appName": "web", "instanceCount": 1, "envVars": [{"key": "COLOUR", "value": "hand"}]}
    assert captain.call("PATCH", f"{definitions}/update", body)["status"] == 100
    captain.call("POST", f"{definitions}/register?detached=1", {"appName": "theirs", "hasPersistentData": False, "projectId": ""})
    wait_until(lambda: "theirs" in captain.indices(), "the other team's app is there", ceiling(30))
    before = captain.indices()
    site.converge()
    captain.wait_answer(WEB, "blue")
    after = captain.indices()
    assert {name for name in before if before[name] != after.get(name)} == {"web"}
    site.converge_unchanged()


def test_a_worker_is_lost(site: Site, captain: Captain) -> None:
    """Its containers start on the other node; when it is back, a run completes and the next one has nothing to do."""
    lost = captain.others[0]
    site.docker("stop", "--time", "1", site.container(lost))
    running = ["docker", "service", "ps", "web", "--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}"]

    def on_one_node() -> bool:
        lines = site.run(captain.host, *running, check=False).stdout.splitlines()
        return len(lines) == 2 and all(line.startswith(f"{captain.host} Running") for line in lines)

    wait_until(on_one_node, f"the containers of {lost} start on {captain.host}", ceiling(90))
    captain.wait_answer(WEB, "blue")
    site.start(lost)
    listed = ["docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}}"]
    wait_until(lambda: f"{lost} Ready" in site.run(captain.host, *listed, check=False).stdout, f"{lost} is back", ceiling(60))
    site.converge()
    site.converge_unchanged()


def test_the_manager_restarts(site: Site, captain: Captain) -> None:
    """All logins end with CapRover's restart; the next run logs in again and has nothing to do."""
    site.run(captain.host, "systemctl", "restart", "docker.service", timeout=120)
    captain.wait_answer(WEB, "blue", 90)
    site.converge()
    site.converge_unchanged()
