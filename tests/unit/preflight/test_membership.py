# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No run takes a member that runs, or that a client uses, out of the site's configurations."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import clusters
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.membership import Group

HOSTS = {"db1": "192.0.2.11", "db2": "192.0.2.12", "db3": "fd00::13"}
FACTS = {"system": "debian", "version": "13", "memory_mb": 4096}


def group(**hosts: str) -> Group:
    return Group("database", "databases", hosts, "put it back and run remove.yml -e member=MEMBER")


def told(host: str, *peers: tuple[str, str, str], service: str = "proxy", cluster: str = "database") -> Answer:
    """What a host says of members that it knows."""
    said = [dict(zip(("name", "address", "what"), peer, strict=True)) for peer in peers]
    return Answer(host, facts={**FACTS, "services": {service: {"peers": {cluster: said}}}}, offset=0.0)


LEADER = ("db1", "192.0.2.11", "it is the leader")


@pytest.mark.parametrize(
    ("peer", "hosts", "refused"),
    [
        (LEADER, HOSTS, False),
        (LEADER, {"db2": "192.0.2.12", "db3": "fd00::13"}, True),
        (LEADER, {}, True),  # the whole group is gone
        (LEADER, {"pacs1": "192.0.2.11"}, False),  # renamed
        (LEADER, {"db1": "192.0.2.99"}, False),  # moved: other checks judge that
        (("db3-8009", "fd00::13", "it is up"), HOSTS, False),
        (("db3-8009", "fd00:0::13", "it is up"), HOSTS, False),
        (("", "192.0.2.12", "it has never started"), HOSTS, False),
        (("", "192.0.2.14", "it has never started"), HOSTS, True),
        (("", "", "it has never started"), HOSTS, True),
    ],
)
def test_members_are_known_by_name_or_address(peer: tuple[str, str, str], hosts: dict[str, str], refused: bool) -> None:
    found = judge_host_checks([told("app1", peer)], groups=[group(**hosts)]).errors
    assert [(one.code, one.where) for one in found] == ([("contact-member-not-in-group", "app1")] if refused else [])


def test_the_line_names_the_member_what_it_is_and_both_ways_out() -> None:
    """One line for all hosts that say the same, whatever service of theirs says it."""
    answers = [
        told("app1", ("db1", "192.0.2.11", "clients are sent to it")),
        told("db2", LEADER, service="x"),
        told("db3", LEADER, service="x"),
    ]
    report = judge_host_checks(answers, groups=[group(db2="192.0.2.12", db3="fd00::13")])
    assert [one.line() for one in report.errors] == [
        f"contact-member-not-in-group {where} -: db1 (192.0.2.11) is not in the group databases of the inventory, and {what}."
        " Fix: put db1 back into the group databases; to remove it: put it back and run remove.yml -e member=db1"
        for where, what in (("app1", "clients are sent to it"), ("db2,db3", "it is the leader"))
    ]


def test_what_nobody_declares_is_not_judged() -> None:
    assert not judge_host_checks([told("app1", LEADER, cluster="other")], groups=[group()]).errors


@pytest.mark.parametrize("cluster", [one for one in clusters.declared() if one.remove], ids=lambda one: one.name)
def test_roles_say_how_a_member_leaves(cluster: Any) -> None:
    """By a verb that there is."""
    assert "MEMBER" in cluster.remove and f"playbooks/{cluster.role}/remove.yml" in cluster.remove


def test_a_member_that_some_know_by_its_address_alone() -> None:
    """It is called as the others call it; without any name, by its address."""
    peers = [
        ("app1", ("db4", "192.0.2.14", "it votes")),
        ("app2", ("", "192.0.2.14", "it votes")),
        ("app3", ("", "192.0.2.15", "it votes")),
    ]
    found = judge_host_checks([told(host, peer) for host, peer in peers], groups=[group(**HOSTS)]).errors
    assert [(one.where, one.problem.partition(" is not")[0]) for one in found] == [
        ("app1,app2", "db4 (192.0.2.14)"),
        ("app3", "a member without a name (192.0.2.15)"),
    ]
