# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alerts on the metrics that the jobs of cron write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.unit.lib import alerts

from .job_place import Place

REPOSITORY = Path(__file__).resolve().parents[4]
RULES = alerts.exported("pgbackrest")


def written(place: Place) -> dict[str, set[str]]:
    """Each metric that the jobs write -> the names of its labels."""
    assert [place("backup", "full", "full", "1"), place("verify", "verify", "1"), place("archive")] == [0, 0, 0]
    assert place("drill", "drill", "1", "newest") == 0
    return alerts.labels_of(place.folder / "metrics")


def test_every_metric_of_an_alert_is_written(place: Place, job: Any) -> None:
    """With the labels that the alert selects by."""
    metrics = written(place)
    assert set(metrics) == set(job.METRICS), "a metric that is declared and not written, or the other way round"
    alerts.check_metrics(RULES, metrics)


def test_the_tasks_of_alerts_exist() -> None:
    """A task that no job has would never fire."""
    jobs = (REPOSITORY / "roles/pgbackrest/vars/main.yml").read_text(encoding="utf-8")
    for rule in RULES:
        named = [task for words in re.findall(r'task!?=~?"([^"]+)"', rule["expr"]) for task in words.split("|")]
        for task in named:
            assert f"words: {task}" in jobs or re.search(rf"words: \w+ {task}\b", jobs), rule["alert"]


def test_alerts_tell_what_to_do() -> None:
    assert len(RULES) >= 8
    alerts.check_texts(RULES)


#: Alert -> series that make it fire, each with its first value and its growth in a minute, and the minutes after which it fires.
DAYS = 86400
FIRES: dict[str, tuple[dict[str, str], int]] = {
    "BackupFailed": ({'vannah_backup_task_ok{stanza="t",task="full"}': "0"}, 6),
    "BackupTooOld": ({'vannah_backup_newest_timestamp_seconds{stanza="t",repository="1"}': f"{-1 * DAYS - 60}"}, 122),
    "BackupOffsiteTooOld": ({'vannah_backup_newest_timestamp_seconds{stanza="t",repository="2"}': f"{-8 * DAYS - 60}"}, 122),
    "BackupStatusUnknown": ({'vannah_backup_task_succeeded_timestamp_seconds{stanza="t",task="status"}': "-1260"}, 7),
    "BackupDrillTooOld": ({'vannah_backup_task_succeeded_timestamp_seconds{stanza="t",task="drill"}': f"{-8 * DAYS - 60}"}, 122),
    "BackupMonthlyTaskTooOld": (
        {'vannah_backup_task_succeeded_timestamp_seconds{stanza="t",task="older-drill"}': f"{-40 * DAYS - 60}"},
        122,
    ),
    "BackupVerificationTooOld": ({'vannah_backup_task_succeeded_timestamp_seconds{stanza="t",task="verify"}': f"{-8 * DAYS - 60}"}, 122),
    "BackupRepositoryFilling": (
        {
            'vannah_backup_repository_free_bytes{stanza="t",repository="1"}': "14",
            'vannah_backup_repository_size_bytes{stanza="t",repository="1"}': "100",
        },
        11,
    ),
    "BackupWalFilling": (
        {'vannah_backup_wal_filesystem_free_bytes{stanza="t"}': "14", 'vannah_backup_wal_filesystem_size_bytes{stanza="t"}': "100"},
        6,
    ),
    "BackupPageErrors": ({'vannah_backup_page_errors{stanza="t",repository="1"}': "1"}, 6),
    "BackupArchiveUnknown": ({'vannah_backup_archive_checked_timestamp_seconds{stanza="t"}': "-900"}, 6),
    "BackupArchiveBehind": ({'vannah_backup_archive_oldest_waiting_seconds{stanza="t"}': "300"}, 6),
}
#: Tasks that were scheduled, and never succeeded.
NEVER = {
    alert: (
        {
            f'vannah_backup_task_succeeded_timestamp_seconds{{stanza="t",task="{task}"}}': "0",
            f'vannah_backup_task_scheduled_timestamp_seconds{{stanza="t",task="{task}"}}': f"{-days * DAYS - 60}",
        },
        122,
    )
    for alert, task, days in (
        ("BackupDrillTooOld", "drill", 8),
        ("BackupVerificationTooOld", "verify", 8),
        ("BackupMonthlyTaskTooOld", "offsite-drill", 40),
    )
}
#: A site without a reason for any of them: times follow the clock.
QUIET = {
    'vannah_backup_task_ok{stanza="t",task="full"}': "1",
    'vannah_backup_task_ok{stanza="t",task="status"}': "0",
    'vannah_backup_newest_timestamp_seconds{stanza="t",repository="1"}': "now",
    'vannah_backup_newest_timestamp_seconds{stanza="t",repository="2"}': "now",
    **{
        f'vannah_backup_task_succeeded_timestamp_seconds{{stanza="t",task="{task}"}}': "now"
        for task in ("status", "drill", "verify", "older-drill")
    },
    # Installed now, and not run yet.
    'vannah_backup_task_succeeded_timestamp_seconds{stanza="t",task="offsite-verify"}': "0",
    'vannah_backup_task_scheduled_timestamp_seconds{stanza="t",task="offsite-verify"}': "0",
    'vannah_backup_repository_free_bytes{stanza="t",repository="1"}': "16",
    'vannah_backup_repository_size_bytes{stanza="t",repository="1"}': "100",
    'vannah_backup_wal_filesystem_free_bytes{stanza="t"}': "16",
    'vannah_backup_wal_filesystem_size_bytes{stanza="t"}': "100",
    'vannah_backup_archive_oldest_waiting_seconds{stanza="t"}': "30",
    'vannah_backup_archive_checked_timestamp_seconds{stanza="t"}': "now",
    'vannah_backup_page_errors{stanza="t",repository="1"}': "0",
}


def test_alerts_fire_and_do_not_fire_without_a_reason(tmp_path: Path) -> None:
    """Each alert, and none of them on a site that is well."""
    alerts.promtool(tmp_path, RULES, [*FIRES.items(), *NEVER.items()], QUIET)
