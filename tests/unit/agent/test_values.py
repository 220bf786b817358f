# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a component runs with: recorded once they run, and not changed by a converge."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import model
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import checks

from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service

PID = "/var/lib/db/postmaster.pid"
WANTS = "/etc/systemd/system/multi-user.target.wants/demo.service"
REFUSED = {"port": ["run the verb", False, False], "key": ["put it back", True, False]}


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """A host whose service starts at boot."""
    made = FakeHost(tmp_path)
    wants = made.file(WANTS)
    wants.parent.mkdir(parents=True)
    wants.symlink_to("/etc/systemd/system/demo.service")
    return made


def with_values(found: dict[str, Any], fixes: dict[str, Any] | None = None, **values: list[Any]) -> dict[str, Any]:
    """A component as the controller sends it."""
    return {**found, "values": values, "fixes": REFUSED if fixes is None else fixes, "member": {"role": "demo", "unit": "demo.service"}}


def asked(host: FakeHost) -> Any:
    """What the host checks are told runs."""
    answer = host.call(op="facts")
    assert answer["error"] is None, answer["error"]
    return answer["facts"].get("running")


def test_recorded_with_the_first_run(host: FakeHost) -> None:
    """And by the first run of this release on a host that was made before; nothing counts as changed."""
    assert asked(host) is None
    ok(host.call(demo()))
    assert asked(host) == {}
    assert not ok(host.call(with_values(demo(), port=["1"])))["changed"]
    assert asked(host) == {"demo": {"values": {"port": "1"}, "role": "demo", "unit": "demo.service", "enabled": True}}
    state = host.state()
    assert not ok(host.call(with_values(demo(), port=["1"])))["changed"]
    assert host.state() == state


def test_the_room_of_data_directories(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a service that runs keeps its data, and what in it is another file system, as a database's WAL may be."""
    ok(host.call(with_values(demo(), demo_data_directory=["/srv/db"], port=["1"])))
    assert host.call(op="facts")["facts"]["rooms"] == {}  # the directory is not there
    for name in ("base", "pg_wal", "log"):
        host.file(f"/srv/db/{name}").mkdir(parents=True)
    host.write("/srv/db/PG_VERSION", "17")
    real = checks.os.stat

    def stat(path: Any, *given: Any, **more: Any) -> Any:
        found = real(path, *given, **more)
        return SimpleNamespace(st_dev=7, st_mode=found.st_mode) if str(path).endswith("pg_wal") else found

    monkeypatch.setattr(checks.os, "stat", stat)
    places = checks.rooms(host.context(), {"demo": {"values": {"demo_data_directory": "/srv/db", "port": "1"}}})["demo_data_directory"]
    assert [place["path"] for place in places] == ["/srv/db", "/srv/db/pg_wal"]
    assert all({"path", "size_mb", "free_mb"} <= set(place) for place in places)


def test_what_an_older_release_made(host: FakeHost) -> None:
    """It runs, and nothing says with which values: the ports are all that shows it, until the first values are recorded."""
    ok(host.call(demo()))
    host.write("/proc/net/tcp", "  sl  local_address\n 0: 00000000:1538 00000000:0000 0A 0:0 0:0 0 0 0 77\n")
    found = host.call(op="facts")["facts"]
    assert (found["running"], found["unrecorded"], found["tcp"]) == ({}, ["demo"], [5432])
    ok(host.call(with_values(demo(), port=["1"])))
    assert not {"unrecorded", "tcp"} & set(host.call(op="facts")["facts"])


def test_check_mode_records_nothing(host: FakeHost) -> None:
    ok(host.call(demo()))
    ok(host.call(with_values(demo(), port=["1"]), mode="check"))
    assert asked(host) == {}


def test_another_value_is_refused_before_anything_is_touched(host: FakeHost) -> None:
    """Also in check mode; both values are named, but of a secret."""
    ok(host.call(with_values(demo(), port=["1"], key=["aa"])))
    state = host.state()
    host.log.clear()
    for mode in ("check", "apply"):
        error = one(host.call(with_values(demo("good 2\n"), port=["2"], key=["aa"]), mode=mode))["error"]
        assert error["code"] == "setting-differs"
        assert "port cannot be changed here on a running site (1 runs, 2 is asked for): run the verb" in error["msg"]
    error = one(host.call(with_values(demo(), port=["1"], key=["bb"])))["error"]
    assert error["code"] == "setting-differs" and "aa" not in error["msg"] and "bb" not in error["msg"]
    assert host.state() == state and host.touched() == []


def test_what_others_have(host: FakeHost) -> None:
    """Another member is no change; none of the previous ones is."""
    follows = {"ports": ["run the verb", False, True]}
    ok(host.call(with_values(demo(), follows, ports=['["1"]'])))
    ok(host.call(with_values(demo(), follows, ports=['["1","2"]'])))
    assert asked(host)["demo"]["values"] == {"ports": '["1","2"]'}
    assert one(host.call(with_values(demo(), follows, ports=['["3"]'])))["error"]["code"] == "setting-differs"


def test_a_verb_changes_it(host: FakeHost) -> None:
    ok(host.call(with_values(demo(), port=["1"])))
    ok(host.call(with_values(demo("good 2\n"), {"port": ["", False, False]}, port=["2"])))
    assert asked(host)["demo"]["values"] == {"port": "2"}


def test_what_waits_for_a_restart_does_not_run(host: FakeHost) -> None:
    """The old value stays until the unit was restarted."""

    def deferred(content: str, port: str) -> dict[str, Any]:
        made = component(files=[config(content, on_change="defer")], units=[service()])
        return with_values(made, {"port": ["", False, False]}, port=[port])

    ok(host.call(deferred("good 1\n", "1")))
    assert ok(host.call(deferred("good 2\n", "2")))["pending_restart"] == ["demo.service"]
    assert asked(host)["demo"]["values"] == {"port": "1"}
    host.call(deferred("good 2\n", "2"), op="restart", restart={"unit": "demo.service"})
    assert asked(host)["demo"]["values"] == {"port": "2"}


def test_a_line_of_the_host_shows_what_runs(host: FakeHost) -> None:
    """It wins over the record; where the service is down, what ran before stays known."""
    pid = host.file(PID)
    pid.parent.mkdir(parents=True)
    pid.write_text("77\n/var/lib/db\n1700000000\n5432\n", encoding="utf-8")

    def db(port: str) -> dict[str, Any]:
        return with_values(demo(), {"port": ["", False, False]}, port=[port, PID, 4])

    ok(host.call(db("5432")))
    ok(host.call(db("5433")))  # taken over by a reload, and still to be restarted
    assert asked(host)["demo"]["values"] == {"port": "5432"}
    pid.unlink()
    ok(host.call(db("5433")))
    assert asked(host)["demo"]["values"] == {"port": "5432"}
    pid.write_text("78\n/var/lib/db\n1700000000\n5433\n", encoding="utf-8")
    assert asked(host)["demo"]["values"] == {"port": "5433"}


@pytest.mark.parametrize("runs", [False, True])
def test_a_member_that_was_taken_out(host: FakeHost, runs: bool) -> None:
    """It neither runs nor starts at boot: a new member may have what the old one had not. One that still runs is one still."""
    ok(host.call(with_values(demo(), port=["1"])))
    host.file(WANTS).unlink()
    if runs:
        host.file("/sys/fs/cgroup/system.slice/demo.service").mkdir(parents=True)
    assert asked(host)["demo"] == {"values": {"port": "1"} if runs else {}, "role": "demo", "unit": "demo.service", "enabled": False}
    said = host.call(with_values(demo(), port=["2"]))
    assert (one(said)["error"] or {}).get("code") == ("setting-differs" if runs else None)
    host.file(WANTS).symlink_to("/etc/systemd/system/demo.service")
    assert asked(host)["demo"]["values"] == {"port": "1" if runs else "2"}


def site(**more: Any) -> dict[str, Any]:
    """Whose a run is."""
    return {"name": "clinic", "host": "db1", "authorities": [{"key": "c"}], "secrets": "", "known": [], "takeover": False, **more}


@pytest.mark.parametrize("mode", ["check", "apply"])
@pytest.mark.parametrize(
    ("others", "refused"),
    [
        ({"name": "demo", "authorities": [{"key": "d"}]}, None),
        ({"name": "demo"}, "setting-differs"),  # its own site under another name
        ({"authorities": [{"key": "d"}]}, "setting-differs"),  # with another authority
        ({}, "setting-differs"),
    ],
)
def test_taken_over(host: FakeHost, others: dict[str, Any], refused: str | None, mode: str) -> None:
    """What ran as another site's binds nothing; the site's own values do, but for the name that the takeover changes."""
    for name in ("port", "site_name"):
        fixes = {name: ["put it back", False, False]}
        host.file("/var/lib/vannah/site.json").unlink(missing_ok=True)
        host.file("/var/lib/vannah/ledger.json").unlink(missing_ok=True)
        ok(host.call(with_values(demo(), fixes, **{name: ["1"]}), site=site(**others)))
        answer = host.call(with_values(demo(), fixes, **{name: ["2"]}), site=site(takeover=True), mode=mode)
        assert (one(answer)["error"] or {}).get("code") == (refused if name == "port" else None), name


def test_a_takeover_that_dies_continues(host: FakeHost) -> None:
    """The first call was of another component: the record is this site's from then on, and what the old site recorded is forgotten."""
    ok(host.call(with_values(demo(), port=["1"]), site=site(name="demo", authorities=[{"key": "d"}])))
    first = component(files=[{"path": "/etc/x", "content": "x"}])
    ok(host.call({**first, "name": "first"}, site=site(takeover=True)))
    assert asked(host) == {}
    ok(host.call(with_values(demo(), port=["2"]), site=site()))
    assert asked(host)["demo"]["values"] == {"port": "2"}


def test_a_new_site_name_that_dies_continues(host: FakeHost) -> None:
    fixes = {"site_name": ["put it back", False, False], "port": ["put it back", False, False]}
    ok(host.call(with_values(demo(), fixes, site_name=["demo"], port=["1"]), site=site(name="demo")))
    first = component(files=[{"path": "/etc/x", "content": "x"}])
    ok(host.call({**first, "name": "first"}, site=site(takeover=True)))
    assert asked(host)["demo"]["values"] == {"port": "1"}
    ok(host.call(with_values(demo(), fixes, site_name=["clinic"], port=["1"]), site=site()))


def test_what_leaves_the_definition_is_forgotten(host: FakeHost) -> None:
    ok(host.call(with_values(demo(), port=["1"])))
    ok(host.call(component(state="absent")))
    assert asked(host) == {}


@pytest.mark.parametrize(
    ("kind", "target", "shown"),
    [
        ("file", "/etc/x", "file /etc/x"),
        ("bucket", "bucket dicom", "bucket dicom"),
        ("service-account", "service account x", "service account x"),
        ("setting", "role x", "setting role x"),
    ],
)
def test_a_step_says_its_kind_once(kind: str, target: str, shown: str) -> None:
    assert model.subject(kind, target) == shown
