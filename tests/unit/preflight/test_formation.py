# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster is formed with all of its members or not at all; one that exists continues with those that are there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.action import host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import clusters
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import belonging, formation

FACTS = {"system": "debian", "version": "13", "memory_mb": 4096, "disk": {"size_mb": 20000, "free_mb": 9000}}
AWAY = {"unreachable": True, "msg": "ssh: connect to host 10.0.0.2 port 22: No route to host"}
REFUSED = {"failed": True, "msg": "becoming root is refused: the login user needs a line in sudoers"}
BROKEN = {"failed": True, "msg": "there is no /opt/python on the host"}
#: In check mode: the host has no python3, and it gets none.
BARE = {"changed": True, "bare": True, "msg": "the host has no python3: a real run installs it first"}
LIMITED: dict[str, Any] = {}
THREE = ["db1", "db2", "db3"]
BOTH = {"etcd": THREE, "postgresql": THREE}


def facts(**known: bool) -> dict[str, Any]:
    """What a host answers that knows this of its clusters."""
    return {"ansible_facts": {"vannah": {**FACTS, "clusters": known}}, "clock_offset": 0.0}


FRESH = facts(etcd=False, postgresql=False)
MEMBER = facts(etcd=True, postgresql=True)


class HostVars(dict[str, Any]):
    """As much of Ansible's hostvars as the action uses."""

    def raw_get(self, name: str) -> Any:
        return self[name]


def judge(
    groups: Mapping[str, list[str]],
    answers: Mapping[str, dict[str, Any]],
    check: bool = False,
    roles: list[str] | None = None,
    forks: int = 50,
) -> dict[str, Any]:
    """The action of playbooks/host_checks.yml over what hosts answered; a host without an answer is left out of the run."""
    action = object.__new__(host_checks.ActionModule)
    action._task = SimpleNamespace(check_mode=check)
    action._loader = SimpleNamespace(load_from_file=lambda *_path, **_options: {})
    action._templar = None
    hostvars = HostVars(
        (name, {"host_answers": said, "group_names": ["all", *(group for group, members in groups.items() if name in members)]})
        for name, said in answers.items()
    )
    known = {"hostvars": hostvars, "groups": groups, "ansible_play_hosts_all": list(answers), "ansible_forks": forks}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_checks, "Whose", lambda *_known: SimpleNamespace(of=lambda *_host: belonging.Belonging()))
        return action.perform({"answers": "host_answers", "roles": roles, "changing": ""}, known)


def found(result: dict[str, Any]) -> set[str]:
    """Groups whose cluster is refused."""
    return {line.split()[1] for line in result["msg"].splitlines() if line.startswith("contact-new-cluster ")}


def of(**answers: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return answers


@pytest.mark.parametrize(
    ("groups", "answers", "refused"),
    [
        # All of them are there.
        (BOTH, of(db1=FRESH, db2=FRESH, db3=FRESH), set()),
        (BOTH, of(db1=MEMBER, db2=MEMBER, db3=MEMBER), set()),
        # One is not, and nothing exists yet.
        (BOTH, of(db1=FRESH, db2=AWAY, db3=FRESH), {"etcd", "postgresql"}),
        (BOTH, of(db1=FRESH, db2=REFUSED, db3=FRESH), {"etcd", "postgresql"}),
        (BOTH, of(db1=FRESH, db2=BROKEN, db3=FRESH), {"etcd", "postgresql"}),
        (BOTH, of(db1=FRESH, db3=FRESH), {"etcd", "postgresql"}),
        (BOTH, of(db1=FRESH), {"etcd", "postgresql"}),
        # One is not, and the cluster exists: also where a fresh host takes the place of a dead one.
        (BOTH, of(db1=MEMBER, db2=AWAY, db3=MEMBER), set()),
        (BOTH, of(db1=MEMBER, db2=AWAY, db3=FRESH), set()),
        (BOTH, of(db1=FRESH, db2=AWAY, db3=MEMBER), set()),
        (BOTH, of(db1=MEMBER), set()),
        (BOTH, of(db3=FRESH, db1=MEMBER), set()),
        # Only one of a host's clusters exists.
        (BOTH, of(db1=facts(etcd=True, postgresql=False), db2=AWAY, db3=FRESH), {"postgresql"}),
        # A host of no cluster is missing; a cluster of one member; members elsewhere.
        ({**BOTH, "postgresql_client": ["app1"]}, of(db1=FRESH, db2=FRESH, db3=FRESH, app1=AWAY), set()),
        ({"etcd": ["db1"], "postgresql": ["db1"]}, of(db1=FRESH), set()),
        ({"etcd": ["e1", "e2", "e3"], "postgresql": ["db1"]}, of(e1=facts(etcd=False), e2=AWAY, e3=facts(etcd=False), db1=FRESH), {"etcd"}),
        # The drives of a new store are formatted by all of its servers together.
        ({"object_store": ["s1", "s2"]}, of(s1=facts(object_store=False), s2=AWAY), {"object_store"}),
        ({"object_store": ["s1", "s2"]}, of(s1=facts(object_store=True), s2=AWAY), set()),
        # An endpoint that is not the site's: its hosts form nothing.
        ({"object_store": ["s1", "s2"]}, of(s1=facts(), s2=AWAY), set()),
        # A bare server is there.
        (BOTH, of(db1=FRESH, db2=BARE, db3=BARE), set()),
        (BOTH, of(db1=BARE, db2=BARE, db3=BARE), set()),
        (BOTH, of(db1=FRESH, db2=BARE, db3=AWAY), {"etcd", "postgresql"}),
        # No one is there to form anything.
        (BOTH, of(db1=AWAY, db2=AWAY, db3=AWAY), set()),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_who_may_form_what(groups: dict[str, list[str]], answers: dict[str, dict[str, Any]], refused: set[str], check: bool) -> None:
    result = judge(groups, answers, check)
    assert found(result) == refused, result["msg"]
    if refused:
        assert result["failed"]


FIVE = {"etcd": ["a1", "a2", "db1", "db2", "db3"], "postgresql": THREE}


@pytest.mark.parametrize(
    ("groups", "answers", "named"),
    [
        (FIVE, of(db1=MEMBER, db2=AWAY, db3=MEMBER, a1=facts(etcd=False), a2=facts(etcd=False)), "a1, a2 are to join the cluster etcd"),
        (FIVE, of(db1=MEMBER, db2=REFUSED, db3=MEMBER, a1=MEMBER, a2=facts(etcd=False)), "a2 is to join the cluster etcd"),
        # All of its members are there; no host joins; who is left out by --limit may be there.
        (FIVE, of(db1=MEMBER, db2=MEMBER, db3=MEMBER, a1=facts(etcd=False), a2=facts(etcd=False)), ""),
        (FIVE, of(db1=MEMBER, db2=AWAY, db3=MEMBER, a1=facts(etcd=True), a2=facts(etcd=True)), ""),
        (FIVE, of(db1=MEMBER, db3=MEMBER, a1=facts(etcd=False), a2=facts(etcd=False)), ""),
        # No quorum: the new one may be what is missing. Members of the database do not vote.
        (BOTH, of(db1=MEMBER, db2=AWAY, db3=FRESH), ""),
        ({"postgresql": THREE}, of(db1=MEMBER, db2=AWAY, db3=facts(postgresql=False)), ""),
    ],
)
def test_who_may_join(groups: dict[str, list[str]], answers: dict[str, dict[str, Any]], named: str) -> None:
    """etcd takes no new member while one is away: refused before anything is changed, as the run would wait without result."""
    said = judge(groups, answers)["msg"]
    lines = [line for line in said.splitlines() if line.startswith("contact-joins-incomplete")]
    assert len(lines) == bool(named)
    assert all(named in line and "db2 cannot be reached" in line and "make db2 reachable" in line for line in lines)


def line_of(**answers: dict[str, Any]) -> str:
    """The one finding."""
    said = judge({"etcd": THREE}, answers)["msg"]
    (line,) = (line for line in said.splitlines() if "contact-new-cluster" in line)
    return str(line)


def test_finding_names_host_reason_and_two_ways_out() -> None:
    """One finding for each cluster."""
    line = line_of(db1=FRESH, db2=AWAY, db3=BROKEN)
    for words in (
        "etcd does not exist yet",
        "db2 cannot be reached",
        "No route to host",
        "db3 cannot be reached or has failed (there is no /opt/python",
        "No host was changed, but for python3 and sudo",
    ):
        assert words in line
    assert "make db2, db3 reachable and run again for all hosts, or take db2, db3 out of the group etcd" in line


@pytest.mark.parametrize(
    ("role", "members", "missing", "words"),
    [
        ("etcd", 3, 1, "another host into the group g for each of h1, or leave 1 of the others in it: the number of members has to be odd"),
        ("etcd", 5, 1, "another host into the group g for each of h1, or leave 3 of the others"),
        ("etcd", 4, 1, "take h1 out of the group g"),
        ("etcd", 1, 1, "another host into the group g for each of h1: the number"),
        ("postgresql", 3, 1, "take h1 out of the group g"),
        ("minio", 1, 1, "put other hosts into the group g"),
    ],
)
def test_the_smaller_cluster_is_one_that_preflight_accepts(role: str, members: int, missing: int, words: str) -> None:
    """Of three members of etcd without one two are left, which etcd-members-even refuses."""
    names = [f"h{number}" for number in range(1, members + 1)]
    cluster = formation.Cluster(role, "g", role, {name: "did not answer" if name in names[:missing] else None for name in names}, (False,))
    (finding,) = formation.findings([replace(cluster, odd=role == "etcd")])
    assert words in finding.fix


def test_members_that_are_not_asked_may_know_of_the_cluster() -> None:
    """A new member alone: the cluster may well exist, and one of its members in the run is enough."""
    line = line_of(db2=FRESH)
    for words in (
        "no member of the cluster etcd that is known to exist is in this run",
        "db1 is left out of this run (--limit); db3 is left out of this run (--limit)",
        "No host was changed, but for python3 and sudo",
        "remove --limit; or, where the cluster exists, use a --limit with one of its members that run, beside db2",
    ):
        assert words in line
    assert "does not exist yet" not in line
    assert "db1 cannot be reached or has failed" in line_of(db1=AWAY, db2=FRESH)


@pytest.mark.parametrize(
    ("answers", "check", "new", "groups"),
    [
        (of(db1=FRESH, db2=FRESH, db3=FRESH), False, ["etcd", "postgresql"], ["site_forming_etcd", "site_forming_postgresql"]),
        (of(db1=facts(etcd=True, postgresql=False), db2=FRESH, db3=FRESH), False, ["postgresql"], ["site_forming_postgresql"]),
        (of(db1=FRESH, db2=FRESH, db3=FRESH), True, ["etcd", "postgresql"], None),
        (of(db1=MEMBER, db2=FRESH, db3=FRESH), False, [], None),
    ],
)
def test_new_clusters_are_told_to_the_plays(
    answers: dict[str, dict[str, Any]], check: bool, new: list[str], groups: list[str] | None
) -> None:
    """Check mode shows the plan of the waves; it forms nothing, and so needs no order."""
    result = judge(BOTH, answers, check)
    assert [cluster["name"] for cluster in result["new_clusters"]] == new
    assert result.get("parent_groups") == groups and ("add_group" in result) == (groups is not None)
    assert all(cluster["members"] == THREE for cluster in result["new_clusters"])


def test_playbook_of_one_role_judges_its_clusters_alone() -> None:
    """Servers of the object store that are members of etcd too: etcd's other members are not asked, and nothing is made of etcd."""
    groups = {"object_store": ["db1"], "etcd": THREE}
    answers = of(db1=facts(etcd=False, object_store=False))
    assert found(judge(groups, answers)) == {"etcd"}
    assert found(judge(groups, answers, roles=["minio"])) == set()


@pytest.mark.parametrize(
    ("groups", "known", "forks", "refused"),
    [
        ({"etcd": THREE}, False, 1, "2 of the 3 members of the new cluster etcd"),
        ({"etcd": THREE}, False, 2, ""),
        ({"etcd": [*THREE, "db4", "db5"]}, False, 2, "3 of the 5 members"),
        ({"etcd": THREE}, True, 1, ""),
        ({"etcd": ["db1"]}, False, 1, ""),
        # A database's first member and the servers of a store come up alone.
        ({"postgresql": THREE}, False, 1, ""),
        ({"object_store": THREE}, False, 1, ""),
    ],
)
def test_members_that_wait_for_each_other_start_at_once(groups: dict[str, list[str]], known: bool, forks: int, refused: str) -> None:
    """With fewer forks than a majority the first one waits for members that the run comes to after it."""
    ((name, members),) = groups.items()
    said = judge(groups, dict.fromkeys(members, facts(**{name: known})), forks=forks)
    assert bool(said.get("failed")) == bool(refused), said["msg"]
    codes = {line.split()[0] for line in said["msg"].splitlines()}
    assert refused in said["msg"] and ("contact-forks" in codes) == bool(refused)
    if refused:
        assert f"Fix: use -f {len(members)} (or more)" in said["msg"]


def test_hosts_at_fault_are_named_for_the_recap() -> None:
    """The task runs once, on a host that may be well."""
    small = {"ansible_facts": {"vannah": {**FACTS, "system": "ubuntu", "clusters": {}}}}
    assert judge({"app": ["a", "b", "c"]}, of(a=facts(), b=small, c=small))["blamed"] == ["b", "c"]
    assert judge({"etcd": THREE}, of(db1=FRESH, db2=AWAY, db3=FRESH))["blamed"] == []


def test_finding_has_one_line() -> None:
    why = formation.absence("a\n  b\n", answered=False, asked=True)
    assert why == "cannot be reached or has failed (a b)"
    assert formation.absence("", answered=False, asked=True) == "did not answer"


def test_roles_declare_what_shared_code_reads() -> None:
    """Each cluster of the roles, by its plain names; the group is one that the site map gives the role for."""
    declared = {cluster.name: (cluster.role, cluster.group, cluster.component) for cluster in clusters.declared()}
    assert declared == {
        "etcd": ("etcd", "etcd", "etcd"),
        "postgresql": ("postgresql", "postgresql", "postgresql"),
        "object_store": ("minio", "object_store", "minio"),
        "swarm": ("caprover", "caprover", "caprover"),
    }
    assert [cluster.name for cluster in clusters.of(["all", "etcd"])] == ["etcd"]
    assert {cluster.name: (cluster.majority, cluster.odd) for cluster in clusters.declared() if cluster.majority or cluster.odd} == {
        "etcd": (True, True)
    }
    assert json.dumps(declared)


def without(*missing: str, **known: bool) -> dict[str, Any]:
    """What a host answers on which these clusters have run, and whose data are not there."""
    said = facts(**known)
    said["ansible_facts"]["vannah"]["data_missing"] = {name: [f"/srv/{name}/data"] for name in missing}
    return said


GONE = without("etcd", "postgresql", etcd=True, postgresql=False)


@pytest.mark.parametrize(
    ("groups", "answers", "lines"),
    [
        # A single server whose disk is not mounted; where the marks were on the disk too; of two clusters only one is concerned.
        ({"etcd": ["db1"], "postgresql": ["db1"]}, of(db1=GONE), {("contact-cluster-data-missing", "db1"): 2}),
        (
            {"etcd": ["db1"], "postgresql": ["db1"]},
            of(db1=without("etcd", "postgresql", etcd=False, postgresql=False)),
            {("contact-cluster-data-missing", "db1"): 2},
        ),
        (
            {"etcd": ["db1"], "postgresql": ["db1"]},
            of(db1=without("postgresql", etcd=True, postgresql=False)),
            {("contact-cluster-data-missing", "db1"): 1},
        ),
        # All members of both.
        (BOTH, of(db1=GONE, db2=GONE, db3=GONE), {("contact-cluster-data-missing", "db1,db2,db3"): 2}),
        # Who has the data is away: it is not asked here whether a new cluster may be formed without it.
        (BOTH, of(db1=GONE, db2=AWAY, db3=GONE), {("contact-cluster-data-missing", "db1,db3"): 2}),
        # Others have them: a database copies them, a member that votes may not come back as the same one.
        (
            BOTH,
            of(db1=GONE, db2=MEMBER, db3=MEMBER),
            {("contact-cluster-data-missing", "db1"): 1, ("contact-member-data-missing", "db1"): 1},
        ),
        # A member that was made empty on purpose comes as a new one.
        (BOTH, of(db1=without("etcd", etcd=False, postgresql=True), db2=MEMBER, db3=MEMBER), {}),
        (BOTH, of(db1=MEMBER, db2=MEMBER, db3=MEMBER), {}),
        (BOTH, of(db1=FRESH, db2=FRESH, db3=FRESH), {}),
    ],
)
def test_data_that_are_not_there(
    groups: dict[str, list[str]], answers: dict[str, dict[str, Any]], lines: dict[tuple[str, str], int]
) -> None:
    """Nothing begins an empty cluster in the place of one that has run."""
    result = judge(groups, answers)
    said = [*result["msg"].splitlines(), *result.get("warnings", [])]
    said = [tuple(line.split()[:2]) for line in dict.fromkeys(said) if "-data-missing " in line]
    assert {line: said.count(line) for line in said} == lines
    assert bool(result.get("failed")) == any(code == "contact-cluster-data-missing" for code, _hosts in lines)
    assert "contact-new-cluster" not in result["msg"]


def voter(host: dict[str, Any], *voters: str) -> dict[str, Any]:
    """The host's answer, with the members of etcd that its data know; all of them have run."""
    known = {**host["ansible_facts"]["vannah"], "clusters_ran": ["etcd", "postgresql"]}
    return {**host, "ansible_facts": {"vannah": {**known, "services": {"etcd": {"voters": list(voters)}}}}}


#: What a host answers that was emptied, or that the switch names: etcd would come as a new member.
EMPTIED = facts(etcd=False, postgresql=True)


@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        # Not mounted; named by the switch or emptied by hand; both.
        (of(db1=voter(GONE), db2=voter(GONE), db3=voter(MEMBER, *THREE)), "db1,db2"),
        (of(db1=voter(EMPTIED), db2=voter(EMPTIED), db3=voter(MEMBER, *THREE)), "db1,db2"),
        (of(db1=voter(GONE), db2=voter(EMPTIED), db3=voter(MEMBER, *THREE)), "db1,db2"),
        # One of three is left to the other rule.
        (of(db1=voter(EMPTIED), db2=voter(MEMBER, *THREE), db3=voter(MEMBER, *THREE)), ""),
        # Removed by the verb one after another, and joining again: the member that is left decides alone.
        (of(db1=voter(EMPTIED), db2=voter(EMPTIED), db3=voter(MEMBER, "db3")), ""),
        # A first run that was interrupted: the others have never run.
        (of(db1=FRESH, db2=FRESH, db3=voter(MEMBER, *THREE)), ""),
        # A member that cannot be reached may have its data.
        (of(db1=voter(EMPTIED), db2=AWAY, db3=voter(MEMBER, *THREE)), ""),
    ],
)
def test_a_quorum_that_is_lost(answers: dict[str, dict[str, Any]], refused: str) -> None:
    """Members that come as new ones would wait until the limit, because no one can accept them."""
    said = judge({"etcd": THREE}, answers)["msg"]
    lines = [line for line in said.splitlines() if "has lost its quorum" in line]
    assert [line.split()[:2] for line in lines] == ([["contact-cluster-data-missing", refused]] if refused else [])
    if refused:
        assert "2 of its 3 members are needed (db1, db2, db3)" in said
        assert "delete those of db3 as well and create the cluster again with -e site_data_lost_hosts=db1,db2,db3" in said
        assert said.count("contact-cluster-data-missing") == 1


def test_what_to_do_where_the_data_are_not_there() -> None:
    """The path, what to mount, and how to start again."""
    (line,) = [one for one in judge({"etcd": ["db1"]}, of(db1=GONE))["msg"].splitlines() if one.startswith("contact-")]
    assert line == (
        "contact-cluster-data-missing db1 -: /srv/etcd/data does not exist on db1, although the cluster etcd has run there, and no member"
        " that answered has its data: the run would begin an empty cluster. No host was changed, but for python3 and sudo where they were"
        " missing. Fix: mount the file system of /srv/etcd/data (findmnt, /etc/fstab) and run again; where the data are lost for good,"
        " systemctl stop etcd; rm -f /etc/etcd/vannah-joined on all members, then -e site_data_lost_hosts=db1 (docs/day2.md, Lost data)"
    )
