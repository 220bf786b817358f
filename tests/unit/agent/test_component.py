# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One component through whole calls on a simulated host; what fails is in test_component_undo.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from . import fake_host
from .demo import config, demo, ok, one, verbs
from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_first_run_then_nothing(host: FakeHost) -> None:
    first = ok(host.call(demo()))
    assert verbs(first) == [
        "create /etc/demo.conf",
        "create /etc/systemd/system/demo.service",
        "daemon-reload systemd",
        "enable demo.service",
        "start demo.service",
    ]
    assert first["restarted"] == []
    state, shows = host.state(), host.shows
    second = ok(host.call(demo()))
    assert not second["changed"] and second["steps"] == []
    assert host.state() == state
    assert host.shows == shows + 1  # one call for all units
    assert not host.file("/var/lib/vannah/generations/demo").exists()
    assert not host.file("/var/lib/vannah/journal").exists()


def test_check_mode_says_the_same_and_writes_nothing(host: FakeHost) -> None:
    state = host.state()
    said = ok(host.call(demo(), mode="check"))
    assert host.state() == state and not host.file("/var/lib/vannah").exists()
    assert said["steps"] == ok(host.call(demo()))["steps"]


def test_changed_file_restarts_once(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.log.clear()
    said = ok(host.call(demo("good 2\n")))
    assert said["restarted"] == ["demo.service"] and host.touched() == ["restart demo.service"]
    assert said["diff"][0]["before"] == "good 1\n" and said["diff"][0]["after"] == "good 2\n"
    assert not ok(host.call(demo("good 2\n")))["changed"]


@pytest.mark.parametrize(
    ("policy", "expected"), [("restart", ["restart demo.service"]), ("reload", ["reload demo.service"]), ("none", []), ("defer", [])]
)
def test_policies_of_a_file(host: FakeHost, policy: str, expected: list[str]) -> None:
    ok(host.call(component(files=[config(on_change=policy)], units=[service()])))
    host.log.clear()
    said = ok(host.call(component(files=[config("good 2\n", on_change=policy)], units=[service()])))
    assert host.touched() == expected
    assert said["pending_restart"] == (["demo.service"] if policy == "defer" else [])
    again = ok(host.call(component(files=[config("good 2\n", on_change=policy)], units=[service()])))
    assert not again["changed"] and again["pending_restart"] == said["pending_restart"]


def test_strongest_policy_wins(host: FakeHost) -> None:
    def both(content: str) -> dict[str, Any]:
        return component(
            files=[config(content, on_change="reload"), {"path": "/etc/other", "content": content, "on_change": "restart"}],
            units=[service()],
        )

    ok(host.call(both("good 1")))
    host.log.clear()
    ok(host.call(both("good 2")))
    assert host.touched() == ["restart demo.service"]


def test_killed_between_file_and_restart_is_finished(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.cut = 0
    with pytest.raises(fake_host.Killed):
        host.call(demo("good 2\n"))
    host.cut = None
    said = ok(host.call(demo("good 2\n")))
    assert said["restarted"] == ["demo.service"]
    assert host.running_with["demo.service"] == {"/etc/demo.conf": "good 2\n"}


def test_deferred_restart_by_its_verb(host: FakeHost) -> None:
    ok(host.call(demo(unit={"on_change": "defer"})))
    host.log.clear()
    new = demo("good 2\n", unit={"on_change": "defer"})
    assert ok(host.call(new))["pending_restart"] == ["demo.service"]
    assert host.file("/var/lib/vannah/generations/demo/generation.json").exists()
    said = ok(host.call(new, op="restart", restart={"component": "demo", "unit": "demo.service"}))
    assert said["restarted"] == ["demo.service"] and said["pending_restart"] == []
    assert host.touched() == ["restart demo.service"]
    assert not host.file("/var/lib/vannah/generations/demo").exists()
    again = ok(host.call(new))
    assert not again["changed"] and again["pending_restart"] == []


def test_reboot_adopts_without_a_restart(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.boot()
    host.log.clear()
    assert not ok(host.call(demo()))["changed"] and host.log == []


def test_started_by_somebody_with_another_file(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.write("/etc/demo.conf", "good, by hand\n")
    host.start("demo.service")
    said = ok(host.call(demo()))
    assert said["drift"] == ["/etc/demo.conf"] and said["restarted"] == ["demo.service"]


def test_file_put_back_before_anybody_restarted(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.write("/etc/demo.conf", "good, by hand\n")
    host.log.clear()
    said = ok(host.call(demo()))
    assert verbs(said) == ["update /etc/demo.conf"] and host.touched() == []


def test_clock_that_stepped_is_unknown(host: FakeHost) -> None:
    host.write("/etc/demo.conf", "good 1\n")
    host.write("/etc/systemd/system/demo.service", service()["content"])
    host.enabled.add("demo.service")
    host.start("demo.service")
    host.stepped = 1000.0
    said = ok(host.call(demo(unit={"on_change": "defer"})))
    assert said["pending_restart"] == ["demo.service"] and "clock" in said["warnings"][0]


def test_running_service_is_adopted(host: FakeHost) -> None:
    host.write("/etc/demo.conf", "good 1\n").chmod(0o644)
    host.write("/etc/systemd/system/demo.service", service()["content"]).chmod(0o644)
    host.enabled.add("demo.service")
    host.start("demo.service")
    host.log.clear()
    assert not ok(host.call(demo()))["changed"] and host.log == []
    # and it is not stopped with the component, as it was not started by it
    assert not ok(host.call(demo()))["changed"]


def test_what_leaves_the_definition_goes(host: FakeHost) -> None:
    state = host.state()
    ok(
        host.call(
            component(
                directories=[{"path": "/srv/demo"}],
                links=[{"path": "/etc/demo.link", "target": "demo.conf"}],
                files=[config(), {"path": "/etc/demo.d/more.conf", "content": "more"}],
                units=[service(dropins=[{"name": "more", "content": "[Service]\n"}]), {"name": "demo.timer", "content": "[Timer]\n"}],
            )
        )
    )
    said = ok(host.call(demo()))
    assert "remove /etc/demo.d/more.conf" in verbs(said) and "remove demo.timer" in verbs(said)
    assert not host.file("/etc/demo.d").exists() and not host.file("/etc/systemd/system/demo.timer").exists()
    assert host.active.keys() == {"demo.service"}
    gone = ok(host.call(component(state="absent")))
    assert gone["changed"] and host.active == {} and host.enabled == set()
    assert host.state() == {**state, "runs with": {}, "active": [], "enabled": []}
    assert not ok(host.call(component(state="absent")))["changed"]


def test_directory_with_something_in_it_stays(host: FakeHost) -> None:
    ok(host.call(component(directories=[{"path": "/srv/demo"}])))
    host.write("/srv/demo/data", "precious")
    said = ok(host.call(component()))
    assert not said["changed"] and "is not removed" in said["warnings"][0]
    assert host.file("/srv/demo/data").exists()
    assert ok(host.call(component()))["warnings"] == []


def test_foreign_file_comes_back(host: FakeHost) -> None:
    host.write("/etc/demo.conf", "somebody's\n").chmod(0o600)
    ok(host.call(component(files=[config()])))
    assert host.file("/etc/demo.conf").read_text() == "good 1\n"
    ok(host.call(component(files=[config("good 2\n")])))
    said = ok(host.call(component(state="absent")))
    assert verbs(said) == ["restore /etc/demo.conf"]
    assert host.file("/etc/demo.conf").read_text() == "somebody's\n"
    assert host.file("/etc/demo.conf").stat().st_mode & 0o777 == 0o600
    assert not host.file("/var/lib/vannah/originals/demo").exists()


def test_file_taken_over_by_another_component_stays(host: FakeHost) -> None:
    ok(host.call(component("one", files=[config()])))
    answer = host.call(component("two", files=[config()]), component("one"))
    assert [found["error"] for found in answer["components"]] == [None, None]
    assert host.file("/etc/demo.conf").exists()


def test_first_failing_component_ends_the_call(host: FakeHost) -> None:
    answer = host.call(component("one"), demo("bad\n"), component("three", files=[{"path": "/etc/three", "content": "x"}]))
    assert [found["name"] for found in answer["components"]] == ["one", "demo"]
    assert not host.file("/etc/three").exists()


def test_masked_stopped_unmanaged_absent(host: FakeHost) -> None:
    ok(host.call(demo()))
    ok(host.call(demo(unit={"state": "stopped", "enabled": False})))
    assert host.active == {} and host.enabled == set()
    host.start("demo.service")
    assert not ok(host.call(demo(unit={"state": "unmanaged"})))["changed"]
    ok(host.call(demo(unit={"masked": True})))
    assert host.masked == {"demo.service"} and host.active == {}
    ok(host.call(demo()))
    assert host.masked == set() and host.active.keys() == {"demo.service"}
    ok(host.call(demo(unit={"state": "absent"})))
    assert host.active == {} and not host.file("/etc/systemd/system/demo.service").exists()


def test_sensitive_file_shows_no_diff(host: FakeHost) -> None:
    for content in ("secret-one", "secret-two"):
        answer = host.call(component(files=[config(content, sensitive=True)]))
        (diff,) = ok(answer)["diff"]
        assert "not shown because it holds secrets" in diff["after"] and diff["before"] == ""
        assert content not in str(answer)
    assert "secret" not in str(host.call(component()))


def test_artifact_is_asked_for_then_taken(host: FakeHost, tmp_path: Path) -> None:
    import hashlib

    data = b"\x7fELF" * 10
    sha256 = hashlib.sha256(data).hexdigest()
    wanted = component(files=[{"path": "/usr/local/bin/tool", "mode": "0755", "artifact": {"src": "x", "sha256": sha256, "size": 40}}])
    assert ok(host.call(wanted))["needs"] == [sha256]
    assert not host.file("/usr/local/bin/tool").exists()
    staged = tmp_path / "staged"
    staged.write_bytes(b"something else")
    assert one(host.call(wanted, staged={sha256: str(staged)}))["error"]["code"] == "artifact-mismatch"
    assert not staged.exists()
    staged.write_bytes(data)
    said = ok(host.call(wanted, staged={sha256: str(staged)}))
    assert verbs(said) == ["create /usr/local/bin/tool"] and not staged.exists()
    assert host.file("/usr/local/bin/tool").read_bytes() == data
    assert not ok(host.call(wanted))["changed"]


def test_watched_foreign_file(host: FakeHost) -> None:
    host.write("/etc/ssl/ca.pem", "ca 1")
    wanted = demo(unit={"watch": {"/etc/ssl/ca.pem": "reload"}})
    ok(host.call(wanted))
    host.log.clear()
    host.write("/etc/ssl/ca.pem", "ca 2")
    assert ok(host.call(wanted))["reloaded"] == ["demo.service"]
    assert not ok(host.call(wanted))["changed"]


def test_pipe_in_the_way_is_refused_and_not_waited_for(host: FakeHost) -> None:
    os.mkfifo(host.file("/etc/demo.conf"))
    for wanted in (component(files=[config()]), component(links=[{"path": "/etc/demo.conf", "target": "x"}])):
        assert one(host.call(wanted))["error"]["code"] == "not-a-file"


def test_link_to_a_directory_is_replaced_in_diff_mode_too(host: FakeHost) -> None:
    host.file("/etc/demo.conf").symlink_to("systemd")
    ok(host.call(component(files=[config()])))
    assert host.file("/etc/demo.conf").read_text() == "good 1\n"
    ok(host.call(component()))
    assert host.file("/etc/demo.conf").is_symlink()


def test_another_install_section_is_installed_anew(host: FakeHost) -> None:
    def wanted(target: str, content: str = "good\n") -> dict[str, Any]:
        unit = service()
        return component(files=[config(content)], units=[{**unit, "content": f"{unit['content']}[Install]\nWantedBy={target}\n"}])

    ok(host.call(wanted("multi-user.target")))
    assert not ok(host.call(wanted("multi-user.target")))["changed"]
    host.log.clear()
    host.cut = 1  # the file is there, systemd has read it, and no more
    with pytest.raises(fake_host.Killed):
        host.call(wanted("timers.target"))
    host.cut = None
    assert "reenable demo.service" in verbs(ok(host.call(wanted("timers.target"))))
    assert not ok(host.call(wanted("timers.target")))["changed"]
    host.log.clear()
    assert one(host.call(wanted("graphical.target", "bad\n")))["error"]["code"] == "start-failed"
    assert [words for words in host.log if words.startswith("reenable")] == ["reenable demo.service"] * 2
    assert not ok(host.call(wanted("timers.target")))["changed"]
