# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alerts on the metrics that the jobs of cron write."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .job_place import Place

REPOSITORY = Path(__file__).resolve().parents[4]
EXPORTS = yaml.safe_load((REPOSITORY / "roles/pgbackrest/meta/exports.yml").read_text(encoding="utf-8"))
NAME = re.compile(r"\bvannah_\w+")


def written(place: Place) -> dict[str, set[str]]:
    """Each metric that the jobs write -> the names of its labels."""
    assert [place("backup", "full", "full", "1"), place("verify", "verify", "1"), place("archive")] == [0, 0, 0]
    assert place("drill", "drill", "1", "newest") == 0
    found: dict[str, set[str]] = {}
    for file in (place.folder / "metrics").glob("*.prom"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                found[line.partition("{")[0]] = set(re.findall(r'(\w+)="', line))
    return found


def test_every_metric_of_an_alert_is_written(place: Place, job: Any) -> None:
    """With the labels that the alert selects by."""
    metrics = written(place)
    assert set(metrics) == set(job.METRICS), "a metric that is declared and not written, or the other way round"
    for rule in EXPORTS["alert_rules"]:
        used = set(NAME.findall(rule["expr"]))
        assert used and used <= set(metrics), rule["alert"]
        for name, selector in re.findall(r"(vannah_\w+)\{([^}]*)\}", rule["expr"]):
            assert set(re.findall(r"(\w+)\s*[!=]", selector)) <= metrics[name], rule["alert"]
        for label in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])):
            assert label == "instance" or all(label in metrics[name] for name in used), rule["alert"]


def test_the_tasks_of_alerts_exist() -> None:
    """A task that no job has would never fire."""
    jobs = (REPOSITORY / "roles/pgbackrest/vars/main.yml").read_text(encoding="utf-8")
    for rule in EXPORTS["alert_rules"]:
        named = [task for words in re.findall(r'task!?=~?"([^"]+)"', rule["expr"]) for task in words.split("|")]
        for task in named:
            assert f"words: {task}" in jobs or re.search(rf"words: \w+ {task}\b", jobs), rule["alert"]


def test_alerts_tell_what_to_do() -> None:
    rules = EXPORTS["alert_rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert rule["annotations"]["description"].startswith("Fix: ") and rule["labels"]["severity"] in ("critical", "warning")


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


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here (Debian: prometheus)")
def test_alerts_fire_and_do_not_fire_without_a_reason(tmp_path: Path) -> None:
    """Each alert, and none of them on a site that is well."""
    rules = json.loads(re.sub(r"\{% (end)?raw %\}", "", json.dumps(EXPORTS["alert_rules"])))
    assert {rule["alert"] for rule in rules} == set(FIRES)
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "backup", "rules": rules}]}), encoding="utf-8")
    tests: list[dict[str, Any]] = []
    for alert, (series, minutes) in [*FIRES.items(), *NEVER.items()]:
        given = [{"series": name, "values": f"{value}x{minutes + 60}"} for name, value in series.items()]
        fires = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
        expected = [
            {"expr": fires, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": 1}]},
            {"expr": fires, "eval_time": "0m", "exp_samples": []},
        ]
        tests.append({"interval": "1m", "input_series": given, "promql_expr_test": expected})
    given = [{"series": name, "values": "0+60x600" if value == "now" else f"{value}x600"} for name, value in QUIET.items()]
    quiet = [{"expr": 'count(ALERTS{alertstate="firing"})', "eval_time": "9h", "exp_samples": []}]
    tests.append({"interval": "1m", "input_series": given, "promql_expr_test": quiet})
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
