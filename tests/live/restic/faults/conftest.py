# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fault tests of the backups of files share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live.lib.backup_jobs import cron
from tests.live.lib.site import Site

JOB = "/usr/local/lib/vannah/restic-job"
PLACE = "/var/lib/vannah-restic/hosts"


class Files:
    """A host whose files are backed up, and the backup server.

    :ivar repository: where the host's repository is there
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        (self.server,) = site.hosts("backup")
        (self.host,) = [name for name in site.hosts("all") if site.values.setting(name, "restic_paths")]
        self.repository = f"{PLACE}/{self.host}"

    def backup(self) -> tuple[int, str]:
        """As cron on the host runs it."""
        return cron(self.site, self.host, "vannah-restic-files")

    def job(self, entry: str) -> tuple[int, str]:
        """A job of the backup server, as cron runs it."""
        return cron(self.site, self.server, f"vannah-restic-{entry}")

    def snapshots(self) -> list[str]:
        """Those that the backup server has."""
        return self.site.read(self.server, "sh", "-c", f"ls {self.repository}/snapshots").split()

    def evidence(self) -> dict[str, Any]:
        """Of the newest drill."""
        shown = self.site.read(self.server, "sh", "-c", "cat $(ls /var/lib/vannah-backup/drills/*-drill-hosts-*.json | tail -1)")
        found: dict[str, Any] = json.loads(shown)
        return found

    def metrics(self) -> dict[str, float]:
        """Of the backup server: metric with its labels -> value."""
        text = self.site.read(self.server, "cat", "/var/lib/prometheus/node-exporter/vannah_backup_restic.prom")
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {what: float(value) for what, _space, value in pairs}


@pytest.fixture(scope="session")
def site() -> Site:
    """The site."""
    return Site.from_environment()


@pytest.fixture(scope="session")
def files(site: Site) -> Files:
    """The host with files."""
    return Files(site)
