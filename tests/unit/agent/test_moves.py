# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves: from one component to another, or from one kind of thing to another, in one call and in several."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import certificates, packages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fake_host import FakeHost, Killed, component, service

PATH = "/etc/demo.conf"
ORDERS = pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def done(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert answer["error"] is None, answer["error"]
    for found in answer["components"]:
        assert found["error"] is None, found["error"]
    return list(answer["components"])


def quiet(answer: dict[str, Any]) -> None:
    assert [found["steps"] for found in done(answer)] == [[] for _ in answer["components"]]


def originals(host: FakeHost) -> list[str]:
    return sorted(file.name for file in host.file("/var/lib/vannah/originals").rglob("*") if file.is_file())


def file(content: str = "good 1\n", **more: Any) -> dict[str, Any]:
    return {"path": PATH, "content": content, **more}


@ORDERS
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("content", ["good 1\n", "good 2\n"])
def test_file_that_another_component_takes_over(host: FakeHost, order: tuple[str, str], state: str, content: str) -> None:
    done(host.call(component("old", files=[file()])))
    parts = {"old": component("old", state=state), "new": component("new", files=[file(content)])}
    done(host.call(*(parts[name] for name in order)))
    assert host.file(PATH).read_text() == content
    quiet(host.call(*(parts[name] for name in order)))
    done(host.call(component("new")))
    assert not host.file(PATH).exists()  # what lay there before was managed, too
    assert not originals(host)


@ORDERS
def test_original_of_a_file_that_moves_comes_back(host: FakeHost, order: tuple[str, str]) -> None:
    host.write(PATH, "foreign\n")
    done(host.call(component("old", files=[file()])))
    parts = {"old": component("old"), "new": component("new", files=[file("good 2\n")])}
    done(host.call(*(parts[name] for name in order)))
    done(host.call(component("new")))
    assert host.file(PATH).read_text() == "foreign\n"
    assert not originals(host)


def test_file_that_moves_in_two_calls(host: FakeHost) -> None:
    host.write(PATH, "foreign\n")
    done(host.call(component("old", files=[file()])))
    done(host.call(component("new", files=[file("good 2\n")])))
    done(host.call(component("old")))
    assert host.file(PATH).read_text() == "good 2\n"
    done(host.call(component("new")))
    assert host.file(PATH).read_text() == "foreign\n"


@ORDERS
def test_unit_that_moves_is_not_stopped(host: FakeHost, order: tuple[str, str]) -> None:
    done(host.call(component("old", files=[file()], units=[service()])))
    host.log.clear()
    parts = {"old": component("old", state="absent"), "new": component("new", files=[file()], units=[service()])}
    done(host.call(*(parts[name] for name in order)))
    assert host.touched() == []
    assert "demo.service" in host.active and "demo.service" in host.enabled
    quiet(host.call(*(parts[name] for name in order)))
    done(host.call(component("new", state="absent")))
    assert not host.active and not host.enabled and not host.file(PATH).exists()


@ORDERS
@pytest.mark.parametrize("more", [[], [{"path": "/srv/more"}]])
def test_unit_that_was_reloaded_moves_with_its_record(host: FakeHost, order: tuple[str, str], more: list[dict[str, Any]]) -> None:
    unit = service(on_change="reload")
    done(host.call(component("old", files=[file()], directories=more, units=[unit])))
    done(host.call(component("old", files=[file("good 2\n")], directories=more, units=[unit])))  # younger than the unit's start
    host.log.clear()
    parts = {"old": component("old"), "new": component("new", files=[file("good 2\n")], units=[unit])}
    done(host.call(*(parts[name] for name in order)))
    assert host.touched() == []
    quiet(host.call(*(parts[name] for name in order)))


@ORDERS
def test_directory_that_moves_stays(host: FakeHost, order: tuple[str, str]) -> None:
    done(host.call(component("old", directories=[{"path": "/srv/demo"}])))
    parts = {"old": component("old"), "new": component("new", directories=[{"path": "/srv/demo"}])}
    done(host.call(*(parts[name] for name in order)))
    assert host.file("/srv/demo").is_dir()
    quiet(host.call(*(parts[name] for name in order)))


@ORDERS
@pytest.mark.parametrize("state", ["present", "absent"])
def test_folder_of_two_components_goes_with_the_last_file(host: FakeHost, order: tuple[str, str], state: str) -> None:
    done(host.call(*(component(name, files=[{"path": f"/etc/demo/{name}", "content": "x\n"}]) for name in order)))
    gone = [component(name, state=state) for name in ("old", "new")]
    done(host.call(*gone))
    assert not host.file("/etc/demo").exists()
    quiet(host.call(*gone))


@ORDERS
def test_cron_entry_that_moves_stays(host: FakeHost, order: tuple[str, str]) -> None:
    host.write("/usr/sbin/cron", "")
    entry = {"name": "demo", "schedule": "@daily", "command": "true"}
    done(host.call(component("old", cron=[entry])))
    parts = {"old": component("old"), "new": component("new", cron=[entry])}
    done(host.call(*(parts[name] for name in order)))
    assert host.file("/etc/cron.d/demo").exists()
    quiet(host.call(*(parts[name] for name in order)))


@ORDERS
def test_parameter_that_moves_stays(host: FakeHost, order: tuple[str, str]) -> None:
    host.write("/proc/sys/net/core/somaxconn", "128\n")
    entry = {"name": "net.core.somaxconn", "value": "1024"}
    done(host.call(component("old", sysctls=[entry])))
    parts = {"old": component("old"), "new": component("new", sysctls=[entry])}
    done(host.call(*(parts[name] for name in order)))
    assert host.file("/proc/sys/net/core/somaxconn").read_text() == "1024\n"
    quiet(host.call(*(parts[name] for name in order)))
    done(host.call(component("new")))
    assert host.file("/proc/sys/net/core/somaxconn").read_text() == "128\n"


# --- another kind of thing at the same path -------------------------------------------------------------------------------


def test_file_that_becomes_a_link(host: FakeHost) -> None:
    done(host.call(component(files=[file()])))
    wanted = component(links=[{"path": PATH, "target": "other"}])
    done(host.call(wanted))
    assert host.file(PATH).is_symlink()
    quiet(host.call(wanted))
    done(host.call(component()))
    assert not host.file(PATH).is_symlink()


def test_link_that_becomes_a_file(host: FakeHost) -> None:
    done(host.call(component(links=[{"path": PATH, "target": "other"}])))
    done(host.call(component(files=[file()])))
    assert host.file(PATH).read_text() == "good 1\n"
    quiet(host.call(component(files=[file()])))
    done(host.call(component()))
    assert not host.file(PATH).exists() and not host.file(PATH).is_symlink()


def test_unit_file_that_was_a_file_and_back(host: FakeHost) -> None:
    unit = service()
    by_file = component(
        files=[file(), {"path": "/etc/systemd/system/demo.service", "content": unit["content"]}],
        units=[{**unit, "content": None}],
    )
    by_unit = component(files=[file()], units=[unit])
    done(host.call(by_file))
    for wanted in (by_unit, by_file):
        done(host.call(wanted))
        assert host.file("/etc/systemd/system/demo.service").exists()
        assert "demo.service" in host.active
        quiet(host.call(wanted))
    done(host.call(component()))
    assert not host.file("/etc/systemd/system/demo.service").exists()


def test_foreign_file_that_a_link_replaces_comes_back(host: FakeHost) -> None:
    host.write(PATH, "foreign\n")
    done(host.call(component(links=[{"path": PATH, "target": "other"}])))
    assert host.file(PATH).is_symlink()
    done(host.call(component()))
    assert host.file(PATH).read_text() == "foreign\n" and not host.file(PATH).is_symlink()


# --- originals, units and failures ----------------------------------------------------------------------------------------


def test_original_outlives_a_removal_that_is_put_back(host: FakeHost) -> None:
    host.write(PATH, "foreign\n")
    other = {"path": "/etc/other.conf", "content": "good\n"}
    done(host.call(component(files=[file(), other])))
    refused = component(files=[{**other, "content": "invalid\n"}], validate=[["check-config", "/etc/other.conf"]])
    assert host.call(refused)["components"][0]["error"]["code"] == "validation-failed"
    assert host.file(PATH).read_text() == "good 1\n"
    done(host.call(component(files=[other])))
    assert host.file(PATH).read_text() == "foreign\n"
    assert not originals(host)


def test_original_outlives_a_failed_start(host: FakeHost) -> None:
    host.write("/etc/more.conf", "foreign\n")
    more = {"path": "/etc/more.conf", "content": "good\n"}
    done(host.call(component(files=[file(), more], units=[service()])))
    assert host.call(component(files=[file("bad\n")], units=[service()]))["components"][0]["error"]["code"] == "start-failed"
    assert host.file("/etc/more.conf").read_text() == "good\n"
    done(host.call(component(files=[file()], units=[service()])))
    assert host.file("/etc/more.conf").read_text() == "foreign\n"


def test_link_by_which_we_masked_a_unit_is_no_original(host: FakeHost) -> None:
    unit = host.write("/usr/lib/systemd/system/demo.service", "[Service]\n")
    done(host.call(component(units=[{"name": "demo.service", "masked": True, "state": "stopped", "enabled": False}])))
    own = host.file("/etc/systemd/system/demo.service")
    own.symlink_to("/dev/null")  # what systemctl does
    done(host.call(component(files=[file()], units=[service()])))
    assert not own.is_symlink() and "demo.service" in host.active
    done(host.call(component(state="absent")))
    assert not own.is_symlink() and unit.exists()


def _leaves(host: FakeHost, section: str, known: dict[str, Any], **more: Any) -> tuple[dict[str, Any], Any]:
    ctx = host.context()
    wanted = component("old", **more)
    ctx.start_component(wanted, {section: dict(known)})
    return wanted, ctx


def test_certificate_and_package_that_another_component_has_stay(host: FakeHost) -> None:
    paths = ["/etc/pki/key.pem", "/etc/pki/cert.pem"]
    for path in paths:
        host.write(path, "x")
    known = {"web": {"wanted": {"paths": [*paths, None]}, "born": paths[0]}}
    wanted, ctx = _leaves(host, "certificates", known)
    ctx.call.claims = {("path", path): ("new", "certificates") for path in paths}
    (step,) = certificates.plan_certificates(wanted, ctx)
    assert step.action == "" and not step.writes
    step.apply(ctx)
    assert all(host.file(path).exists() for path in paths) and not ctx.section("certificates")
    wanted, ctx = _leaves(host, "certificates", known)
    (step,) = certificates.plan_certificates(wanted, ctx)
    assert step.action == "remove" and set(step.writes) == set(paths)

    host.write("/var/lib/dpkg/status", "Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n")
    wanted, ctx = _leaves(host, "packages", {"one": {}}, state="absent", purge=True)
    assert [step.action for step in packages.plan_packages(wanted, ctx)] == ["remove"]
    ctx.call.claims = {("packages", "one"): ("new", "packages")}
    assert packages.plan_packages(wanted, ctx) == []


# --- any sequence of moves ------------------------------------------------------------------------------------------------

PATHS = (PATH, "/etc/demo.d/a", "/etc/demo.d/b")
UNITS = ("a.service", "b.service")
#: Who of two components has which path as what, and which unit.
shares = st.fixed_dictionaries(
    {path: st.sampled_from(("", "old file", "new file", "old link", "new link")) for path in PATHS}
    | {unit: st.sampled_from(("", "old", "new")) for unit in UNITS}
)


def parts_of(share: dict[str, str], content: str) -> list[dict[str, Any]]:
    return [
        component(
            name,
            files=[{"path": path, "content": content} for path in PATHS if share[path] == f"{name} file"],
            links=[{"path": path, "target": "other"} for path in PATHS if share[path] == f"{name} link"],
            units=[service(unit, (PATH,)) for unit in UNITS if share[unit] == name],
        )
        for name in ("old", "new")
    ]


def assert_shared(fake: FakeHost, share: dict[str, str], content: str, foreign: set[str]) -> None:
    for path in PATHS:
        there, kind = fake.file(path), share[path].partition(" ")[2]
        assert there.is_symlink() == (kind == "link")
        if kind != "link":
            wanted = content if kind == "file" else "foreign\n" if path in foreign else None
            assert (there.read_text() if there.exists() else None) == wanted
    for unit in UNITS:
        assert (unit in fake.active) == (unit in fake.enabled) == bool(share[unit])


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(shares, min_size=2, max_size=3), st.booleans(), st.sets(st.sampled_from(PATHS)), st.data())
def test_moves_cut_off_anywhere_end_in_the_same_state(
    sequence: list[dict[str, str]], backwards: bool, foreign: set[str], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        undisturbed, cut = FakeHost(Path(one)), FakeHost(Path(two))
        for fake in (undisturbed, cut):
            fake.file("/etc/demo.d").mkdir()
            for path in foreign:
                fake.write(path, "foreign\n")
        for number, share in enumerate(sequence):
            content = f"good {number}\n"
            parts = parts_of(share, content)[:: -1 if backwards else 1]
            with undisturbed.every_change_counts():
                before = undisturbed.changes
                done(undisturbed.call(*parts))
            assert_shared(undisturbed, share, content, foreign)
            quiet(undisturbed.call(*parts))
            cut.cut = data.draw(st.integers(0, max(undisturbed.changes - before - 1, 0)), label="cut at")
            with suppress(Killed), cut.every_change_counts():
                cut.call(*parts)
            cut.cut = None
            done(cut.call(*parts))
            assert cut.state() == undisturbed.state()
            quiet(cut.call(*parts))
        done(undisturbed.call(component("old", state="absent"), component("new", state="absent")))
        assert not originals(undisturbed)
