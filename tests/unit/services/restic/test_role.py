# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role restic: what hosts with files and the backup server get."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.filter.restic import restic_htpasswd
from ansible_collections.vannah.healthcloud.plugins.lookup import secret

from tests.unit.lib.exported import Exported

JOB, ETC = "/etc/vannah/restic-job.json", "/etc/vannah/restic"
FILES = [{"path": "/srv/files", "exclude": ["/srv/files/cache"]}]
HOSTS = {"app1": {"ansible_host": "192.0.2.11", "restic_paths": FILES}, "app2": {"ansible_host": "192.0.2.12"}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets: each is named in its value."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])


def inventory(*, server: bool = True, hosts: Any = None, **variables: Any) -> dict[str, Any]:
    children = {"others": {"hosts": hosts or HOSTS}}
    if server:
        children["backup"] = {"hosts": {"b1": {"ansible_host": "192.0.2.21"}}}
    return {"all": {"vars": {"site_name": "clinic", "site_domain": "clinic.health", **variables}, "children": children}}


def derived(text: str) -> str:
    return hashlib.sha256(f"value of restic_key:{text}".encode()).hexdigest()


def made(render: Callable[..., Any], host: str, component: str = "restic", **variables: Any) -> Any:
    return render("restic", component, inventory(**variables), host)


def test_a_host_with_files(render: Callable[..., Any]) -> None:
    """Its own keys, and those of no other host; what is left out."""
    found = made(render, "app1")
    settings = json.loads(found["files"][JOB])
    assert settings["paths"] == ["/srv/files"] and settings["exclude"] == ["/srv/files/cache"] and "repositories" not in settings
    assert found["files"][f"{ETC}/password"] == derived("repository:hosts/app1") + "\n"
    assert found["files"][f"{ETC}/repository"] == f"rest:https://app1:{derived('login:app1')}@b1:8434/app1/\n"
    for item in found["definition"]["files"]:
        if item["path"].startswith(f"{ETC}/"):
            assert (item.get("mode"), item.get("sensitive")) == ("0600", True), item["path"]
    assert {item["name"] for item in found["definition"]["cron"]} == {"vannah-restic-files", "vannah-restic-status"}
    assert settings["tasks"] == ["files", "status"]
    assert made(render, "app1", "restic-server")["definition"]["state"] == "absent"


def test_the_backup_server(render: Callable[..., Any]) -> None:
    """The keys of all repositories, each in a file of the user that serves them; hosts without files have none."""
    found = made(render, "b1")
    settings = json.loads(found["files"][JOB])
    assert [one["name"] for one in settings["repositories"]] == ["hosts/app1"] and "paths" not in settings
    assert settings["repositories"][0]["path"] == "/var/lib/vannah-restic/hosts/app1"
    assert f"{ETC}/password" not in found["files"]
    keys = made(render, "b1", "restic-keys")
    assert keys["files"] == {f"{ETC}/hosts-app1.password": derived("repository:hosts/app1") + "\n"}
    assert [(item["mode"], item["owner"]) for item in keys["definition"]["files"]] == [("0400", "vannah-restic")]
    server = made(render, "b1", "restic-server")
    assert server["files"][f"{ETC}/htpasswd"] == restic_htpasswd({"app1": derived("login:app1")})
    assert {item["name"] for item in found["definition"]["cron"]} == {
        f"vannah-restic-{name}" for name in ("retention", "check", "drill", "status")
    }


def test_it_deletes_nothing(render: Callable[..., Any]) -> None:
    found = made(render, "b1", "restic-server", restic_port=9999)
    (unit,) = found["definition"]["units"]
    words = found["units"]["vannah-restic.service"].replace("\\\n", " ").split()
    assert {"--append-only", "--private-repos", "--htpasswd", "--cert"} <= set(words) and ":9999" in words
    assert unit["ready"]["tcp"] == "127.0.0.1:9999"


@pytest.mark.parametrize(("host", "server"), [("app2", True), ("app1", False)])
def test_where_it_has_nothing_to_do(render: Callable[..., Any], host: str, server: bool) -> None:
    """Without files, and without a backup server."""
    assert render("restic", "restic", inventory(server=server), host)["definition"]["state"] == "absent"


def test_a_site_without_files(render: Callable[..., Any]) -> None:
    """The backup server gets nothing of the role."""
    site = inventory(hosts={"app2": {"ansible_host": "192.0.2.12"}})
    for component in ("restic", "restic-server", "restic-keys"):
        assert render("restic", component, site, "b1")["definition"]["state"] == "absent"


def test_htpasswd() -> None:
    """As ``htpasswd -s`` writes it."""
    assert restic_htpasswd({"b": "password", "a": "password"}) == (
        "a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nb:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"
    )


def test_exports(exported: Exported) -> None:
    groups = {"backup": {"b1": "192.0.2.21"}, "others": {"app1": "192.0.2.11"}}
    assert [item["port"] for item in exported("firewall_ports", "b1", groups, role="restic", restic_port=9999)] == [9999]
    assert exported("firewall_ports", "app1", groups, role="restic") == []
    assert [item["path"] for item in exported("backup_paths", "app1", groups, role="restic", restic_paths=FILES)] == ["/srv/files"]
    assert [item["name"] for item in exported("secrets", "app1", groups, role="restic")] == ["restic_key"]
    assert exported("secrets", "app1", {"others": groups["others"]}, role="restic") == []


def test_buckets(render: Callable[..., Any]) -> None:
    """A repository for each bucket that the store's role states, and a user of the store that only reads."""
    site = inventory(hosts={"app2": {"ansible_host": "192.0.2.12"}}, minio_buckets=[{"name": "images"}, {"name": "old", "state": "absent"}])
    site["all"]["children"]["object_store"] = {"hosts": {"s1": {"ansible_host": "192.0.2.31"}}}
    settings = json.loads(render("restic", "restic", site, "b1")["files"][JOB])
    (one,) = settings["repositories"]
    assert (one["name"], one["user"], one["canary"]) == ("buckets/images", "", "/var/lib/vannah-backup/canary-buckets-images")
    assert settings["store"]["buckets"] == ["images"]
    text = render("restic", "restic-objects", site, "b1")["files"][f"{ETC}/rclone.conf"]
    assert "endpoint = https://192.0.2.31:9000\n" in text and "secret_access_key = value of minio_user_vannah_backup\n" in text
    (file,) = render("restic", "restic-keys", site, "b1")["definition"]["files"]
    assert (file["path"], file["owner"]) == (f"{ETC}/buckets-images.password", "root")
    assert render("restic", "restic-objects", site, "s1")["definition"]["state"] == "absent"
