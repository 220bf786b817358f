# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover itself: another password, other settings, no secret in what a run leaves, another version and the way back, no answer."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live.caprover.captain import Captain
from tests.live.lib.leak_runs import (
    CANARY,
    in_outputs,
    in_processes,
    nothing_found,
    on_hosts,
    show_canary,
    stored,
    temporary_folders,
    vault,
    watching,
)
from tests.live.lib.settings_tried import refused, stated, taken_over, tried_on
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

WEB = "web.apps.vannah.internal"
TRIED = tried_on("apps")
#: CapRover's, not 8 to 29 characters long by chance.
OTHER = "Another-Password-42"
#: Values that only what stands in for CapRover accepts.
NOT_OF_CAPROVER = ("caprover_registries", "caprover_nginx", "caprover_netdata", "caprover_settings", "caprover_image")
SOAK = "VANNAH_SOAK" in os.environ


def shown_by_docker(kind: str, where: str, name: str) -> bool:
    """Whether a secret was found in the environment of an app's process, or in the file in which runc gets it for a moment."""
    return name == "test_key" and (kind == "environ" or (kind == "file" and "/tmp/runc-process" in where))


def test_another_password_settings_and_no_secret_is_found(site: Site, captain: Captain, tmp_path: Path) -> None:
    """A password that was changed by hand is refused; with the previous one a run sets the site's again, and other settings with it.

    Of that run no secret is in the output, the process list or a journal. The environment of the app's own processes has those that the
    catalogue gives it, as docs/caprover.md says.
    """
    said = captain.call("POST", "/user/changepassword", {"oldPassword": captain.password, "newPassword": OTHER})
    assert said["status"] == 100, said
    done = site.playbook("caprover/converge.yml")
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "does not take the password" in printed, done.stdout[-3000:]
    assert "five wrong ones lock all users out" in printed, done.stdout[-3000:]

    hosts = site.hosts("caprover")
    registry = {"domain": "other.vannah.internal", "user": "reader", "password": secrets.token_hex(12)}
    values = {**taken_over(TRIED), "caprover_previous_password": OTHER, "caprover_registries": [registry]}
    if captain.real:  # it proves registries, nginx's templates and images, for which the tests have none
        values = {name: value for name, value in values.items() if name not in NOT_OF_CAPROVER}
    given = tmp_path / "given.yml"
    given.write_text(vault(site, "encrypt", "--output", "-", "-", stdin=json.dumps(values)), encoding="utf-8")
    canary = secrets.token_hex(16)
    needles = {**stored(site), "previous": OTHER, "registry": registry["password"]}
    watched: dict[str, Any] = {}
    with watching({"needles": {**needles, CANARY: canary}, "roots": temporary_folders(site, hosts)}, watched):
        done = site.playbook("site.yml", "-e", f"@{given}", "--diff", "-vvv")
        show_canary(site, hosts, canary)
    assert done.returncode == 0, done.stdout[-4000:]
    domains = [one["registryDomain"] for one in captain.call("GET", "/user/registries")["data"]["registries"]]
    assert ("other.vannah.internal" in domains) == ("caprover_registries" in values)
    assert captain.call("GET", "/user/system/diskcleanup")["data"]["mostRecentLimit"] == TRIED["caprover_disk_cleanup"]["keep"]
    watched["hits"] = [hit for hit in watched["hits"] if not shown_by_docker(*hit)]
    there, _private = on_hosts(site, hosts, needles, canary, {}, roots=[])
    nothing_found(in_outputs(needles, {"changed": done.stdout}, tmp_path, []) | in_processes(watched) | there)
    site.converge()
    site.converge_unchanged()


def test_a_file_with_a_secret_is_in_the_container_alone(site: Site, captain: Captain) -> None:
    """Docker shows the environment of an app, and of a secret file nothing but its name."""
    known = stored(site)
    running = site.read(captain.host, "docker", "ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=web").split()
    read = ["docker", "exec", running[0], "/usr/bin/python3", "-c", "print(open('/run/secrets/key').read())"]
    assert site.run(captain.host, *read).stdout.strip() == known["test_file"]
    shown = site.read(captain.host, "docker", "inspect", *running) + site.read(captain.host, "docker", "service", "inspect", "web")
    assert known["test_key"] in shown and known["test_file"] not in shown
    assert known["test_file"] not in json.dumps(captain.call("GET", "/user/apps/appDefinitions"))


def test_refused_before_anything_is_touched(site: Site, captain: Captain) -> None:
    """What a converge must not change: each variable is named, and no host is changed."""
    values = refused(TRIED)
    assert values
    before = captain.indices()
    done = site.playbook("site.yml", "-e", json.dumps(values))
    assert done.returncode != 0
    for name in values:
        assert f" {stated()[name].judged_with or name}: " in done.stdout, f"{name} is not refused:\n{done.stdout[-4000:]}"
    assert captain.indices() == before


def test_another_version_and_the_way_back(site: Site, captain: Captain, measured: Callable[[str], None]) -> None:
    """A version that loses the apps is replaced by the previous one, with its data; the containers of the apps run all the time."""
    if captain.real:
        pytest.skip("the images of other versions are those of what stands in for CapRover")
    indices = {name: index for name, index in captain.indices().items() if name != "captain-captain"}
    done = site.playbook("caprover/update.yml", "-e", "caprover_version=1.16.0")
    assert done.returncode != 0, done.stdout[-3000:]
    printed = " ".join(done.stdout.split())
    assert "no longer knows" in printed and "version 1.15.3 was restored with its data" in printed, done.stdout[-3000:]
    began = time.monotonic()
    done = site.playbook("caprover/update.yml", "-e", "caprover_version=1.15.4")
    assert done.returncode == 0 and "version 1.15.4, from 1.15.3" in done.stdout, done.stdout[-3000:]
    measured(f"1.15.4 in place of 1.15.3 in {time.monotonic() - began:.1f} s")
    assert captain.call("GET", "/user/system/versionInfo")["data"]["currentVersion"] == "1.15.4"
    done = site.playbook("caprover/undo_update.yml")
    assert done.returncode == 0 and "version 1.15.3, with its data of" in done.stdout, done.stdout[-3000:]
    assert captain.call("GET", "/user/system/versionInfo")["data"]["currentVersion"] == "1.15.3"
    assert {name: index for name, index in captain.indices().items() if name != "captain-captain"} == indices
    site.converge_unchanged()


def test_a_server_that_does_not_answer(site: Site, captain: Captain) -> None:
    """A module says within its time where to look, and no other app is touched; the next run has nothing to do."""
    scale = ["docker", "service", "update", "--detach", "--replicas"]
    before = {name: index for name, index in captain.indices().items() if name != "captain-captain"}
    site.run(captain.host, *scale, "0", "captain-captain")
    try:
        wait_until(lambda: not listens(site, captain), "CapRover has ended", ceiling(60))
        said = json.dumps({"url": "http://127.0.0.1:3000", "password": OTHER, "wait": 3, "apps": [{"name": "web", "instances": 1}]})
        done = site.module(captain.host, "vannah.healthcloud.caprover_apps", said)
        if SOAK:  # with the role's own time, which is a minute at least
            run = site.playbook("caprover/converge.yml", "-e", json.dumps({"caprover_ready_timeout": 60}))
            assert run.returncode != 0 and "CapRover does not answer" in " ".join(run.stdout.split()), run.stdout[-3000:]
    finally:
        site.run(captain.host, *scale, "1", "captain-captain")
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and "CapRover does not answer at http://127.0.0.1:3000" in printed, done.stdout[-3000:]
    assert "docker service ps captain-captain" in printed, done.stdout[-3000:]
    wait_until(lambda: listens(site, captain), "CapRover is back", ceiling(120))
    captain.wait_answer(WEB, "blue", 90)
    assert {name: index for name, index in captain.indices().items() if name != "captain-captain"} == before
    site.converge_unchanged()


def listens(site: Site, captain: Captain) -> bool:
    """Whether something answers at the port of CapRover's API."""
    return bool(site.read(captain.host, "ss", "-Hltn", "sport", "=", ":3000").strip())
