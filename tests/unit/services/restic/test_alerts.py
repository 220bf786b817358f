# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alerts on the metrics that the jobs of cron write."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.unit.lib import alerts

from .conftest import Place

RULES = alerts.exported("restic")
DAYS = 86400
HOST = '{repository="hosts/app1"}'


def test_every_metric_of_an_alert_is_written(place: Place, job: Any) -> None:
    """With the labels that the alert selects by, and all that are declared."""
    place.snapshot("one", time.time())
    said = {"ok": True, "ended": 5.0, "rto_seconds": 1.5, "rpo_seconds": 60.0, "files": 3}
    place.answers["systemd-run"] = (0, f"evidence: {json.dumps(said)}\n")
    assert [place("backup", "files"), place("drill", "drill")] == [0, 0]
    metrics = alerts.labels_of(place.folder / "metrics")
    assert set(metrics) == set(job.METRICS), "a metric that is declared and not written, or the other way round"
    alerts.check_metrics(RULES, metrics)


def test_alerts_tell_what_to_do() -> None:
    alerts.check_texts(RULES)


FIRES: list[tuple[str, alerts.Fires]] = [
    ("ResticFailed", ({'vannah_restic_task_ok{task="files"}': "0"}, 6)),
    ("ResticTooOld", ({f"vannah_restic_newest_timestamp_seconds{HOST}": f"{-DAYS - 60}"}, 122)),
    (
        "ResticTooOld",
        (
            {
                f"vannah_restic_newest_timestamp_seconds{HOST}": "0",
                f"vannah_restic_known_timestamp_seconds{HOST}": f"{-DAYS - 60}",
            },
            122,
        ),
    ),
    ("ResticStatusUnknown", ({'vannah_restic_task_succeeded_timestamp_seconds{task="status"}': "-1260"}, 7)),
    ("ResticDrillFailed", ({f"vannah_restic_drill_ok{HOST}": "0"}, 6)),
    ("ResticRepositoryFilling", ({"vannah_restic_free_bytes": "14", "vannah_restic_size_bytes": "100"}, 11)),
]
for name, task in (("ResticDrillTooOld", "drill"), ("ResticCheckTooOld", "check")):
    succeeded, scheduled = (f'vannah_restic_task_{what}_timestamp_seconds{{task="{task}"}}' for what in ("succeeded", "scheduled"))
    FIRES.append((name, ({succeeded: f"{-8 * DAYS - 60}"}, 122)))
    FIRES.append((name, ({succeeded: "0", scheduled: f"{-8 * DAYS - 60}"}, 122)))
#: A site without a reason for any of them: times follow the clock.
QUIET = {
    'vannah_restic_task_ok{task="files"}': "1",
    f"vannah_restic_newest_timestamp_seconds{HOST}": "now",
    f"vannah_restic_known_timestamp_seconds{HOST}": "0",
    # Installed now, and not run yet.
    'vannah_restic_newest_timestamp_seconds{repository="hosts/new"}': "0",
    'vannah_restic_known_timestamp_seconds{repository="hosts/new"}': "now",
    'vannah_restic_task_succeeded_timestamp_seconds{task="status"}': "now",
    'vannah_restic_task_succeeded_timestamp_seconds{task="drill"}': "0",
    'vannah_restic_task_scheduled_timestamp_seconds{task="drill"}': "0",
    'vannah_restic_task_succeeded_timestamp_seconds{task="check"}': "now",
    f"vannah_restic_drill_ok{HOST}": "1",
    "vannah_restic_free_bytes": "16",
    "vannah_restic_size_bytes": "100",
}


def test_alerts_fire_and_do_not_fire_without_a_reason(tmp_path: Path) -> None:
    """Each alert, also where a task never ran, and none of them on a site that is well."""
    alerts.promtool(tmp_path, RULES, FIRES, QUIET)
