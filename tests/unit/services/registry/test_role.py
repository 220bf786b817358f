# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role registry: its configuration, the read-only one, the mirror's, and what it says to others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.lookup import secret

CONFIG, READ_ONLY = "/etc/docker/registry/config.yml", "/etc/docker/registry/vannah-read-only.yml"
MIRROR, USERS = "/etc/docker/registry/vannah-mirror.yml", "/etc/docker/registry/vannah-users.json"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets: each is named in its value."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])


def made(render: Callable[..., Any], component: str = "registry", host: str = "r1", **variables: Any) -> Any:
    """A component on a host of the group."""
    children = {"registry": {"hosts": {host: {"ansible_host": "192.0.2.21"}}}}
    given = {"site_name": "clinic", "site_domain": "clinic.health", "inventory_hostname_short": host, **variables}
    return render("registry", component, {"all": {"vars": given, "children": children}}, host)


def config(found: Any, path: str = CONFIG) -> Any:
    return yaml.safe_load(found["files"][path])


def test_configuration(render: Callable[..., Any]) -> None:
    """TLS, users, metrics on the host's address, uploads that were broken off."""
    found = config(made(render))
    assert found["version"] == "0.1" and isinstance(found["version"], str)
    assert found["storage"]["filesystem"] == {"rootdirectory": "/var/lib/docker-registry"}
    assert found["storage"]["delete"] == {"enabled": True} and "proxy" not in found
    assert found["http"]["addr"] == ":5000" and found["http"]["draintimeout"] == "20s"
    assert found["http"]["tls"]["minimumtls"] == "tls1.2"
    assert found["http"]["debug"] == {"addr": "192.0.2.21:5002", "prometheus": {"enabled": True, "path": "/metrics"}}
    assert found["auth"]["htpasswd"]["path"] == "/run/vannah-registry/htpasswd"


@pytest.mark.parametrize(
    ("variables", "path", "value"),
    [
        ({"registry_port": 5443}, "http.addr", ":5443"),
        ({"registry_data_directory": "/srv/r"}, "storage.filesystem.rootdirectory", "/srv/r"),
        ({"registry_drain_timeout": 90}, "http.draintimeout", "90s"),
        ({"registry_settings": {"log": {"level": "debug"}}}, "log.level", "debug"),
        ({"registry_settings": {"log": {"level": "debug"}}}, "log.accesslog.disabled", True),
        ({"registry_settings": {"storage": {"cache": None}}}, "storage.cache", None),
    ],
)
def test_settings(render: Callable[..., Any], variables: dict[str, Any], path: str, value: Any) -> None:
    """The site's over the role's; the read-only configuration has the same."""
    component = made(render, **variables)
    for file in (CONFIG, READ_ONLY):
        found = config(component, file)
        for key in path.split("."):
            found = found[key]
        assert found == value


def test_read_only_is_the_only_difference(render: Callable[..., Any]) -> None:
    component = made(render)
    found = config(component, READ_ONLY)
    assert found["storage"]["maintenance"].pop("readonly") == {"enabled": True}
    assert found == config(component)


def test_users(render: Callable[..., Any]) -> None:
    """A password of the site's, or the user's own; in no file that others read, and a change is a reload."""
    component = made(render, registry_users=[{"name": "site"}, {"name": "ci", "password": "given"}])
    assert json.loads(component["files"][USERS]) == {"ci": "given", "site": "value of registry_user_site"}
    (file,) = [item for item in component["definition"]["files"] if item["path"] == USERS]
    assert (file["mode"], file["sensitive"], file["on_change"]) == ("0600", True, "reload")
    for path, text in component["files"].items():
        assert path == USERS or "value of" not in str(text), path
    assert "value of" not in component["units"]["docker-registry.service"]


@pytest.mark.parametrize(
    ("variables", "names", "addresses"),
    [
        ({}, ["r1", "localhost"], ["192.0.2.21", "127.0.0.1"]),
        ({"registry_name": "images.clinic.health"}, ["images.clinic.health", "r1", "localhost"], ["192.0.2.21", "127.0.0.1"]),
        ({"registry_name": "192.0.2.99"}, ["r1", "localhost"], ["192.0.2.99", "192.0.2.21", "127.0.0.1"]),
    ],
)
def test_certificate(render: Callable[..., Any], variables: dict[str, Any], names: list[str], addresses: list[str]) -> None:
    """For every name by which it is asked."""
    (found,) = made(render, **variables)["definition"]["certificates"]
    assert (found["names"], found["addresses"], found["on_change"]) == (names, addresses, "defer")


def test_restarts_wait_for_the_policy(render: Callable[..., Any]) -> None:
    (unit,) = made(render)["definition"]["units"]
    assert unit["name"] == "docker-registry.service" and unit["on_change"] == "defer"
    (mirror,) = made(render, "registry-mirror", registry_mirror=True)["definition"]["units"]
    assert mirror["on_change"] == "defer" and mirror["watch"] == {"/etc/vannah/pki/registry/cert.pem": "defer"}


@pytest.mark.parametrize(
    ("user", "proxy", "sensitive"),
    [
        ("", {"remoteurl": "https://registry-1.docker.io"}, False),
        (
            "clinic",
            {"remoteurl": "https://registry-1.docker.io", "username": "clinic", "password": "value of registry_mirror_password"},
            True,
        ),
    ],
)
def test_mirror(render: Callable[..., Any], user: str, proxy: dict[str, str], sensitive: bool) -> None:
    """No users of its own; the account's password only where its account reads it."""
    component = made(render, "registry-mirror", registry_mirror=True, registry_mirror_user=user)
    found = config(component, MIRROR)
    assert found["proxy"] == proxy and "auth" not in found
    assert found["storage"]["filesystem"] == {"rootdirectory": "/var/lib/docker-registry-mirror"}
    assert (found["http"]["addr"], found["http"]["debug"]["addr"]) == (":5001", "192.0.2.21:5003")
    (file,) = component["definition"]["files"]
    assert (file["mode"], file["group"], file["sensitive"]) == ("0640", "docker-registry", sensitive)


def test_garbage_collection(render: Callable[..., Any]) -> None:
    units = made(render, "registry-gc", registry_gc_schedule="daily", registry_port=5443)["units"]
    assert "OnCalendar=daily" in units["vannah-registry-gc.timer"]
    service = units["vannah-registry-gc.service"]
    assert f"collect {CONFIG} {READ_ONLY} https://127.0.0.1:5443\n" in service
    assert "ExecStopPost=/usr/local/lib/vannah/registry-server writable\n" in service
    # What its RuntimeDirectory holds is what the registry's own unit reads.
    registry = made(render)["units"]["docker-registry.service"]
    assert "EnvironmentFile=-/run/vannah-registry-gc/read-only.env\n" in registry and "RuntimeDirectory=vannah-registry-gc\n" in service
    assert f"Environment=VANNAH_CONFIG={CONFIG}\n" in registry and "serve ${VANNAH_CONFIG}\n" in registry
    assert made(render, "registry-gc", registry_gc=False)["definition"]["state"] == "absent"
