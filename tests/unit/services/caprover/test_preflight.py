# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of CapRover: managers, networks, TLS, password, registries."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile

from tests.unit.lib.sites import Judge, points, site

THREE = "docker: app1 app2 app3\ncaprover: app1 app2 app3"
ACCEPTED = "caprover_accept_terms: true\n"
TLS = "caprover_root_domain: apps.clinic.health\ncaprover_root_tls: true\ncaprover_email: ops@clinic.health\n"


def said(judged: Judge, groups: str, variables: str) -> set[tuple[str, str]]:
    """(code, variable) of CapRover's findings."""
    return {(code, variable) for code, _where, variable in points(judged(site(groups, variables))) if code.startswith("caprover-")}


@pytest.mark.parametrize(
    ("groups", "variables", "expected"),
    [
        (THREE, ACCEPTED, set()),
        (THREE, "", {("caprover-terms", "caprover_accept_terms")}),
        ("docker: app1\ncaprover: app1 app2", ACCEPTED, {("caprover-docker", "-")}),
        # --- managers
        (THREE, ACCEPTED + "caprover_managers: [app2]", set()),
        (THREE, ACCEPTED + "caprover_managers: [app3, app2, app1]", set()),
        (THREE, ACCEPTED + "caprover_managers: [app1, app2]", {("caprover-managers-even", "caprover_managers")}),
        (THREE, ACCEPTED + "caprover_managers: [app1, app2, app9]", {("caprover-managers", "caprover_managers[2]")}),
        (THREE, ACCEPTED + "caprover_managers: [app1, app2, app3, app1]", {("caprover-managers", "caprover_managers[3]")}),
        (THREE, ACCEPTED + "caprover_managers: ['{{ ansible_facts.x }}']", set()),
        # --- networks
        (THREE, ACCEPTED + "caprover_address_pools: [10.1.0.0/16]", {("caprover-pool-overlap", "caprover_address_pools[0]")}),
        (THREE, ACCEPTED + "caprover_address_pools: [10.209.0.0/16]", {("caprover-pool-overlap", "caprover_address_pools[0]")}),
        (
            THREE,
            ACCEPTED + "caprover_address_pools: [10.7.0.0/16, 10.7.1.0/24]",
            {("caprover-pool-overlap", "caprover_address_pools[0]")},
        ),
        (THREE, ACCEPTED + "caprover_address_pools: [10.7.0.0/16, 10.8.0.0/16]", set()),
        (THREE, ACCEPTED + "caprover_address_pools: [10.7.0.0]", {("caprover-pool", "caprover_address_pools[0]")}),
        (THREE, ACCEPTED + "caprover_address_pools: ['fd00:1::/16']", {("caprover-pool", "caprover_address_pools[0]")}),
        (
            THREE,
            ACCEPTED + "caprover_address_pools: [10.7.0.0/16]\ncaprover_pool_size: 12",
            {("caprover-pool", "caprover_address_pools[0]")},
        ),
        # --- TLS
        (THREE, ACCEPTED + TLS + "caprover_force_tls: true", set()),
        (THREE, ACCEPTED + TLS.replace("ops@clinic.health", "''"), {("caprover-tls", "caprover_email")}),
        (THREE, ACCEPTED + "caprover_root_tls: true\ncaprover_email: ops@clinic.health", {("caprover-tls", "caprover_root_tls")}),
        (THREE, ACCEPTED + "caprover_force_tls: true", {("caprover-tls", "caprover_force_tls")}),
        (THREE, ACCEPTED + "caprover_self_hosted_registry: true", {("caprover-tls", "caprover_self_hosted_registry")}),
        # --- registries
        (THREE, ACCEPTED + "caprover_default_push_registry: none", set()),
        (
            THREE,
            ACCEPTED + "caprover_default_push_registry: r.example.org",
            {("caprover-push-registry", "caprover_default_push_registry")},
        ),
        (
            THREE,
            ACCEPTED + "caprover_registries: [{domain: r.example.org}]\ncaprover_default_push_registry: r.example.org",
            {("caprover-push-registry", "caprover_default_push_registry")},
        ),
        (
            THREE,
            ACCEPTED
            + "caprover_registries: [{domain: r.example.org, image_prefix: vhc}]\ncaprover_default_push_registry: r.example.org/vhc",
            set(),
        ),
        (THREE + "\nregistry: app3", ACCEPTED + "caprover_default_push_registry: app3:5000", set()),
        (
            THREE + "\nregistry: app3",
            ACCEPTED + "caprover_default_push_registry: app3:5000\ncaprover_site_registry: false",
            {("caprover-push-registry", "caprover_default_push_registry")},
        ),
    ],
)
def test_a_site(judged: Judge, groups: str, variables: str, expected: set[tuple[str, str]]) -> None:
    assert said(judged, groups, variables) == expected


def test_the_terms_are_asked_for_once(judged: Judge) -> None:
    """Not for each host."""
    found = [one for one in judged(site(THREE)).errors if one.code == "caprover-terms"]
    assert len(found) == 1 and found[0].where == "caprover"


@pytest.mark.parametrize(("length", "wrong"), [(7, True), (16, False), (29, False), (30, True)])
def test_a_password_that_caprover_does_not_take(judged: Judge, length: int, wrong: bool) -> None:
    secrets = [SecretsFile("secrets.yml", values={"caprover_password": ("kX3-vQ9z" * 5)[:length]})]
    found = {finding.code for finding in judged(site(THREE, ACCEPTED), secrets=secrets).errors}
    assert ("caprover-password" in found) == wrong


@pytest.mark.parametrize(("host", "clash"), [("app1", True), ("app2", False)])
def test_ports_of_two_services(judged: Judge, host: str, clash: bool) -> None:
    """CapRover's nginx is on its own host only."""
    found = judged(site(THREE + f"\nregistry: {host}", f"{ACCEPTED}registry_port: 443"))
    assert any(one.code == "host-port-twice" and "caprover_https_port" in one.problem for one in found.errors) == clash, found.text()
