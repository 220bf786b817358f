# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of apps as preflight runs them: what the catalogue refers to is that of the site."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import preflight

from tests.unit.lib.sites import Judge, points, site

GROUPS = """
docker: app1 app2
caprover: app1 app2
postgresql: db1
postgresql_client: app1 app2
object_store: store1
registry: app2
"""
BASE = """
caprover_accept_terms: true
caprover_root_domain: apps.clinic.health
caprover_root_tls: true
caprover_email: ops@clinic.health
haproxy_bind: ["{{ ansible_host }}", 127.0.0.1]
postgresql_roles: [{name: vhc, login: true}]
"""
DIGEST = "sha256:" + "5b" * 32
SECRETS = [SecretsFile("secrets.yml", values={"given": "kX3vQ9zkX3vQ9zkX3vQ9z"})]


def app(**more: Any) -> dict[str, Any]:
    return {"name": "web", "image": f"r:5000/a@{DIGEST}", "port": 3000, **more}


def said(judged: Judge, *apps: Any, variables: str = "", secrets: Any = SECRETS) -> set[tuple[str, str]]:
    """(code, variable) of the findings of apps."""
    text = site(GROUPS, f"{BASE}{variables}apps: {json.dumps(apps)}\n")
    return {(code, path) for code, _where, path in points(judged(text, secrets=secrets)) if code.startswith("apps-")}


@pytest.mark.parametrize(
    ("apps", "variables", "expected"),
    [
        ([app(domains=["api.clinic.health"])], "", set()),
        ([], "", set()),
        ([app(name="Web")], "", {("apps-invalid", "apps[0].name")}),
        (
            [app(name="vhc", volumes=[{"name": "web-data", "path": "/a"}]), app(name="vhc-web", volumes=[{"name": "data", "path": "/b"}])],
            "",
            {("apps-twice", "apps[1].volumes")},
        ),
        ([app(), app()], "", {("apps-twice", "apps[1].name")}),
        ([app(image="r:5000/a:1")], "", {("apps-image-tag", "apps[0].image")}),
        ([app(after=["api"])], "", {("apps-order", "apps[0].after")}),
        # --- references
        ([app(environment={"A": "${secret.given} ${secret.postgresql_role_vhc} ${secret.minio_user_imaging}"})], "", {"reference"}),
        ([app(environment={"A": "${secret.given} ${secret.postgresql_role_vhc}"})], "", set()),
        ([app(environment={"A": "${secret.session_key}"})], "", {"reference"}),
        ([app(environment={"A": "${secret.session_key}"})], "apps_secrets: [session_key]\n", set()),
        ([app(environment={"A": "${secret.minio_user_imaging}"})], "minio_users: [{name: imaging, policies: [readwrite]}]\n", set()),
        ([app(environment={"A": "${service.database.host}:${service.database.port} ${service.database.hosts}"})], "", set()),
        ([app(environment={"A": "${service.database.host}"})], "haproxy_bind: [127.0.0.1]\n", {"reference"}),
        ([app(environment={"A": "${service.object_store.endpoint} ${service.registry.host}"})], "", set()),
        ([app(environment={"A": "${service.mail.host}"})], "", {"reference"}),
        ([app(environment={"A": "${service.mail.host}"})], "apps_services: {mail: {host: smtp.example.org}}\n", set()),
        ([app(environment={"A": "${app.api.url}"})], "", {"reference"}),
        # --- what CapRover refuses
        ([app(name="registry")], "", {("apps-name-refused", "apps[0].name")}),
        ([app(name="captain-x")], "", {("apps-name-refused", "apps[0].name")}),
        ([app(environment={"A": "x"}, secret_files={"k": "${secret.nothing}"})], "", {("apps-reference", "apps[0].secret_files.k")}),
        ([app(domains=["web.apps.clinic.health"])], "", set()),
        ([app(domains=["www.web.apps.clinic.health"])], "", set()),
        ([app(domains=["api.apps.clinic.health"])], "", {("apps-domain-refused", "apps[0].domains[0]")}),
        ([app(domains=["apps.clinic.health"])], "", {("apps-domain-refused", "apps[0].domains[0]")}),
        ([app(domains=["other-apps.clinic.health"])], "", set()),
        ([app(domains=["api.clinic.health"])], "caprover_root_tls: false\n", {("apps-domain-certificate", "apps[0].tls")}),
        ([app(domains=["api.clinic.health"], tls=False)], "caprover_root_tls: false\n", {("apps-domain-plain", "apps[0].domains[0]")}),
        ([app(domains=["web.apps.clinic.health"], tls=False)], "caprover_root_tls: false\n", set()),
        ([app()], "caprover_root_tls: false\n", set()),
        # --- sources of published ports
        ([app(publish=[{"port": 4242, "from": ["any", "caprover", "db1", "192.0.2.1", "192.0.2.0/24", "fd00::/64"]}])], "", set()),
        ([app(publish=[{"port": 4242, "from": []}])], "", set()),
        ([app(publish=[{"port": 4242, "from": ["modalities"]}])], "", {("apps-publish-source", "apps[0].publish[0].from")}),
        # --- purge
        ([app()], "apps_purge: true\n", set()),
        ([app()], "apps_purge: true\napps_owner: ''\n", {("apps-purge-empty", "apps_purge")}),
        ([], "apps_purge: true\n", {("apps-purge-empty", "apps_purge")}),
        # --- what only a host knows
        ([app(environment={"A": "{{ ansible_facts.x }}"})], "", set()),
    ],
)
def test_a_catalogue(judged: Judge, apps: list[Any], variables: str, expected: set[Any]) -> None:
    reference = ("apps-reference", "apps[0].environment.A")
    # A later line of the same name counts.
    lines = {line.partition(":")[0]: line for line in f"{BASE}{variables}".splitlines() if line}
    text = site(GROUPS, "\n".join([*lines.values(), f"apps: {json.dumps(apps)}"]))
    found = {(code, path) for code, _where, path in points(judged(text, secrets=SECRETS)) if code.startswith("apps-")}
    assert found == {reference if one == "reference" else one for one in expected}


def test_an_edge_gives_domains_their_certificates(judged: Judge) -> None:
    text = site(f"{GROUPS}\nedge: edge1", f"{BASE}apps: {json.dumps([app(domains=['api.clinic.health'], tls=False)])}\n")
    assert not [code for code, _where, _path in points(judged(text, secrets=SECRETS)) if code == "apps-domain-plain"]


def test_a_site_whose_secrets_are_still_to_come(judged: Judge) -> None:
    """Which names they get is known where all of the inventory can be evaluated."""
    entry = app(environment={"A": "${secret.anything}"})
    assert said(judged, entry, secrets=()) == set()
    assert said(judged, entry, secrets=[SecretsFile("secrets.yml", opened=False)]) == set()
    assert said(judged, entry) == {("apps-reference", "apps[0].environment.A")}


@pytest.mark.parametrize(("new", "refused"), [({"anything"}, False), ({"other"}, True), (None, False)])
def test_new_secrets_are_known_at_once(read: Callable[..., Site], new: set[str] | None, refused: bool) -> None:
    """A first check makes no secrets where one of the names is wrong."""
    made = read(site(GROUPS, f"{BASE}apps: {json.dumps([app(environment={'A': '${secret.anything}'})])}\n"))
    made.new_secrets = lambda: None if new is None else frozenset(new)
    assert any(one.code == "apps-reference" for one in preflight.check_catalogue(made)) is refused


def test_a_finding_is_said_once(judged: Judge) -> None:
    """Not for each host of the group, and no value of an environment is quoted."""
    text = site(GROUPS, f"{BASE}apps: {json.dumps([app(environment={'DB_PASSWORD': ['the-secret'], 'B': '${x}'})])}\n")
    report = judged(text, secrets=SECRETS)
    assert len([one for one in report.errors if one.code == "apps-invalid"]) == 1 and "the-secret" not in report.text()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("postgres://u:PASS@h/db", "apps-login-plain"),
        ("see postgres://u:${secret.given|url}@h/db and https://:PASS@h", "apps-login-plain"),
        ("postgres://u:${secret.given|url}@h/db", ""),
        ("postgres://u@h:5432/db and https://h/a:b@c", ""),
        ("${secret.postgresql_superuser}", "apps-secret-powerful"),
        ("${secret.minio_root_password|url}", "apps-secret-powerful"),
        ("${secret.postgresql_role_vhc}", ""),
    ],
)
def test_logins_in_an_environment(judged: Judge, value: str, code: str) -> None:
    """A warning, which does not show the password."""
    text = site(GROUPS, f"{BASE}apps: {json.dumps([app(environment={'A': value})])}\n")
    secrets = [SecretsFile("secrets.yml", values=dict.fromkeys(("given", "postgresql_superuser", "minio_root_password"), "x"))]
    report = judged(text, secrets=secrets)
    found = [one for one in report.warnings if one.code in ("apps-login-plain", "apps-secret-powerful")]
    assert [(one.code, one.variable) for one in found] == ([(code, "apps[0].environment.A")] if code else [])
    assert "PASS" not in "".join(one.line() for one in (*report.errors, *report.warnings))


@pytest.mark.parametrize(("value", "plain"), [("${secret.given}", False), ("${secret.given|url}", False), ("hunter2-and-a-tail", True)])
def test_passwords_in_an_environment(judged: Judge, value: str, plain: bool) -> None:
    """Its name says that a variable is a secret; a reference to one is none."""
    text = site(GROUPS, f"{BASE}apps: {json.dumps([app(environment={'DB_PASSWORD': value})])}\n")
    found = {finding.code for finding in judged(text, secrets=SECRETS).errors}
    assert ("secret-in-plain" in found) == plain


def test_published_ports(judged: Judge, read: Callable[..., Site]) -> None:
    """On each node of the Swarm, for those that the app names; what another service has is refused."""
    text = site(GROUPS, f"{BASE}apps: {json.dumps([app(publish=[{'port': 4242, 'from': ['192.0.2.0/24']}])])}\n")
    for name in ("app1", "app2"):
        ports = [port for port in read(text).hosts[name].ports if port.role == "apps"]
        assert [(port.first, port.proto, port.admitted) for port in ports] == [
            (4242, "tcp", ("192.0.2.0/24",)),
            (4242, "udp", ("192.0.2.0/24",)),
        ]
    taken = site(GROUPS, f"{BASE}apps: {json.dumps([app(publish=[{'port': 5000}])])}\n")
    assert any("5000" in finding.problem for finding in judged(taken, secrets=SECRETS).errors)


def test_where_it_runs(read: Callable[..., Site]) -> None:
    assert [host.name for host in preflight.apps_hosts(read(site(GROUPS, BASE)))] == ["app1", "app2"]
