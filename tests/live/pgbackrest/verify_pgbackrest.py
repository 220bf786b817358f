# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of a converged site: what there is, whether WAL arrives, and what stands ready for the next job."""

from __future__ import annotations

import json

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

JOB = "/usr/local/lib/vannah/pgbackrest-job"
#: Room for a segment on its way; archive_timeout makes one each minute while there is work.
PATIENCE = 300


def test_the_repositories_can_be_read(keeper: Server) -> None:
    """And say how the jobs ended."""
    answer = keeper.ask(JOB, "status", "table")
    assert answer.status == 0, answer.text
    problems = {name: task["problem"] for name, task in json.loads(answer.text)["tasks"].items() if task["problem"]}
    assert problems == {}, "see /var/log/pgbackrest/job-*.log on the backup server"


def test_wal_arrives(keeper: Server, reached: Site, servers: dict[str, Server]) -> None:
    """No segment waits for longer than minutes on any member."""
    for name in required(reached, "postgresql", "database servers"):
        answer = servers[name].shell(
            f'{JOB} archive && cat $(sed -n \'s/.*"metrics": "\\(.*\\)".*/\\1/p\' /etc/vannah/pgbackrest-job.json)/*archive.prom'
        )
        assert answer.status == 0, f"{name}: {answer.text}"
        (line,) = [one for one in answer.text.splitlines() if one.startswith("vannah_backup_archive_oldest_waiting_seconds")]
        assert float(line.rpartition(" ")[2]) < PATIENCE, f"{name}: WAL waits for {keeper.name}"


def test_only_pgbackrest_reads_the_keys(keeper: Server) -> None:
    """The repositories' keys stand in two files."""
    answer = keeper.shell("stat -c '%a %U:%G' /etc/pgbackrest/pgbackrest.conf /etc/pgbackrest/vannah-restore.conf")
    assert answer.text.split("\n")[:2] == ["640 root:postgres"] * 2


def test_database_servers_have_no_keys(keeper: Server, reached: Site, servers: dict[str, Server]) -> None:
    """They are told by the backup server what they need for one segment."""
    for name in required(reached, "postgresql", "database servers"):
        answer = servers[name].shell("grep -cE 'cipher|secret' /etc/pgbackrest/pgbackrest.conf")
        assert answer.text.strip() == "0", f"{name} could read what {keeper.name} keeps"
