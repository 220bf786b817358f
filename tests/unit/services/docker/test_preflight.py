# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of Docker: versions that go together, networks, registries, settings; and what hosts answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.docker import compatibility, host_checks, networks, registries

from tests.unit.lib.sites import Judge, points, site

SITE = "docker: app1 app2"
BOTH = "docker: app1 app2\ncaprover: app1"


def said(judged: Judge, groups: str, variables: str) -> set[tuple[str, str]]:
    """(code, variable) of Docker's findings."""
    return {(code, variable) for code, _where, variable in points(judged(site(groups, variables))) if code.startswith("docker-")}


@pytest.mark.parametrize(
    ("groups", "variables", "expected"),
    [
        (SITE, "", set()),
        (BOTH, "", set()),
        (SITE, 'docker_version: "20.10"', set()),
        (BOTH, 'docker_version: "20.10"', {("docker-caprover", "docker_version")}),
        (BOTH, 'docker_version: "24.0.7"', {("docker-caprover", "docker_version")}),
        (BOTH, 'docker_version: "26.1"', set()),
        (BOTH, 'docker_version: "29.0"', set()),  # a CapRover of today
        (BOTH, 'docker_version: "29.0"\ncaprover_version: "1.14.0"', {("docker-caprover", "docker_version")}),
        (SITE, 'docker_version: "29.0"\ntraefik_version: "3.5.0"', {("docker-traefik", "docker_version")}),
        (SITE, 'docker_version: "26.1"\ntraefik_version: "3.5.0"', set()),
        (SITE, "docker_source: docker", {("docker-version-missing", "docker_source")}),
        (SITE, 'docker_source: docker\ndocker_version: "28.5"', set()),
        # --- networks
        (SITE, "docker_address_pools: [{base: 10.1.0.0/16, size: 24}]", {("docker-pool-overlap", "docker_address_pools[0]")}),
        (SITE, "docker_address_pools: [{base: 10.7.0.0/16, size: 24}]", set()),
        (
            SITE,
            "docker_address_pools: [{base: 10.7.0.0/16, size: 24}, {base: 10.7.128.0/17, size: 24}]",
            {("docker-pool-overlap", "docker_address_pools[0]")},
        ),
        (
            SITE,
            "docker_address_pools: [{base: 192.0.2.0/24, size: 26}]\nsite_admin_addresses: [192.0.2.128/25]",
            {("docker-pool-overlap", "docker_address_pools[0]")},
        ),
        (
            SITE,
            "docker_address_pools: [{base: 192.0.2.0/24, size: 26}]\nsite_time_servers: [192.0.2.9]",
            {("docker-pool-overlap", "docker_address_pools[0]")},
        ),
        (
            SITE,
            "docker_address_pools: [{base: 192.0.2.0/24, size: 26}]\nfirewall_ports: [{name: dicom, port: 104, from: [192.0.2.64/26]}]",
            {("docker-pool-overlap", "docker_address_pools[0]")},
        ),
        (
            SITE,
            "docker_address_pools: [{base: 10.7.0.0/16, size: 24}]\nsite_admin_addresses: [10.0.0.0/8]",
            {("docker-pool-within", "docker_address_pools[0]")},
        ),
        (SITE, "docker_address_pools: [{base: 10.7.0.0/16, size: 24}]\nsite_admin_addresses: [0.0.0.0/0]", set()),
        (SITE, "docker_address_pools: [{base: 10.7.0.0/16, size: 24}]\nfirewall_ports: [{name: x, port: 1, from: [10.7.0.0/16]}]", set()),
        (SITE, "docker_address_pools: [{base: fd00:1::/48, size: 64}]", set()),
        (SITE, "docker_address_pools: [{base: 10.7.0.0/16, size: 8}]", {("docker-pool-invalid", "docker_address_pools[0]")}),
        (SITE, "docker_address_pools: [{base: 10.7.0.1/16, size: 24}]", {("docker-pool-invalid", "docker_address_pools[0]")}),
        (SITE, "docker_address_pools: [{base: somewhere, size: 24}]", {("docker-pool-invalid", "docker_address_pools[0]")}),
        # --- registries
        (SITE, "docker_insecure_registries: ['r.example:5000']", set()),
        (SITE, "docker_insecure_registries: [10.0.0.0/8]", {("docker-insecure-registry", "docker_insecure_registries[0]")}),
        (SITE, "docker_registry_mirrors: ['https://m.example']", set()),
        (SITE, "docker_registry_mirrors: ['http://m.example:5000']", {("docker-registry-mirror", "docker_registry_mirrors[0]")}),
        (SITE, "docker_registry_mirrors: ['http://m.example:5000']\ndocker_insecure_registries: ['m.example:5000']", set()),
        # --- settings
        (SITE, "docker_settings: {debug: true, log-driver: local}", set()),
        (SITE, "docker_settings: {data-root: /srv/x}", {("docker-setting-refused", "docker_settings.data-root")}),
        (SITE, "docker_settings: {live-restore: null}", {("docker-setting-refused", "docker_settings.live-restore")}),
        (SITE, "docker_settings: {hosts: ['tcp://0.0.0.0:2375']}", {("docker-setting-refused", "docker_settings.hosts")}),
        (SITE, "docker_settings: {iptables: false}", {("docker-setting-refused", "docker_settings.iptables")}),
        (SITE, "docker_settings: {iptables: true}", set()),
        (SITE, "docker_live_restore: true", set()),
        (BOTH, "docker_live_restore: true", {("docker-live-restore", "docker_live_restore")}),
        (SITE, "docker_data_directory: /var/lib", {("docker-data-directory", "docker_data_directory")}),
        (SITE, "docker_data_directory: /srv/docker", set()),
    ],
)
def test_rules(judged: Judge, groups: str, variables: str, expected: set[tuple[str, str]]) -> None:
    assert said(judged, groups, variables) == expected


@pytest.mark.parametrize(
    "variables",
    ["docker_version: twenty", "docker_repository_fingerprint: 9dc8", "docker_metrics_port: 80", "docker_repository_url: http://x.example"],
)
def test_bounds(judged: Judge, variables: str) -> None:
    """What no value may be, forevery caller."""
    name = variables.partition(":")[0]
    assert name in {variable for _code, _where, variable in points(judged(site(SITE, variables)))}


@pytest.mark.parametrize(
    ("docker", "caprover", "refused"),
    [
        ("20.10", "", True),
        ("24.0.9", "1.15.3", True),
        ("25.0", "1.15.3", False),
        ("29.0", "1.14.0", True),
        ("29.0", "1.14.1", False),
        ("29", "", False),
    ],
)
def test_with_caprover(docker: str, caprover: str, refused: bool) -> None:
    """API 1.44 is Docker 25; Docker 29 broke what was before 1.14.1."""
    assert bool(compatibility.with_caprover(compatibility.parse(docker) or (), compatibility.parse(caprover))) is refused


@pytest.mark.parametrize(
    ("docker", "traefik", "refused"), [("28.5", "3.5.0", False), ("29.0", "3.6.0", True), ("29.0", "3.6.1", False), ("29.0", "", False)]
)
def test_with_traefik(docker: str, traefik: str, refused: bool) -> None:
    """Docker 29 broke what was before 3.6.1."""
    assert bool(compatibility.with_traefik(compatibility.parse(docker) or (), compatibility.parse(traefik))) is refused


@pytest.mark.parametrize(
    ("asked", "carried", "fits"),
    [("26", "26.1", True), ("26.1", "26.1", True), ("26.1.5", "26.1", True), ("26.10", "26.1", False), ("2", "26.1", False)],
)
def test_versions_that_fit(asked: str, carried: str, fits: bool) -> None:
    assert compatibility.fits(asked, carried) is fits


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("registry.example", False),
        ("registry.example:5000", False),
        ("192.0.2.7:5000", False),
        ("[2001:db8::7]:5000", False),
        ("http://registry.example", True),
        ("0.0.0.0/0", True),
        ("192.0.2.0/24", True),
        ("*.example", True),
        ("registry.example:", True),
        ("", True),
    ],
)
def test_insecure_registries(text: str, refused: bool) -> None:
    """One by one: a network would trust whatever is in it."""
    assert bool(registries.insecure_problem(text)) is refused


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("https://mirror.example", False),
        ("https://mirror.example:5000/", False),
        ("http://lan.example:5000", False),
        ("http://mirror.example", True),
        ("https://mirror.example/v2", True),
        ("https://somebody:hunter22@mirror.example", True),
        ("https://mirror.example?x=1", True),
        ("mirror.example", True),
        ("ftp://mirror.example", True),
        ("https://mirror.example:port", True),
        ("https://[", True),
    ],
)
def test_mirrors(text: str, refused: bool) -> None:
    found = registries.mirror_problem(text, ["lan.example:5000"])
    assert bool(found) is refused and "hunter22" not in found


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ({"base": "10.7.0.0/16", "size": 24}, False),
        ({"base": "10.7.0.0/16", "size": 16}, False),
        ({"base": "10.7.0.0/16", "size": 31}, True),
        ({"base": "10.7.0.0", "size": 32}, True),
        ({"base": None, "size": 24}, True),
        ({"base": "10.7.0.0/16", "size": "24"}, False),  # the type check speaks of it
    ],
)
def test_pools(entry: dict[str, Any], refused: bool) -> None:
    assert bool(networks.problem(entry)) is refused


# --- what hosts answer --------------------------------------------------------------------------------------------------------

VALUES = {
    "docker_source": "debian",
    "docker_version": "",
    "docker_live_restore": True,
    "docker_address_pools": [{"base": "10.209.0.0/16", "size": 24}],
    "group_names": ["docker"],
}


def answer(release: str = "13", service: dict[str, Any] | None = None, roles: tuple[str, ...] = ("docker",), **values: Any) -> Answer:
    """A host that is as it should be, with differences."""
    known = {**VALUES, **values}
    facts = {
        "version": release,
        "services": {"docker": {"engines": {}, "swarm": False, "routes": ["192.0.2.0/24 eth0"], **(service or {})}},
    }
    return Answer("app1", roles, facts, values=known.get)


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (answer(), set()),
        (answer(release="12"), set()),
        (answer(release="12", group_names=["docker", "caprover"]), {"contact-docker-version"}),
        (answer(release="13", group_names=["docker", "caprover"]), set()),
        (answer(docker_version="26.1"), set()),
        (answer(docker_version="20.10"), {"contact-docker-version"}),
        (answer(docker_version="28.5", docker_source="docker"), set()),
        (answer(service={"engines": {"docker.io": "26.1.5"}}), set()),
        (answer(service={"engines": {"docker-ce": "5:28.5.2"}}), {"contact-docker-source"}),
        (answer(service={"engines": {"docker.io": "26.1.5"}}, docker_source="docker", docker_version="28.5"), {"contact-docker-source"}),
        (answer(service={"routes": ["10.209.4.0/24 wg0"]}), {"contact-docker-pool"}),
        (answer(service={"routes": ["10.0.0.0/8 eth1"]}), {"contact-docker-pool"}),
        (answer(service={"swarm": True}), {"contact-docker-swarm"}),
        (answer(service={"swarm": True}, docker_live_restore=False), set()),
        (answer(service={"swarm": True}, roles=("base",)), set()),
    ],
)
def test_answers(given: Answer, codes: set[str]) -> None:
    found = list(host_checks.findings([given]))
    assert {finding.code for finding in found} == codes
    assert all(finding.where == "app1" and finding.fix for finding in found)
