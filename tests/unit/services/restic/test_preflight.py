# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the backups of files, and what the hosts answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.restic.host_facts import SETTINGS, facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.restic import host_checks

from tests.unit.lib.sites import Judge, points, site

SITE = "backup: b1\netcd: a1"
PATHS = "restic_paths: [{path: /srv/files}]"


def said(judged: Judge, variables: str, groups: str = SITE) -> set[tuple[str, str]]:
    """(code, variable) of the findings of the backups of files."""
    return {(code, name) for code, _where, name in points(judged(site(groups, variables))) if code.startswith("restic-")}


@pytest.mark.parametrize(
    "variables",
    [
        "",
        PATHS,
        f"{PATHS}\nrestic_files_schedule: '@daily'",
        f"{PATHS}\nrestic_retention: {{days: 30}}",
        f"{PATHS}\nrestic_check_schedule: '@daily'",
        "restic_paths: [{path: /srv/files, exclude: [/srv/files/cache, '/srv/files/**/*.tmp']}]",
        "restic_check_schedule: ''",  # there is nothing to check
        "restic_paths: [{path: /var/lib/vannah-restic-2}]",
    ],
)
def test_good(judged: Judge, variables: str) -> None:
    assert said(judged, variables) == set()


@pytest.mark.parametrize(
    ("variables", "code", "variable"),
    [
        ("restic_files_schedule: daily", "restic-schedule", "restic_files_schedule"),
        ("restic_drill_schedule: 0 4 30 2 *", "restic-schedule", "restic_drill_schedule"),
        ("restic_files_schedule: ''", "restic-schedule-missing", "restic_files_schedule"),
        ("restic_files_schedule: 40 0 * * 1-6", "restic-schedule-missing", "restic_files_schedule"),
        ("restic_check_schedule: ''", "restic-schedule-missing", "restic_check_schedule"),
        ("restic_check_schedule: 15 13 1 * *", "restic-schedule-missing", "restic_check_schedule"),
        ("restic_retention: {days: 0}", "restic-retention", "restic_retention.days"),
        ("restic_retention: {days: 14, weeks: -1}", "restic-retention", "restic_retention.weeks"),
        ("restic_repository: /tmp/backup", "restic-directory", "restic_repository"),
        ("restic_repository: backup", "restic-directory", "restic_repository"),
    ],
)
def test_bad(judged: Judge, variables: str, code: str, variable: str) -> None:
    assert (code, variable) in said(judged, f"{PATHS}\n{variables}")


@pytest.mark.parametrize("path", ["/", "/proc/1", "/tmp/x", "/srv/../etc", "/srv/files"])
def test_bad_paths(judged: Judge, path: str) -> None:
    assert ("restic-path", "restic_paths[1]") in said(judged, f"restic_paths: [{{path: /srv/files}}, {{path: {path}}}]")


@pytest.mark.parametrize("pattern", ["*.tmp", "/srv/other", "/srv/files2/x", "/srv/files", "/srv/files/", "/srv/files/../x"])
def test_bad_patterns(judged: Judge, pattern: str) -> None:
    """Of one entry, which restic would hold against the files of all."""
    found = said(judged, f"restic_paths: [{{path: /srv/files, exclude: [/srv/files/a, '{pattern}']}}]")
    assert found == {("restic-exclude", "restic_paths[0].exclude[1]")}


@pytest.mark.parametrize("path", ["/var/lib", "/var/lib/vannah-restic", "/var/lib/vannah-restic/hosts", "/var/lib/pgbackrest/archive"])
def test_backups_of_backups(judged: Judge, path: str) -> None:
    """On the backup server; other hosts have no repositories."""
    assert ("restic-path-repository", "restic_paths[0]") in said(judged, f"restic_paths: [{{path: {path}}}]")
    assert said(judged, "", f"{SITE}\nregistry: r1") == set()


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ("restic_objects_schedule: ''", "restic_objects_schedule"),
        ("restic_objects_schedule: 20 2 * * 0", "restic_objects_schedule"),
        ("restic_check_schedule: ''", "restic_check_schedule"),
        ("restic_files_schedule: ''", ""),
        ("", ""),
    ],
)
def test_a_site_with_buckets_alone(judged: Judge, variables: str, variable: str) -> None:
    """Has no files, and the other jobs."""
    groups = "backup: b1\nobject_store: s1"
    found = said(judged, f"minio_buckets: [{{name: images}}]\n{variables}", groups)
    assert found == ({("restic-schedule-missing", variable)} if variable else set())


@pytest.mark.parametrize(
    ("groups", "code"),
    [
        ("etcd: a1", "restic-server-missing"),
        ("backup: b1 b2\netcd: a1", "restic-servers"),
        ("backup: 192.0.2.9\netcd: a1", "restic-host-name"),
    ],
)
def test_bad_servers(judged: Judge, groups: str, code: str) -> None:
    assert code in {found for found, _variable in said(judged, PATHS, groups)}


@pytest.mark.parametrize(
    ("begun", "lost", "code"),
    [
        (True, None, "contact-backup-path"),
        (True, "b1,c1", "contact-backup-path"),
        (False, None, "contact-backup-path-new"),
        (True, "b1, a1", "contact-backup-path-new"),
        (True, ["a1"], "contact-backup-path-new"),
    ],
)
def test_paths_that_a_host_does_not_have(ctx: Context, tmp_path: Path, begun: bool, lost: object, code: str) -> None:
    """A new host, and one whose data are lost, get them after the converge: a warning."""
    if begun:
        path = Path(ctx.path(SETTINGS))
        path.parent.mkdir(parents=True)
        path.touch()
    asked = facts(ctx, {"paths": [str(tmp_path), str(tmp_path / "gone")]})
    assert asked == {"missing": [str(tmp_path / "gone")], "begun": begun}
    answer = Answer("a1", ("restic",), {"services": {"restic": asked}}, values={"site_data_lost_hosts": lost}.get)
    (found,) = host_checks.findings([answer])
    assert found.code == code and str(tmp_path / "gone") in found.problem
    levels = {one.name: one.level.value for one in host_checks.CODES}
    assert levels == {"contact-backup-path": "error", "contact-backup-path-new": "warning"}
