# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that a socket starts (ssh.socket): sshd loses the socket when it reloads, and has none of its own when it is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import revert

from .fake_host import UNITS, FakeHost, component

PACKAGED = "/usr/lib/systemd/system"


def ssh(text: str = "good 1\n", guarded: int = 0) -> dict[str, Any]:
    return component(
        "ssh",
        files=[{"path": "/etc/ssh.conf", "content": text}],
        units=[{"name": "ssh.service", "socket": "ssh.socket", "on_change": "reload", "watch_packages": []}],
        lockout_guard=guarded,
    )


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """ssh.socket listens and is enabled; ssh.service is neither enabled nor started."""
    host = FakeHost(tmp_path)
    host.write(f"{PACKAGED}/ssh.service", "[Service]\nReads=/etc/ssh.conf\n")
    host.write(f"{PACKAGED}/ssh.socket", "[Socket]\nListenStream=2222\n")
    host.enabled.add("ssh.socket")
    host.start("ssh.socket")
    host.log.clear()
    return host


def made(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["error"] is None, answer["error"]
    (one,) = answer["components"]
    assert one["error"] is None, one["error"]
    return dict(one)


def test_a_service_that_waits_for_its_socket_is_left_so(host: FakeHost) -> None:
    made(host.call(ssh()))
    assert host.touched() == [] and host.enabled == {"ssh.socket"}
    assert not made(host.call(ssh()))["changed"]


def test_one_that_runs_is_restarted_and_never_reloaded(host: FakeHost) -> None:
    host.write("/etc/ssh.conf", "good 0\n")
    host.start("ssh.service")  # by a connection
    made(host.call(ssh()))
    assert host.touched() == ["restart ssh.service"] and host.enabled == {"ssh.socket"}
    assert host.running_with["ssh.service"] == {"/etc/ssh.conf": "good 1\n"}
    assert not made(host.call(ssh()))["changed"]
    host.log.clear()
    made(host.call(ssh("good 2\n")))
    assert host.touched() == ["restart ssh.service"]


def test_one_that_was_started_since_has_read_what_there_is(host: FakeHost) -> None:
    made(host.call(ssh()))
    host.start("ssh.service")
    assert not made(host.call(ssh()))["changed"]
    host.boot()
    assert "ssh.service" not in host.active
    assert not made(host.call(ssh()))["changed"] and host.touched() == []


def test_without_the_socket_it_is_a_service_like_others(host: FakeHost) -> None:
    host.active.pop("ssh.socket")
    made(host.call(ssh()))
    assert host.touched() == ["start ssh.service"] and "ssh.service" in host.enabled
    made(host.call(ssh("good 2\n")))
    assert host.touched()[1:] == ["reload ssh.service"]


@pytest.mark.parametrize("listens", [True, False])
def test_the_revert_neither_reloads_nor_starts_it(host: FakeHost, listens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not listens:
        host.active.pop("ssh.socket")
    (host.root / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setattr(revert, "_start", lambda ctx: None)
    made(host.call(ssh(guarded=60)))
    script = host.file(revert.SCRIPT).read_text(encoding="utf-8")
    assert ("$wait try-restart -- 'ssh.service'" in script) is listens
    assert ("$wait $act -- 'ssh.service'" in script) is not listens
    assert json.loads(host.file(revert.MANIFEST).read_text(encoding="utf-8"))["restarted"] == (["ssh.service"] if listens else [])


def test_a_unit_file_of_the_socket_is_not_managed(host: FakeHost) -> None:
    made(host.call(ssh()))
    assert not host.file(f"{UNITS}/ssh.socket").exists() and "ssh.socket" in host.active
