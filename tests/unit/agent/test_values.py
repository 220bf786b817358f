# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a component runs with: recorded once they run, and not changed by a converge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service

PID = "/var/lib/db/postmaster.pid"
REFUSED = {"port": ["run the verb", False, False], "key": ["put it back", True, False]}


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def with_values(found: dict[str, Any], fixes: dict[str, Any] | None = None, **values: list[Any]) -> dict[str, Any]:
    """A component as the controller sends it."""
    return {**found, "values": values, "fixes": REFUSED if fixes is None else fixes, "member": {"role": "demo", "unit": "demo.service"}}


def asked(host: FakeHost) -> Any:
    """What the host checks are told runs."""
    answer = host.trip(op="facts")
    assert answer["error"] is None, answer["error"]
    return answer["facts"].get("running")


def test_recorded_with_the_first_run(host: FakeHost) -> None:
    """And by the first run of this release on a host that was made before; nothing counts as changed."""
    assert asked(host) is None
    ok(host.trip(demo()))
    assert asked(host) == {}
    assert not ok(host.trip(with_values(demo(), port=["1"])))["changed"]
    known = {"values": {"port": "1"}, "role": "demo", "unit": "demo.service", "enabled": False}
    assert asked(host) == {"demo": known}
    wants = host.file("/etc/systemd/system/multi-user.target.wants")
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "demo.service").symlink_to("/etc/systemd/system/demo.service")
    assert asked(host) == {"demo": {**known, "enabled": True}}
    state = host.state()
    assert not ok(host.trip(with_values(demo(), port=["1"])))["changed"]
    assert host.state() == state


def test_check_mode_records_nothing(host: FakeHost) -> None:
    ok(host.trip(demo()))
    ok(host.trip(with_values(demo(), port=["1"]), mode="check"))
    assert asked(host) == {}


def test_another_value_is_refused_before_anything_is_touched(host: FakeHost) -> None:
    """Also in check mode; both values are named, but of a secret."""
    ok(host.trip(with_values(demo(), port=["1"], key=["aa"])))
    state = host.state()
    host.log.clear()
    for mode in ("check", "apply"):
        error = one(host.trip(with_values(demo("good 2\n"), port=["2"], key=["aa"]), mode=mode))["error"]
        assert error["code"] == "setting-differs"
        assert "port cannot be changed here on a running site (1 runs, 2 is asked for): run the verb" in error["msg"]
    error = one(host.trip(with_values(demo(), port=["1"], key=["bb"])))["error"]
    assert error["code"] == "setting-differs" and "aa" not in error["msg"] and "bb" not in error["msg"]
    assert host.state() == state and host.touched() == []


def test_what_others_have(host: FakeHost) -> None:
    """Another member is no change; none of those of before is."""
    follows = {"ports": ["run the verb", False, True]}
    ok(host.trip(with_values(demo(), follows, ports=['["1"]'])))
    ok(host.trip(with_values(demo(), follows, ports=['["1","2"]'])))
    assert asked(host)["demo"]["values"] == {"ports": '["1","2"]'}
    assert one(host.trip(with_values(demo(), follows, ports=['["3"]'])))["error"]["code"] == "setting-differs"


def test_a_verb_changes_it(host: FakeHost) -> None:
    ok(host.trip(with_values(demo(), port=["1"])))
    ok(host.trip(with_values(demo("good 2\n"), {"port": ["", False, False]}, port=["2"])))
    assert asked(host)["demo"]["values"] == {"port": "2"}


def test_what_waits_for_a_restart_does_not_run(host: FakeHost) -> None:
    """The old value stays until the unit was restarted."""

    def deferred(content: str, port: str) -> dict[str, Any]:
        made = component(files=[config(content, on_change="defer")], units=[service()])
        return with_values(made, {"port": ["", False, False]}, port=[port])

    ok(host.trip(deferred("good 1\n", "1")))
    assert ok(host.trip(deferred("good 2\n", "2")))["pending_restart"] == ["demo.service"]
    assert asked(host)["demo"]["values"] == {"port": "1"}
    host.trip(deferred("good 2\n", "2"), op="restart", restart={"unit": "demo.service"})
    assert asked(host)["demo"]["values"] == {"port": "2"}


def test_a_line_of_the_host_shows_what_runs(host: FakeHost) -> None:
    """It wins over the record; where the service is down, what ran before stays known."""
    pid = host.file(PID)
    pid.parent.mkdir(parents=True)
    pid.write_text("77\n/var/lib/db\n1700000000\n5432\n", encoding="utf-8")

    def db(port: str) -> dict[str, Any]:
        return with_values(demo(), {"port": ["", False, False]}, port=[port, PID, 4])

    ok(host.trip(db("5432")))
    ok(host.trip(db("5433")))  # taken over by a reload, and still to be restarted
    assert asked(host)["demo"]["values"] == {"port": "5432"}
    pid.unlink()
    ok(host.trip(db("5433")))
    assert asked(host)["demo"]["values"] == {"port": "5432"}
    pid.write_text("78\n/var/lib/db\n1700000000\n5433\n", encoding="utf-8")
    assert asked(host)["demo"]["values"] == {"port": "5433"}


def test_what_leaves_the_definition_is_forgotten(host: FakeHost) -> None:
    ok(host.trip(with_values(demo(), port=["1"])))
    ok(host.trip(component(state="absent")))
    assert asked(host) == {}
