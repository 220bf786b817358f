# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fault tests of the backups share."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.live.lib.backup_jobs import cron
from tests.live.lib.waiting import wait_until
from tests.live.postgresql.cluster import Cluster

JOB = "/usr/local/lib/vannah/pgbackrest-job"
STANZA = "vannah"
SCRATCH = "/var/lib/postgresql/vannah-restore"


class Backups:
    """The backup server of the scenario."""

    def __init__(self, site: Cluster) -> None:
        self.site = site
        (self.host,) = site.hosts("backup")

    def cron(self, entry: str) -> tuple[int, str]:
        """Run the command of an entry of /etc/cron.d as cron runs it: /bin/sh, its own few variables, no terminal."""
        return cron(self.site, self.host, f"vannah-pgbackrest-{entry}")

    def known(self) -> list[dict[str, Any]]:
        """All backups, the oldest first."""
        found: list[dict[str, Any]] = json.loads(self.site.read(self.host, JOB, "status", "table"))["backups"]
        return found

    def metrics(self) -> dict[str, float]:
        """Metric with its labels -> value."""
        text = self.site.read(self.host, "cat", "/var/lib/prometheus/node-exporter/vannah_backup_pgbackrest.prom")
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {what: float(value) for what, _space, value in pairs}

    def scratch(self, sql: str) -> str:
        """Ask the scratch instance."""
        return self.site.read(
            self.host, "runuser", "-u", "postgres", "--", "psql", "-qAtX", "-h", SCRATCH, "-p", "5499", "-d", "postgres", "-c", sql
        ).strip()

    def archived(self, segment: str) -> bool:
        """Whether a segment is in the repository."""
        shown = self.site.read(
            self.host, "sh", "-c", f"ls -R /var/lib/pgbackrest/archive/{STANZA} | grep -c {shlex.quote(segment)} || true"
        )
        return shown.strip() != "0"


@pytest.fixture(scope="session")
def site() -> Cluster:
    """The site with its database cluster."""
    return Cluster.from_environment()


@pytest.fixture(scope="session")
def backups(site: Cluster) -> Backups:
    """The backup server."""
    return Backups(site)


@pytest.fixture(scope="session")
def switched(site: Cluster, backups: Backups) -> Any:
    """``switched()``: the leader begins a new segment, and the one before it is in the repository."""

    def _switched() -> str:
        # With nothing written since the last switch there would be none, and PostgreSQL 17 would name the segment that is not full yet.
        leader = site.leader()
        site.query(leader, "select pg_logical_emit_message(true, 'test', 'written')")
        segment = site.query(leader, "select pg_walfile_name(pg_switch_wal())") or ""
        assert segment
        wait_until(lambda: backups.archived(segment), f"{segment} in the repository", timeout=60)
        return segment

    return _switched
