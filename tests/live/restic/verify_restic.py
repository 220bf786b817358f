# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of files of a converged site."""

from __future__ import annotations

import json

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

JOB = "/usr/local/lib/vannah/restic-job"


@pytest.fixture
def keeper(reached: Site, servers: dict[str, Server]) -> Server:
    """The server that keeps the backups; without files to back up on any host the tests are skipped."""
    server = servers[required(reached, "backup", "servers with backups")[0]]
    if server.ask("test", "-e", JOB).status != 0:
        pytest.skip("SKIPPED: no host of the site has files to back up")
    return server


def test_the_jobs_end_well(keeper: Server) -> None:
    """On the backup server. What never ran is reported by alerts, not here."""
    answer = keeper.ask(JOB, "status", "table")
    assert answer.status == 0, answer.text
    problems = {name: task["problem"] for name, task in json.loads(answer.text)["tasks"].items() if task["problem"]}
    assert problems == {}, "see /var/log/vannah-restic on the backup server"


def test_only_one_user_reads_the_repositories_and_their_keys(keeper: Server) -> None:
    """The server's own, and root."""
    answer = keeper.shell("stat -c '%a %U' /etc/vannah/restic/*.password; stat -c '%a %U' /etc/vannah/restic/htpasswd")
    assert set(answer.text.split("\n")) - {""} <= {"400 vannah-restic", "400 root", "640 root"}, answer.text


def test_it_deletes_nothing(keeper: Server) -> None:
    """The server that runs is the one that refuses deletes, and each host reaches its own repository alone."""
    answer = keeper.shell("tr '\\0' ' ' < /proc/$(systemctl show -P MainPID vannah-restic.service)/cmdline")
    assert "--append-only" in answer.text and "--private-repos" in answer.text
