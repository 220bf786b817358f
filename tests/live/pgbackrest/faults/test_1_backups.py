# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups as cron makes them, across a failover; restores that are exact; wrong bytes that are found. In this order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.lib.backup_jobs import FLIP
from tests.live.lib.waiting import wait_until
from tests.live.postgresql.cluster import Cluster

from .conftest import STANZA, Backups

#: Times within the scenario, by what was written just before them.
TIMES: dict[str, str] = {}


def test_wal_is_archived(site: Cluster, switched: Callable[[], str]) -> None:
    """By the member that leads, from the first converge on."""
    site.query(site.leader(), "create table if not exists rows (name text primary key, at timestamptz default clock_timestamp())")
    assert switched()


def test_a_full_backup_as_cron_runs_it(backups: Backups) -> None:
    """Nothing is printed, and the metrics say so."""
    status, text = backups.cron("full")
    assert (status, text) == (0, "")
    assert [one["type"] for one in backups.known()] == ["full"]
    found = backups.metrics()
    assert found[f'vannah_backup_task_ok{{stanza="{STANZA}",task="full"}}'] == 1
    assert found[f'vannah_backup_newest_timestamp_seconds{{stanza="{STANZA}",repository="1"}}'] > 1_700_000_000


def test_a_standby_was_read(site: Cluster, backups: Backups) -> None:
    """The leader has its disks for its work."""
    log = site.read(backups.host, "cat", "/var/log/pgbackrest/job-full.log")
    assert "wait for replay on the standby" in log


def test_rows_around_two_times(site: Cluster, switched: Callable[[], str]) -> None:
    """For the restores below."""
    for name in ("first", "second"):
        leader = site.leader()
        site.query(leader, f"insert into rows values ('before {name}')")
        TIMES[name] = site.query(leader, "select clock_timestamp()") or ""
        site.query(leader, f"insert into rows values ('after {name}')")
    site.query(site.leader(), "select pg_create_restore_point('named')")
    site.query(site.leader(), "insert into rows values ('after named')")
    switched()


def test_the_next_backup_after_a_failover(site: Cluster, backups: Backups, switched: Callable[[], str]) -> None:
    """Nothing is changed for it: the new leader archives, and the job finds it. The old leader is down."""
    old = site.leader()
    site.run(old, "systemctl", "kill", "--signal=SIGKILL", "patroni.service")
    site.run(old, "systemctl", "stop", "patroni.service")
    site.run(old, "pkill", "-9", "-u", "postgres", "-x", "postgres", check=False)
    wait_until(lambda: [name for name in site.leaders() if name != old], "another leader", timeout=60)
    try:
        switched()
        status, text = backups.cron("incremental")
        assert (status, text) == (0, "")
        assert [one["type"] for one in backups.known()] == ["full", "incr"]
    finally:
        site.run(old, "systemctl", "start", "patroni.service")
        site.wait_members()


@pytest.mark.parametrize(
    ("arguments", "there", "absent"),
    [
        (("restore_type=time", "restore_target={first}"), {"before first"}, {"after first", "before second"}),
        (("restore_type=time", "restore_target={second}", "restore_replace=true"), {"after first", "before second"}, {"after second"}),
        (("restore_type=name", "restore_target=named", "restore_replace=true"), {"after second"}, {"after named"}),
        (("restore_replace=true",), {"after named"}, set()),
    ],
)
def test_restores_are_exact(site: Cluster, backups: Backups, arguments: tuple[str, ...], there: set[str], absent: set[str]) -> None:
    """To the transaction, also a second time and across the failover; the running cluster is not touched."""
    extra = [word for argument in arguments for word in ("-e", _quoted(argument.format(**TIMES)))]
    done = site.playbook("postgresql/restore.yml", *extra)
    assert done.returncode == 0, done.stdout[-3000:]
    rows = set(backups.scratch("select name from rows").splitlines())
    assert there <= rows and not absent & rows, rows
    assert site.query(site.leader(), "select count(*) from rows where name = 'after named'") == "1"


def _quoted(argument: str) -> str:
    name, _sign, value = argument.partition("=")
    return f"{name}='{value}'"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("restore_type=time", "restore_target='2020-01-01 00:00:00+00'"), "is before the end of the oldest backup"),
        (("restore_type=time", "restore_target='2099-01-01 00:00:00+00'"), "is in the future"),
        ((), "has an instance of an earlier restore"),
    ],
)
def test_restores_that_are_refused(site: Cluster, backups: Backups, arguments: tuple[str, ...], said: str) -> None:
    """And the instance of the last one is still there."""
    more = ("restore_replace=true",) if arguments else ()
    done = site.playbook("postgresql/restore.yml", *(word for argument in (*arguments, *more) for word in ("-e", argument)))
    assert done.returncode != 0 and said in done.stdout and "Fix: " in done.stdout, done.stdout[-3000:]
    assert backups.scratch("select 1") == "1"


def test_the_scratch_instance_is_removed(site: Cluster, backups: Backups) -> None:
    """With its server."""
    done = site.playbook("postgresql/restore.yml", "-e", "restore_remove=true")
    assert done.returncode == 0, done.stdout[-3000:]
    shown = site.run(
        backups.host, "sh", "-c", "ls -d /var/lib/postgresql/vannah-restore; pgrep -u postgres -x postgres", check=False
    ).stdout
    assert shown == ""


def test_the_verbs_of_the_backups(site: Cluster) -> None:
    """A backup now, and one table of all."""
    done = site.playbook("backup/now.yml", "-e", "backup_type=diff")
    assert done.returncode == 0, done.stdout[-3000:]
    done = site.playbook("backup/status.yml")
    assert done.returncode == 0 and "repository 1, diff" in done.stdout and "problem" not in done.stdout, done.stdout[-3000:]


def test_a_good_repository_is_verified(backups: Backups) -> None:
    """Also with a second timeline in it."""
    assert backups.cron("verify") == (0, "")


#: Each class of file of a repository: how one of it is found.
CLASSES = {
    "a file of a backup": "find backup -path '*/bundle/*' -size +4k | head -1",
    "a WAL segment": "find archive -name '0*-*.zst' | sort | tail -2 | head -1",
    "a manifest": "find backup -name backup.manifest | head -1",
    "a copy of a manifest": "find backup -name backup.manifest.copy | head -1",
    "the list of backups": "ls backup/*/backup.info",
    "the list of the archive": "ls archive/*/archive.info",
}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_wrong_byte_is_found(site: Cluster, backups: Backups, kind: str) -> None:
    """By the verification as cron runs it; with the right byte again it is well."""
    shown = site.read(backups.host, "sh", "-c", f"cd /var/lib/pgbackrest && {CLASSES[kind]}").strip()
    path = f"/var/lib/pgbackrest/{shown}"
    assert shown, kind
    site.run(backups.host, "python3", "-c", FLIP, path)
    try:
        status, text = backups.cron("verify")
    finally:
        site.run(backups.host, "python3", "-c", FLIP, path)
    assert status == 1 and "repository 1: " in text, (kind, text)
    assert backups.metrics()[f'vannah_backup_task_ok{{stanza="{STANZA}",task="verify"}}'] == 0


def test_a_missing_segment_is_found(site: Cluster, backups: Backups) -> None:
    """pgbackrest verify does not report it. It was written long enough ago not to be on its way."""
    find = "cd /var/lib/pgbackrest && find archive -name '0*-*.zst' | sort"
    names = site.read(backups.host, "sh", "-c", find).split()
    path = f"/var/lib/pgbackrest/{names[-3]}"
    later = " ".join(f"/var/lib/pgbackrest/{name}" for name in names[-2:])
    site.run(backups.host, "sh", "-c", f"mv {path} /var/lib/pgbackrest/aside; touch -d '1 hour ago' {later}")
    try:
        status, text = backups.cron("verify")
    finally:
        site.run(backups.host, "mv", "/var/lib/pgbackrest/aside", path)
    assert status == 1 and "WAL is missing" in text, text
    assert backups.cron("verify") == (0, "")
