# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role postgresql: Patroni's configuration, who may connect, and what is kept where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

VERBS = Path(__file__).resolve().parents[4] / "playbooks" / "postgresql" / "vars" / "verbs.yml"
HOSTS = {"db1": {"ansible_host": "192.0.2.11"}, "db2": {"ansible_host": "192.0.2.12"}, "db3": {"ansible_host": "2001:db8::13"}}
PASSWORDS = {"superuser": "s" * 32, "replication": "r" * 32, "rewind": "w" * 32}
BOOKWORM = {"vannah": {"container": True, "system": "debian", "release": "bookworm", "version": "12", "memory_mb": 64000, "cores": 2}}


def site(members: int = 3, **variables: Any) -> dict[str, Any]:
    """Members that are etcd's too, and a client."""
    hosts = dict(list(HOSTS.items())[:members])
    return {
        "all": {
            "vars": {"__postgresql_passwords": PASSWORDS, **variables},
            "children": {
                "etcd": {"hosts": hosts},
                "postgresql": {"hosts": hosts},
                "postgresql_client": {"hosts": {"app": {"ansible_host": "192.0.2.21"}}},
            },
        }
    }


@pytest.fixture
def patroni(render: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Patroni's configuration on db1."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

    # Passwords are a lookup into an encrypted file, which these tests do not have.
    original = collect.Role.variables

    def variables(self: Any, given: Any) -> Any:
        found = original(self, given)
        return {**found, "__postgresql_passwords": PASSWORDS} if self.name.endswith("postgresql") else found

    monkeypatch.setattr(collect.Role, "variables", variables)

    def _patroni(host: str = "db1", members: int = 3, facts: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        text = render("postgresql", "postgresql", site(members, **given), host, facts)["files"]["/etc/patroni/config.yml"]
        assert text.startswith("# Written by vannah.healthcloud")  # by this line the role knows its own file again
        found: dict[str, Any] = yaml.safe_load(text)
        return found

    return _patroni


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the role was rendered with, the last one last."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

    found: list[Any] = []
    original = collect.define

    def define(raw: Any, templates: Any, role: str) -> Any:
        found.append(templates)
        return original(raw, templates, role)

    monkeypatch.setattr(collect, "define", define)
    return found


@pytest.mark.parametrize(("members", "expected"), [(1, False), (2, False), (3, True)])
def test_synchronous_with_two_standbys(patroni: Callable[..., dict[str, Any]], members: int, expected: bool) -> None:
    dynamic = patroni(members=members)["bootstrap"]["dcs"]
    assert (dynamic["synchronous_mode"], dynamic["synchronous_mode_strict"]) == (expected, expected)
    # An asynchronous member that diverged may hold the only copy of acknowledged rows.
    assert dynamic["postgresql"]["remove_data_directory_on_diverged_timelines"] is expected


def test_timings_keep_the_lock_longer_than_the_leader_believes_in_it(patroni: Callable[..., dict[str, Any]]) -> None:
    dynamic = patroni()["bootstrap"]["dcs"]
    assert dynamic["loop_wait"] + 2 * dynamic["retry_timeout"] <= dynamic["ttl"]
    assert (dynamic["ttl"], dynamic["primary_start_timeout"]) == (20, 0)


def test_settings_that_must_be_equal_go_into_etcd_and_null_takes_away(patroni: Callable[..., dict[str, Any]]) -> None:
    given = {"max_connections": 300, "work_mem": "64MB", "wal_keep_size": None, "log_checkpoints": None}
    found = patroni(postgresql_settings=given)
    common, own = found["bootstrap"]["dcs"]["postgresql"]["parameters"], found["postgresql"]["parameters"]
    assert (common["max_connections"], own["work_mem"]) == (300, "64MB")
    assert not {"max_connections", "wal_keep_size", "log_checkpoints"} & set(own)
    assert "wal_keep_size" not in common


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, None),
        ({"archive_mode": "off"}, None),
        ({"archive_mode": None}, None),
        ({"archive_mode": "on"}, "300s"),
        ({"archive_mode": True}, "300s"),
        ({"archive_mode": "always"}, "300s"),
        ({"archive_timeout": "1h"}, "1h"),  # the site's own word
    ],
)
def test_segments_are_cut_short_only_where_something_archives_them(
    patroni: Callable[..., dict[str, Any]], templates: list[Any], settings: dict[str, Any], kept: str | None
) -> None:
    found = patroni(postgresql_settings=settings, postgresql_archive_timeout=300)
    assert found["postgresql"]["parameters"].get("archive_timeout") == kept
    # A cluster that had it in etcd loses it there; where it is not, nothing is changed.
    common = templates[-1].value(trust_as_template("{{ __postgresql_dynamic_now }}"), "test")["postgresql"]["parameters"]
    assert ("archive_timeout" in common) is (kept is None)
    assert common.get("archive_timeout") is None


def test_what_leaves_the_inventory_leaves_etcd(patroni: Callable[..., dict[str, Any]], templates: list[Any]) -> None:
    given = {"max_locks_per_transaction": 256, "wal_keep_size": None, "work_mem": None}
    slots = {"away": {"type": "physical"}, "gone": None}
    new = patroni(postgresql_settings=given, postgresql_slots=slots)["bootstrap"]["dcs"]
    # A new cluster is made without a null.
    assert new["slots"] == {"away": {"type": "physical"}}
    assert None not in new["postgresql"]["parameters"].values()
    now = templates[-1].value(trust_as_template("{{ __postgresql_dynamic_now }}"), "test")
    parameters = now["postgresql"]["parameters"]
    assert now["slots"] == slots
    assert {key: value for key, value in parameters.items() if value is not None} == new["postgresql"]["parameters"]
    assert {key for key, value in parameters.items() if value is None} == {
        "wal_keep_size",
        "work_mem",
        "max_worker_processes",
        "max_prepared_transactions",
        "track_commit_timestamp",
        "archive_timeout",
    }
    assert {key: value for key, value in now.items() if key not in ("slots", "postgresql")} == {
        key: value for key, value in new.items() if key not in ("slots", "postgresql")
    }
    assert now["postgresql"]["use_pg_rewind"] is True


@pytest.mark.parametrize("settings", [{}, {"max_connections": 300, "wal_keep_size": None}, {"archive_mode": "on"}])
def test_a_new_cluster_needs_no_change_of_its_configuration(
    patroni: Callable[..., dict[str, Any]], templates: list[Any], settings: dict[str, Any]
) -> None:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.cluster import config_patch

    given = {"postgresql_settings": settings, "postgresql_slots": {"away": {"type": "physical"}, "gone": None}}
    new = patroni(**given)["bootstrap"]["dcs"]
    now = templates[-1].value(trust_as_template("{{ __postgresql_dynamic_now }}"), "test")
    assert config_patch(json.loads(json.dumps(now)), new) == {}  # as it travels to the host


def test_memory(patroni: Callable[..., dict[str, Any]]) -> None:
    """A quarter of the host; a container shows its machine's memory and counts as 2 GiB."""
    assert patroni()["postgresql"]["parameters"]["shared_buffers"] == "1024MB"
    assert patroni(facts=BOOKWORM)["postgresql"]["parameters"]["shared_buffers"] == "512MB"
    assert patroni(postgresql_memory_mb=1000)["postgresql"]["parameters"]["shared_buffers"] == "250MB"


def test_version_and_directory_follow_the_release(patroni: Callable[..., dict[str, Any]]) -> None:
    assert patroni(facts=BOOKWORM)["postgresql"]["data_dir"] == "/var/lib/postgresql/15/vannah"
    found = patroni(postgresql_data_directory="/srv/data")["postgresql"]
    assert (found["data_dir"], found["bin_dir"]) == ("/srv/data", "/usr/lib/postgresql/17/bin")


def test_who_may_connect(patroni: Callable[..., dict[str, Any]]) -> None:
    """TLS and SCRAM from outside; the superuser and Patroni's roles from nowhere else than they need."""
    lines = patroni(postgresql_hba=["hostssl all audit 198.51.100.7/32 scram-sha-256"], postgresql_client_addresses=["203.0.113.0/24"])[
        "postgresql"
    ]["pg_hba"]
    assert lines[0] == "hostssl all audit 198.51.100.7/32 scram-sha-256"
    remote = [line.split() for line in lines if not line.startswith("local")]
    assert {fields[0] for fields in remote if fields[-1] != "reject"} == {"hostssl"}
    assert {fields[-1] for fields in remote} == {"scram-sha-256", "reject"}
    reject = next(number for number, line in enumerate(lines) if line.endswith("reject"))
    assert [line for line in lines[:reject] if "replicator" in line and "2001:db8::13/128" in line]
    after = [line.split()[3] for line in lines[reject + 1 :]]
    assert after == ["127.0.0.1/32", "::1/128", "192.0.2.11/32", "192.0.2.12/32", "2001:db8::13/128", "192.0.2.21/32", "203.0.113.0/24"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        ("2001:db8::5", "2001:db8::5/128"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("10.0.0.0/255.255.255.0", "10.0.0.0 255.255.255.0"),  # preflight takes it, PostgreSQL does not after a slash
    ],
)
def test_a_bare_address_is_one_host(patroni: Callable[..., dict[str, Any]], given: str, written: str) -> None:
    """PostgreSQL takes the word after an address without a length for its mask, and does not start."""
    assert patroni(postgresql_client_addresses=[given])["postgresql"]["pg_hba"][-1] == f"hostssl all all {written} scram-sha-256"


def test_everything_speaks_tls(patroni: Callable[..., dict[str, Any]]) -> None:
    found = patroni("db3")
    assert found["etcd3"]["protocol"] == "https"
    assert found["etcd3"]["hosts"] == ["192.0.2.11:2379", "192.0.2.12:2379", "[2001:db8::13]:2379"]
    assert found["restapi"]["verify_client"] == "optional"
    assert found["restapi"]["connect_address"] == "[2001:db8::13]:8008"
    assert found["postgresql"]["parameters"]["ssl"] == "on"
    for role in ("replication", "rewind"):
        assert found["postgresql"]["authentication"][role]["sslmode"] == "verify-full"


def test_initdb_and_slots(patroni: Callable[..., dict[str, Any]]) -> None:
    found = patroni(postgresql_slots={"away": {"type": "physical"}})["bootstrap"]
    assert found["initdb"] == ["encoding=UTF8", "locale=C.UTF-8", "data-checksums"]
    assert found["dcs"]["slots"] == {"away": {"type": "physical"}}


def test_the_component_never_restarts_behind_the_sites_back(render: Callable[..., Any], patroni: Callable[..., Any]) -> None:
    made = render("postgresql", "postgresql", site(), "db1")["definition"]
    (unit,) = made["units"]
    assert (unit["on_change"], unit["driver"]) == ("defer", "patroni")
    config = next(item for item in made["files"] if item["path"] == "/etc/patroni/config.yml")
    assert (config["mode"], config["sensitive"], config["on_change"]) == ("0600", True, "reload")
    (certificate,) = made["certificates"]
    assert (certificate["key_mode"], certificate["owner"], certificate["on_change"]) == ("0600", "postgres", "reload")


@pytest.mark.parametrize(
    ("directory", "paths"),
    [
        (None, ["/var/lib/postgresql/17", "/var/lib/postgresql/17/vannah"]),
        ("/srv/data", ["/srv/data"]),  # the parent is its owner's
        ("/var/lib/postgresql/data", ["/var/lib/postgresql/data"]),
    ],
)
def test_directories(render: Callable[..., Any], patroni: Callable[..., Any], directory: str | None, paths: list[str]) -> None:
    given = {"postgresql_data_directory": directory} if directory else {}
    made = render("postgresql", "postgresql", site(**given), "db1")["definition"]
    assert [item["path"] for item in made["directories"]] == ["/usr/local/lib/vannah", *paths]


def test_who_knows_a_leader_that_confirms_it_speaks_for_the_cluster() -> None:
    """A member that was cut off answers, with the previous cluster; it has no leader, as far as that is known."""
    texts = {key: value for key, value in yaml.safe_load(VERBS.read_text(encoding="utf-8")).items() if isinstance(value, str)}
    verbs = {key: trust_as_template(value) for key, value in texts.items()}

    def speaker(**leaders: str | None) -> str:
        said: dict[str, Any] = {
            name: {"inventory_hostname": name, "postgresql_asked": {"answers": leader is not None, "leader": leader or ""}}
            for name, leader in leaders.items()
        }
        said["db9"] = {"inventory_hostname": "db9"}  # it could not be reached
        variables = {**verbs, "ansible_play_hosts": [*said], "hostvars": said, "groups": {"postgresql": [*said]}}
        return str(Templar(loader=DataLoader(), variables=variables).template(trust_as_template("{{ postgresql_speaker }}")))

    assert speaker(db1="db2", db2="db2", db3="db2") == "db1"
    assert speaker(db1="", db2=None, db3="db2") == "db3"
    assert speaker(db1=None, db2="", db3="") == "db2"
    assert speaker(db1=None) == ""
