# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host shows that its clusters exist, and the gate that keeps the members of a new one together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.action import host_facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import texts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import clusters, forming, planning

SITE = """\
all:
  vars: {site_name: one, site_domain: one.vannah.internal}
  children:
    etcd: {hosts: {db1: {ansible_host: 10.0.0.1}}}
    postgresql: {hosts: {db1: {}}}
    object_store: {hosts: {db1: {minio_drives: [/srv/d1, /srv/d2]}}}
"""


@pytest.fixture
def variables(tmp_path: Path) -> Any:
    """The variables of db1 with others over them."""
    source = tmp_path / "hosts.yml"
    source.write_text(SITE)
    loader = DataLoader()
    hosts = InventoryManager(loader=loader, sources=[str(source)])
    manager = VariableManager(loader=loader, inventory=hosts)
    hostvars = HostVars(inventory=hosts, variable_manager=manager, loader=loader)

    def made(**more: Any) -> dict[str, Any]:
        return {**manager.get_vars(host=hosts.get_host("db1")), "hostvars": hostvars, **more}

    return made


JOINED = "/etc/etcd/vannah-joined"
JOINED_BEFORE = "/var/lib/etcd/vannah-joined"
DRIVES = ["/srv/d1/.minio.sys/format.json", "/srv/d2/.minio.sys/format.json"]


@pytest.mark.parametrize(
    ("more", "release", "places"),
    [
        (
            {},
            "trixie",
            {"etcd": [JOINED, JOINED_BEFORE], "postgresql": ["/var/lib/postgresql/17/vannah/global/pg_control"], "object_store": DRIVES},
        ),
        (
            {"object_store_backend": "s3"},
            "bookworm",
            {"etcd": [JOINED, JOINED_BEFORE], "postgresql": ["/var/lib/postgresql/15/vannah/global/pg_control"]},
        ),
        (
            {"etcd_adopt": True, "etcd_data_directory": "/srv/etcd", "postgresql_data_directory": "/srv/pg", "object_store_backend": "s3"},
            "trixie",
            {"etcd": [JOINED, JOINED_BEFORE, "/srv/etcd/member"], "postgresql": ["/srv/pg/global/pg_control"]},
        ),
    ],
)
def test_places(variables: Any, more: dict[str, Any], release: str, places: dict[str, list[str]]) -> None:
    """The host's release decides where its database lies: its facts are known when the places are."""
    given = variables(**more, ansible_facts={"vannah": {"release": release}})
    loader = DataLoader()
    found = clusters.places(clusters.of(given["group_names"]), given, loader, Templar(loader=loader))
    assert found.exists == places
    assert found.data == {**places, "etcd": [f"{more.get('etcd_data_directory', '/var/lib/etcd/vannah')}/member"]}


class Facts(host_facts.ActionModule):  # type: ignore[misc]
    """The action on a host whose agent answers so."""

    def __init__(self, variables: Mapping[str, Any], answers: list[dict[str, Any]]) -> None:
        self.vars = variables
        self.answers = answers
        self.sent: list[dict[str, Any]] = []
        self._task = SimpleNamespace(delegate_to=None)
        self.params = {"survey": False, "plan": False}
        self._loader = DataLoader()
        self._templar = Templar(loader=self._loader)

    def converse(self, part: Mapping[str, Any], lease: str = "take") -> dict[str, Any]:
        self.sent.append(dict(part))
        return self.answers.pop(0)


def known(variables: Mapping[str, Any], *answers: dict[str, Any]) -> tuple[dict[str, bool], int]:
    """What is known of the host's clusters, and how many calls that took."""
    action = Facts(variables, list(answers))
    facts = action.perform()["ansible_facts"]["vannah"]
    return facts["clusters"], len(action.sent)


def test_host_whose_ledger_knows_is_asked_once(variables: Any) -> None:
    """The run that has nothing to do makes no call more for it."""
    answer = {"facts": {}, "ran": ["base", "etcd", "minio", "postgresql"]}
    assert known(variables(), answer) == ({"etcd": True, "postgresql": True, "object_store": True}, 1)


@pytest.mark.parametrize(
    ("data", "lost", "exists", "missing"),
    [
        ({"etcd": True, "postgresql": True, "object_store": True}, "", (True, True, True), []),
        # Not mounted: what is left of etcd elsewhere says that it was a member.
        ({"etcd": False, "postgresql": False, "object_store": True}, "", (True, False, True), ["etcd", "postgresql"]),
        # Lost for good, as the person says.
        ({"etcd": False, "postgresql": False, "object_store": True}, "db1", (False, False, True), []),
        ({"etcd": False, "postgresql": True, "object_store": True}, "db2", (True, True, True), ["etcd"]),
    ],
)
def test_data_are_looked_for_where_a_member_has_run(
    variables: Any, monkeypatch: pytest.MonkeyPatch, data: dict[str, bool], lost: str, exists: tuple[bool, ...], missing: list[str]
) -> None:
    """In the same call, with the facts of the last run."""
    facts = dict.fromkeys(planning.STABLE_FACTS, "") | {"release": "trixie"}
    monkeypatch.setattr(Facts, "_remembered", lambda _self: facts)
    members = {"etcd": True, "postgresql": data["postgresql"], "object_store": True}
    answer = {"facts": facts, "ran": ["base", "etcd", "minio", "postgresql"], "members": members, "data": data}
    action = Facts(variables(site_data_lost_hosts=lost), [answer])
    said = action.perform()["ansible_facts"]["vannah"]
    assert len(action.sent) == 1
    assert action.sent[0]["data"]["postgresql"] == ["/var/lib/postgresql/17/vannah/global/pg_control"]
    assert tuple(said["clusters"][name] for name in ("etcd", "postgresql", "object_store")) == exists
    assert sorted(said["data_missing"]) == missing


def test_foreign_endpoint_costs_no_call(variables: Any) -> None:
    assert known(variables(object_store_backend="s3"), {"facts": {}, "ran": ["etcd", "postgresql"]}) == (
        {"etcd": True, "postgresql": True},
        1,
    )


def test_host_of_no_cluster_is_asked_once(variables: Any) -> None:
    assert known(variables(group_names=["postgresql_client"]), {"facts": {}, "ran": []}) == ({}, 1)


@pytest.mark.parametrize(
    ("given", "asked"),
    [({}, []), ({"base_packages": ["htop", "tmux"]}, ["htop", "tmux"]), ({"base_packages": "htop"}, []), ({"base_packages": [{}]}, [])],
)
def test_packages_that_the_site_wishes_for_are_looked_up(variables: Any, given: dict[str, Any], asked: list[str]) -> None:
    """In the call that is made anyway."""
    action = Facts(variables(**given), [{"facts": {}, "ran": ["etcd", "minio", "postgresql"], "made": ["base"]}])
    action.params, action._survey = {"survey": True, "plan": False}, lambda _answer: {}  # type: ignore[method-assign,assignment,misc]
    action._has_firewall = lambda: False  # type: ignore[method-assign]
    action._let_services_refuse = lambda _answer: None  # type: ignore[method-assign]
    action.perform()
    assert [part["packages"] for part in action.sent] == [{"base_packages": asked} if asked else {}]


@pytest.mark.parametrize("there", [False, True])
def test_other_host_is_looked_at(variables: Any, there: bool) -> None:
    """A fresh one, or one that has lost its ledger."""
    looked = {"members": {"postgresql": there, "object_store": False}}
    said, calls = known(variables(), {"facts": {"release": "trixie"}, "ran": ["etcd"]}, looked)
    assert (said, calls) == ({"etcd": True, "postgresql": there, "object_store": False}, 2)


ETCD = {"name": "etcd", "group": "etcd", "role": "etcd", "members": ["db1", "db2", "db3"]}
STORE = {"name": "object_store", "group": "object_store", "role": "minio", "members": ["db2", "s1"]}


@pytest.mark.parametrize(
    ("present", "stopped", "blamed", "words"),
    [
        (["db1", "db2", "db3", "s1", "app1"], [], [], []),
        (["db1", "db2", "db3", "s1"], [], [], []),
        (["db1", "db3", "s1"], [], ["db2"], ["db2: no packages", "etcd, object_store were", "out of the group etcd, object_store."]),
        (["db1", "db2", "s1"], [], ["db3"], ["db3: no longer in this run", "the new cluster etcd was prepared", "out of the group etcd."]),
        (["s1"], [], ["db1", "db2", "db3"], ["db1, db2, db3 failed"]),
        # There is nothing to repair on a member that was only stopped; its cluster is not formed either.
        (["s1"], ["db1", "db2"], ["db3"], ["because db3 failed", "etcd, object_store were", "repair db3 and", "out of the group etcd."]),
        (["db1", "db2", "db3"], ["s1"], ["s1"], ["because s1 failed"]),
    ],
)
def test_gate(present: list[str], stopped: list[str], blamed: list[str], words: list[str]) -> None:
    said, culprits = forming.problem([ETCD, STORE], present, {"db2": "no packages.\n"}, "prepared", stopped)
    assert bool(said) == bool(words) and culprits == blamed
    for word in [*words, "Nothing is lost", "No member was started."] if words else []:
        assert word in said


def test_gate_leaves_room_for_what_to_do() -> None:
    """However long the members' own errors are, the console shows the sentence to its end, and one fix."""
    said, _culprits = forming.problem([ETCD], [], dict.fromkeys(ETCD["members"], "port taken. Fix: free it. " * 50), "started")
    what, fix = texts.failure("app1", "Task", said)
    assert what.endswith("Nothing is lost.") and fix.startswith("        Fix: repair db1, db2, db3 and run again")
