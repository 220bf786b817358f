# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the registry: its name, users, images, mirror, settings and directories."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile

from tests.unit.lib.sites import Judge, points, site

SITE = "registry: r1\ndocker: app1 app2"
DIGEST = "sha256:" + "5b" * 32
MIRROR = "registry_mirror: true"
GIVEN = (SecretsFile("secrets.yml", values={"registry_mirror_password": "q7rT0zPq9LmX2cVbN4eAa1kWd5"}),)


def said(judged: Judge, variables: str, **more: object) -> set[tuple[str, str]]:
    """(code, variable) of the registry's findings."""
    return {(code, name) for code, _where, name in points(judged(site(SITE, variables), **more)) if code.startswith("registry-")}


@pytest.mark.parametrize(
    "variables",
    [
        "",
        "registry_name: registry.example.org",
        "registry_name: 192.0.2.5",
        "registry_users: [{name: site}, {name: ci}]\nregistry_login: ci",
        "registry_login: none",
        MIRROR,
        f"{MIRROR}\nregistry_mirror_url: http://mirror.example:5000",
        "registry_mirror_url: nonsense",  # there is none
        "registry_settings: {log: {level: debug}, storage: {maintenance: {uploadpurging: {age: 24h}}}}",
        f"registry_images: [{{name: vhc/api, tag: '1', digest: '{DIGEST}', source: /srv/api.tar}}, {{name: b, source: /srv/b}}]",
        "registry_data_directory: /srv/registry",
    ],
)
def test_good(judged: Judge, variables: str) -> None:
    """No rule at all has anything to say of it."""
    report = judged(site(SITE, variables))
    assert [finding.line() for finding in (*report.errors, *report.warnings)] == []


@pytest.mark.parametrize(
    ("variables", "code", "variable"),
    [
        ("registry_name: https://registry.example.org", "registry-name", "registry_name"),
        ("registry_name: registry.example.org:5000", "registry-name", "registry_name"),
        ("registry_name: my_registry", "registry-name", "registry_name"),
        ("registry_name: 2001:db8::5", "registry-name", "registry_name"),
        ("registry_users: []", "registry-users", "registry_users"),
        ("registry_users: [{name: site}, {name: site}]", "registry-users", "registry_users[1].name"),
        ("registry_users: [{name: 'a:b', password: \"{{ vault_password }}\"}]", "registry-users", "registry_users[0].name"),
        ("registry_users: [{name: '', password: \"{{ vault_password }}\"}]", "registry-users", "registry_users[0].name"),
        (f"registry_users: [{{name: site, password: {'x1y2z3w4' * 10}}}]", "registry-users", "registry_users[0].password"),
        ("registry_login: ci", "registry-login", "registry_login"),
        ("registry_images: [{name: vhc/api}]", "registry-image", "registry_images[0]"),
        ("registry_images: [{name: b, source: /srv/b}, {name: Api, source: /x}]", "registry-image", "registry_images[1]"),
        ("registry_images: [{name: api, source: images/api.tar}]", "registry-image", "registry_images[0]"),
        (f"{MIRROR}\nregistry_mirror_url: registry-1.docker.io", "registry-mirror-url", "registry_mirror_url"),
        (f"{MIRROR}\nregistry_mirror_url: https://r.example/v2", "registry-mirror-url", "registry_mirror_url"),
        (f"{MIRROR}\nregistry_mirror_url: https://r.example:port", "registry-mirror-url", "registry_mirror_url"),
        (f"{MIRROR}\nregistry_mirror_user: clinic", "registry-mirror-password", "registry_mirror_user"),
        ("registry_settings: {auth: null}", "registry-setting-refused", "registry_settings.auth"),
        ("registry_settings: {http: {tls: {minimumtls: tls1.0}}}", "registry-setting-refused", "registry_settings.http.tls"),
        ("registry_settings: {http: {addr: ':80'}}", "registry-setting-refused", "registry_settings.http.addr"),
        ("registry_settings: {proxy: {remoteurl: 'https://r.example'}}", "registry-setting-refused", "registry_settings.proxy"),
        (
            "registry_settings: {storage: {maintenance: {readonly: {enabled: true}}}}",
            "registry-setting-refused",
            "registry_settings.storage.maintenance.readonly",
        ),
        ("registry_data_directory: srv/registry", "registry-data-directory", "registry_data_directory"),
        ("registry_data_directory: /home/registry/data", "registry-data-directory", "registry_data_directory"),
        (f"{MIRROR}\nregistry_mirror_data_directory: /var/lib", "registry-data-directory", "registry_mirror_data_directory"),
    ],
)
def test_bad(judged: Judge, variables: str, code: str, variable: str) -> None:
    assert said(judged, variables) == {(code, variable)}


def test_what_takes_everything_away(judged: Judge) -> None:
    """Null in the place of a mapping takes all away that is in it."""
    found = {name for _code, name in said(judged, "registry_settings: {http: null}")}
    assert {"registry_settings.http.tls", "registry_settings.http.debug.addr"} <= found


def test_an_account_at_the_other_registry(judged: Judge) -> None:
    """With its password among the secrets; not in plain text over the network."""
    account = f"{MIRROR}\nregistry_mirror_user: clinic"
    assert said(judged, account, secrets=GIVEN) == set()
    plain = f"{account}\nregistry_mirror_url: http://mirror.example:5000"
    assert said(judged, plain, secrets=GIVEN) == {("registry-mirror-url", "registry_mirror_url")}


def test_ports(judged: Judge) -> None:
    """Two services on one port are found by the rule for all."""
    found = {code for code, _where, _name in points(judged(site(SITE, f"{MIRROR}\nregistry_mirror_port: 5000")))}
    assert found == {"host-port-twice"}
