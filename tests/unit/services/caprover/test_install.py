# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover's installer: what it gets, what it leaves, and that the known default password answers at no time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.install import CONTAINER, SETTINGS
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.notes import PATH

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import PASSWORD, Call, Run

#: As Docker 26.1 says it on a host that is in no Swarm.
NO_MANAGER = (
    'Error response from daemon: This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to'
    " swarm and try again."
)
NO_SERVICE = "Status: Error: no such service: captain-captain, Code: 1"


class Host:
    """Docker's client on a manager, and what its installer does there.

    :ivar broken: what the installer prints where it makes no service; it ends with 0 all the same
    :ivar passwords: those that CapRover took while it was installed
    """

    def __init__(self, captain: StandIn) -> None:
        self.captain = captain
        self.node = "node1manager"
        self.leads = True
        self.service: dict[str, Any] | None = None
        self.broken = ""
        self.silent = ""
        self.ran: list[list[str]] = []
        self.given: dict[str, str] = {}

    def __call__(self, argv: list[str], input: Any = None, **_more: Any) -> Result:
        self.ran.append(argv)
        if self.silent:
            return Result(1, "", self.silent)
        if argv[:4] == ["docker", "node", "inspect", "self"]:
            return Result(0, f"{self.node}\n" if argv[-1] == "{{.ID}}" else f"{str(self.leads).lower()}\n")
        if argv[:3] == ["docker", "service", "inspect"]:
            return Result(0, json.dumps([self.service])) if self.service else Result(1, "[]", NO_SERVICE)
        if argv[:2] == ["docker", "run"]:
            self.given = dict(line.split("=", 1) for line in input.splitlines())
            if self.broken:
                return Result(0, f"Installation failed.\n{self.broken} {self.given['DEFAULT_PASSWORD']}\n")
            self.made(argv[-1])
            self.captain.model.password = self.given["DEFAULT_PASSWORD"]
        return Result(0)

    def made(self, image: str) -> None:
        """The service as the installer makes it (recorded)."""
        words = [f"{name}={self.given[name]}" for name in self.given if name.startswith("CAPTAIN_HOST_") or name == "DEFAULT_PASSWORD"]
        task = {
            "ContainerSpec": {"Image": image, "Env": ["IS_CAPTAIN_INSTANCE=1", *words]},
            "Placement": {"Constraints": [f"node.id == {self.node}"]},
        }
        self.service = {"Spec": {"TaskTemplate": task}}


@pytest.fixture
def host(captain: StandIn) -> Host:
    return Host(captain)


def install(call: Call, host: Host, **more: Any) -> Run:
    """The call, with the stand-in in the place of the CapRover that is made."""
    port = int(host.captain.url.rpartition(":")[2])
    given = {"address": "192.0.2.11", "version": "1.15.3", "accept_terms": True, "admin_port": port, **more}
    return call("install", programs=host, **given)


def test_it_is_installed_and_a_second_run_changes_nothing(captain: StandIn, call: Call, host: Host, tmp_path: Path) -> None:
    run = install(call, host, http_port=8080, settings={"analyticsDomain": "http://127.0.0.1:9"})
    assert run.said == [(SETTINGS, "update", ""), ("CapRover", "install", "version 1.15.3")]
    assert run.result == {"installed": False, "version": ""}
    assert json.loads(Path(f"{tmp_path}{SETTINGS}").read_text()) == {"useExistingSwarm": True, "analyticsDomain": "http://127.0.0.1:9"}
    assert captain.model.password == PASSWORD
    assert host.given["MAIN_NODE_IP_ADDRESS"] == "192.0.2.11" and host.given["CAPTAIN_HOST_HTTP_PORT"] == "8080"
    run = install(call, host, http_port=8080, settings={"analyticsDomain": "http://127.0.0.1:9"})
    assert run.said == [] and run.result == {"installed": True, "version": "1.15.3"} and captain.writes() == []
    assert run.ctx.warnings == []


def test_the_default_password_never_answers_and_none_is_on_a_command_line(captain: StandIn, call: Call, host: Host) -> None:
    run = install(call, host)
    once = host.given["DEFAULT_PASSWORD"]
    assert len(once) == 24 and once != PASSWORD
    assert "captain42" not in [body.get("password") for body in captain.bodies]
    for argv in host.ran:
        assert once not in " ".join(argv) and PASSWORD not in " ".join(argv)
    assert once not in run.shown and PASSWORD not in run.shown


def test_a_run_that_was_cut_off_before_the_password_is_finished(captain: StandIn, call: Call, host: Host, tmp_path: Path) -> None:
    """The one-time password is still in the environment of the service."""
    install(call, host)
    Path(f"{tmp_path}{PATH}").unlink()
    captain.model.password = host.given["DEFAULT_PASSWORD"]
    assert install(call, host).said == [("password", "update", "")] and captain.model.password == PASSWORD
    assert install(call, host).said == []


def test_the_password_is_tried_until_it_is_known_to_be_in_force(captain: StandIn, call: Call, host: Host, tmp_path: Path) -> None:
    """A wrong one counts for all clients, so a known one is not tried again. Another installation has another one-time password."""
    install(call, host)
    assert install(call, host).said == [] and captain.seen == []
    Path(f"{tmp_path}{PATH}").unlink()
    assert install(call, host, check=True).said == [] and len(captain.seen) == 1 and not Path(f"{tmp_path}{PATH}").exists()
    assert install(call, host).said == [] and len(captain.seen) == 1
    assert install(call, host).said == [] and captain.seen == []
    assert host.service is not None
    host.service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"] = ["DEFAULT_PASSWORD=another-one"]
    captain.model.password = "another-one"
    assert install(call, host).said == [("password", "update", "")]


def test_the_previous_password_where_the_notes_are_lost(captain: StandIn, call: Call, host: Host, tmp_path: Path) -> None:
    """The site has a new password, and the host has lost what it knew of the installation: three tries at most, no default."""
    install(call, host)
    Path(f"{tmp_path}{PATH}").unlink()
    captain.model.password = "The-One-Before"
    with pytest.raises(AgentError, match="does not take the password, nor the previous one"):
        install(call, host)
    assert install(call, host, previous_password="The-One-Before").said == [("password", "update", "")]
    assert captain.model.password == PASSWORD and captain.seen.count(("POST", "/login")) == 2
    assert install(call, host, previous_password="The-One-Before").said == [] and captain.seen == []


def test_a_secret_that_is_made_later(call: Call, host: Host) -> None:
    """In check mode something longer than a password may be stands in its place."""
    assert len(install(call, host, check=True, password="vannah-check-mode-placeholder-caprover_password").said) == 2


def test_an_installer_of_a_run_that_was_cut_off_goes(call: Call, host: Host) -> None:
    install(call, host)
    words = [" ".join(argv[:4]) for argv in host.ran]
    assert words.index(f"docker rm --force {CONTAINER}") < words.index("docker run --rm --name")


def test_an_installer_that_fails(call: Call, host: Host) -> None:
    """It ends with status 0 (recorded), and its output may have its password."""
    host.broken = "Error: (HTTP code 404) pull access denied"
    with pytest.raises(AgentError, match=r"installer has created no service: Error: .HTTP code 404. pull access denied") as caught:
        install(call, host)
    assert caught.value.code == "install-failed" and "Fix:" in caught.value.msg
    assert host.given["DEFAULT_PASSWORD"] not in caught.value.msg + caught.value.journal


def test_check_mode_installs_nothing(call: Call, host: Host, tmp_path: Path) -> None:
    assert install(call, host, check=True).said == [(SETTINGS, "update", ""), ("CapRover", "install", "version 1.15.3")]
    assert not Path(f"{tmp_path}{SETTINGS}").exists() and not host.given
    host.silent = "Cannot connect to the Docker daemon"
    run = install(call, host, check=True)
    assert len(run.said) == 2 and "manages no Swarm yet" in run.ctx.warnings[0]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"accept_terms": False}, "bad-install", "accept_terms: true"),
        ({"password": "short"}, "bad-password", "password has 5 characters"),
    ],
)
def test_what_cannot_be(call: Call, host: Host, given: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(AgentError) as caught:
        install(call, host, **given)
    assert caught.value.code == code and words in caught.value.msg and host.ran == []


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (NO_MANAGER, "swarm-role", "this host is not one. Fix: run docker_swarm first"),
        ("Cannot connect", "docker-silent", "systemctl status docker"),
    ],
)
def test_a_host_that_manages_no_swarm(call: Call, host: Host, said: str, code: str, words: str) -> None:
    host.silent = said
    with pytest.raises(AgentError) as caught:
        install(call, host)
    assert caught.value.code == code and words in caught.value.msg


def test_it_would_run_on_the_leader_and_nowhere_else(call: Call, host: Host) -> None:
    host.leads = False
    with pytest.raises(AgentError, match="ties itself to the leader of the Swarm, and this host is not it") as caught:
        install(call, host)
    assert caught.value.code == "caprover-elsewhere" and not host.given


def test_one_that_is_there_keeps_its_node_and_its_ports(call: Call, host: Host) -> None:
    install(call, host)
    with pytest.raises(AgentError, match=r"http_port is 8080, and CapRover was installed with 80.* Fix: set http_port: 80") as caught:
        install(call, host, http_port=8080)
    assert caught.value.code == "caprover-ports"
    host.node = "another"
    with pytest.raises(AgentError, match="tied to the node node1manager, which is another host") as caught:
        install(call, host)
    assert caught.value.code == "caprover-elsewhere"


def test_another_version_and_other_settings_are_said(captain: StandIn, call: Call, host: Host, tmp_path: Path) -> None:
    install(call, host)
    run = install(call, host, version="1.16.0", settings={"skipVerifyingDomains": True})
    assert run.said == [(SETTINGS, "update", "")] and captain.writes() == []
    assert "CapRover 1.15.3 runs, and version 1.16.0 is requested" in run.ctx.warnings[0]
    assert "reads it when it starts" in run.ctx.warnings[1]
    assert json.loads(Path(f"{tmp_path}{SETTINGS}").read_text())["skipVerifyingDomains"] is True
