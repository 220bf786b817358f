# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role pgbackrest: what the backup server and the database servers get, and what PostgreSQL runs with for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.lookup import secret

from tests.unit.lib.exported import Exported
from tests.unit.lib.rendered import FACTS

CONFIG, JOB = "/etc/pgbackrest/pgbackrest.conf", "/etc/vannah/pgbackrest-job.json"
OFFSITE = {"endpoint": "https://s3.example.org", "bucket": "clinic", "region": "eu-1", "key": "AKIA"}
GROUPS = {"postgresql": {"db1": "192.0.2.11", "db2": "192.0.2.12"}, "etcd": {"db1": "192.0.2.11"}, "backup": {"b1": "192.0.2.21"}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets: each is named in its value."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])


def inventory(groups: dict[str, dict[str, str]] = GROUPS, **variables: Any) -> dict[str, Any]:
    children = {name: {"hosts": {host: {"ansible_host": address} for host, address in hosts.items()}} for name, hosts in groups.items()}
    return {"all": {"vars": {"site_name": "clinic", "site_domain": "clinic.health", **variables}, "children": children}}


def made(render: Callable[..., Any], host: str, component: str = "pgbackrest", facts: Any = None, **variables: Any) -> Any:
    return render("pgbackrest", component, inventory(**variables), host, facts)


def test_the_backup_server(render: Callable[..., Any]) -> None:
    """Both members with their data directories; keys only where they are needed."""
    found = made(render, "b1", pgbackrest_offsite=OFFSITE)
    text = found["files"][CONFIG]
    assert "pg1-host=db1\n" in text and "pg2-host=db2\n" in text and "pg2-path=/var/lib/postgresql/17/vannah\n" in text
    assert "repo1-cipher-pass=value of pgbackrest_cipher\n" in text and "repo1-block=y\n" in text
    assert "repo2-cipher-pass=value of pgbackrest_offsite_cipher\n" in text
    assert "repo2-s3-key-secret=value of pgbackrest_offsite_secret\n" in text and "repo2-path=/pgbackrest\n" in text
    assert "tls-server-auth=db1=vannah\ntls-server-auth=db2=vannah\n" in text
    (file,) = [item for item in found["definition"]["files"] if item["path"] == CONFIG]
    assert (file["mode"], file["group"], file["sensitive"], file["on_change"]) == ("0640", "postgres", True, "reload")
    assert found["definition"]["packages"] == ["pgbackrest", "cron", "postgresql-17"]
    assert "/var/lib/pgbackrest" in [item["path"] for item in found["definition"]["directories"]]


def test_a_database_server(render: Callable[..., Any]) -> None:
    found = made(render, "db2", pgbackrest_offsite=OFFSITE)
    text = found["files"][CONFIG]
    assert "value of" not in json.dumps(found["files"]) and "s3" not in text
    assert "repo1-host=b1\n" in text and "repo2-host=b1\n" in text and "pg1-path=/var/lib/postgresql/17/vannah\n" in text
    assert "tls-server-auth=b1=vannah\n" in text
    assert found["definition"]["packages"] == ["pgbackrest", "cron"]
    assert "/var/lib/pgbackrest" not in [item["path"] for item in found["definition"]["directories"]]
    assert json.loads(found["files"][JOB])["wal"] == "/var/lib/postgresql/17/vannah/pg_wal"


def test_an_older_release(render: Callable[..., Any]) -> None:
    """Both ends have the same one, so that the backup server knows the cluster's version without asking."""
    facts = {"vannah": {**FACTS["vannah"], "release": "bookworm", "version": "12"}}
    found = made(render, "b1", facts=facts)
    assert "pg1-path=/var/lib/postgresql/15/vannah\n" in found["files"][CONFIG] and "block" not in found["files"][CONFIG]
    assert "postgresql-15" in found["definition"]["packages"]


@pytest.mark.parametrize("variables", [{"postgresql_data_directory": "/srv/pg"}, {"postgresql_version": "16", "postgresql_cluster": "c"}])
def test_where_the_data_are(render: Callable[..., Any], variables: dict[str, Any]) -> None:
    """As the database's role says; the stanza is named after the cluster."""
    text = made(render, "b1", **variables)["files"][CONFIG]
    assert f"pg1-path={variables.get('postgresql_data_directory', '/var/lib/postgresql/16/c')}\n" in text
    assert f"[{variables.get('postgresql_cluster', 'vannah')}]\n" in text


@pytest.mark.parametrize("host", ["db1", "b1"])
def test_certificate(render: Callable[..., Any], host: str) -> None:
    """Each end admits the other by the name in its certificate, and finds it by that name."""
    (found,) = made(render, host)["definition"]["certificates"]
    assert (found["common_name"], found["names"], found["usages"]) == (host, [host], ["server", "client"])
    assert (found["owner"], found["key_mode"], found["on_change"]) == ("postgres", "0600", "reload")


def test_jobs(render: Callable[..., Any]) -> None:
    program = "/usr/local/lib/vannah/pgbackrest-job"
    entries = {item["name"]: (item["schedule"], item["command"]) for item in made(render, "b1", "pgbackrest-jobs")["definition"]["cron"]}
    assert entries == {
        "vannah-pgbackrest-incremental": ("15 1 * * 1-6", f"{program} backup incremental incr 1"),
        "vannah-pgbackrest-full": ("15 1 * * 0", f"{program} backup full full 1"),
        "vannah-pgbackrest-verify": ("15 11 * * 0", f"{program} verify verify 1"),
        "vannah-pgbackrest-drill": ("30 7 * * 0", f"{program} drill drill 1 newest"),
        "vannah-pgbackrest-older-drill": ("30 9 8 * *", f"{program} drill older-drill 1 older"),
        "vannah-pgbackrest-status": ("*/5 * * * *", f"{program} status"),
    }
    more = made(render, "b1", "pgbackrest-jobs", pgbackrest_offsite=OFFSITE, pgbackrest_verify_schedule="")["definition"]["cron"]
    assert {item["name"].removeprefix("vannah-pgbackrest-") for item in more} == {
        "incremental",
        "full",
        "offsite",
        "offsite-verify",
        "drill",
        "older-drill",
        "offsite-drill",
        "status",
    }
    archive, canary = made(render, "db1", "pgbackrest-archive")["definition"]["cron"]
    assert (archive["schedule"], archive["command"]) == ("* * * * *", f"{program} archive")
    assert (canary["schedule"], canary["command"]) == ("47 * * * *", f"{program} canary")


@pytest.mark.parametrize(
    ("host", "component", "groups"),
    [
        ("db1", "pgbackrest", ("postgresql", "etcd")),
        ("b1", "pgbackrest", ("backup",)),
        ("b1", "pgbackrest-archive", tuple(GROUPS)),
        ("db1", "pgbackrest-jobs", tuple(GROUPS)),
    ],
)
def test_where_it_has_nothing_to_do(render: Callable[..., Any], host: str, component: str, groups: tuple[str, ...]) -> None:
    """Without a backup server nothing is installed on the database servers, and without a cluster nothing on the backup server."""
    site = inventory({name: GROUPS[name] for name in groups})
    assert render("pgbackrest", component, site, host)["definition"]["state"] == "absent"


@pytest.mark.parametrize(
    ("groups", "settings", "found"),
    [
        (tuple(GROUPS), {}, ("on", "pgbackrest --stanza=vannah archive-push %p", "60s")),
        (tuple(GROUPS), {"archive_timeout": "30s"}, ("on", "pgbackrest --stanza=vannah archive-push %p", "30s")),
        (("postgresql", "etcd"), {}, (None, None, None)),
        (("postgresql", "etcd"), {"archive_mode": "on", "archive_command": "cp %p /x/%f"}, ("on", "cp %p /x/%f", "60s")),
    ],
)
def test_what_postgresql_runs_with(
    render: Callable[..., Any], groups: tuple[str, ...], settings: dict[str, str], found: tuple[str | None, ...]
) -> None:
    """Its role asks for what the other roles of the host need, and names none of them."""
    site = inventory({name: GROUPS[name] for name in groups}, postgresql_settings=settings)
    text = render("postgresql", "postgresql", site, "db1")["files"]["/etc/patroni/config.yml"]
    parameters = yaml.safe_load(text)["postgresql"]["parameters"]
    assert tuple(parameters.get(name) for name in ("archive_mode", "archive_command", "archive_timeout")) == found


@pytest.mark.parametrize(
    ("groups", "variables", "names"),
    [
        (GROUPS, {}, ["pgbackrest_cipher"]),
        (GROUPS, {"pgbackrest_offsite": OFFSITE}, ["pgbackrest_cipher", "pgbackrest_offsite_cipher"]),
        ({"postgresql": GROUPS["postgresql"]}, {}, []),
    ],
)
def test_secrets(exported: Exported, groups: Any, variables: dict[str, Any], names: list[str]) -> None:
    """Each repository has a key of its own."""
    assert [item["name"] for item in exported("secrets", "db1", groups, role="pgbackrest", **variables)] == names


def test_ports(exported: Exported) -> None:
    (port,) = exported("firewall_ports", "b1", GROUPS, role="pgbackrest", pgbackrest_port=9999)
    assert (port["port"], port["from"]) == (9999, ["backup", "postgresql"])
    assert exported("firewall_ports", "db1", {"postgresql": GROUPS["postgresql"]}, role="pgbackrest") == []
