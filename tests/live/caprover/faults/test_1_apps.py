# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps on a CapRover of three nodes: what changes them, what does not, and what is put back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from typing import Any

import yaml

from tests.live.caprover.captain import Captain
from tests.live.caprover.outside import PORTS, Load, open_ports
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

WEB = "web.apps.vannah.internal"


#: What the first change makes of the app ``web``, and later ones leave.
GREEN: dict[str, Any] = {"environment": {"COLOUR": "green"}, "secret_files": {}}


def changed(captain: Captain, others: dict[str, dict[str, Any]] | None = None, **web: Any) -> str:
    """``-e`` with the catalogue, of which ``web`` and others are other ones."""
    more = {**(others or {}), "web": web}
    return json.dumps({"apps": [{**app, **more.get(app["name"], {})} for app in captain.catalogue]})


def image(captain: Captain, tag: str) -> str:
    """The image of the apps with another tag."""
    return str(captain.catalogue[0]["image"]).replace(":1", f":{tag}")


def test_an_app_answers_under_its_domain(captain: Captain) -> None:
    """From a host outside of the site, by both containers."""
    captain.wait_answer(WEB, "blue")
    wait_until(lambda: len({captain.ask(WEB) for _turn in range(12)}) > 1, "both containers answer", ceiling(30))


def test_ports_that_are_published(site: Site, captain: Captain) -> None:
    """Of all that listens on the nodes, a host outside of the site reaches SSH and CapRover's HTTP port alone."""
    hosts = {site.address(name): name for name in (captain.host, *captain.others)}
    listening = {int(port) for name in hosts.values() for port in re.findall(r":(\d+) ", site.read(name, "ss", "-Hltn"))}
    published = {int(port) for port in re.findall(r"(\d+)->", site.read(captain.host, "docker", "service", "ls", "--format", "{{.Ports}}"))}
    assert {22, 2377, 3000, 4242} <= listening | published
    found = open_ports((address, port) for address in hosts for port in sorted(listening | published | set(PORTS)))
    # What stands in for CapRover has no TLS.
    own = {(captain.host, port) for port in ((80, 443) if captain.real else (80,))}
    assert {(hosts[address], port) for address, port in found} == own | {(name, 22) for name in hosts.values()}


def test_a_new_image_and_environment_under_load(site: Site, captain: Captain, measured: Callable[[str], None]) -> None:
    """Two replicas, one after the other: no request fails, and no other app is touched. The secret of the last app that had one goes."""
    secrets = ["docker", "secret", "ls", "--quiet", "--filter", "label=health.vannah.app"]
    before = captain.indices()
    assert site.read(captain.host, *secrets).split()
    with Load(captain, WEB) as load:
        printed = site.converge("-e", changed(captain, image=image(captain, "2"), **GREEN))
        captain.wait_answer(WEB, "green")
    measured(f"a new environment and a new image: {load}")
    assert len(load.failed) <= (load.count // 50 if captain.late else 0), load.failed[:20]
    assert any(body.startswith("green ") and body.endswith(" 2") for body in load.bodies), load.bodies
    after = captain.indices()
    assert {name for name in before if before[name] != after[name]} == {"web"}
    assert captain.password not in printed
    assert site.read(captain.host, *secrets).split() == []


def test_an_image_that_ends_goes_back(site: Site, captain: Captain, measured: Callable[[str], None]) -> None:
    """The version before answers all the time; the image is not tried again, and each run says so. An app that comes after it waits."""
    waits = {"api": {"image": image(captain, "2"), "after": ["web"]}}
    bad = changed(captain, waits, image=image(captain, "bad"), after=[], **GREEN)
    with Load(captain, WEB) as load:
        done = site.playbook("caprover/converge.yml", "-e", bad)
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "does not become healthy" in printed and "was restored" in printed, done.stdout[-3000:]
    assert "Not deployed in this run: api (after web)" in printed, done.stdout[-3000:]
    measured(f"an image that ends at once: {load}")
    assert len(load.failed) <= (load.count // 50 if captain.late else 0), load.failed[:20]
    captain.wait_answer(WEB, "green")
    before = captain.indices()
    done = site.playbook("caprover/converge.yml", "-e", bad)
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "held back until it changes" in printed, done.stdout[-3000:]
    assert "app api is held back too, because it comes after app web" in printed, done.stdout[-3000:]
    assert captain.indices() == before and captain.image("api") == image(captain, "1")


def test_an_app_waits_for_one_that_is_not_healthy(site: Site, captain: Captain) -> None:
    """Its image has not changed, and nothing of it runs: what comes after it keeps its image."""
    before = captain.image("web")
    given = json.loads(changed(captain, image=image(captain, "1" if before.endswith(":2") else "2"), **GREEN))
    site.run(captain.host, "docker", "service", "scale", "--detach", "api=0")
    try:
        done = site.playbook("caprover/converge.yml", "-e", json.dumps({**given, "apps_health_timeout": 10}))
    finally:
        site.run(captain.host, "docker", "service", "scale", "--detach", "api=1")
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "app web is not deployed, because it comes after app api, which is not healthy" in printed, printed[
        -3000:
    ]
    assert captain.image("web") == before


def test_a_change_by_hand_is_reverted_and_other_apps_stay(site: Site, captain: Captain) -> None:
    """In CapRover's pages, also of what the catalogue has no word for; an app of another team is neither changed nor removed."""
    definitions = "/user/apps/appDefinitions"
    template = captain.call("GET", definitions)["data"]["defaultNginxConfig"]
    login = {"user": "hand", "passwordHashed": "$apr1$VelFnqw0$3hYvVwttjnznIDrwTqUOc/"}
    hand = {"customNginxConfig": f"# by hand\n{template}", "redirectDomain": WEB, "httpAuth": login}
    body = {"appName": "web", "instanceCount": 1, "envVars": [{"key": "COLOUR", "value": "hand"}], **hand}
    assert captain.call("PATCH", f"{definitions}/update", body)["status"] == 100
    captain.call("POST", f"{definitions}/register?detached=1", {"appName": "theirs", "hasPersistentData": False, "projectId": ""})
    wait_until(lambda: "theirs" in captain.indices(), "the other team's app is there", ceiling(30))
    before = captain.indices()
    site.converge()
    captain.wait_answer(WEB, "blue")
    after = captain.indices()
    assert {name for name in before if before[name] != after.get(name)} == {"web"}
    assert [name for name in hand if captain.definition("web").get(name)] == []
    site.converge_unchanged()
    assert captain.indices() == after


def test_a_node_that_the_inventory_forgets(site: Site, captain: Captain) -> None:
    """Refused by the host checks of any playbook, with the verb that takes it out of the Swarm."""
    folder = site.inventory.with_name("inventory.forgotten")  # beside the scenario's own, whose files name their place by its folder
    shutil.copytree(site.inventory, folder, symlinks=True, dirs_exist_ok=True)
    try:
        said = yaml.safe_load((folder / "hosts.yml").read_text(encoding="utf-8"))
        del said["all"]["children"]["caprover"]["hosts"][captain.others[0]]
        (folder / "hosts.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
        done = Site(folder, site.arguments, site.environment).playbook("base.yml")
    finally:
        shutil.rmtree(folder)
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "contact-member-not-in-group" in printed, done.stdout[-4000:]
    assert f"remove.yml -e caprover_node={captain.others[0]}" in printed, done.stdout[-4000:]


def test_a_worker_is_lost(site: Site, captain: Captain) -> None:
    """Its containers start on other nodes; when it is back, a run completes and the next one has nothing to do."""
    running = ["docker", "service", "ps", "web", "--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}"]

    def placed() -> list[str]:
        lines = site.run(captain.host, *running, check=False).stdout.splitlines()
        return [line.split()[0] for line in lines if " Running" in line]

    lost = next(name for name in (*placed(), *captain.others) if name != captain.host)
    site.docker("stop", "--time", "1", site.container(lost))
    wait_until(lambda: len(placed()) == 2 and lost not in placed(), f"the containers of {lost} start elsewhere", ceiling(90))
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
    site.converge_unchanged()
