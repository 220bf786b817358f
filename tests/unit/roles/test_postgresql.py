# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role postgresql: Patroni's configuration, who may connect, and what is kept where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

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
    before = next(item for item in made["files"] if item.get("before") == "packages")
    assert "create_main_cluster = false" in before["content"]


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
    assert [item["path"] for item in made["directories"]] == paths
