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
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vannah.healthcloud.plugins.filter.restic import restic_htpasswd
from ansible_collections.vannah.healthcloud.plugins.lookup import secret
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import extra_vars

from tests.unit.lib.exported import Exported
from tests.unit.lib.playbook_runs import REPOSITORY

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


def test_variables_of_the_verbs() -> None:
    """Others that begin with restore_ are refused."""
    names = ["restore_host", "restore_path", "restore_time", "restore_bucket", "restore_into", "restore_limit"]
    assert extra_vars.problem([*names, "restore_in_place", "restore_target", "restore_replace", "backup_of", "backup_first"]) == ""
    assert "restore_pth" in extra_vars.problem(["restore_pth"])


#: What the verbs' own comments, README.md and docs say.
VERBS = {
    "backup/restore_files.yml": "restore_in_place=<site_name>/app1:/captain/data",
    "minio/restore.yml": "restore_in_place=<site_name>/images",
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_confirmation_names_the_site(verb: str) -> None:
    """And the host, or the bucket: a command that is repeated in another site's checkout replaces nothing there."""
    assert VERBS[verb] in (REPOSITORY / "playbooks" / verb).read_text(encoding="utf-8")


IN_PLACE = [
    ({}, True),
    ({"restore_in_place": "clinic/app1:/srv/a"}, True),
    ({"restore_in_place": "/srv/a"}, False),
    ({"restore_in_place": "other/app1:/srv/a"}, False),
    ({"restore_in_place": "clinic/app2:/srv/a"}, False),
    ({"restore_in_place": "clinic/app1:/srv"}, False),
]


@pytest.mark.parametrize(("given", "good"), IN_PLACE)
def test_restores_in_place(given: dict[str, str], good: bool) -> None:
    task = assertion("playbooks/backup/restore_files.yml", "Require the name of a host and a path")
    known = {"groups": {"all": ["app1", "app2"]}, "site_name": "clinic", "restore_host": "app1", "restore_path": "/srv/a", **given}
    assert holds(task, known) is good


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ({}, True),
        ({"restore_into": "images"}, False),
        ({"restore_into": "images", "restore_in_place": "clinic/images"}, True),
        ({"restore_into": "images", "restore_in_place": "clinic/other"}, False),
        ({"restore_in_place": "clinic/images"}, False),
    ],
)
def test_restores_into_a_bucket(given: dict[str, str], good: bool) -> None:
    task = assertion("roles/restic/tasks/restore_objects.yml", "Require the names of the site and the bucket")
    assert holds(task, {"site_name": "clinic", **given}) is good


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ({}, True),
        ({"backup_of": "objects"}, True),
        ({"backup_of": "file"}, False),
        ({"backup_first": "app1"}, True),
        ({"backup_first": "true"}, False),
    ],
)
def test_what_is_backed_up_now(given: dict[str, str], good: bool) -> None:
    assert holds(assertion("playbooks/backup/now.yml", "Require what can be backed up"), {"groups": {"all": ["app1"]}, **given}) is good


def test_a_host_that_was_not_reached(render: Callable[..., Any]) -> None:
    """Fails the run at its end; one without files, or that was left out, does not."""
    (play,) = [
        one for one in yaml.safe_load((REPOSITORY / "playbooks/backup/now.yml").read_text()) if "backup_missed" in one.get("vars", {})
    ]
    made = {
        "app1": {"restic_made": {"unreachable": True}},
        "app2": {"restic_made": {"changed": True}},
        "app3": {},
        "app4": {"restic_made": {}},
        "b1": {"restic_made": {"skipped": True}, "restic_made_of_buckets": {"unreachable": True}},
    }
    known = {"groups": {"all": list(made)}, "hostvars": {name: {"inventory_hostname": name, **said} for name, said in made.items()}}
    known["backup_asked"] = evaluated(play["vars"]["backup_asked"], known)
    assert evaluated(play["vars"]["backup_missed"], known) == ["app1", "b1"]


def assertion(path: str, name: str) -> Any:
    """What a task of a playbook requires."""

    def tasks(items: Any) -> Any:
        for item in items or ():
            yield item
            for key in ("tasks", "block", "always"):
                yield from tasks(item.get(key))

    (found,) = [one for one in tasks(yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))) if one.get("name") == name]
    return found["ansible.builtin.assert"]["that"]


def holds(that: Any, known: dict[str, Any]) -> bool:
    """Whether all that is required is so."""
    return all(evaluated("{{ " + one + " }}", known) for one in (that if isinstance(that, list) else [that]))


def evaluated(text: str, known: dict[str, Any]) -> Any:
    """The value of a template."""
    return Templar(loader=DataLoader(), variables=known).template(trust_as_template(text))
