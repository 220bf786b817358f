# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the engine over arbitrary definitions: applied is as wanted, applied twice is nothing, cut off heals."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .fake_host import FakeHost, Killed, component, service

PATHS = ("/etc/demo.conf", "/etc/demo.d/a", "/etc/demo.d/b", "/srv/demo/deep/c")
POLICIES = ("restart", "reload", "none")

contents = st.sampled_from(("good 1\n", "good 2\n", "good 3\n", ""))
policies = st.sampled_from(POLICIES)


def files(content: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {"path": st.sampled_from(PATHS), "content": content},
        optional={
            "mode": st.sampled_from(("0644", "0600")),
            "on_change": policies,
            "before": st.just("packages"),
            "state": st.just("absent"),
        },
    )
    return st.lists(one, max_size=4, unique_by=lambda item: str(item["path"]))


def unit(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda reads, options: service(name, tuple(reads), **options),
        st.lists(st.sampled_from(PATHS), max_size=2, unique=True),
        st.fixed_dictionaries(
            {},
            optional={
                "on_change": policies,
                "enabled": st.booleans(),
                "state": st.sampled_from(("started", "stopped", "absent")),
                "dropins": st.just([{"name": "more", "content": "[Service]\n"}]),
            },
        ),
    )


def definitions(content: st.SearchStrategy[str] = contents) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda found, units, links, directories: component(files=found, units=units, links=links, directories=directories),
        files(content),
        st.one_of(
            st.just([]), st.builds(lambda a: [a], unit("a.service")), st.builds(lambda a, b: [a, b], unit("a.service"), unit("b.service"))
        ),
        st.lists(st.fixed_dictionaries({"path": st.just("/etc/demo.link"), "target": st.sampled_from(("x", "y"))}), max_size=1),
        st.lists(st.fixed_dictionaries({"path": st.just("/srv/demo"), "mode": st.sampled_from(("0755", "0700"))}), max_size=1),
    )


FAST = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def host() -> Iterator[FakeHost]:
    root = Path(tempfile.mkdtemp(prefix="vannah-test-"))
    try:
        yield FakeHost(root)
    finally:
        shutil.rmtree(root)


def ok(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["error"] is None, answer["error"]
    (found,) = answer["components"]
    assert found["error"] is None, found["error"]
    return dict(found)


def assert_as_wanted(fake: FakeHost, wanted: dict[str, Any]) -> None:
    for item in wanted["files"]:
        file = fake.file(item["path"])
        if item["state"] == "absent":
            assert not file.exists()
        else:
            assert file.read_text() == item["content"] and oct(file.stat().st_mode & 0o777) == oct(int(item["mode"], 8))
    named = {item["path"] for item in wanted["files"]}
    assert not [path for path in PATHS if path not in named and fake.file(path).exists()]
    for entry in wanted["units"]:
        name, started = entry["name"], entry["state"] == "started"
        assert (name in fake.active) == started
        if entry["state"] != "absent":
            assert (name in fake.enabled) == entry["enabled"]
        if started and entry["on_change"] == "restart" and not [item for item in wanted["files"] if item["on_change"]]:
            now = {path: fake._read(path) for path in fake._reads(name) if path in named}
            assert {path: fake.running_with[name][path] for path in now} == now


@FAST
@given(st.lists(definitions(), min_size=1, max_size=3))
def test_applied_is_as_wanted_and_again_is_nothing(sequence: list[dict[str, Any]]) -> None:
    with host() as fake:
        for wanted in sequence:
            said = ok(fake.call(wanted, mode="check"))
            done = ok(fake.call(wanted))
            assert said["steps"] == done["steps"]  # check mode says what will be done
            assert_as_wanted(fake, wanted)
            state, log = fake.state(), len(fake.log)
            again = ok(fake.call(wanted))
            assert again["steps"] == [] and fake.state() == state and len(fake.log) == log
        ok(fake.call(component(state="absent")))
        assert fake.active == {} and not [path for path in PATHS if fake.file(path).exists()]
        assert not list(fake.file("/etc/systemd/system").iterdir())
        assert not ok(fake.call(component(state="absent")))["changed"]


@FAST
@given(definitions(), definitions(), st.data())
def test_cut_off_anywhere_ends_in_the_same_state(first: dict[str, Any], second: dict[str, Any], data: st.DataObject) -> None:
    with host() as undisturbed, host() as cut:
        for fake in (undisturbed, cut):
            ok(fake.call(first))
        with undisturbed.every_change_counts():
            before = undisturbed.changes
            ok(undisturbed.call(second))
        cut.cut = data.draw(st.integers(0, max(undisturbed.changes - before - 1, 0)), label="cut at")
        try:
            with cut.every_change_counts():
                ok(cut.call(second))
        except Killed:
            pass
        cut.cut = None
        ok(cut.call(second))
        assert cut.state() == undisturbed.state()
        assert ok(cut.call(second))["steps"] == []
        # A folder that was emptied before the cut may stay: nothing reads it.
        left = [path for folder in ("journal", "generations/demo") for path in cut.file(f"/var/lib/vannah/{folder}").glob("*")]
        assert not left


@FAST
@given(st.sampled_from(PATHS), policies.filter(lambda policy: policy != "none"), st.data())
def test_bad_definition_costs_one_restart_pair(path: str, policy: str, data: st.DataObject) -> None:
    def demo(content: str) -> dict[str, Any]:
        return component(files=[{"path": path, "content": content}], units=[service("a.service", (path,), on_change=policy)])

    with host() as fake:
        ok(fake.call(demo("good 1\n")))
        state = fake.state()
        fake.log.clear()
        for _run in range(data.draw(st.integers(1, 4))):
            assert fake.call(demo("bad\n"))["components"][0]["error"]
        assert len(fake.touched()) == 2
        assert fake.state() == state
        ok(fake.call(demo("good 2\n")))
        assert fake.running_with["a.service"] == {path: "good 2\n"}


@FAST
@given(st.data())
def test_bad_definition_cut_off_anywhere_ends_with_the_old_one(data: st.DataObject) -> None:
    def demo(content: str) -> dict[str, Any]:
        return component(files=[{"path": PATHS[0], "content": content}], units=[service("a.service", (PATHS[0],))])

    with host() as fake:
        ok(fake.call(demo("good 1\n")))
        state = fake.state()
        fake.cut = data.draw(st.integers(0, 60), label="cut at")
        try:
            with fake.every_change_counts():
                fake.call(demo("bad\n"))
        except Killed:
            pass
        fake.cut = None
        assert fake.call(demo("bad\n"))["components"][0]["error"]
        assert fake.state() == state
        assert fake.call(demo("bad\n"))["components"][0]["error"]["code"] == "held-back"


@FAST
@given(st.data())
def test_refused_and_cut_off_anywhere_leaves_somebody_elses_directory_as_it_was(data: st.DataObject) -> None:
    refused = component(
        directories=[{"path": "/srv/demo", "mode": "0700"}],
        files=[{"path": PATHS[0], "content": "invalid\n"}],
        validate=[["check-config", PATHS[0]]],
    )
    with host() as fake:
        fake.write("/srv/demo/theirs", "x").parent.chmod(0o2775)
        fake.write(PATHS[0], "theirs")
        state = fake.state()
        fake.cut = data.draw(st.integers(0, 60), label="cut at")
        try:
            with fake.every_change_counts():
                fake.call(refused)
        except Killed:
            pass
        fake.cut = None
        assert fake.call(refused)["components"][0]["error"]["code"] == "validation-failed"
        assert fake.state() == state
        ok(fake.call(component(state="absent")))
        assert fake.state() == state
