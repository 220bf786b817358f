# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The coverage of backups: what is kept has a job, a reason or a waiver, once a site has a backup server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, Site, Unreadable
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules import coverage

from tests.unit.lib.sites import site

TODAY = Controller(now=datetime(2026, 12, 1, 10, tzinfo=UTC))
ALL = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\nregistry: app1\ndocker: app1\nbackup: b1"
Read = Callable[..., Site]


#: Without a schedule there is no job.
NO_FILES = "restic_files_schedule: ''\n"


def waiver(until: str = "2027-06-30", role: str = "registry", why: str = "images are built again") -> str:
    return f"site_backup_waivers: [{{role: {role}, until: {until}, why: '{why}'}}]"


def found(read: Read, groups: str, variables: str = "") -> set[tuple[str, str]]:
    made = read(site(groups, variables), controller=TODAY)
    return {(finding.code, finding.variable) for rule in coverage.RULES for finding in rule(made)}


@pytest.mark.parametrize(
    ("groups", "variables", "codes"),
    [
        (ALL, "", {("backup-uncovered", "site_backup_waivers")}),
        (ALL, waiver(), set()),
        (ALL, waiver("2026-12-01"), set()),  # the last day counts
        (ALL, waiver("2026-11-30"), {("backup-waiver-expired", "site_backup_waivers")}),
        (ALL, waiver("2028-11-30"), set()),
        (ALL, waiver("2999-12-31"), {("backup-waiver-long", "site_backup_waivers[0].until")}),
        (ALL, waiver("soon"), {("backup-uncovered", "site_backup_waivers"), ("backup-waiver", "site_backup_waivers[0]")}),
        (ALL, waiver(why=" "), {("backup-waiver", "site_backup_waivers[0]")}),
        (ALL, waiver(role="haproxy"), {("backup-uncovered", "site_backup_waivers"), ("backup-waiver", "site_backup_waivers[0]")}),
        (ALL.replace("registry: app1\n", ""), "", set()),  # databases have a job, and the others need none
        (ALL.replace("backup: b1", ""), "", set()),  # without a backup server the site has decided so
    ],
)
def test_coverage(read: Read, groups: str, variables: str, codes: set[tuple[str, str]]) -> None:
    assert found(read, groups, NO_FILES + variables) == codes


def test_every_kind_of_data_has_a_job(read: Read) -> None:
    """Databases, files and objects; without a waiver."""
    groups = f"{ALL}\nobject_store: s1"
    assert found(read, groups) == set()
    said = coverage.lines(coverage.matrix(read(site(groups), controller=TODAY)))
    assert {"registry, images (app1): job of restic", "minio, objects (s1): job of restic"} <= set(said)


def test_the_matrix(read: Read) -> None:
    """All of it, also what needs no backup, with its hosts."""
    said = coverage.lines(coverage.matrix(read(site(ALL, NO_FILES + waiver()), controller=TODAY)))
    assert "postgresql, databases (db1, db2, db3): job of pgbackrest" in said
    assert "registry, images (app1): waived until 2027-06-30" in said
    assert "pgbackrest, repositories (b1): needs none: they are the backups" in said
    assert "etcd, the state of clusters (db1, db2, db3): needs none: Patroni writes it again (docs/day2.md, Lost data)" in said
    without = coverage.lines(coverage.matrix(read(site(ALL.replace("backup: b1", "")), controller=TODAY)))
    assert "postgresql, databases (db1, db2, db3): no backup" in without


def test_a_quoted_date(read: Read) -> None:
    assert found(read, ALL, waiver("'2027-06-30'")) == set()


def test_roles_are_not_known(read: Read) -> None:
    """Of hosts whose variables cannot be read: the waiver of one of their roles is not wrong."""
    given = read(site(ALL.replace("registry: app1\n", ""), waiver()), controller=TODAY)
    assert [one.variable for one in coverage.check_waivers(given)] == ["site_backup_waivers[0]"]
    given.unreadable = (Unreadable("app1", "it is broken"),)
    assert list(coverage.check_waivers(given)) == []
