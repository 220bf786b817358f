# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which data of a site have a backup: what roles keep (``keeps``) against what jobs cover (``backup_jobs``) and the site's waivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ...task_types import Written
from ..findings import Code, Finding, Level
from ..model import UNKNOWN, Site
from .entries import entries

GROUP, WAIVERS = "backup", "site_backup_waivers"
#: A decision that holds for longer is not looked at again.
LONGEST = timedelta(days=2 * 366)

CODES = (
    Code(
        "backup-uncovered",
        "The site has a backup server, and a role keeps data that no backup job covers.",
        "Add a job that covers them, or an entry of site_backup_waivers with a reason and a date.",
    ),
    Code(
        "backup-waiver",
        "An entry of site_backup_waivers names no role that keeps data, or has no date or no reason.",
        "Write {role: ROLE, until: 2027-06-30, why: they can be made again}.",
    ),
    Code(
        "backup-waiver-expired",
        "The date of an entry of site_backup_waivers has passed, and no backup job covers the data yet.",
        "Add a job that covers them, or set a later date after a new decision.",
    ),
    Code(
        "backup-waiver-long",
        "The date of an entry of site_backup_waivers is more than two years ahead: the decision would not be looked at again.",
        "Set a date within two years.",
        Level.WARNING,
    ),
)


@dataclass(frozen=True)
class Row:
    """One kind of data of a role.

    :ivar state: ``job``, ``not needed``, ``waived``, ``expired`` or ``none``
    :ivar detail: the job's name, the reason, or the date
    """

    role: str
    data: str
    hosts: tuple[str, ...]
    state: str
    detail: str = ""


def waivers(site: Site) -> list[Mapping[str, Any]]:
    """The site's waivers, from the first host that knows them."""
    given = next((value for host in site.hosts.values() if isinstance(value := host.known(WAIVERS), list | tuple)), ())
    return entries(list(given))


def matrix(site: Site) -> list[Row]:
    """Everything that is kept, in the order of the hosts and their roles."""
    kept: dict[tuple[str, str], tuple[Written, list[str]]] = {}
    jobs: dict[str, str] = {}
    for host in site.hosts.values():
        for item in host.exported("keeps"):
            kept.setdefault((str(item["role"]), str(item["data"])), (item, []))[1].append(host.name)
        for item in host.exported("backup_jobs"):
            jobs.setdefault(str(item["covers"]), str(item["role"]))
    ends = {str(entry.get("role")): day for entry in waivers(site) if (day := _day(entry.get("until"))) is not None}
    today = site.controller.now.date()
    rows = []
    for (role, data), (item, hosts) in kept.items():
        state, detail = "none", ""
        if item.get("none"):
            state, detail = "not needed", str(item["none"])
        elif item.get("job") in jobs:
            state, detail = "job", jobs[str(item["job"])]
        elif role in ends:
            state, detail = ("waived" if ends[role] >= today else "expired"), ends[role].isoformat()
        rows.append(Row(role, data, tuple(hosts), state, detail))
    return rows


def _day(value: Any) -> date | None:
    """YAML reads a date as one; quoted, it is a text."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        return None


def check_coverage(site: Site) -> Iterator[Finding]:
    """Data without a backup, where the site has a backup server; a site without one has decided so."""
    for row in matrix(site) if site.members(GROUP) else ():
        where = f"{row.role} keeps {row.data} on {', '.join(row.hosts)}"
        fix = f"set {WAIVERS}: [{{role: {row.role}, until: YYYY-MM-DD, why: REASON}}], or add a backup job that covers it"
        if row.state == "none":
            yield Finding("backup-uncovered", "all", WAIVERS, f"{where}, and no backup job covers it.", fix)
        elif row.state == "expired":
            yield Finding("backup-waiver-expired", "all", WAIVERS, f"{where}, and its waiver ended on {row.detail}.", fix)


def check_waivers(site: Site) -> Iterator[Finding]:
    """Waivers that say what, until when and why."""
    roles = {row.role for row in matrix(site)}
    for number, entry in enumerate(waivers(site)):
        role, until = entry.get("role"), entry.get("until")
        problem = ""
        if UNKNOWN in (role, until, entry.get("why")):
            continue
        if role not in roles:
            if site.unreadable or site.schema.misread:
                continue  # Which roles keep data is not known.
            problem = f"no host of the site has a role {role} that keeps data."
        elif _day(until) is None:
            problem = f"until is not a date: {until}."
        elif not str(entry.get("why") or "").strip():
            problem = "there is no reason."
        day = _day(until)
        if day is not None and day - site.controller.now.date() > LONGEST:
            said = f"{day.isoformat()} is more than two years ahead."
            yield Finding("backup-waiver-long", "all", f"{WAIVERS}[{number}].until", said, "set until: a date within two years")
        if problem:
            yield Finding("backup-waiver", "all", f"{WAIVERS}[{number}]", problem, "write {role: ROLE, until: 2027-06-30, why: REASON}")


def lines(rows: list[Row]) -> list[str]:
    """The matrix for a person."""
    said = {
        "job": "job of {}",
        "not needed": "needs none: {}",
        "waived": "waived until {}",
        "expired": "waiver ended on {}",
        "none": "no backup",
    }
    return [f"{row.role}, {row.data} ({', '.join(row.hosts)}): {said[row.state].format(row.detail)}" for row in rows]


def concerned(findings: Iterable[Finding]) -> bool:
    """Whether a reader of the findings wants to see the matrix."""
    return any(finding.code in ("backup-uncovered", "backup-waiver-expired") for finding in findings)


RULES = (check_coverage, check_waivers)
