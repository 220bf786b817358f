# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the database servers answered: the major version of what is there and of what Debian carries, and their watchdog devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN
from . import newest, versions

ROLE = "postgresql"

CODES = (
    Code(
        "contact-watchdog",
        "A watchdog device is required, and Patroni could not use one on the server: its leader would demote itself, on every member.",
        "Make a device available on the server (load its driver, or stop the program that holds it), or set"
        " postgresql_watchdog: automatic.",
    ),
    *newest.CODES,
    *versions.CODES,
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """What is wrong on each server, and between them."""
    everybody = list(answers)
    given = [answer for answer in everybody if answer.facts and ROLE in answer.roles]
    for answer in given:
        if reason := str(answer.of_service(ROLE).get("watchdog") or ""):
            problem = f"a watchdog is required, and Patroni could not use one: {reason}. A leader would demote itself."
            fix = "set postgresql_watchdog: automatic, or give the server a device that no other program holds"
            yield Finding("contact-watchdog", answer.host, "postgresql_watchdog", problem, fix)
    yield from newest.findings(everybody)
    yield from versions.findings(map(_member, given))


def _member(answer: Answer) -> versions.Member:
    cluster, asked = _said(answer, "postgresql_cluster"), _said(answer, "postgresql_version")
    there = (str(item).partition("/") for item in answer.of_service(ROLE).get("clusters") or ())
    data = sorted(version for version, _slash, name in there if name == cluster)
    return versions.Member(answer.host, str(answer.facts.get("version") or ""), cluster, asked, tuple(data))


def _said(answer: Answer, name: str) -> str:
    value = answer.values(name)
    return "" if value is None or value is UNKNOWN else str(value)
