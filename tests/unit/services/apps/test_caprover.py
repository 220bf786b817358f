# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue as CapRover is told it: the modules take every entry, and references become what they stand for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import residue, wanted
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import caprover, endpoints, references
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps.catalogue import parse, published

from tests.unit.services.returned import filled

IMAGE = "r:5000/a@sha256:" + "5b" * 32


def test_the_five_apps(five: list[dict[str, Any]], values: caprover.Values) -> None:
    """The module's own checks take them all."""
    apps, deploys = caprover.render([parse(one) for one in five], values)
    spec = documented.spec("caprover_apps")["apps"]["options"]
    assert [wanted.app(filled(spec, one))["name"] for one in apps] == [one["name"] for one in five]
    options = documented.spec("caprover_deploy")["apps"]["options"]
    assert {filled(options, one)["image"] for one in deploys} == {one["image"] for one in five}
    assert [one["name"] for one in deploys] == ["vhc-orthanc", "vhc-minio", "vhc-api", "vhc-meddream", "vhc-web"]
    assert {one["name"]: one["after"] for one in deploys if "after" in one} == {
        one["name"]: one["after"] for one in five if one.get("after")
    }
    orthanc, api, web = apps[:3]
    assert orthanc == {
        "name": "vhc-orthanc",
        "description": "",
        "instances": 1,
        "environment": {
            "ORTHANC__POSTGRESQL__HOST": "192.0.2.11",
            "ORTHANC__POSTGRESQL__PORT": "5000",
            "ORTHANC__POSTGRESQL__DATABASE": "orthanc",
            "ORTHANC__POSTGRESQL__USERNAME": "orthanc",
            "ORTHANC__POSTGRESQL__PASSWORD": "another",
        },
        "expose": True,
        "http_port": 8042,
        "force_tls": True,
        "ports": [{"host": 4242, "container": 4242}],
        "volumes": [{"path": "/var/lib/orthanc/db", "volume": "vhc-orthanc-db"}],
        "domains": [{"name": "pacs.teledokta.co.tz", "tls": True}],
        "websocket": False,
        "service_override": {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 2147483648, "NanoCPUs": 2000000000}}}},
        "secret_files": {},
    }
    assert api["environment"] == web["environment"]
    assert api["environment"]["DATABASE_URL"] == "postgresql://vhc:p%40ss%2Fword@192.0.2.11:5000/vannahcloud"
    assert api["environment"]["ORTHANC_URL"] == "http://srv-captain--vhc-orthanc:8042"
    assert web["websocket"] is True and web["service_override"] == {"UpdateConfig": {"Parallelism": 1}}
    assert deploys[0]["health"] == {"url": "https://pacs.teledokta.co.tz/system"} and "health" not in deploys[4]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"replicas": 2}, {"UpdateConfig": {"Parallelism": 1}}),
        ({"replicas": 2, "health": {"path": "/"}}, {"UpdateConfig": {"Parallelism": 1}}),
    ],
)
def test_replicas_are_replaced_one_by_one(more: dict[str, Any], expected: dict[str, Any]) -> None:
    app = parse({"name": "web", "image": IMAGE, "port": 80, **more})
    assert caprover.override(app) == expected


def test_a_command_says_when_a_container_is_ready() -> None:
    """Docker sends no request before, and asks often while it starts."""
    app = parse({"name": "web", "image": IMAGE, "port": 80, "health": {"command": ["/app/ready", "-q"]}, "resources": {"cpus": 1}})
    task = caprover.override(app)["TaskTemplate"]
    asked = task["ContainerSpec"]["Healthcheck"]
    assert asked["Test"] == ["CMD", "/app/ready", "-q"] and asked["StartInterval"] == 1_000_000_000 < asked["Interval"]
    assert task["Resources"]["Limits"] == {"NanoCPUs": 1_000_000_000}
    (entry,), (deploy,) = caprover.render([app], caprover.Values())
    assert "url" not in deploy.get("health", {}) and entry["service_override"]["TaskTemplate"] == task


def test_a_health_check_that_goes_is_taken_away() -> None:
    """Docker keeps what an override has set: an empty test is that of the image, and no limit is all replicas at once."""
    before = caprover.override(parse({"name": "web", "image": IMAGE, "replicas": 2, "health": {"command": ["x"]}, "port": 80}))
    sent, stays = residue.opposites(json.dumps(before), "{}", node_goes=False)
    made = json.loads(sent)
    assert made["UpdateConfig"] == {"Parallelism": 0} and made["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Test"] == [] and stays == []


def test_files_with_secrets() -> None:
    """References become what they stand for. Those of an app that has none any more go, also where no other app has any."""
    one = {"name": "web", "image": IMAGE, "secret_files": {"key": "${secret.key}", "url": "http://x:${secret.key|url}@y"}}
    assert references.secret_names([one]) == ["key"]
    two = {"name": "job", "image": IMAGE}
    gone = {"name": "old", "state": "absent"}
    (web, job, old), _deploys = caprover.render([parse(entry) for entry in (one, two, gone)], caprover.Values({"key": "a/b"}))
    assert web["secret_files"] == {"key": "a/b", "url": "http://x:a%2Fb@y"} and web["service_override"] == {}
    assert job["secret_files"] == {} and old["secret_files"] == {}
    (job,), _deploys = caprover.render([parse(two)], caprover.Values())
    assert job["secret_files"] == {}


def test_a_login_and_a_redirect() -> None:
    """Health is asked with the login, for the domain that all lead to. Without them nothing is said of them."""
    login = {"user": "clinic", "password": "${secret.login}!"}
    given: dict[str, Any] = {"name": "web", "image": IMAGE, "port": 80, "health": {"path": "/up"}, "domains": ["a.test", "b.test"]}
    assert references.secret_names([{**given, "basic_auth": login}]) == ["login"]
    one = parse({**given, "basic_auth": login, "redirect": "b.test"})
    assert "secret.login" not in repr(one)
    (entry,), (deploy,) = caprover.render([one], caprover.Values({"login": "p/w"}))
    assert entry["basic_auth"] == {"user": "clinic", "password": "p/w!"} and entry["redirect"] == "b.test"
    assert deploy["health"] == {"url": "https://b.test/up", "user": "clinic", "password": "p/w!"}
    (entry,), (deploy,) = caprover.render([parse(given)], caprover.Values())
    assert not {"basic_auth", "redirect"} & set(entry) and deploy["health"] == {"url": "https://a.test/up"}


def test_an_app_without_domain() -> None:
    """It is reached by other apps only, and how it is is asked of Docker."""
    app = parse({"name": "job", "image": IMAGE, "port": 80, "health": {"path": "/"}, "tls": False})
    (entry,), (deploy,) = caprover.render([app], caprover.Values())
    assert entry["expose"] is False and entry["domains"] == [] and entry["force_tls"] is False
    assert deploy == {"name": "job", "image": IMAGE}


@pytest.mark.parametrize(
    ("domains", "tls", "expected"),
    [
        (["web.apps.example.org"], True, {"domains": [], "tls": True, "force_tls": True}),
        (["web.apps.example.org"], False, {"domains": [], "force_tls": False}),
        (
            ["w.example.org", "web.apps.example.org"],
            True,
            {"domains": [{"name": "w.example.org", "tls": True}], "tls": True, "force_tls": True},
        ),
        (["w.example.org"], True, {"domains": [{"name": "w.example.org", "tls": True}], "force_tls": True}),
    ],
)
def test_the_domain_that_caprover_gives(domains: list[str], tls: bool, expected: dict[str, Any]) -> None:
    """It is not one of the app's custom domains."""
    app = parse({"name": "web", "image": IMAGE, "port": 80, "domains": domains, "tls": tls})
    ((entry,), _deploys) = caprover.render([app], caprover.Values(), caprover.Server("apps.example.org"))
    assert {key: entry[key] for key in ("domains", "tls", "force_tls") if key in entry} == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"health": {"path": "/up"}, "domains": ["w.example.org"]}, {"url": "https://w.example.org/up"}),
        (
            {"health": {"path": "/up"}, "domains": ["w.example.org"], "tls": False},
            {"url": "http://127.0.0.1:8080/up", "host": "w.example.org"},
        ),
        ({"health": {"path": "/up"}}, {}),
        ({"domains": ["w.example.org"]}, {}),
    ],
)
def test_how_a_deploy_is_watched(entry: dict[str, Any], expected: dict[str, Any]) -> None:
    """Docker is always asked; CapRover's nginx where the app says how."""
    given = {"name": "web", "image": IMAGE, "port": 80, **entry}
    found = caprover.for_caprover([given], {}, {}, http_port=8080, health={"timeout": 60, "steady": 5})
    assert found["deploys"] == [{"name": "web", "image": IMAGE, "health": {"timeout": 60, "steady": 5, **expected}}]


def test_published_ports_of_a_catalogue() -> None:
    """In the form of firewall_ports; what is not an app is left to preflight."""
    entries = ["web", {"name": "a", "image": IMAGE, "publish": [{"port": 4242, "target": 1, "from": ["clinic"]}]}]
    one = {"name": "app-a", "port": 4242, "from": ["clinic"]}
    assert published(entries) == [{**one, "proto": "tcp"}, {**one, "proto": "udp"}] and published("{{ unknown }}") == []


def test_secrets_of_a_catalogue() -> None:
    """Each once; what cannot be read is left to preflight."""
    environment = {"A": "${secret.one|url} ${secret.two}", "B": "${secret.one} ${app.web.url}", "C": "${x}", "D": 5}
    entries = ["web", {"environment": environment}, {"environment": [1]}, {"environment": {"A": "${secret.gone}"}, "state": "absent"}]
    assert references.secret_names(entries) == ["one", "two"] and references.secret_names("{{ unknown }}") == []


def test_services() -> None:
    """The values of the first host, and all hosts of a service in one text; what the inventory declares comes first."""
    exported = [
        {"name": "database", "values": {"host": "h1", "port": 5000}},
        {"name": "database", "values": {"host": "h2", "port": 5000}},
        {"name": "object_store", "values": {"endpoint": "https://h3:9000"}},
        {"name": "mail", "values": {"host": "h4"}},
    ]
    assert endpoints.services(exported, {"mail": {"host": "smtp.example.org"}}) == {
        "database": {"host": "h1", "port": 5000, "hosts": "h1:5000,h2:5000"},
        "object_store": {"endpoint": "https://h3:9000"},
        "mail": {"host": "smtp.example.org"},
    }


def test_an_app_that_goes() -> None:
    apps, deploys = caprover.render([parse({"name": "old", "state": "absent"})], caprover.Values())
    assert apps == [{"name": "old", "state": "absent", "secret_files": {}}] and deploys == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain $HOME", "plain $HOME"),
        ("${secret.a}", "p@ss/${secret.b}"),  # what a secret holds is not read again
        ("${secret.a|url}!", "p%40ss%2F%24%7Bsecret.b%7D!"),
        ("$${secret.a}", "${secret.a}"),
        ("${service.db.port}${service.db.port}", "55"),
        ("${app.api.host}:${app.api.port} ${app.api.url}", "srv-captain--api:4000 http://srv-captain--api:4000"),
    ],
)
def test_references(text: str, expected: str) -> None:
    apps = {"api": parse({"name": "api", "image": IMAGE, "port": 4000})}
    values = caprover.Values(secrets={"a": "p@ss/${secret.b}"}, services={"db": {"port": 5}})
    assert references.resolve(text, lambda found: caprover.value_of(found, apps, values)) == expected


@pytest.mark.parametrize("text", ["${secret.none}", "${service.db.host}", "${service.none.host}", "${app.none.host}"])
def test_references_that_lead_nowhere(text: str) -> None:
    """Preflight has said so before; nothing is rendered with a gap."""
    app = parse({"name": "a", "image": IMAGE, "environment": {"A": text}})
    with pytest.raises(KeyError):
        caprover.render([app], caprover.Values(services={"db": {}}))
