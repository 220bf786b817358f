# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts answer."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN

from tests.unit.lib.sites import REPOSITORY

ROOT = {"at": "/var/lib", "device": 1, "size_mb": 20000, "free_mb": 9000, "readonly": False, "mounted": False}
PATHS = ["/var/lib", "/usr", "/var/lib/etcd/vannah", "/srv/db"]
FACTS = {"system": "debian", "version": "13", "memory_mb": 2048, "disk": {"size_mb": 20000, "free_mb": 9000}}
ALL = ("base", "firewall", "etcd", "postgresql")


def answer(host: str = "db1", **more: Any) -> Answer:
    """A good answer with differences: names of facts, or fields of the answer."""
    fields = {name: more.pop(name) for name in ("roles", "offset", "failure", "reached", "survey") if name in more}
    values = {"postgresql_cluster": more.pop("cluster", "vannah"), "postgresql_version": more.pop("asked", None)}
    database = {name: more.pop(name) for name in ("clusters", "watchdog") if name in more}
    facts = {**FACTS, "services": {"postgresql": {"clusters": ["17/vannah"], **database}}, **more}
    return Answer(**{"host": host, "roles": ALL, "offset": 0.0, "values": values.get, "facts": facts, **fields})


def surveyed(places: dict[str, dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """What a closer look said: by default one file system for all that the roles of ALL need."""
    needs = [
        {"role": "base", "path": "/var/lib", "needs_mb": 1000},
        {"role": "base", "path": "/usr", "needs_mb": 500},
        {"role": "etcd", "path": "/var/lib/etcd/vannah", "needs_mb": 1000, "unit_hides_homes": True},
        {"role": "postgresql", "path": "/srv/db", "needs_mb": 2000},
    ]
    paths = {need["path"]: {**ROOT, "real": need["path"], **(places or {}).get(str(need["path"]), {})} for need in needs}
    return {"needs": needs, "paths": paths, "system": {}, "discs": [], "cloud_init": False, "checks": {"base": ""}, **more}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (answer(), set()),
        (answer(asked="17"), set()),
        (answer(system="ubuntu"), {"contact-system"}),
        (Answer("db1", ("base",), {**FACTS, "version": "11"}), {"contact-system"}),
        (Answer("db1", ("base",), {**FACTS, "version": ""}), {"contact-system"}),
        (answer(memory_mb=460, survey=surveyed(memory_mb=700)), {"contact-memory"}),
        (answer(memory_mb=460, survey=surveyed(memory_mb=250)), set()),
        (answer(memory_mb=460), set()),  # all of its roles run there today
        (answer(disk={"size_mb": 30000, "free_mb": 20}), {"contact-disk"}),
        (answer(disk={"size_mb": 30000, "free_mb": 9000, "free_inodes": 12}), {"contact-disk"}),
        (answer(disk={"size_mb": 30000, "free_mb": 9000, "free_inodes": 400000}), set()),
        (answer(survey=surveyed({"/srv/db": {"device": 2, "free_inodes": 0}})), {"contact-disk"}),
        (answer(survey=surveyed()), set()),
        # 4500 MiB are needed where all lies on one file system, and nothing where it is not asked (the roles are there already).
        (
            answer(survey=surveyed({path: {"size_mb": 4400} for path in PATHS})),
            {"contact-disk"},
        ),
        (answer(disk={"size_mb": 3000, "free_mb": 2000}), set()),
        (answer(survey=surveyed({"/srv/db": {"device": 2, "size_mb": 1900}})), {"contact-disk"}),
        (answer(survey=surveyed({"/srv/db": {"device": 2, "size_mb": 2100}})), set()),
        (answer(survey=surveyed({"/srv/db": {"device": 2, "free_mb": 100}})), {"contact-disk"}),
        (answer(survey=surveyed({"/srv/db": {"device": 2, "readonly": True}})), {"contact-mount"}),
        (answer(survey=surveyed({"/var/lib/etcd/vannah": {"real": "/home/etcd/vannah"}})), {"contact-directory-hidden"}),
        (answer(survey=surveyed({"/srv/db": {"real": "/home/db"}})), set()),  # Patroni's unit sees it
        (answer(mounts={"/usr": "readonly"}), {"contact-mount"}),
        (answer(mounts={"/var/lib/dpkg": "noexec"}), {"contact-mount"}),
        (answer(survey=surveyed(discs=["/etc/apt/sources.list: deb cdrom:[Debian 12]/ bookworm main"])), {"contact-package-disc"}),
        (answer(survey=surveyed(cloud_init=True)), {"contact-cloud-init"}),
        (answer(survey=surveyed(checks={"base": "sshd would keep out root."})), {"contact-role-check"}),
        (answer(disk={}), set()),
        (answer(watchdog=""), set()),
        (answer(watchdog="there is no /dev/watchdog, and the kernel has no module softdog"), {"contact-watchdog"}),
        (answer(asked="15"), {"contact-database-version"}),
        (answer(asked=UNKNOWN), set()),
        (answer(clusters=["15/vannah"]), {"contact-database-version"}),
        (answer(clusters=["15/vannah", "17/vannah"]), set()),
        (answer(clusters=["15/main"]), set()),
        (answer(asked="15", roles=("base",)), set()),
        (Answer("db1", ALL, failure="Missing sudo password"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="ops is not in the sudoers file"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root is refused: the login user needs a line in sudoers"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root needs a password: give it with --ask-become-pass"), {"contact-sudo"}),
        (Answer("db1", ALL, failure="becoming root is refused: sudo requires a terminal (requiretty)"), {"contact-sudo"}),
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
    assert {finding.code for finding in judge_host_checks([given]).errors} == codes


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
    report = judge_host_checks([answer(f"db{number}", offset=offset) for number, offset in enumerate(offsets)])
    assert {(finding.code, finding.where) for finding in report.errors} == {("contact-clock", where) for where in wrong}


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        # release of Debian, majors with data of the cluster
        ([("13", ["17"]), ("13", ["17"]), ("13", [])], set()),
        ([("13", ["17"]), ("13", ["17"]), ("12", [])], {"db2"}),  # the replaced one
        ([("13", ["17"]), ("12", []), ("12", [])], {"db1", "db2"}),  # two replaced ones: the data speak
        ([("13", []), ("13", []), ("12", [])], {"db2"}),  # a new cluster: the most
        ([("13", []), ("12", [])], {"db0", "db1"}),  # undecided
        ([("12", ["15"]), ("12", ["15"]), ("12", [])], set()),
        ([("11", []), ("13", ["17"]), ("13", ["17"])], set()),  # contact-system speaks of it
        ([("12", ["15"]), ("13", ["17"])], {"db0", "db1"}),
    ],
)
def test_one_major_for_a_cluster(members: list[tuple[str, list[str]]], wrong: set[str]) -> None:
    """A standby of another major cannot follow: named before anything is changed, with both majors and both releases."""
    given = [
        answer(f"db{number}", version=release, clusters=[f"{major}/vannah" for major in majors])
        for number, (release, majors) in enumerate(members)
    ]
    found = [finding for finding in judge_host_checks(given).errors if finding.code == "contact-database-release"]
    assert {finding.where for finding in found} == wrong
    assert all("PostgreSQL 1" in finding.problem and "Debian 1" in finding.problem for finding in found)


def test_other_clusters_have_other_majors() -> None:
    """Two clusters of one site need not agree."""
    given = [answer("db1", clusters=["17/vannah"]), answer("db2", cluster="old", clusters=["15/old"], version="12")]
    assert not judge_host_checks(given).errors


@pytest.mark.parametrize(
    ("taken", "judged", "words"),
    [
        ({}, True, []),
        ({"5001": ["python3", "", ""]}, True, []),
        (
            {"5000": ["python3", "", ""]},
            True,
            ["python3 listens on port 5000", "the role haproxy", "set haproxy_port: a port that is free", "or stop python3 on"],
        ),
        ({"5000": ["docker-proxy", "docker.service", ""]}, True, ["docker-proxy (docker.service)", "disable --now docker.service"]),
        ({"5000": ["", "", ""]}, True, ["another program listens on port 5000", "or stop it on"]),
        ({"5000": ["haproxy", "haproxy.service", ""]}, True, []),  # haproxy-running judges it
        ({"5000": ["haproxy", "haproxy.service", ""]}, False, ["haproxy (haproxy.service)"]),
        ({"5000": ["haproxy", "haproxy.service", "managed"]}, False, []),  # of a run that was killed
    ],
)
def test_a_port_that_another_program_has(taken: dict[str, list[str]], judged: bool, words: list[str]) -> None:
    port = {"role": "haproxy", "name": "read-write", "port": 5000, "variable": "haproxy_port", "unit": "haproxy.service", "judged": judged}
    errors = judge_host_checks([answer(survey=surveyed(ports=[port], taken=taken))]).errors
    assert [(found.code, found.variable) for found in errors] == ([("contact-port-taken", "haproxy_port")] if words else [])
    assert all(word in errors[0].line() for word in words)


def test_what_a_full_disk_is_needed_for() -> None:
    """All that lies on it is named, with the sum."""
    small = {path: {"size_mb": 2400} for path in PATHS[:3]}
    (finding,) = judge_host_checks([answer(survey=surveyed({**small, "/srv/db": {"device": 2}}))]).errors
    assert "the file system of /usr, /var/lib, /var/lib/etcd/vannah has 2400 MiB, and the host's roles need 2500" in finding.problem


def test_cloud_init_that_has_broken_off_is_a_warning() -> None:
    """It is not waited for, and the run continues."""
    report = judge_host_checks([answer(survey=surveyed(cloud_init_broken=True))])
    assert not report.errors
    assert [finding.code for finding in report.warnings] == ["contact-cloud-init-broken"]
    assert "touch /etc/cloud/cloud-init.disabled" in report.warnings[0].fix


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"free_mb": 64, "free_inodes": 1000}, ""),
        ({}, ""),
        ({"free_mb": 63, "free_inodes": 1000}, "63 MiB are free in the file system of /srv/db"),
        ({"free_mb": 0}, "0 MiB are free in the file system of /srv/db"),
        ({"free_mb": 900, "free_inodes": 3}, "3 inodes are free in the file system of /srv/db"),
    ],
)
def test_a_full_data_disk_of_a_service_that_runs(place: dict[str, int], said: str) -> None:
    """No restart and no switchover is begun with it; the finding names host, variable, path and the ways out."""
    found = judge_host_checks([answer(rooms={"postgresql_data_directory": [{"path": "/srv/db", **place}]})]).errors
    assert [(one.code, one.where, one.variable) for one in found] == (
        [("contact-disk", "db1", "postgresql_data_directory")] if said else []
    )
    assert all(said in one.problem and "/srv/db" in one.fix and "--limit 'all:!db1'" in one.fix for one in found)


def test_a_drive_that_is_not_mounted_yet_is_not_judged() -> None:
    """It would be the root's file system that is judged."""
    need = {"role": "minio", "path": "/srv/minio/drive1", "needs_mb": 300, "mounted": True}
    place = {**ROOT, "real": "/srv/minio/drive1", "size_mb": 100}
    given = {"needs": [need], "paths": {"/srv/minio/drive1": place}}
    assert not judge_host_checks([answer(survey=given)]).errors
    given["paths"] = {"/srv/minio/drive1": {**place, "mounted": True}}
    assert {finding.code for finding in judge_host_checks([answer(survey=given)]).errors} == {"contact-disk"}


def test_all_at_once() -> None:
    """Every host's error in one report, sorted."""
    report = judge_host_checks(
        [*(answer(host, memory_mb=100, survey=surveyed(memory_mb=700)) for host in "ba"), answer("c", system="fedora")]
    )
    assert [(finding.code, finding.where) for finding in report.errors] == [
        ("contact-memory", "a"),
        ("contact-memory", "b"),
        ("contact-system", "c"),
    ]


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (
            "db1: db4 is a running member. Fix: put it back into the group; or remove it [member-not-in-inventory]",
            "db1: db4 is a running member [member-not-in-inventory]. Fix: put it back into the group; or remove it; or leave",
        ),
        (
            "/bin/sh: 1: /usr/bin/python3: not found",
            "python3: not found. Fix: install python3 on the server (apt install python3); or leave",
        ),
    ],
)
def test_a_failure_keeps_its_own_fix(failure: str, line: str) -> None:
    (finding,) = judge_host_checks([Answer("db1", {}, failure=failure, reached=True)]).errors
    assert line in finding.line() and finding.line().count("Fix:") == 1


def test_a_failure_is_told_in_one_line() -> None:
    """The reason as the host gave it, and how to continue without it."""
    (finding,) = judge_host_checks([Answer("db1", ALL, failure="sudo: verboten.\n\njetzt\n", reached=True), answer("db2")]).errors
    assert finding.line() == (
        "contact-failed db1 -: the server was reached, and it failed: sudo: verboten. jetzt."
        " Fix: correct what the message names; or leave the server out of this run: --limit 'all:!db1'"
    )


def test_a_terminal_that_sudo_wants() -> None:
    """Another line in sudoers than the one that lets the user become root."""
    (finding,) = judge_host_checks([Answer("db1", ALL, failure="becoming root is refused: sudo requires a terminal (requiretty)")]).errors
    assert "!requiretty" in finding.fix


# --- the playbook: what may refuse a host stands before what changes it ------------------------------------------------------


def plays(name: str) -> list[dict[str, Any]]:
    """The plays of a playbook, those that it imports included."""
    found = []
    for play in yaml.safe_load((REPOSITORY / "playbooks" / name).read_text(encoding="utf-8")):
        imported = play.get("ansible.builtin.import_playbook")
        found += plays(posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))) if imported else [play]
    return found


def test_somebody_elses_service_is_refused_before_any_host_is_changed() -> None:
    """By the host checks, which end the run for all: the base wave closes the database's port."""
    names = [play["name"] for play in plays("site.yml")]
    assert names.index("Check the hosts") < names.index("Converge the hosts")
    said = yaml.safe_load((REPOSITORY / "roles/postgresql/meta/exports.yml").read_text(encoding="utf-8"))["calls"]
    assert [call["module"] for call in said if call.get("stage") == "host_check"] == ["patroni_guard"]
    assert not documented.takes_lease("patroni_guard")  # nothing is left on a host that is refused


def test_hosts_that_are_new_to_a_role_are_asked_for_more() -> None:
    """Without it a small disk, a lost login or a read-only mount would be found in the middle of the run."""
    play = next(play for play in plays("site.yml") if play["name"] == "Check the hosts")  # those of the waves' restarts have no hosts
    (asked,) = [task for task in play["tasks"] if "vannah.healthcloud.host_facts" in task]
    assert asked["vannah.healthcloud.host_facts"] == {
        "survey": True,
        "plan": "{{ site_is_planned | default(false) }}",
        "roles": "{{ omit if 'firewall' in host_checks_roles | default(['firewall']) else host_checks_roles }}",
    }


def test_packages_that_no_server_knows() -> None:
    """One line for all hosts, with the variable that says the name."""
    said = "E: Unable to locate package htpo"
    report = judge_host_checks(
        [answer(name, unknown_packages={"base_packages": "" if name == "db3" else said}) for name in ("db1", "db2", "db3")]
    )
    (found,) = report.errors
    assert (found.code, found.where, found.variable) == ("contact-package-unknown", "db1,db2", "base_packages")
    assert said in found.problem
