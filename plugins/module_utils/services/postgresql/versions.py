# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The major version of PostgreSQL on the members of one cluster: what each server's Debian carries, and what the data there are of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...preflight.findings import Code, Finding

#: Debian's releases that are served, and the PostgreSQL that each carries (packages.debian.org).
RELEASES = {"12": "15", "13": "17"}

CODES = (
    Code(
        "contact-database-version",
        "The requested major version of PostgreSQL is not the one that the server's Debian carries, or not that of the data there.",
        "Set postgresql_version: the version of the data; a newer major needs a dump and a restore.",
    ),
    Code(
        "contact-database-release",
        "Members of one database cluster carry different major versions of PostgreSQL, because their servers run different releases of"
        " Debian: a standby cannot follow a primary of another major.",
        "Use a server with the release of the other members.",
    ),
)


@dataclass(frozen=True)
class Member:
    """A database server that answered."""

    host: str
    release: str  # of Debian: "13"
    cluster: str
    asked: str  # postgresql_version, empty where it is not set
    data: tuple[str, ...]  # majors of which the cluster has data there, in order

    @property
    def carried(self) -> str | None:
        """What its Debian carries; None for a release that is not served."""
        return RELEASES.get(self.release)


def findings(members: Iterable[Member]) -> Iterator[Finding]:
    """What is wrong on each member, and between them."""
    served = [member for member in members if member.carried]
    for member in served:
        yield from _alone(member)
    for cluster in sorted({member.cluster for member in served}):
        yield from _together([member for member in served if member.cluster == cluster])


def _alone(member: Member) -> Iterator[Finding]:
    carried = str(member.carried)
    if member.asked and member.asked != carried:
        problem = f"PostgreSQL {member.asked} is requested, and Debian {member.release} carries {carried}."
        fix = f'set postgresql_version: "{carried}", or remove it'
        yield Finding("contact-database-version", member.host, "postgresql_version", problem, fix)
    elif member.data and carried not in member.data:
        problem = f"the data of the cluster {member.cluster} is of PostgreSQL {member.data[-1]}, and {carried} would be installed."
        fix = (
            f"use a server with the Debian that carries PostgreSQL {member.data[-1]}; or make a dump, empty the data directory and restore"
        )
        yield Finding("contact-database-version", member.host, "postgresql_version", problem, fix)


def _together(members: list[Member]) -> Iterator[Finding]:
    """Those with the cluster's data say what it runs; without any, what most carry. Where that is undecided each of them is named."""
    if len({member.carried for member in members}) < 2:
        return
    speaking = [member for member in members if member.data and member.carried in member.data] or members
    counts = {major: sum(member.carried == major for member in speaking) for major in sorted({str(member.carried) for member in speaking})}
    most = [major for major, count in counts.items() if count == max(counts.values())]
    for member in members:
        others = [other for other in members if other.carried != member.carried]
        if len(most) == 1 and member.carried == most[0]:
            continue
        names = ", ".join(other.host for other in others)
        has = "runs" if any(other in speaking and other.data for other in others) else "would run"
        problem = (
            f"Debian {member.release} of this server carries PostgreSQL {member.carried}, and the cluster {member.cluster} {has}"
            f" {others[0].carried} on {names} (Debian {others[0].release})."
        )
        fix = f"use a server with Debian {others[0].release}, or take this one out of the group postgresql"
        yield Finding("contact-database-release", member.host, "-", problem, fix)
