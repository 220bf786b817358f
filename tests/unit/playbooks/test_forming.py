# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first run: members of new clusters are prepared, and a failure anywhere ends the run before a person waits for them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning

from tests.unit.lib.playbook_runs import ACTIONS, REPOSITORY, Run

DATABASE = {"etcd": ["db1", "db2", "db3"], "postgresql": ["db1", "db2", "db3"], "postgresql_client": ["app1"]}
STORE = {"object_store": ["s1", "s2"]}
HOSTS = ["app1", "db1", "db2", "db3"]
FACTS = {"ansible_facts": {"vannah": {"release": "trixie", "version": "13"}}}
NEW = [{"name": name, "group": name, "role": name, "members": DATABASE[name]} for name in ("etcd", "postgresql")]
FORMING = {"new_clusters": NEW, "add_group": "site_forming", "parent_groups": ["site_forming_etcd", "site_forming_postgresql"]}
OLD: dict[str, Any] = {"new_clusters": []}
#: The answers of a host to each action. ``converge`` is asked in each wave: its answers may say in which.
GOOD: dict[str, Any] = {
    "host_facts": {**FACTS, **planning.groups(["base"])},
    "host_checks": FORMING,
    "converge": {"pending_restart": []},
    "patroni_config": {"leader": "db1", "pending_restart": []},
}


@pytest.fixture
def site(run: Run) -> Run:
    """Runs with the real gate and the roles' own tasks."""
    plugins = run.playbooks.parent / "plugins"
    gate = plugins / "action" / "cluster_gate.py"
    gate.unlink()
    gate.symlink_to(ACTIONS / "cluster_gate.py")
    for name in ("exports", "artifact"):
        (plugins / "lookup" / f"{name}.py").unlink(missing_ok=True)
        (plugins / "lookup" / f"{name}.py").symlink_to(REPOSITORY / "plugins" / "lookup" / f"{name}.py")
    return run


def everybody(**special: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All hosts answer well, but for these."""
    return {host: {**GOOD, **special.get(host, {})} for host in [*HOSTS, "s1", "s2"]}


FAILED = {
    "failed": True,
    "msg": "component etcd (role etcd): the packages cannot be fetched: mirror.example is away [packages-unreachable]",
}


def test_all_well(site: Run) -> None:
    done = site("site.yml", DATABASE, everybody())
    assert done.code == 0, done.printed
    assert done.of("converge prepare base") == done.of("converge base") == HOSTS
    assert done.calls.index("converge prepare base db1") < done.calls.index("converge base db1")
    assert done.of("etcd_health") == ["db1", "db2", "db3"]
    assert done.calls.index("etcd_health db1") < done.calls.index("converge database db1")
    assert done.of("postgresql_objects") == ["db1", "db2", "db3"]


def test_cluster_that_exists_takes_one_call(site: Run) -> None:
    """No host is asked for what only a first run needs."""
    done = site("site.yml", DATABASE, everybody(**{host: {"host_checks": OLD} for host in HOSTS}))
    assert done.code == 0, done.printed
    assert done.of("converge prepare base") == done.of("etcd_health") == []


@pytest.mark.parametrize("answer", [FAILED, {"away": True}])
def test_failure_while_members_are_prepared(site: Run, answer: dict[str, Any]) -> None:
    """Packages, files, certificates, or another component of the wave on a member's host: no member is started."""
    done = site("site.yml", DATABASE, everybody(db2={"converge prepare base": answer}))
    assert done.code != 0
    assert "The run ends here, because db2 failed while the new clusters etcd, postgresql were prepared" in done.printed
    assert ("mirror.example is away" if answer is FAILED else "no route to host") in done.printed.partition("The run ends here")[2]
    assert done.of("converge base") == done.of("converge database") == []


def test_members_that_were_only_stopped_are_not_blamed(site: Run) -> None:
    stopped = {"converge prepare base": {"failed": True, "code": "peer-failed", "msg": "stopped, because db3 has failed: port taken"}}
    done = site("site.yml", DATABASE, everybody(db1=stopped, db2=stopped, db3={"converge prepare base": FAILED}))
    said = done.printed.partition("The run ends here")[2]
    assert said.startswith(", because db3 failed while the new clusters etcd, postgresql were prepared. db3: component etcd"), said
    assert "Fix: repair db3 and run again" in said and "or take db3 out of the group etcd, postgresql." in said


def test_failure_of_a_host_that_is_no_member_stops_nobody_else(site: Run) -> None:
    done = site("site.yml", DATABASE, everybody(app1={"converge prepare base": FAILED}))
    assert done.code != 0
    assert done.of("postgresql_objects") == ["db1", "db2", "db3"], done.printed


def test_failure_of_a_member_that_is_started(site: Run) -> None:
    done = site("site.yml", DATABASE, everybody(db2={"converge base": FAILED}))
    assert done.code != 0 and "because db2 failed while the new clusters etcd, postgresql were started" in done.printed
    assert done.of("etcd_health") == done.of("converge database") == []


def test_etcd_that_has_not_formed_starts_no_database(site: Run) -> None:
    done = site("site.yml", DATABASE, everybody(db2={"etcd_health": {"failed": True, "msg": "never started: db2"}}))
    assert done.code != 0
    assert done.of("converge database") == []


def test_failure_of_a_database_server(site: Run) -> None:
    """Its standby would confirm the commits of what comes next."""
    done = site("site.yml", DATABASE, everybody(db3={"converge database": FAILED}))
    assert done.code != 0 and "because db3 failed while the new cluster postgresql was started" in done.printed
    assert done.of("patroni_config") == done.of("postgresql_objects") == []


def test_failure_in_a_cluster_that_exists_continues(site: Run) -> None:
    old = {"host_checks": OLD}
    done = site("site.yml", DATABASE, everybody(**{**dict.fromkeys(HOSTS, old), "db2": {**old, "converge base": FAILED}}))
    assert done.code != 0
    assert done.of("postgresql_objects") == ["db1", "db3"], done.printed


NEW_STORE = {
    "new_clusters": [{"name": "object_store", "group": "object_store", "role": "minio", "members": ["s1", "s2"]}],
    "add_group": "site_forming",
    "parent_groups": ["site_forming_minio"],
}


@pytest.mark.parametrize("playbook", ["site.yml", "minio/converge.yml"])
@pytest.mark.parametrize(
    ("failing", "step", "started"),
    [("", "", ["s1", "s2"]), ("converge prepare store", "prepared", []), ("converge store", "started", ["s1", "s2"])],
)
def test_object_store(site: Run, playbook: str, failing: str, step: str, started: list[str]) -> None:
    hosts: dict[str, dict[str, Any]] = {
        host: {"host_checks": NEW_STORE, "converge store": {"changed": True, "pending_restart": []}} for host in ("s1", "s2")
    }
    if failing:
        hosts["s2"][failing] = FAILED
    done = site(playbook, STORE, everybody(**hosts))
    assert (done.code == 0) == (not failing), done.printed
    assert done.of("converge store") == started
    if failing:
        assert f"because s2 failed while the new cluster object_store was {step}" in done.printed
        assert done.of("minio_health") == []


def planned(waves: list[str], could: bool = True) -> dict[str, Any]:
    return {"host_facts": {**FACTS, **planning.groups(waves, could)}, "host_checks": OLD}


def test_without_work_no_wave_has_hosts(site: Run) -> None:
    """One call for each host, whatever the number of layers."""
    done = site("site.yml", {**DATABASE, **STORE}, everybody(**{host: planned([]) for host in [*HOSTS, "s1", "s2"]}))
    assert done.code == 0, done.printed
    assert {call.split()[0] for call in done.calls} <= {"preflight", "site_secrets", "artifacts", "host_facts", "host_checks"}, done.calls
    assert len(done.of("host_facts")) == 6


def test_work_of_one_host(site: Run) -> None:
    """Only it is converged in the base wave; what comes after that the plan cannot know."""
    quiet = {host: planned([]) for host in [*HOSTS, "s1", "s2"]}
    done = site("site.yml", {**DATABASE, **STORE}, everybody(**{**quiet, "db2": planned(["base"])}))
    assert done.code == 0, done.printed
    assert done.of("converge base") == ["db2"]
    assert done.of("converge database") == ["db1", "db2", "db3"] and done.of("converge store") == ["s1", "s2"]
    done = site("site.yml", {**DATABASE, **STORE}, everybody(**{**quiet, "s1": planned(["store_objects"])}))
    assert done.code == 0, done.printed
    assert [call for call in done.calls if call.startswith(("converge", "patroni", "postgresql"))] == []
    assert len(done.of("lease released")) == 6, done.calls


SWARM = {"caprover": ["a1", "a2"]}
NEW_SWARM = {
    "new_clusters": [{"name": "swarm", "group": "caprover", "role": "caprover", "members": SWARM["caprover"]}],
    "add_group": "site_forming",
    "parent_groups": ["site_forming_caprover"],
}
NODE: dict[str, Any] = {
    "host_facts": {**FACTS, **planning.groups(["base"])},
    "host_checks": NEW_SWARM,
    "converge": {"pending_restart": []},
    "docker_health": {"member": {"id": "", "manager": False}, "swarm": "inactive"},
    "docker_tokens": {"manager": "m", "worker": "w"},
}


def test_a_swarm_is_formed(site: Run) -> None:
    done = site("site.yml", SWARM, dict.fromkeys(SWARM["caprover"], NODE))
    assert done.code == 0, done.printed
    assert done.of("converge prepare orchestration") == SWARM["caprover"]
    assert done.of("docker_swarm") == SWARM["caprover"] and done.of("caprover_install") == ["a1"]


@pytest.mark.parametrize("part", ["converge prepare orchestration", "converge orchestration", "converge base"])
def test_no_swarm_without_all_of_its_hosts(site: Run, part: str) -> None:
    """One that has failed before, in an earlier wave as well."""
    done = site("site.yml", SWARM, {"a1": NODE, "a2": {**NODE, part: {"failed": True, "msg": "no space left"}}})
    assert done.code != 0 and "no space left" in done.printed, done.printed
    assert done.of("docker_swarm") == done.of("caprover_install") == []
