# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role caprover: what each host is in the Swarm, what CapRover is given, and what other roles are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.lookup import secret
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import server

from tests.unit.lib.exported import Exported
from tests.unit.services.returned import filled

HOSTS = {"a1": "192.0.2.1", "a2": "192.0.2.2", "a3": "192.0.2.3"}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets: each is named in its value."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])


@pytest.fixture
def said(exported: Exported) -> Callable[..., Any]:
    """``said(kind, host, **variables)``: an export of a host of three."""

    def _said(kind: str, host: str, **variables: Any) -> Any:
        groups = {"caprover": HOSTS, **({"registry": {"a3": HOSTS["a3"]}} if variables.pop("registry", False) else {})}
        return exported(kind, host, groups, role="caprover", **variables)

    return _said


def call(said: Callable[..., Any], module: str, host: str, **variables: Any) -> Any:
    """The parameters of a call as the module has them; None where the host is not asked."""
    found = [item["params"] for item in said("calls", host, **variables) if item["module"] == module]
    assert len(found) <= 1
    return filled(documented.spec(module), found[0]) if found else None


@pytest.mark.parametrize(
    ("managers", "host", "state", "others"),
    [
        ([], "a1", "manager", []),
        ([], "a2", "worker", ["192.0.2.1"]),
        (["a2"], "a1", "worker", ["192.0.2.2"]),
        (["a2"], "a2", "manager", []),
        (["a3", "a1", "a2"], "a1", "manager", ["192.0.2.3", "192.0.2.2"]),
    ],
)
def test_what_a_host_is_in_the_swarm(said: Callable[..., Any], managers: list[str], host: str, state: str, others: list[str]) -> None:
    """The first manager waits for no other: it makes the Swarm."""
    found = call(said, "docker_swarm", host, caprover_managers=managers)
    assert (found["state"], found["managers"], found["address"]) == (state, others, HOSTS[host])
    assert found["address_pools"] == ["10.211.0.0/16"] and found["pool_size"] == 24 and found["token"] is None
    here = host == (managers or ["a1"])[0]
    assert (call(said, "caprover_install", host, caprover_managers=managers) is not None) == here
    assert (call(said, "caprover_server", host, caprover_managers=managers) is not None) == here


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"overlayNetworkOverride": {"Options": {"encrypted": "true"}}}),
        ({"caprover_network_encrypted": False}, {}),
        ({"caprover_network_encrypted": False, "caprover_image": "r:5000/cap"}, {"publishedNameOnDockerHub": "r:5000/cap"}),
        (
            {"caprover_settings": {"skipVerifyingDomains": True, "overlayNetworkOverride": {"Options": {"mtu": "1400"}}}},
            {"skipVerifyingDomains": True, "overlayNetworkOverride": {"Options": {"encrypted": "true", "mtu": "1400"}}},
        ),
    ],
)
def test_installation(said: Callable[..., Any], variables: dict[str, Any], expected: dict[str, Any]) -> None:
    found = call(said, "caprover_install", "a1", caprover_accept_terms=True, caprover_http_port=8080, **variables)
    assert found["settings"] == expected and found["accept_terms"] is True and found["http_port"] == 8080
    assert (found["password"], found["address"], found["version"]) == ("value of caprover_password", "192.0.2.1", "1.15.3")


def test_least_settings(said: Callable[..., Any]) -> None:
    """What the inventory does not say stays as it is."""
    found = call(said, "caprover_server", "a1")
    assert found["url"] == "http://127.0.0.1:3000" and found["disk_cleanup"]["keep"] == 2 and found["netdata"] is False
    left = ("root_domain", "root_tls", "force_tls", "email", "default_push_registry", "self_hosted_registry", "nginx", "previous_password")
    assert {name: found[name] for name in left} == dict.fromkeys(left)
    server.wanted(found | {"password": "Captain-Test-42"})


def test_settings(said: Callable[..., Any]) -> None:
    given = {
        "caprover_root_domain": "apps.clinic.health",
        "caprover_root_tls": True,
        "caprover_force_tls": True,
        "caprover_email": "ops@clinic.health",
        "caprover_self_hosted_registry": False,
        "caprover_nginx": {"base": "events {}"},
        "caprover_admin_port": 3003,
        "caprover_previous_password": "the one before",
    }
    found = call(said, "caprover_server", "a1", **given)
    assert found["root_domain"] == "apps.clinic.health" and found["root_tls"] is True and found["force_tls"] is True
    assert found["self_hosted_registry"] is False and found["nginx"]["base"] == "events {}" and found["url"].endswith(":3003")
    assert found["previous_password"] == "the one before"
    assert call(said, "caprover_install", "a1", **given)["previous_password"] == "the one before"
    server.wanted(found | {"password": "Captain-Test-42"})


@pytest.mark.parametrize(
    ("variables", "domains", "pushed"),
    [
        ({}, ["a3:5000/caprover", "a3:5000/"], "a3:5000/caprover"),
        ({"caprover_default_push_registry": "a3:5000"}, ["a3:5000/caprover", "a3:5000/"], "a3:5000/caprover"),
        ({"caprover_default_push_registry": "none"}, ["a3:5000/"], ""),
        ({"caprover_site_registry": False}, [], None),
        ({"registry_login": "none"}, [], None),
        (
            {"caprover_registries": [{"domain": "r.example.org", "user": "u", "password": "p"}]},
            ["a3:5000/caprover", "a3:5000/", "r.example.org/"],
            "a3:5000/caprover",
        ),
        (
            {"caprover_registries": [{"domain": "r.example.org", "image_prefix": "v"}], "caprover_default_push_registry": "r.example.org"},
            ["a3:5000/", "r.example.org/v"],
            "r.example.org",
        ),
    ],
)
def test_registries(said: Callable[..., Any], variables: dict[str, Any], domains: list[str], pushed: str | None) -> None:
    """The site's own come with the user that the Docker hosts log in with."""
    found = call(said, "caprover_server", "a1", registry=True, **variables)
    assert [f"{one['domain']}/{one.get('image_prefix') or ''}" for one in found["registries"]] == domains
    assert found["default_push_registry"] == pushed
    for one in found["registries"]:
        assert one["domain"] != "a3:5000" or (one["user"], one["password"]) == ("site", "value of registry_user_site")


def test_ports(said: Callable[..., Any]) -> None:
    """Those of the Swarm for its nodes; the sites of the apps on CapRover's host only, and its API for no client."""
    first = {(item["name"], item["port"], item["proto"]): item["from"] for item in said("firewall_ports", "a1")}
    other = {(item["name"], item["port"], item["proto"]): item["from"] for item in said("firewall_ports", "a2")}
    swarm = {key: sources for key, sources in first.items() if key[0].startswith("swarm")}
    assert other == swarm and set(map(str, swarm.values())) == {"['caprover']"}
    assert {(port, proto) for _name, port, proto in swarm} == {(2377, "tcp"), (7946, "tcp"), (7946, "udp"), (4789, "udp"), ("", "esp")}
    rest = {key[1]: sources for key, sources in first.items() if key not in swarm}
    assert rest == {80: "any", 443: "any", 3000: []}
    plain = said("firewall_ports", "a1", caprover_network_encrypted=False, caprover_self_hosted_registry=True, caprover_http_port=8080)
    assert {item["port"] for item in plain} == {2377, 7946, 4789, 8080, 443, 3000, 996}


def test_what_is_backed_up(said: Callable[..., Any]) -> None:
    """CapRover's own backup leaves volumes out."""
    assert [item["path"] for item in said("backup_paths", "a1")] == ["/captain", "/var/lib/docker/volumes"]
    assert [item["path"] for item in said("backup_paths", "a2", docker_data_directory="/srv/docker")] == ["/srv/docker/volumes"]


def test_component(render: Callable[..., Any]) -> None:
    """It records the values that must not change, on each host."""
    inventory = {"all": {"children": {"caprover": {"hosts": {name: {"ansible_host": ip} for name, ip in HOSTS.items()}}}}}
    assert [one["path"] for one in render("caprover", "caprover", inventory, "a1")["definition"]["directories"]] == ["/captain"]
    assert render("caprover", "caprover", inventory, "a2")["definition"]["directories"] == []


@pytest.fixture
def host_program(program: Callable[[str, str], ModuleType]) -> ModuleType:
    return program("caprover", "caprover-host")


@pytest.mark.parametrize(
    ("builtin", "dep", "loaded", "accepts", "missing"),
    [
        ("kernel/net/ipv4/esp4.ko\nkernel/crypto/gcm.ko\n", "", (), False, ""),
        ("", "kernel/net/ipv4/esp4.ko.xz: kernel/net/xfrm/xfrm_algo.ko.xz\nkernel/crypto/gcm.ko.xz:\n", (), False, ""),
        ("", "kernel/crypto/gcm.ko.xz: kernel/net/ipv4/esp4.ko.xz\n", (), False, "esp4"),
        ("", "", ("esp4", "gcm"), False, ""),
        ("", "", ("esp4",), False, "gcm"),
        (None, None, (), True, ""),
        (None, None, (), False, "esp4 and gcm"),
    ],
)
def test_a_kernel_that_can_encrypt(
    host_program: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    builtin: str | None,
    dep: str | None,
    loaded: tuple[str, ...],
    accepts: bool,
    missing: str,
) -> None:
    """Loaded, built in or to be loaded; what lists nothing is asked."""
    folder, sysfs = tmp_path / "modules", tmp_path / "sys"
    folder.mkdir()
    for name, text in (("modules.builtin", builtin), ("modules.dep", dep)):
        if text is not None:
            (folder / name).write_text(text)
    for name in loaded:
        (sysfs / name).mkdir(parents=True)
    monkeypatch.setattr(host_program, "LOADED", str(sysfs))
    monkeypatch.setattr(host_program, "_accepts", lambda: accepts)
    said = host_program.encryption(str(folder))
    assert (f"({missing} missing)" in said and "caprover_network_encrypted: false" in said) if missing else said == ""
