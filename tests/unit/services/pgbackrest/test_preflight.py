# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the backups: servers, schedules, retention, the off-site repository, settings."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN, SecretsFile
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.pgbackrest import host_checks, preflight

from tests.unit.lib.sites import Judge, points, site

SITE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\nbackup: b1"
OFFSITE = "pgbackrest_offsite: {endpoint: 'https://s3.example.org', bucket: clinic, region: eu-1, key: AKIAEXAMPLE}"
GIVEN = (SecretsFile("secrets.yml", values={"pgbackrest_offsite_secret": "q7rT0zPq9LmX2cVbN4eAa1kWd5"}),)


def said(judged: Judge, variables: str, groups: str = SITE, **more: object) -> set[tuple[str, str]]:
    """(code, variable) of the findings of the backups."""
    return {(code, name) for code, _where, name in points(judged(site(groups, variables), **more)) if code.startswith("backup-")}


@pytest.mark.parametrize(
    "variables",
    [
        "",
        OFFSITE,
        "pgbackrest_retention: {full: 28, type: time}",
        "pgbackrest_retention: {full: 3, archive: 2, differential: 7}",
        "pgbackrest_full_schedule: '@weekly'",
        "pgbackrest_incremental_schedule: ''",
        "pgbackrest_settings: {io-timeout: 120}",
        "pgbackrest_repository: /srv/backup",
        "postgresql_settings: {work_mem: 64MB}",
        "pgbackrest_offsite_schedule: 15 1 * * 0",  # it has no off-site repository
    ],
)
def test_good(judged: Judge, variables: str) -> None:
    """No rule at all has anything to say of it."""
    report = judged(site(SITE, variables), secrets=GIVEN)
    assert [finding.line() for finding in (*report.errors, *report.warnings)] == []


@pytest.mark.parametrize(
    ("variables", "code", "variable"),
    [
        ("pgbackrest_full_schedule: weekly", "backup-schedule", "pgbackrest_full_schedule"),
        ("pgbackrest_verify_schedule: 0 4 30 2 *", "backup-schedule", "pgbackrest_verify_schedule"),
        ("pgbackrest_full_schedule: ''", "backup-schedule-missing", "pgbackrest_full_schedule"),
        ("pgbackrest_full_schedule: 15 1 * * 6", "backup-schedule-together", "pgbackrest_full_schedule"),
        (f"{OFFSITE}\npgbackrest_offsite_schedule: 15 1 * * 0", "backup-schedule-together", "pgbackrest_offsite_schedule"),
        ("pgbackrest_retention: {full: 0}", "backup-retention", "pgbackrest_retention.full"),
        ("pgbackrest_retention: {archive: 1}", "backup-retention", "pgbackrest_retention.full"),
        ("pgbackrest_retention: {full: 2, archive: 3}", "backup-retention", "pgbackrest_retention.archive"),
        ("pgbackrest_retention: {full: 3, differential: 0}", "backup-retention", "pgbackrest_retention.differential"),
        ("pgbackrest_retention: {full: 5, type: time}", "backup-retention", "pgbackrest_retention.full"),
        ("pgbackrest_retention: {full: 1}", "backup-retention-single", "pgbackrest_retention.full"),
        (f"{OFFSITE}\npgbackrest_offsite_retention: {{full: 0}}", "backup-retention", "pgbackrest_offsite_retention.full"),
        (OFFSITE.replace("bucket: clinic, ", ""), "backup-offsite-incomplete", "pgbackrest_offsite.bucket"),
        (OFFSITE.replace("https:", "http:"), "backup-offsite-endpoint", "pgbackrest_offsite.endpoint"),
        (OFFSITE.replace("s3.example.org", "s3.example.org/clinic"), "backup-offsite-endpoint", "pgbackrest_offsite.endpoint"),
        (OFFSITE.replace("s3.example.org", "b1"), "backup-offsite-same", "pgbackrest_offsite.endpoint"),
        (OFFSITE.replace("s3.example.org", "db2:9000"), "backup-offsite-same", "pgbackrest_offsite.endpoint"),
        (OFFSITE.replace("s3.example.org", "127.0.0.1"), "backup-offsite-same", "pgbackrest_offsite.endpoint"),
        ("pgbackrest_settings: {repo1-path: /x}", "backup-setting-refused", "pgbackrest_settings.repo1-path"),
        ("pgbackrest_settings: {online: false}", "backup-setting-refused", "pgbackrest_settings.online"),
        ("pgbackrest_repository: backups", "backup-directory", "pgbackrest_repository"),
        ("pgbackrest_repository: /var/lib", "backup-directory", "pgbackrest_repository"),
        ("postgresql_settings: {archive_command: cp %p /x/%f}", "backup-archive-command", "postgresql_settings.archive_command"),
        ("postgresql_settings: {archive_mode: null}", "backup-archive-command", "postgresql_settings.archive_mode"),
    ],
)
def test_bad(judged: Judge, variables: str, code: str, variable: str) -> None:
    assert said(judged, variables, secrets=GIVEN) == {(code, variable)}


def test_the_secret_of_the_store(judged: Judge) -> None:
    """Only its owner can give it."""
    assert said(judged, OFFSITE) == {("backup-offsite-incomplete", "pgbackrest_offsite")}


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ("etcd: db1\npostgresql: db1\nbackup: b1 b2", {("backup-servers", "-")}),
        ("backup: b1 b2", set()),  # without a cluster the role keeps nothing
    ],
)
def test_servers(judged: Judge, groups: str, found: set[tuple[str, str]]) -> None:
    assert said(judged, "", groups) == found


def test_a_repository_on_a_server_that_it_protects(judged: Judge) -> None:
    """By its name; by its address it is the same server under two names."""
    found = points(judged(site("etcd: db1\npostgresql: db1\nbackup: db1")))
    assert {"host-exclusive-groups"} <= {code for code, _where, _name in found}
    twice = "all: {vars: {site_name: c, site_domain: c.health}, children: {" + ", ".join(
        f"{group}: {{hosts: {{{name}: {{ansible_host: 192.0.2.5}}}}}}"
        for group, name in (("etcd", "db1"), ("postgresql", "db1"), ("backup", "b1"))
    )
    assert "host-address-twice" in {code for code, _where, _name in points(judged(twice + "}}"))}


def test_names(judged: Judge) -> None:
    """pgBackRest finds no address in a certificate."""
    text = site("etcd: db1\npostgresql: db1\nbackup: 192.0.2.9")
    assert ("backup-host-name", "192.0.2.9", "-") in points(judged(text))


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"full": UNKNOWN}, []),
        ({"full": True}, ["full"]),
        ({"full": 3, "days": 2}, ["days"]),
        ({"full": 3, "type": "weeks"}, ["type"]),
        ({"full": 2, "archive": UNKNOWN}, []),
    ],
)
def test_retention(given: dict[str, object], keys: list[str]) -> None:
    assert [key for key, _problem, _fix in preflight.retention_problems(given)] == keys


def answer(host: str, version: str, keeps: bool = False, roles: tuple[str, ...] = ("pgbackrest",)) -> Answer:
    return Answer(host, roles, {"version": version, "services": {"pgbackrest": {"keeps": keeps}}})


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([answer("b1", "13", True), answer("db1", "13")], []),
        ([answer("b1", "13", True), answer("db1", "12"), answer("db2", "13")], [("contact-backup-release", "db1")]),
        ([answer("b1", "13", True), answer("app1", "12", roles=("base",))], []),
        ([answer("db1", "12"), answer("db2", "13")], []),
    ],
)
def test_releases(answers: list[Answer], found: list[tuple[str, str]]) -> None:
    assert [(finding.code, finding.where) for finding in host_checks.findings(answers)] == found
