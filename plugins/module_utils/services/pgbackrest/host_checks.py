# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the servers answered: pgBackRest talks to its own version only, which is that of the release of Debian."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding

ROLE = "pgbackrest"

CODES = (
    Code(
        "contact-backup-release",
        "The backup server and a database server have different releases of Debian: their versions of pgBackRest refuse each other.",
        "Use the same release of Debian on both.",
    ),
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Database servers with another release than the backup server's."""
    given = [answer for answer in answers if answer.facts and ROLE in answer.roles]
    servers = [answer for answer in given if answer.of_service(ROLE).get("keeps")]
    for server in servers:
        for answer in given:
            mine, other = str(server.facts.get("version") or ""), str(answer.facts.get("version") or "")
            if mine and other and mine != other:
                problem = f"it has Debian {other}, and the backup server {server.host} has {mine}: their pgBackRest refuse each other."
                yield Finding(
                    "contact-backup-release", answer.host, "-", problem, f"use Debian {mine} here, or Debian {other} on {server.host}"
                )
