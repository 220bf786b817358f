# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries of the site: Docker hosts trust them, and root's client is logged in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.lookup import authority, secret
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.docker import calls, logins
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import exports

from tests.unit.services.returned import faults, filled

ONE = {"registry": "r1:5000", "user": "site", "password": "first"}


def auth(item: dict[str, str]) -> str:
    return base64.b64encode(f"{item['user']}:{item['password']}".encode()).decode()


def login(root: Path, *listed: dict[str, str], check: bool = False) -> tuple[list[tuple[str, str, str]], Context]:
    """What is done, and the context with its warnings."""
    ctx = Context("check" if check else "apply", root=str(root), diff=True)
    steps, result = calls.CALLS["logins"](filled(documented.spec("docker_logins"), {"logins": list(listed)}), ctx)
    for step in steps:
        assert step.diff is None
        if not check and step.apply is not None:
            step.apply(ctx)
    assert faults("docker_logins", {**result, "steps": []}) == []
    assert result["registries"] == [item["registry"] for item in listed]
    return [(step.target, step.action, step.detail) for step in steps], ctx


def config(root: Path) -> Any:
    return json.loads((root / "root/.docker/config.json").read_text())


def test_log_in(tmp_path: Path) -> None:
    """Once; a new password is a change, and check mode writes nothing."""
    assert login(tmp_path, ONE, check=True)[0] == [("r1:5000", "create", "as site")]
    assert not (tmp_path / "root").exists()
    login(tmp_path, ONE)
    assert config(tmp_path) == {"auths": {"r1:5000": {"auth": auth(ONE)}}}
    found = tmp_path / "root/.docker/config.json"
    assert found.stat().st_mode & 0o777 == 0o600 and found.parent.stat().st_mode & 0o777 == 0o700
    assert login(tmp_path, ONE)[0] == []
    changed = {**ONE, "password": "second"}
    assert login(tmp_path, changed)[0] == [("r1:5000", "update", "as site")]
    assert config(tmp_path)["auths"]["r1:5000"] == {"auth": auth(changed)}


def test_what_else_is_there_stays(tmp_path: Path) -> None:
    """Logins and settings of others."""
    there = {"auths": {"hub": {"auth": "x"}}, "HttpHeaders": {"a": "b"}, "credHelpers": {"other": "pass"}}
    (tmp_path / "root/.docker").mkdir(parents=True)
    (tmp_path / "root/.docker/config.json").write_text(json.dumps(there))
    login(tmp_path, ONE, {**ONE, "registry": "r2:5000"})
    found = config(tmp_path)
    assert sorted(found["auths"]) == ["hub", "r1:5000", "r2:5000"]
    assert {**found, "auths": there["auths"]} == there


@pytest.mark.parametrize("there", [{"credsStore": "pass"}, {"credHelpers": {"r1:5000": "pass"}}])
def test_passwords_that_a_program_keeps(tmp_path: Path, there: dict[str, Any]) -> None:
    """What is in the file would not count."""
    (tmp_path / "root/.docker").mkdir(parents=True)
    (tmp_path / "root/.docker/config.json").write_text(json.dumps(there))
    done, ctx = login(tmp_path, ONE)
    assert done == [] and config(tmp_path) == there and "docker login r1:5000" in ctx.warnings[0]


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"auths": []}x'])
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    """It is not overwritten."""
    (tmp_path / "root/.docker").mkdir(parents=True)
    (tmp_path / "root/.docker/config.json").write_text(text)
    with pytest.raises(AgentError) as refused:
        login(tmp_path, ONE)
    assert refused.value.code == "docker-config" and logins.PATH in refused.value.msg
    assert (tmp_path / "root/.docker/config.json").read_text() == text


INVENTORY: dict[str, Any] = {
    "all": {
        "vars": {"site_name": "clinic", "site_domain": "clinic.health"},
        "children": {
            "registry": {"hosts": {"r1": {"ansible_host": "192.0.2.21"}, "r2": {"ansible_host": "192.0.2.22", "registry_port": 5443}}},
            "docker": {"hosts": {"app1": {"ansible_host": "192.0.2.11"}}},
        },
    }
}


@pytest.fixture
def trusted(render: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """``trusted(**variables)``: files of the component -> their texts."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])
    monkeypatch.setattr(authority.LookupModule, "run", lambda _self, *_args, **_more: ["the site's CA\n"])
    exports._cache.clear()

    def made(**variables: Any) -> dict[str, str]:
        inventory = {"all": {**INVENTORY["all"], "vars": {**INVENTORY["all"]["vars"], **variables}}}
        found: dict[str, str] = render("docker", "docker-registries", inventory, "app1")["files"]
        return found

    return made


def test_every_registry_is_trusted(trusted: Callable[..., dict[str, str]]) -> None:
    """Under the name that images have; its mirror too."""
    names = ["r1:5000", "r2:5443"]
    assert trusted() == {f"/etc/docker/certs.d/{name}/ca.crt": "the site's CA\n" for name in names}
    exports._cache.clear()
    assert "/etc/docker/certs.d/r1:5001/ca.crt" in trusted(registry_mirror=True)


def test_a_site_without_registry(render: Callable[..., Any]) -> None:
    inventory = {"all": {"children": {"docker": {"hosts": {"app1": {"ansible_host": "192.0.2.11"}}}}}}
    found = render("docker", "docker-registries", inventory, "app1")
    assert found["files"] == {} and [item["path"] for item in found["definition"]["directories"]] == ["/etc/docker", "/etc/docker/certs.d"]
