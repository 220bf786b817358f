# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role apps: which host asks for what, with which secrets, and services as the roles of the site export them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.lookup import authority, secret
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented

from tests.unit.lib.exported import Exported
from tests.unit.services.returned import filled

GROUPS = {
    "caprover": {"a1": "192.0.2.1", "a2": "192.0.2.2"},
    "postgresql_client": {"a1": "192.0.2.1", "a2": "192.0.2.2"},
    "object_store": {"s1": "192.0.2.5"},
}
IMAGE = "r:5000/a@sha256:" + "5b" * 32
APPS = [
    {
        "name": "web",
        "image": IMAGE,
        "port": 3000,
        "domains": ["web.apps.clinic.health"],
        "environment": {"KEY": "${secret.key}", "API": "${app.api.url}", "S3": "${service.object_store.endpoint}"},
        "secret_files": {"ca.crt": "${service.authority.certificate}"},
        "after": ["api"],
    },
    {"name": "api", "image": IMAGE, "port": 4000, "publish": [{"port": 4242, "from": ["192.0.2.0/24"]}]},
    {"name": "old", "state": "absent"},
]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets: each is named in its value. And its authority."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])
    monkeypatch.setattr(authority.LookupModule, "run", lambda *_args, **_more: ["its certificate"])


@pytest.fixture
def said(exported: Exported) -> Callable[..., Any]:
    """``said(kind, host, **variables)``: an export of a host."""

    def _said(kind: str, host: str, role: str = "apps", **variables: Any) -> Any:
        return exported(kind, host, GROUPS, role=role, **{"apps": APPS, "caprover_root_domain": "apps.clinic.health", **variables})

    return _said


def call(said: Callable[..., Any], module: str, host: str = "a1", **variables: Any) -> Any:
    """The parameters of a call as the module has them; None where the host is not asked."""
    found = [item["params"] for item in said("calls", host, **variables) if item["module"] == module]
    return filled(documented.spec(module), found[0]) if found else None


@pytest.mark.parametrize(
    ("variables", "host"),
    [({}, "a1"), ({"caprover_managers": ["a2", "a1"]}, "a2"), ({"apps": []}, ""), ({"apps": [{"name": "old", "state": "absent"}]}, "a1")],
)
def test_one_host_asks(said: Callable[..., Any], variables: dict[str, Any], host: str) -> None:
    """CapRover's own; without apps no one does."""
    for name in ("a1", "a2"):
        assert (call(said, "caprover_apps", name, **variables) is not None) == (name == host)
        deploys = call(said, "caprover_deploy", name, **variables)
        assert (deploys is not None) == (name == host and "apps" not in variables)


def test_apps(said: Callable[..., Any]) -> None:
    found = call(said, "caprover_apps", caprover_admin_port=3003)
    assert (found["url"], found["password"], found["owner"]) == ("http://127.0.0.1:3003", "value of caprover_password", "clinic")
    assert [(one["name"], one["state"]) for one in found["apps"]] == [("web", "present"), ("api", "present"), ("old", "absent")]
    web = found["apps"][0]
    assert web["environment"] == {"KEY": "value of key", "API": "http://srv-captain--api:4000", "S3": "https://192.0.2.5:9000"}
    assert web["domains"] == [] and web["tls"] is True and web["adopt"] is False
    assert web["secret_files"] == {"ca.crt": "its certificate"}
    assert found["purge"] is False and found["purge_limit"] == 1


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"apps_owner": "team"}, "owner", "team"),
        ({"apps_owner": ""}, "owner", None),
        ({"apps_purge": True, "apps_purge_limit": 3}, "purge_limit", 3),
        ({"apps_purge": True}, "purge", True),
        ({}, "reset_unset", "known"),
        ({"apps_manage_whole": True}, "reset_unset", "all"),
    ],
)
def test_settings(said: Callable[..., Any], variables: dict[str, Any], key: str, value: Any) -> None:
    assert call(said, "caprover_apps", **variables)[key] == value


def test_the_previous_password(said: Callable[..., Any]) -> None:
    """For a check, before role caprover has replaced it."""
    for module in ("caprover_apps", "caprover_deploy"):
        assert call(said, module)["previous_password"] is None
        assert call(said, module, caprover_previous_password="the one before")["previous_password"] == "the one before"


def test_apps_that_are_taken_over(said: Callable[..., Any]) -> None:
    assert {one["adopt"] for one in call(said, "caprover_apps", apps_adopt=True)["apps"]} == {True}


def test_deploys(said: Callable[..., Any]) -> None:
    """In the order in which apps wait for each other; how long each is watched is the site's."""
    found = call(said, "caprover_deploy", apps_pull_timeout=60, apps_health_steady=3)
    assert [one["name"] for one in found["apps"]] == ["api", "web"] and found["build_timeout"] == 60
    assert {(one["health"]["timeout"], one["health"]["steady"]) for one in found["apps"]} == {(120, 3)}


def test_secrets_and_ports(said: Callable[..., Any]) -> None:
    assert [(one["name"], one["kind"]) for one in said("secrets", "a1", apps_secrets=["key", "other"])] == [
        ("key", "password"),
        ("other", "password"),
    ]
    assert said("secrets", "a1") == []
    for host in ("a1", "a2"):
        found = said("firewall_ports", host)
        assert {(one["port"], one["proto"], one["from"][0]) for one in found} == {(4242, p, "192.0.2.0/24") for p in ("tcp", "udp")}


@pytest.mark.parametrize(
    ("bind", "host"),
    [
        (["127.0.0.1"], ""),
        (["127.0.0.1", "::1", "localhost"], ""),
        (["127.0.0.1", "10.0.0.1"], "10.0.0.1"),
        (["ipv4@10.0.0.2"], "10.0.0.2"),
        (["*"], "192.0.2.1"),
        (["0.0.0.0"], "192.0.2.1"),
    ],
)
def test_the_database_as_others_reach_it(said: Callable[..., Any], bind: list[str], host: str) -> None:
    """Not over the loopback of a host, which containers do not reach."""
    found = said("endpoints", "a1", role="haproxy", haproxy_bind=bind)
    expected = [{"host": host, "port": 5000, "read_only_port": 5001}] if host else []
    assert [one["values"] for one in found] == expected and all(one["name"] == "database" for one in found)


@pytest.mark.parametrize(
    ("variables", "values"),
    [
        ({}, {"host": "192.0.2.5", "port": 9000, "endpoint": "https://192.0.2.5:9000"}),
        (
            {"object_store_backend": "s3", "object_store_endpoint": "https://s3.example.org"},
            {"endpoint": "https://s3.example.org"},
        ),
    ],
)
def test_the_object_store_as_others_reach_it(said: Callable[..., Any], variables: dict[str, Any], values: dict[str, Any]) -> None:
    (found,) = said("endpoints", "s1", role="minio", **variables)
    assert found["values"] == values
