# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs and is not the inventory's: compared, and refused before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import effects
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.changes import Left, Taken, Unrecorded
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks

FACTS = {"system": "debian", "version": "13", "memory_mb": 4096, "disk": {}}
PORT = effects.Statement("postgresql_port", "together", verb="change_ports.yml", why="all change in step")
NAME = effects.Statement("postgresql_cluster", "new", why="the data would be left", fix="make a new one")


def change(running: Any, wanted: Any, statement: effects.Statement = PORT, role: str = "postgresql") -> effects.Change:
    """One value that differs."""
    return effects.Change(statement.name, role, effects.canonical(running), effects.canonical(wanted), statement)


def said(verb: str = "", left: tuple[Left, ...] = (), **hosts: list[effects.Change]) -> list[str]:
    """The lines of a judgement."""
    answers = [Answer(host, facts=FACTS, changes=tuple(found), left=left) for host, found in hosts.items()]
    return [finding.line() for finding in judge_host_checks(answers, verb=verb).errors]


@pytest.mark.parametrize(
    ("running", "wanted", "prefix", "expected"),
    [
        (5432, 5432, False, True),
        (5432, "5432", False, True),
        ("5432", 5433, False, False),
        ({"a": 1, "b": True}, {"b": True, "a": "1"}, False, True),
        ({"a": 1}, {"a": 2}, False, False),
        (None, "", False, True),
        (["a"], ["a", "b"], True, True),
        (["a"], ["a", "b"], False, False),
        (["a", "b"], ["a"], True, False),
        (["a", "b"], ["b", "a"], True, False),
        ([{"x": ["/d"]}], [{"x": ["/d"]}, {"y": ["/d"]}], True, True),
        ("a", "b", True, False),
    ],
)
def test_same(running: Any, wanted: Any, prefix: bool, expected: bool) -> None:
    """Types of YAML and of -e are no difference; a list may only grow where that was said."""
    statement = effects.Statement("x", "new", prefix=prefix)
    assert effects.same(statement, effects.canonical(running), effects.canonical(wanted)) is expected


@pytest.mark.parametrize(
    ("running", "wanted", "expected"),
    [
        (["5432"], ["5432"], True),
        (["5432"], ["5433"], False),
        (["5432"], ["5432", "5433"], True),
        (["5432", "5433"], ["5432"], True),
        ([], ["5432"], True),
    ],
)
def test_same_for_who_follows(running: list[str], wanted: list[str], expected: bool) -> None:
    """A member with another port comes or goes: that is no change of the others."""
    statement = effects.Statement("postgresql_port", "together", verb="change_ports.yml", follows=True)
    assert effects.same(statement, effects.canonical(running), effects.canonical(wanted)) is expected


def test_one_finding_for_all_hosts() -> None:
    """Both values, why, and the verb; a host that follows with a list of one port says the same."""
    follows = change(["5432"], ["5433"], role="haproxy")
    assert said(db1=[change(5432, 5433)], db2=[change(5432, 5433)], app1=[follows]) == [
        "contact-setting-together db1, db2, app1 postgresql_port: 5432 runs, and the inventory says 5433; all change in step."
        " Fix: run playbooks/change_ports.yml, which changes it on the"
        " running site; or set postgresql_port: 5432"
    ]


def test_mixed_values_are_two_findings() -> None:
    """A verb that was killed in between: the hosts that are behind are named."""
    assert [line.split(":")[0] for line in said(db1=[change(5432, 5434)], db2=[change(5433, 5434)])] == [
        "contact-setting-together db1 postgresql_port",
        "contact-setting-together db2 postgresql_port",
    ]


def test_new() -> None:
    """The previous value, and the way to migrate."""
    (line,) = said(db1=[change("vannah", "other", NAME)])
    assert line.startswith("contact-setting-new db1 postgresql_cluster: vannah runs, and the inventory says other; the data would be left.")
    assert line.endswith("Fix: set postgresql_cluster: vannah; make a new one")


def test_a_secret_is_not_shown() -> None:
    """Neither of the two fingerprints."""
    statement = effects.Statement("minio_kms_key", "new", secret=True, why="nothing could read the objects")
    (line,) = said(store1=[change("aaaa", "bbbb", statement)])
    assert "aaaa" not in line and "bbbb" not in line and "the value that runs" in line


def test_the_verb_may_change_what_it_changes() -> None:
    """And nothing else."""
    assert said("change_ports.yml", db1=[change(5432, 5433)]) == []
    assert [line.split()[0] for line in said("change_ports.yml", db1=[change("a", "b", NAME)])] == ["contact-setting-new"]


def test_a_member_that_left_its_group() -> None:
    """The unit still runs there."""
    (line,) = said(left=(Left("etcd", "etcd.service", "remove it"),), db3=[])
    assert line == (
        "contact-group-left db3 -: etcd.service still runs here, and the host's groups no longer give it the role etcd."
        " Fix: put the host back into its group; or remove it"
    )


def test_a_value_that_is_not_recorded_yet() -> None:
    """After an upgrade the verb would find no change and close the port that runs; the other way round site.yml would move it."""
    quiet = Answer("db1", facts=FACTS, unrecorded=(Unrecorded(PORT, "5433"), Unrecorded(NAME, "vannah")))
    assert judge_host_checks([quiet]).errors == ()
    (finding,) = judge_host_checks([quiet], verb="change_ports.yml").errors
    assert (finding.code, finding.where, finding.variable) == ("contact-setting-unknown", "db1", "postgresql_port")
    assert finding.fix.startswith("set postgresql_port: the value that runs, and run `make converge` once")
    seen = Answer("db1", facts=FACTS, unrecorded=(Unrecorded(PORT, "5433", "5432"),))
    (finding,) = judge_host_checks([seen]).errors
    assert finding.code == "contact-setting-unknown" and finding.fix.startswith("set postgresql_port: 5432, and run `make converge` once")


def test_a_new_port_that_another_program_has() -> None:
    """The server, the program and both ways out."""
    ports = (
        Taken("postgresql_port", "postgresql", "5433", "python3", "session-3.scope"),
        Taken("minio_port", "minio", "9100", "nginx", "nginx.service"),
        Taken("postgresql_rest_port", "postgresql", "8009", "", ""),
    )
    found = judge_host_checks([Answer("db2", facts=FACTS, taken=ports)], verb="change_ports.yml").errors
    assert {finding.code for finding in found} == {"contact-new-port-taken"}
    assert {finding.variable: (finding.problem, finding.fix) for finding in found} == {
        "postgresql_port": (
            "python3 (session-3.scope) listens on port 5433 of this server, which the role postgresql is to have.",
            "set postgresql_port: a port that is free on all of its servers; or, on db2: stop python3",
        ),
        "minio_port": (
            "nginx (nginx.service) listens on port 9100 of this server, which the role minio is to have.",
            "set minio_port: a port that is free on all of its servers; or, on db2: systemctl disable --now nginx.service",
        ),
        "postgresql_rest_port": (
            "another program listens on port 8009 of this server, which the role postgresql is to have.",
            "set postgresql_rest_port: a port that is free on all of its servers; or, on db2: stop it",
        ),
    }


def test_codes() -> None:
    """Each kind has its own."""
    answers = [
        Answer("db1", facts=FACTS, changes=(change(1, 2), change("a", "b", NAME)), left=(Left("etcd", "etcd.service", "remove it"),))
    ]
    codes = [finding.code for finding in judge_host_checks(answers).errors]
    assert codes == ["contact-group-left", "contact-setting-new", "contact-setting-together"]


def test_before() -> None:
    """Each value that goes is an overlay; what is wanted is none."""
    many = [change(5432, 5433), change(["5432"], ["5433"]), change(5431, 5433), change(["5432", "5433"], ["5433"])]
    assert effects.before(many) == [{"postgresql_port": 5431}, {"postgresql_port": 5432}]
