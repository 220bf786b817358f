# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another version of CapRover: what is refused, what is kept, and the way back, also of a run that was killed."""

from __future__ import annotations

import json
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import captain as captain_service
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import versions

from tests.standins.caprover.model import fresh
from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import PASSWORD, Call, Run

NAME = "caprover/caprover"
CONFIG = "captain/data/config-captain.json"


class KilledError(BaseException):
    """The agent's process ends."""


class Host:
    """CapRover's host, below ``root``: its service, its data, and what a version does with them as it starts.

    :ivar bad: versions that never answer; ``forgetful``: that lose an app; ``locked``: that have another password
    :ivar kill: words of Docker's client; at the first call with them the process ends
    """

    def __init__(self, captain: StandIn, root: Path) -> None:
        self.captain, self.root = captain, root
        self.image, self.replicas, self.running = f"{NAME}:1.15.3", 1, True
        self.engines = {"node1": "26.1.5+dfsg1", "node2": "26.1.5+dfsg1"}
        self.bad: set[str] = set()
        self.forgetful: set[str] = set()
        self.locked: set[str] = set()
        self.missing: set[str] = set()
        self.kill = ""
        self.ran: list[list[str]] = []
        self.data = root / "captain/data"
        (self.data / "registry").mkdir(parents=True)
        (self.data / "registry/blob").write_text("large")
        (self.data / "letencrypt").mkdir()
        (self.data / "letencrypt/key").write_text("key")
        (root / CONFIG).write_text("schema 1")

    def __call__(self, argv: list[str], **_more: Any) -> Result:
        words = argv[1:]
        if self.kill and self.kill in " ".join(words):
            self.kill = ""
            raise KilledError
        self.ran.append(words)
        if words[:2] == ["node", "inspect"]:
            return Result(0, "node1manager\n")
        if words[:2] == ["node", "ls"]:
            return Result(0, "".join(json.dumps({"Hostname": k, "EngineVersion": v}) + "\n" for k, v in self.engines.items()))
        if words[:2] == ["service", "inspect"]:
            task = {"ContainerSpec": {"Image": self.image, "Env": []}, "Placement": {"Constraints": ["node.id == node1manager"]}}
            return Result(0, json.dumps([{"Spec": {"TaskTemplate": task}}]))
        if words[:1] == ["pull"] or words[:2] == ["image", "inspect"]:
            gone = words[-1].rpartition(":")[2] in self.missing
            return Result(1, "", "Error response from daemon: manifest unknown") if gone else Result(0)
        if words[:2] == ["service", "update"]:
            options = dict(pairwise(words[2:]))
            self.image = options.get("--image", self.image)
            self.running = options["--replicas"] == "1"
            self.start()
        if words[:2] == ["service", "ps"]:
            return Result(0, "Failed 2 seconds ago task: non-zero exit (1)\n")
        return Result(0)

    def start(self) -> None:
        """A new version changes the data; a bad one changes them as well and never answers."""
        version = self.image.rpartition(":")[2]
        model = self.captain.model
        self.captain.crash()
        if version in self.bad or not self.running:
            self.captain.up_at += 3600
        model.password = "of another" if version in self.locked else PASSWORD
        if self.running and version != "1.15.3":
            (self.root / CONFIG).write_text(f"schema of {version}")
            (self.data / "new-file").write_text("x")
            if version in self.forgetful:
                model.apps.clear()
        if self.running and version == "1.15.3":
            model.apps.setdefault("web", {**fresh(False, ""), "appName": "web"})

    @property
    def changes(self) -> list[str]:
        """What was asked of the service."""
        return [" ".join(words[2:-1]).replace("--detach ", "") for words in self.ran if words[:2] == ["service", "update"]]


START = "--no-resolve-image --image caprover/caprover:{} --replicas 1"
STOP = "--replicas 0"


@pytest.fixture
def host(captain: StandIn, tmp_path: Path) -> Host:
    captain.model.apps["web"] = {**fresh(False, ""), "appName": "web"}
    return Host(captain, tmp_path)


def update(call: Call, host: Host, version: str = "1.15.4", **more: Any) -> Run:
    """The call; no version waits long."""
    host.ran.clear()
    port = int(host.captain.url.rpartition(":")[2])
    return call("update", programs=host, **{"version": version, "admin_port": port, "wait": 1, **more})


def note(host: Host) -> dict[str, Any]:
    """What is noted of the last update."""
    path = host.root / captain_service.NOTE.lstrip("/")
    return dict(json.loads(path.read_text())) if path.exists() else {}


def test_an_update_and_a_second_call_that_changes_nothing(call: Call, host: Host) -> None:
    run = update(call, host)
    assert run.said == [("CapRover", "update", "version 1.15.4, from 1.15.3")]
    assert run.result == {"version": "1.15.3", "way_back": ""}
    assert host.changes == [STOP, START.format("1.15.4")] and host.ran.index(["pull", "--quiet", f"{NAME}:1.15.4"]) < 5
    assert note(host)["phase"] == "done" and note(host)["apps"] == ["web"]
    copy = host.root / note(host)["copy"].lstrip("/")
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    with tarfile.open(copy) as archive:
        names = archive.getnames()
    assert "data/config-captain.json" in names and "data/letencrypt/key" in names and not any("registry" in name for name in names)
    run = update(call, host)
    assert run.said == [] and host.changes == [] and run.result == {"version": "1.15.4", "way_back": "1.15.3"}


def test_check_mode_changes_nothing(call: Call, host: Host) -> None:
    assert update(call, host, check=True).said == [("CapRover", "update", "version 1.15.4, from 1.15.3")]
    assert host.changes == [] and note(host) == {} and (host.root / CONFIG).read_text() == "schema 1"


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("bad", "did not answer within 1 s (it is starting (Internal Server Error); its last task: Failed 2 seconds ago"),
        ("locked", "did not accept the login"),
        ("forgetful", "no longer knows 1 app: web"),
    ],
)
def test_a_version_that_does_not_work_goes_back_with_its_data(call: Call, host: Host, attribute: str, words: str) -> None:
    getattr(host, attribute).add("1.16.0")
    run = update(call, host, "1.16.0", catch=True)
    assert run.error is not None and run.error.code == "update-failed"
    assert words in run.error.msg and "version 1.15.3 was restored with its data. Fix:" in run.error.msg
    assert host.changes == [STOP, START.format("1.16.0"), STOP, START.format("1.15.3")]
    assert (host.root / CONFIG).read_text() == "schema 1" and not (host.data / "new-file").exists()
    assert (host.data / "registry/blob").read_text() == "large" and (host.data / "letencrypt/key").read_text() == "key"
    assert note(host)["phase"] == "restored" and PASSWORD not in run.shown


def test_a_server_that_is_silent_is_not_updated(captain: StandIn, call: Call, host: Host) -> None:
    """Whether an app is being built is not known."""
    captain.close()
    with pytest.raises(AgentError) as caught:
        update(call, host)
    assert caught.value.code == "caprover-unreachable" and host.changes == []


def test_the_way_back_on_request(call: Call, host: Host) -> None:
    update(call, host)
    run = update(call, host, back=True)
    assert run.said == [("CapRover", "restore", f"version 1.15.3, with its data of {note(host)['since']}")]
    assert (host.root / CONFIG).read_text() == "schema 1" and host.image.endswith(":1.15.3")
    with pytest.raises(AgentError, match=r"version 1\.15\.3 was restored already") as caught:
        update(call, host, back=True)
    assert caught.value.code == "no-way-back"


def test_no_way_back_without_an_update(call: Call, host: Host) -> None:
    with pytest.raises(
        AgentError, match=r"no copy of CapRover's data from before an update is on this host\. Fix: restore /captain"
    ) as caught:
        update(call, host, back=True)
    assert caught.value.code == "no-way-back" and host.changes == []


@pytest.mark.parametrize("broken", ["copy", "image"])
def test_no_way_back(call: Call, host: Host, broken: str) -> None:
    """The copy is gone, or it was updated again on its own page."""
    update(call, host)
    if broken == "copy":
        (host.root / note(host)["copy"].lstrip("/")).unlink()
    else:
        host.image = f"{NAME}:1.17.0"
    words = "is gone" if broken == "copy" else "CapRover 1.17.0 runs, and the copy is from before the update to 1.15.4"
    with pytest.raises(AgentError) as caught:
        update(call, host, back=True)
    assert caught.value.code == "no-way-back" and words in caught.value.msg and host.changes == []


def test_only_the_copy_of_the_last_update_stays(call: Call, host: Host) -> None:
    update(call, host)
    update(call, host, "1.15.5")
    assert sorted(path.name for path in (host.root / "var/lib/vannah/caprover-update").iterdir()) == ["1.15.4.tar", "note.json"]


@pytest.mark.parametrize(
    ("state", "version", "code", "words"),
    [
        ({}, "1.15.2", "caprover-older", "CapRover 1.15.3 runs, and 1.15.2 is older"),
        ({"engines": {"node1": "26.1.5", "node2": "20.10.24+dfsg1"}}, "1.15.4", "caprover-docker", "and node2 has Docker 20.10.24+dfsg1"),
        ({"image": f"{NAME}:1.13.0", "engines": {"n": "29.0.1"}}, "1.14.0", "caprover-docker", "does not start with Docker 29"),
        ({"missing": {"1.15.4"}}, "1.15.4", "image-missing", "manifest unknown. Fix:"),
    ],
)
def test_what_is_refused_before_anything_is_stopped(
    call: Call, host: Host, state: dict[str, Any], version: str, code: str, words: str
) -> None:
    for name, value in state.items():
        setattr(host, name, value)
    with pytest.raises(AgentError) as caught:
        update(call, host, version)
    assert caught.value.code == code and words in caught.value.msg and host.changes == [] and note(host) == {}


def test_no_update_while_an_app_is_built(captain: StandIn, call: Call, host: Host) -> None:
    captain.model.building["web"] = True
    with pytest.raises(AgentError, match="CapRover builds web, and an update would end that") as caught:
        update(call, host)
    assert caught.value.code == "caprover-busy" and host.changes == []


def test_an_older_version_that_was_kept_names_the_way_back(call: Call, host: Host) -> None:
    update(call, host)
    with pytest.raises(AgentError, match="set back: true, which restores it"):
        update(call, host, "1.15.3")


@pytest.mark.parametrize("kill", ["--replicas 0", "label=com.docker.swarm", "--image caprover/caprover:1.15.4"])
def test_a_run_that_was_killed_is_completed(call: Call, host: Host, kill: str) -> None:
    host.kill = kill
    with pytest.raises(KilledError):
        update(call, host)
    assert note(host)["phase"] in captain_service.UNFINISHED
    given = {"address": "192.0.2.11", "version": "1.15.3", "accept_terms": True}
    with pytest.raises(AgentError, match=r"update of CapRover to 1\.15\.4 .* was interrupted") as caught:
        call("install", programs=host, **given)
    assert caught.value.code == "caprover-half-updated"
    with pytest.raises(AgentError, match=r"1\.15\.4 was interrupted, and 1\.16\.0 is requested"):
        update(call, host, "1.16.0")
    run = update(call, host)
    assert run.said == [("CapRover", "update", "version 1.15.4, from 1.15.3, continued")]
    assert host.image.endswith(":1.15.4") and host.running and note(host)["phase"] == "done"
    update(call, host, back=True)
    assert (host.root / CONFIG).read_text() == "schema 1"


@pytest.mark.parametrize("kill", ["--replicas 0", "--image caprover/caprover:1.15.3"])
def test_a_way_back_that_was_killed_is_completed(call: Call, host: Host, kill: str) -> None:
    """Also by a call that asks for the new version: it has failed."""
    update(call, host)
    host.kill = kill
    with pytest.raises(KilledError):
        update(call, host, back=True)
    assert note(host)["phase"] == "restoring"
    run = update(call, host)
    assert run.said[0][:2] == ("CapRover", "restore") and host.image.endswith(":1.15.3")
    assert note(host)["phase"] == "restored" and (host.root / CONFIG).read_text() == "schema 1"


def test_back_before_the_data_were_copied(call: Call, host: Host) -> None:
    host.kill = "label=com.docker.swarm"
    with pytest.raises(KilledError):
        update(call, host)
    run = update(call, host, back=True)
    assert run.said == [("CapRover", "start", "version 1.15.3, whose data were not changed")]
    assert host.running and note(host) == {}


def test_a_copy_that_cannot_be_made_changes_nothing(call: Call, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_words: Any, **_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "add", full)
    run = update(call, host, catch=True)
    assert run.error is not None and run.error.code == "no-space"
    assert host.running and host.image.endswith(":1.15.3") and note(host) == {}


@pytest.mark.parametrize(
    ("said", "version"), [("26.1.5+dfsg1", (26, 1, 5)), ("28.5.1-rc.1", (28, 5, 1)), ("29", (29,)), ("dev", None), ("", None)]
)
def test_versions_of_engines(said: str, version: tuple[int, ...] | None) -> None:
    assert versions.of_engine(said) == version
