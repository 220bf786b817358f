# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest's configuration: who has which keys, how the ends admit each other, what is kept."""

from __future__ import annotations

import configparser
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.pgbackrest.configuration import (
    ConfigurationError,
    Sections,
    database,
    endpoint,
    endpoint_problem,
    owned,
    server,
    text_of,
)

MEMBERS = [{"name": "db1", "port": 5432, "path": "/var/lib/postgresql/17/c"}, {"name": "db2", "port": 5433, "path": "/srv/pg"}]
OFFSITE = {
    "endpoint": "https://s3.example.org:9443",
    "bucket": "clinic",
    "region": "eu-1",
    "key": "AKIA",
    "secret": "offsite-secret",
    "uri_style": "path",
    "cipher": "offsite-cipher",
    "retention": {"full": 90, "type": "time"},
    "path": "/pgbackrest",
}


def site(**more: Any) -> dict[str, Any]:
    """What the role gives for a cluster of two."""
    return {
        "stanza": "vannah",
        "server": "backup1",
        "port": 8432,
        "pki": {"certificate": "/p/cert.pem", "key": "/p/key.pem", "ca": "/p/ca.pem"},
        "members": MEMBERS,
        "processes": 2,
        "compress": {"type": "zst", "level": None},
        "queue_max": "16GiB",
        "offsite": {},
        "settings": {},
        "from_standby": True,
        "repository": {"path": "/r", "cipher": "first-cipher", "retention": {"full": 4}, "block": True},
        **more,
    }


def general(made: Sections) -> dict[str, Any]:
    return made["global"]


def test_the_backup_server() -> None:
    """All members in their order, each reached with TLS; the repository is encrypted."""
    made = server(site())
    assert list(made) == ["global", "vannah"]
    assert {name: value for name, value in general(made).items() if name.startswith("repo")} == {
        "repo1-path": "/r",
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-cipher-pass": "first-cipher",
        "repo1-bundle": "y",
        "repo1-block": "y",
        "repo1-retention-full": "4",
        "repo1-retention-full-type": "count",
    }
    assert general(made)["tls-server-auth"] == ["db1=vannah", "db2=vannah"]
    assert (general(made)["start-fast"], general(made)["backup-standby"]) == ("y", "y")
    assert {name: value for name, value in made["vannah"].items() if name.startswith("pg2-")} == {
        "pg2-host": "db2",
        "pg2-host-type": "tls",
        "pg2-host-port": "8432",
        "pg2-host-cert-file": "/p/cert.pem",
        "pg2-host-key-file": "/p/key.pem",
        "pg2-host-ca-file": "/p/ca.pem",
        "pg2-path": "/srv/pg",
        "pg2-port": "5433",
        "pg2-socket-path": "/run/postgresql",
    }


def test_a_second_repository() -> None:
    made = general(server(site(offsite=OFFSITE)))
    assert {name: value for name, value in made.items() if name.startswith("repo2")} == {
        "repo2-type": "s3",
        "repo2-s3-endpoint": "s3.example.org",
        "repo2-storage-port": "9443",
        "repo2-s3-bucket": "clinic",
        "repo2-s3-region": "eu-1",
        "repo2-s3-key": "AKIA",
        "repo2-s3-key-secret": "offsite-secret",
        "repo2-s3-uri-style": "path",
        "repo2-path": "/pgbackrest",
        "repo2-cipher-type": "aes-256-cbc",
        "repo2-cipher-pass": "offsite-cipher",
        "repo2-bundle": "y",
        "repo2-retention-full": "90",
        "repo2-retention-full-type": "time",
    }
    assert "repo2-storage-ca-file" not in made
    assert general(server(site(offsite={**OFFSITE, "ca": "/c"})))["repo2-storage-ca-file"] == "/c"


@pytest.mark.parametrize("offsite", [{}, OFFSITE])
def test_a_database_server_has_no_keys(offsite: dict[str, Any]) -> None:
    """An intruder on a database server can read no backup and remove none."""
    made = database(site(offsite=bool(offsite)), "db2")
    text = text_of(made)
    assert "cipher" not in text and "secret" not in text and "s3" not in text
    assert ("repo2-host=backup1" in text) is bool(offsite) and "repo1-host=backup1" in text
    assert general(made)["tls-server-auth"] == ["backup1=vannah"]
    assert (general(made)["archive-async"], general(made)["archive-push-queue-max"]) == ("y", "16GiB")
    assert made["vannah"] == {"pg1-path": "/srv/pg", "pg1-port": "5433", "pg1-socket-path": "/run/postgresql"}


@pytest.mark.parametrize(("members", "wanted", "said"), [(MEMBERS, True, "y"), (MEMBERS, False, "n"), (MEMBERS[:1], True, "n")])
def test_which_member_is_read(members: list[Any], wanted: bool, said: str) -> None:
    """A cluster of one has no standby."""
    assert general(server(site(members=members, from_standby=wanted)))["backup-standby"] == said


def test_settings() -> None:
    """The site's over the role's; null removes one, a list is an option several times."""
    settings = {"io-timeout": 120, "start-fast": False, "log-level-file": None, "exclude": ["a", "b"]}
    text = text_of(server(site(settings=settings)))
    assert "io-timeout=120\n" in text and "start-fast=n\n" in text and "log-level-file" not in text and "exclude=a\nexclude=b\n" in text


def test_retention() -> None:
    kept = {"full": 5, "differential": 3, "archive": 2, "type": "count"}
    made = general(server(site(repository={"path": "/r", "cipher": "c", "retention": kept})))
    assert [made[f"repo1-retention-{name}"] for name in ("full", "full-type", "diff", "archive")] == ["5", "count", "3", "2"]
    assert "repo1-block" not in made


@pytest.mark.parametrize("value", ["", "two\nlines", " quartz", "tab\tinside"])
def test_values_that_would_be_read_as_others(value: str) -> None:
    """The error names the option and not the value, which may be a key."""
    with pytest.raises(ConfigurationError, match="repo1-cipher-pass") as error:
        text_of(server(site(repository={"path": "/r", "cipher": value, "retention": {"full": 1}})))
    assert not value.strip() or value not in str(error.value)


def test_the_text_is_one_that_is_read_back() -> None:
    """As pgBackRest and configparser read it."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text_of(server(site(offsite=OFFSITE))))
    assert parser.get("vannah", "pg1-host") == "db1" and parser.get("global", "repo1-cipher-pass") == "first-cipher"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://s3.example.org", ("s3.example.org", 443)),
        ("s3.example.org:9000", ("s3.example.org", 9000)),
        ("https://192.0.2.7:9000/", ("192.0.2.7", 9000)),
    ],
)
def test_endpoints(text: str, found: tuple[str, int]) -> None:
    assert endpoint(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://s3.example.org", "has no TLS"),
        ("ftp://s3.example.org", "has no TLS"),
        ("https://s3.example.org/bucket", "a path in its endpoint"),
        ("https://me:x@s3.example.org", "has a user"),
        ("https://", "is not the endpoint"),
        ("https://s3.example.org:port", "is not a URL"),
        ("https://s3 example", "is not the endpoint"),
    ],
)
def test_bad_endpoints(text: str, said: str) -> None:
    assert said in endpoint_problem(text)
    with pytest.raises(ConfigurationError):
        endpoint(text)


@pytest.mark.parametrize(
    ("option", "is_owned"),
    [
        ("repo1-path", True),
        ("repo-hardlink", True),
        ("pg1-path", True),
        ("pg-version-force", True),
        ("tls-server-auth", True),
        ("compress-type", True),
        ("online", True),
        ("io-timeout", False),
        ("page-header-check", False),
        ("report", False),
        ("start-fast", False),
    ],
)
def test_options_with_a_variable_of_their_own(option: str, is_owned: bool) -> None:
    assert bool(owned(option)) is is_owned
