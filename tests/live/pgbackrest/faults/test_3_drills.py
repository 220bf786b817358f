# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills as cron runs them: one that succeeds with evidence, and those that must fail. Scratch is removed each time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.live.lib.backup_jobs import flipped
from tests.live.postgresql.cluster import Cluster

from .conftest import JOB, STANZA, Backups

REPOSITORY = "/var/lib/pgbackrest"


def evidence(site: Cluster, backups: Backups) -> dict[str, Any]:
    """Of the newest drill."""
    found: dict[str, Any] = json.loads(site.read(backups.host, "sh", "-c", "cat $(ls /var/lib/vannah-backup/drills/*.json | tail -1)"))
    return found


def left(site: Cluster, backups: Backups) -> str:
    """What a drill has left: its folder, and servers of PostgreSQL."""
    shown = "ls -d /var/lib/postgresql/vannah-drill 2>/dev/null; pgrep -u postgres -x postgres"
    return site.run(backups.host, "sh", "-c", shown, check=False).stdout


def test_a_drill_succeeds(site: Cluster, backups: Backups, switched: Callable[[], str]) -> None:
    """The canary of the leader is in it, and the evidence says how long it took and how old the newest commit was."""
    for host in site.hosts("postgresql"):
        site.run(host, JOB, "canary")
    switched()
    assert backups.cron("drill") == (0, "")
    found = evidence(site, backups)
    assert found["ok"] and found["problems"] == [] and found["canary_rows"] >= 1 and found["pages"] > 1000, found
    assert found["rto_seconds"] > 0 and found["rpo_seconds"] >= 0 and found["backup"] == backups.known()[-1]["label"]
    metrics = backups.metrics()
    assert metrics[f'vannah_backup_drill_ok{{stanza="{STANZA}",repository="1"}}'] == 1
    assert metrics[f'vannah_backup_drill_rto_seconds{{stanza="{STANZA}",repository="1"}}'] == found["rto_seconds"]
    assert left(site, backups) == ""
    print(f"MEASURED drill: RTO {found['rto_seconds']:.1f} s, RPO {found['rpo_seconds']:.1f} s, {found['cpu_seconds']:.1f} s of CPU")


def test_the_oldest_backup(site: Cluster, backups: Backups) -> None:
    """Also where a restore has left its timeline."""
    assert backups.cron("older-drill") == (0, "")
    assert evidence(site, backups)["backup"] == backups.known()[0]["label"]


@pytest.mark.parametrize(
    ("kind", "find", "said"),
    [
        ("a file of the newest backup", "ls backup/{stanza}/{newest}/bundle/1", "cannot be restored"),
        (
            "the newest WAL segment",
            "find archive -name '0*-*.zst' -printf '%f %p\\n' | sort | tail -1 | cut -d' ' -f2",
            "before|cannot be read|differs from its",
        ),
    ],
)
def test_a_wrong_byte(site: Cluster, backups: Backups, kind: str, find: str, said: str) -> None:
    """The drill fails, and says what. The last drill of the next test succeeds again."""
    command = find.format(stanza=STANZA, newest=backups.known()[-1]["label"])
    path = site.read(backups.host, "sh", "-c", f"cd {REPOSITORY} && {command}").strip()
    assert path, kind
    with flipped(site, backups.host, f"{REPOSITORY}/{path}"):
        status, text = backups.cron("drill")
    found = evidence(site, backups)
    assert status == 1 and not found["ok"] and any(words in text for words in said.split("|")), (kind, text, found)
    assert backups.metrics()[f'vannah_backup_task_ok{{stanza="{STANZA}",task="drill"}}'] == 0
    assert left(site, backups) == ""


def test_changed_data(site: Cluster, backups: Backups, switched: Callable[[], str]) -> None:
    """A backup without a wrong byte, of data that are not those that were written."""
    leader = site.leader()
    change = "update vannah_backup.canary set content = {} where number = (select min(number) from vannah_backup.canary)"
    site.query(leader, change.format("content || '!'"))
    switched()
    try:
        status, text = backups.cron("drill")
    finally:
        site.query(leader, change.format("left(content, -1)"))
        switched()
    assert status == 1 and "differs from its checksum" in text, text
    assert backups.cron("drill") == (0, "")
