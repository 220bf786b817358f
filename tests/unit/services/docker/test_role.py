# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role docker: packages of each source, daemon.json as data, and what a change of it asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.lib.rendered import FACTS

DAEMON, START = "/etc/docker/daemon.json", "/etc/docker/vannah-start.json"
BOOKWORM = {"vannah": {**FACTS["vannah"], "release": "bookworm", "version": "12"}}


def made(
    render: Callable[..., Any], component: str = "docker", facts: Any = None, groups: tuple[str, ...] = ("docker",), **variables: Any
) -> Any:
    """A component on a host of these groups."""
    children = {group: {"hosts": {"app1": {"ansible_host": variables.pop("address", "192.0.2.11")}}} for group in groups}
    return render("docker", component, {"all": {"vars": variables, "children": children}}, "app1", facts)


def daemon(found: Any) -> Any:
    """Its settings."""
    return json.loads(found["files"][DAEMON])


@pytest.mark.parametrize(
    ("facts", "variables", "pinned", "others"),
    [
        (None, {}, {"docker.io": "26.1.*", "docker-cli": "26.1.*"}, {"containerd", "runc", "apparmor"}),
        (BOOKWORM, {}, {"docker.io": "20.10.*"}, {"containerd", "runc", "apparmor"}),
        (None, {"docker_version": "26.1.5"}, {"docker.io": "26.1.5*", "docker-cli": "26.1.5*"}, {"containerd", "runc", "apparmor"}),
        (
            None,
            {"docker_source": "docker", "docker_version": "28.5"},
            {"docker-ce": "5:28.5.*", "docker-ce-cli": "5:28.5.*"},
            {"containerd.io", "apparmor"},
        ),
    ],
)
def test_packages(render: Callable[..., Any], facts: Any, variables: dict[str, Any], pinned: dict[str, str], others: set[str]) -> None:
    """The engine and its client are of one version, and stay; apparmor is not held."""
    packages = {item["name"]: item for item in made(render, facts=facts, **variables)["definition"]["packages"]}
    assert {name: item["version"] for name, item in packages.items() if item.get("version")} == pinned
    assert set(packages) == {*pinned, *others}
    assert {name for name, item in packages.items() if item.get("hold")} == set(packages) - {"apparmor"}


def test_settings_of_the_role(render: Callable[..., Any]) -> None:
    found = daemon(made(render))
    assert found == {
        "data-root": "/var/lib/docker",
        "default-address-pools": [{"base": "10.209.0.0/16", "size": 24}],
        "insecure-registries": [],
        "live-restore": True,
        "log-driver": "journald",
        "metrics-addr": "192.0.2.11:9323",
        "registry-mirrors": [],
    }


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"docker_settings": {"shutdown-timeout": 30}}, "shutdown-timeout", 30),
        ({"docker_settings": {"log-driver": None}}, "log-driver", None),
        ({"docker_settings": {"metrics-addr": "0.0.0.0:9323"}}, "metrics-addr", "0.0.0.0:9323"),
        ({"docker_registry_mirrors": ["https://m.example"]}, "registry-mirrors", ["https://m.example"]),
        ({"docker_insecure_registries": ["r.example:5000"]}, "insecure-registries", ["r.example:5000"]),
        ({"docker_metrics_port": 9400, "address": "2001:db8::11"}, "metrics-addr", "[2001:db8::11]:9400"),
        ({"groups": ("docker", "caprover")}, "live-restore", False),
        ({"docker_live_restore": False}, "live-restore", False),
        ({"docker_data_directory": "/srv/docker"}, "data-root", "/srv/docker"),
    ],
)
def test_settings(render: Callable[..., Any], variables: dict[str, Any], key: str, value: Any) -> None:
    """The site's over the role's; null leaves Docker's own default."""
    assert daemon(made(render, **variables)).get(key) == value


@pytest.mark.parametrize(
    ("variables", "starts"),
    [
        ({"docker_registry_mirrors": ["https://m.example"]}, False),
        ({"docker_insecure_registries": ["r.example"]}, False),
        ({"docker_live_restore": False}, False),
        ({"docker_settings": {"debug": True}}, False),
        ({"docker_settings": {"log-driver": "local"}}, True),
        ({"docker_address_pools": [{"base": "10.210.0.0/16", "size": 24}]}, True),
        ({"docker_metrics_port": 9400}, True),
    ],
)
def test_what_a_change_asks_for(render: Callable[..., Any], variables: dict[str, Any], starts: bool) -> None:
    """What the engine takes over while it runs leaves the file alone whose change waits for a restart."""
    before, after = made(render), made(render, **variables)
    assert before["files"][DAEMON] != after["files"][DAEMON]
    assert (before["files"][START] != after["files"][START]) is starts
    changes = {item["path"]: item.get("on_change") for item in after["definition"]["files"]}
    assert (changes[DAEMON], changes[START]) == ("reload", None)
    unit = {item["name"]: item for item in after["definition"]["units"]}["docker.service"]
    assert (unit["on_change"], unit["driver"]) == ("defer", "docker")


def test_the_repository_is_trusted_by_fingerprint(render: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else the file of the key holds: only that key's signature counts."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import resolve

    monkeypatch.setattr(resolve, "located", lambda *_args: {"src": "/cache/key", "sha256": "0" * 64})
    found = made(
        render, "docker-source", docker_source="docker", docker_version="28.5", docker_repository_url="https://mirror.example/docker"
    )
    lines = found["files"]["/etc/apt/sources.list.d/vannah-docker.sources"].splitlines()
    assert lines[1:] == [
        "Types: deb",
        "URIs: https://mirror.example/docker",
        "Suites: trixie",
        "Components: stable",
        "Signed-By: /etc/apt/keyrings/vannah-docker.asc 9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    ]
    assert all(item["before"] == "packages" for item in found["definition"]["files"])
    assert not made(render, "docker-source")["definition"].get("files") or made(render, "docker-source")["definition"]["state"] == "absent"


def test_the_timer(render: Callable[..., Any]) -> None:
    found = made(render, "docker-prune", docker_prune_schedule="daily", docker_prune_older_than_hours=24)
    assert "OnCalendar=daily" in found["units"]["vannah-docker-prune.timer"]
    assert "docker-prune 24\n" in found["units"]["vannah-docker-prune.service"]
