# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts answer."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.contact import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_contact

from .conftest import REPOSITORY

FACTS = {"system": "debian", "version": "13", "memory_mb": 2048, "disk": {"size_mb": 20000, "free_mb": 9000}, "postgresql": ["17/vannah"]}
ALL = ("base", "firewall", "etcd", "postgresql")


def answer(host: str = "db1", **more: Any) -> Answer:
    """A good answer with differences: names of facts, or fields of the answer."""
    fields = {name: more.pop(name) for name in ("roles", "offset", "failure", "reached", "version", "cluster") if name in more}
    return Answer(**{"host": host, "roles": ALL, "offset": 0.0, "cluster": "vannah", "facts": {**FACTS, **more}, **fields})


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (answer(), set()),
        (answer(version="17"), set()),
        (answer(system="ubuntu"), {"contact-system"}),
        (Answer("db1", ("base",), {**FACTS, "version": "11"}), {"contact-system"}),
        (Answer("db1", ("base",), {**FACTS, "version": ""}), {"contact-system"}),
        (answer(memory_mb=460), {"contact-memory"}),
        (answer(memory_mb=460, roles=("base", "haproxy")), set()),
        (answer(disk={"size_mb": 3000, "free_mb": 2000}), {"contact-disk"}),
        (answer(disk={"size_mb": 30000, "free_mb": 20}), {"contact-disk"}),
        (answer(disk={}), set()),
        (answer(version="15"), {"contact-database-version"}),
        (answer(postgresql=["15/vannah"]), {"contact-database-version"}),
        (answer(postgresql=["15/vannah", "17/vannah"]), set()),
        (answer(postgresql=["15/main"]), set()),
        (answer(version="15", roles=("base",)), set()),
        (Answer("db1", ALL, failure="Missing sudo password"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="ops is not in the sudoers file"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root is refused: the login user needs a line in sudoers"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root needs a password: give it with --ask-become-pass"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root is refused: sudo wants a terminal (requiretty)"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="sudo: Ein Passwort ist notwendig", reached=True), {"contact-failed"}),
        (Answer("db1", ALL, failure="ops ist nicht in der sudoers-Datei.", reached=True), {"contact-failed"}),
        (Answer("db1", ALL, failure="there is no /opt/python on the host", reached=True), {"contact-failed"}),
        (Answer("db1", ALL, failure="Timeout (12s) waiting for privilege escalation prompt: "), {"contact-sudo"}),
        (Answer("db1", ALL, failure="Connection refused"), set()),
        (Answer("db1", ALL), set()),
    ],
)
def test_one_host(given: Answer, codes: set[str]) -> None:
    """Each answer by itself."""
    assert {finding.code for finding in judge_contact([given]).errors} == codes


@pytest.mark.parametrize(
    ("offsets", "wrong"),
    [
        ([0.0, 0.1, -0.2], set()),
        ([0.0, 4.9, 0.0], set()),
        ([0.0, 5.2, 0.0], {"db1"}),
        ([-90.0, 0.0, 0.0], {"db0"}),
        ([120.0, 120.3, 119.8], {"controller"}),
        ([120.0], {"db0"}),
        ([60.0, -60.0], {"db0", "db1"}),
        ([None, 30.0, 0.0], {"db1"}),
    ],
)
def test_clocks(offsets: list[float | None], wrong: set[str]) -> None:
    """What most clocks agree on is the time."""
    report = judge_contact([answer(f"db{number}", offset=offset) for number, offset in enumerate(offsets)])
    assert {(finding.code, finding.where) for finding in report.errors} == {("contact-clock", where) for where in wrong}


def test_all_at_once() -> None:
    """Every host's error in one report, sorted."""
    report = judge_contact([answer("b", memory_mb=100), answer("a", memory_mb=100), answer("c", system="fedora")])
    assert [(finding.code, finding.where) for finding in report.errors] == [
        ("contact-memory", "a"),
        ("contact-memory", "b"),
        ("contact-system", "c"),
    ]


def test_a_failure_is_told_in_one_line() -> None:
    """The reason as the host gave it, and how to go on without it."""
    (finding,) = judge_contact([Answer("db1", ALL, failure="sudo: verboten.\n\njetzt\n", reached=True), answer("db2")]).errors
    assert finding.line() == (
        "contact-failed db1 -: the server was reached, and it failed: sudo: verboten. jetzt."
        " Write: what the message asks for, or leave the server out of this run: --limit 'all:!db1'"
    )


def test_a_terminal_that_sudo_wants() -> None:
    """Another line in sudoers than the one that lets the user become root."""
    (finding,) = judge_contact([Answer("db1", ALL, failure="becoming root is refused: sudo wants a terminal (requiretty)")]).errors
    assert "!requiretty" in finding.remedy


# --- the playbook: what may refuse a host stands before what changes it ------------------------------------------------------


def plays(name: str) -> list[dict[str, Any]]:
    """The plays of a playbook, those that it imports included."""
    found = []
    for play in yaml.safe_load((REPOSITORY / "playbooks" / name).read_text(encoding="utf-8")):
        imported = play.get("ansible.builtin.import_playbook")
        found += plays(imported) if imported else [play]
    return found


def guards(play: dict[str, Any]) -> bool:
    """Whether a play asks for somebody else's PostgreSQL."""
    wanted = {"name": "vannah.healthcloud.postgresql", "tasks_from": "guard"}
    return any(task.get("ansible.builtin.include_role") == wanted for task in play.get("tasks", ()))


def test_somebody_elses_database_is_refused_before_any_host_is_changed() -> None:
    """Once, on the database servers, and it ends the run for all: the base wave closes the database's port."""
    found = plays("site.yml")
    names = [play["name"] for play in found]
    (at,) = [number for number, play in enumerate(found) if guards(play)]
    assert names.index("Contact") < at < names.index("Base wave")
    assert found[at]["hosts"] == "postgresql" and found[at]["max_fail_percentage"] == 0
    assert not documented.takes_lease("patroni_guard")  # nothing is left on a host that is refused
