# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is an app, what is wrong with a catalogue, and the order in which apps come up."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import catalogue, references, rules
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps.catalogue import App, BadAppError, Published, Volume, parse

DIGEST = "sha256:" + "5b" * 32
IMAGE = f"r:5000/a@{DIGEST}"
AROUND = rules.Surroundings(secrets=["x"], services={"database": {"host": "h"}})


def entry(**more: Any) -> dict[str, Any]:
    return {"name": "web", "image": IMAGE, "port": 3000, **more}


def found(*entries: Any, around: rules.Surroundings = AROUND) -> list[tuple[str, str]]:
    return [(one.code, one.path) for one in rules.problems(entries, around)]


def test_the_five_apps(five: list[dict[str, Any]], around: rules.Surroundings) -> None:
    assert list(rules.problems(five, around)) == []
    apps = [parse(one) for one in five]
    assert [[app.name for app in step] for step in rules.steps(apps)] == [
        ["vhc-orthanc", "vhc-minio"],
        ["vhc-api", "vhc-meddream"],
        ["vhc-web"],
    ]
    assert apps[0].publish == (Published(4242, 4242, ("192.0.2.0/24",)),) and apps[0].volumes == (Volume("db", "/var/lib/orthanc/db"),)


def test_no_word_of_a_platform() -> None:
    """The description is rendered for another one later."""
    for module in (catalogue, references):
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as file:
            assert not {"caprover", "captain", "swarm", "kubernetes"} & set(file.read().lower().replace("-", " ").split())


def test_least_and_absent() -> None:
    assert parse({"name": "web", "image": "a:1"}) == App("web", "a:1")
    assert parse({"name": "web", "image": "a:1"}).digest == "" and parse(entry()).digest == DIGEST
    assert parse({"name": "web", "state": "absent"}) == App("web", present=False)
    assert parse(entry(environment={"A": 1, "B": True, "C": "t"})).environment == {"A": "1", "B": "true", "C": "t"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("web", ""),
        (entry(instances=2), "instances"),
        (entry(name="Web"), "name"),
        (entry(name="web--api"), "name"),
        (entry(name=None), "name"),
        (entry(name="w" * 41), "name"),
        (entry(state="gone"), "state"),
        (entry(image=""), "image"),
        (entry(image="r:5000/A@sha256:12"), "image"),
        (entry(image=f"a@{DIGEST[:-1]}"), "image"),
        (entry(port="3000"), "port"),
        (entry(port=70000), "port"),
        (entry(port=None, domains=["a.example.org"]), "port"),
        (entry(port=None, health={"path": "/"}), "port"),
        (entry(domains="a.example.org"), "domains"),
        (entry(domains=["https://a.example.org"]), "domains[0]"),
        (entry(domains=["localhost"]), "domains[0]"),
        (entry(domains=["a.example.org", "A.example.org"]), "domains"),
        (entry(tls="yes"), "tls"),
        (entry(environment=["A=1"]), "environment"),
        (entry(environment={"A B": "1"}), "environment"),
        (entry(environment={"A": None}), "environment.A"),
        (entry(volumes=[{"name": "d", "path": "data"}]), "volumes[0].path"),
        (entry(volumes=[{"path": "/data"}]), "volumes[0].name"),
        (entry(volumes=[{"name": "d", "path": "/data", "size": 1}]), "volumes[0].size"),
        (entry(volumes=[{"name": "d", "path": "/a"}, {"name": "d", "path": "/b"}]), "volumes"),
        (entry(volumes=[{"name": "d", "path": "/a"}], replicas=2), "replicas"),
        (entry(replicas=-1), "replicas"),
        (entry(replicas=True), "replicas"),
        (entry(health={"path": "healthz"}), "health.path"),
        (entry(health={"url": "/"}), "health.url"),
        (entry(redirect="w.example.org"), "redirect"),
        (entry(redirect="w.example.org", domains=["a.example.org"]), "redirect"),
        (entry(redirect="https://a.example.org", domains=["a.example.org"]), "redirect"),
        (entry(basic_auth={"user": "u", "password": "p"}), "basic_auth"),
        (entry(basic_auth="u:p", domains=["a.example.org"]), "basic_auth"),
        (entry(basic_auth={"name": "u"}, domains=["a.example.org"]), "basic_auth.name"),
        (entry(basic_auth={"user": "u:v", "password": "p"}, domains=["a.example.org"]), "basic_auth.user"),
        (entry(basic_auth={"password": "p"}, domains=["a.example.org"]), "basic_auth.user"),
        (entry(basic_auth={"user": "u"}, domains=["a.example.org"]), "basic_auth.password"),
        (entry(secret_files=["x"]), "secret_files"),
        (entry(secret_files={"../x": "y"}), "secret_files"),
        (entry(secret_files={"x": 1}), "secret_files.x"),
        (entry(health={"command": []}), "health.command"),
        (entry(health={"command": "true"}), "health.command"),
        (entry(health={"command": ["x", 1]}), "health.command"),
        (entry(resources={"memory_mb": 1}), "resources.memory_mb"),
        (entry(resources={"cpus": "2"}), "resources.cpus"),
        (entry(publish=[4242]), "publish[0]"),
        (entry(publish=[{"target": 4242}]), "publish[0].port"),
        (entry(publish=[{"port": 4242}, {"port": 4242, "target": 1}]), "publish"),
        (entry(after=["api", "api"]), "after"),
    ],
)
def test_what_is_no_app(given: Any, path: str) -> None:
    """The first thing that is wrong, with its place; as a finding with the entry's."""
    with pytest.raises(BadAppError) as refused:
        parse(given)
    assert refused.value.path == path and refused.value.fix
    assert found(given) == [("apps-invalid", "apps[0]" + (f".{path}" if path else ""))]


def test_no_value_of_an_environment_is_quoted() -> None:
    with pytest.raises(BadAppError) as refused:
        parse(entry(environment={"PASSWORD": ["the-secret"]}))
    assert "the-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry(), entry()], [("apps-twice", "apps[1].name")]),
        (
            [entry(domains=["a.example.org"]), entry(name="b", domains=["b.example.org", "a.example.org"])],
            [("apps-twice", "apps[1].domains")],
        ),
        ([entry(publish=[{"port": 4242}]), entry(name="b", publish=[{"port": 4242, "target": 1}])], [("apps-twice", "apps[1].publish")]),
        ([entry(image="r:5000/a:1.2")], [("apps-image-tag", "apps[0].image")]),
        ([entry(environment={"A": "${secret.x}"})], []),
        ([entry(environment={"A": "${secret.y}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(basic_auth={"user": "u", "password": "${secret.x}"}, domains=["a.example.org"])], []),
        (
            [entry(basic_auth={"user": "u", "password": "${secret.y}"}, domains=["a.example.org"])],
            [("apps-reference", "apps[0].basic_auth.password")],
        ),
        ([entry(environment={"A": "${secret.x.y}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "${service.database.host}"})], []),
        ([entry(environment={"A": "${service.database.name}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "${service.queue.host}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "${app.web.url}"})], []),
        ([entry(environment={"A": "${app.api.url}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "${app.web.address}"})], [("apps-reference", "apps[0].environment.A")]),
        (
            [entry(environment={"A": "${app.job.host} ${app.job.url}"}), {"name": "job", "image": IMAGE}],
            [("apps-reference", "apps[0].environment.A")],
        ),
        ([entry(environment={"A": "${HOME}"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "${secret.x"})], [("apps-reference", "apps[0].environment.A")]),
        ([entry(environment={"A": "$${HOME} $HOME {}"})], []),
        ([entry(after=["api"])], [("apps-order", "apps[0].after")]),
        ([entry(after=["web"])], [("apps-order", "apps[0].after")]),
        ([entry(after=["b"]), entry(name="b", after=["c"]), entry(name="c", after=["b"])], [("apps-order", "apps[1].after")]),
        ([entry(after=["gone"]), {"name": "gone", "state": "absent"}], [("apps-order", "apps[0].after")]),
        ([entry(environment={"A": "${app.gone.url}"}), {"name": "gone", "state": "absent"}], [("apps-reference", "apps[0].environment.A")]),
        # Of an entry that is not an app only that is said, not what refers to it.
        ([entry(after=["api"], environment={"A": "${app.api.url}"}), {"name": "api"}], [("apps-invalid", "apps[1].image")]),
    ],
)
def test_a_catalogue(entries: list[Any], expected: list[tuple[str, str]]) -> None:
    assert found(*entries) == expected


def test_an_app_that_goes_is_said_to_go() -> None:
    """And not to be unknown."""
    entries = [entry(after=["gone"], environment={"A": "${app.gone.url}"}), {"name": "gone", "state": "absent"}]
    assert {(one.problem, one.fix) for one in rules.problems(entries, AROUND)} == {
        ("app gone is removed (state: absent).", "remove gone from after, or set state: present for it"),
        ("app gone is removed (state: absent).", "remove what refers to gone, or set state: present"),
    }


def test_secrets_that_cannot_be_read_now() -> None:
    """A site whose secrets are locked is not told that it has none."""
    assert found(entry(environment={"A": "${secret.y}"}), around=rules.Surroundings(secrets=None)) == []


def test_a_circle_is_shown_whole() -> None:
    entries = [entry(name="a", after=["b"]), entry(name="b", after=["c"]), entry(name="c", after=["a"]), entry(name="d", after=["a"])]
    (one,) = rules.problems(entries, AROUND)
    assert one.problem == "a waits for b waits for c waits for a."
    with pytest.raises(ValueError, match="a waits for b waits for c waits for a"):
        rules.steps([parse(item) for item in entries])
