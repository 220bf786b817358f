# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of PostgreSQL: where the repositories are, what is kept, when the jobs run, and settings that have one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight import schedules
from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Host, Site, parse_address
from ...preflight.rules import Area
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.places import finding, place
from .configuration import endpoint, endpoint_problem, owned

ROLE = "pgbackrest"
SERVERS, DATABASES = "backup", "postgresql"
SECRETS_FILE = "secrets.yml"
OFFSITE_SECRET = "pgbackrest_offsite_secret"
#: Variable -> job. An empty schedule means that the job does not run.
SCHEDULES = {
    "pgbackrest_incremental_schedule": "the incremental backup",
    "pgbackrest_full_schedule": "the full backup",
    "pgbackrest_offsite_schedule": "the off-site full backup",
    "pgbackrest_verify_schedule": "the verification",
    "pgbackrest_offsite_verify_schedule": "the verification of the off-site repository",
    "pgbackrest_drill_schedule": "the restore drill",
    "pgbackrest_older_drill_schedule": "the drill with the oldest backup",
    "pgbackrest_offsite_drill_schedule": "the drill with the off-site repository",
}
#: Of these, the one that lets pgBackRest remove older backups and WAL.
FULL = "pgbackrest_full_schedule"
RETENTIONS = ("pgbackrest_retention", "pgbackrest_offsite_retention")
RETENTION_KEYS = {"full", "type", "differential", "archive"}

CODES = (
    Code(
        "backup-servers",
        "The group backup has more than one host with PostgreSQL's repository: each would have only a part of the backups.",
        "Put one host into the group backup, and set pgbackrest_offsite for a second repository.",
    ),
    Code(
        "backup-host-name",
        "A database server or the backup server is named by its address: pgBackRest 2.45 finds no address in a certificate.",
        "Use a name for the host in the inventory, and its address as ansible_host.",
    ),
    Code(
        "backup-schedule",
        "A schedule is not one that cron takes, or has no day that exists.",
        "Write five fields (minute, hour, day of month, month, day of week), such as 15 1 * * 0, or @daily and the like.",
    ),
    Code(
        "backup-schedule-missing",
        "The full backup has no schedule: without new full backups nothing is removed, and the repository fills.",
        "Set pgbackrest_full_schedule: such as 15 1 * * 0.",
    ),
    Code(
        "backup-schedule-together",
        "Two jobs begin in the same minute: pgBackRest makes one backup at a time, and the second one waits.",
        "Use another minute or hour for one of them.",
        Level.WARNING,
    ),
    Code(
        "backup-retention",
        "What is kept would be no full backup, or backups that cannot be restored without what is removed before them.",
        "Set full: 1 or more; archive: not more than full, or no archive.",
    ),
    Code(
        "backup-retention-single",
        "Only one full backup is kept: once a new one is complete the older one is removed, also where the new one has an error.",
        "Set full: 2 or more.",
        Level.WARNING,
    ),
    Code(
        "backup-offsite-incomplete",
        "The off-site repository lacks a value, or its secret is not among the site's secrets. It is its owner's to give.",
        "Set pgbackrest_offsite: {endpoint, bucket, region, key}, and pgbackrest_offsite_secret in secrets.yml.",
    ),
    Code(
        "backup-offsite-endpoint",
        "The endpoint of the off-site repository is not that of an object store with TLS.",
        "Set pgbackrest_offsite.endpoint: https://host or https://host:port, without bucket and path.",
    ),
    Code(
        "backup-offsite-same",
        "The off-site repository is on a server of this site that the backups protect, or on the backup server itself.",
        "Set pgbackrest_offsite.endpoint: an object store elsewhere.",
    ),
    Code(
        "backup-setting-refused",
        "An option of pgbackrest_settings has a variable of its own, or would take away what the role promises.",
        "Use the variable that the message names, or remove the option.",
    ),
    Code(
        "backup-directory",
        "The directory of the repository is relative, one that others share, or not on persistent storage.",
        "Write an absolute path of its own, such as /var/lib/pgbackrest.",
    ),
    Code(
        "backup-archive-command",
        "postgresql_settings has its own archive_mode or archive_command: WAL would not reach the repository, and no backup be complete.",
        "Remove archive_mode, archive_command and archive_library from postgresql_settings.",
    ),
)


def _servers(site: Site) -> list[Host]:
    return [host for host in site.members(SERVERS) if ROLE in host.roles] if site.members(DATABASES) else []


def check_servers(site: Site) -> Iterator[Finding]:
    """One backup server, and names that pgBackRest finds in certificates."""
    databases, servers = site.members(DATABASES), _servers(site)
    if len(servers) > 1:
        names = ", ".join(host.name for host in servers)
        yield Finding("backup-servers", SERVERS, "-", f"{names} would each keep a part of the backups.", "put one host in the group backup")
    for host in (*databases, *servers) if servers else ():
        if parse_address(host.name):
            problem = f"pgBackRest compares the name {host.name} with the names of a certificate, and addresses are not among these."
            yield Finding("backup-host-name", host.name, "-", problem, f"write {{NAME: {{ansible_host: {host.name}}}}} in hosts.yml")


def check_schedules(site: Site) -> Iterator[Finding]:
    """Times that exist, and each job at its own."""
    for host in _servers(site):
        good: dict[str, str] = {}
        for variable, job in SCHEDULES.items():
            text = host.known(variable)
            if not isinstance(text, str):
                continue
            if not text.strip():
                if variable == FULL:
                    fix = f"set {variable}: a schedule such as 15 1 * * 0"
                    yield finding(site, host, (variable,), SERVERS, "backup-schedule-missing", "there would be no full backup.", fix)
                continue
            if problem := schedules.problem_of(text):
                yield finding(
                    site, host, (variable,), SERVERS, "backup-schedule", f"{problem}.", f"set {variable}: a schedule such as 15 1 * * 0"
                )
                continue
            if variable.startswith("pgbackrest_offsite") and not host.known("pgbackrest_offsite"):
                continue
            for other, first in good.items():
                if schedules.meet(text, first):
                    problem = f"{job} begins in the same minute as {SCHEDULES[other]}."
                    yield finding(
                        site, host, (variable,), SERVERS, "backup-schedule-together", problem, f"set {variable}: another hour or minute"
                    )
                    break
            good[variable] = text


def check_retention(site: Site) -> Iterator[Finding]:
    """What is kept can be restored, and is something."""
    for host in _servers(site):
        for variable in RETENTIONS:
            given = host.known(variable)
            if not isinstance(given, Mapping) or (variable != RETENTIONS[0] and not host.known("pgbackrest_offsite")):
                continue
            where, name, source = place(site, host, (variable,), SERVERS)
            for key, problem, fix in retention_problems(given, host.text(FULL)):
                yield Finding("backup-retention", where, f"{name}.{key}", problem, fix, source)
            if given.get("full") == 1 and given.get("type", "count") == "count":
                problem = "a new full backup replaces the only one, before any restore has proven it."
                yield Finding("backup-retention-single", where, f"{name}.full", problem, "set full: 2 or more", source)


def retention_problems(given: Mapping[str, Any], schedule: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, problem, fix) of what a retention says; nothing of values that are not known.

    :param schedule: of the full backup, where one is stated
    """
    kind = given.get("type", "count")
    for key in given:
        if key not in RETENTION_KEYS:
            yield str(key), "there is no such key.", f"use one of {', '.join(sorted(RETENTION_KEYS))}"
    if kind is not UNKNOWN and kind not in ("count", "time"):
        yield "type", "it is neither count nor time.", "set type: count, or type: time (then full is a number of days)"
    if "full" not in given:
        yield "full", "it is not stated how many full backups are kept.", "set full: 2 or more"
    for key in ("full", "differential", "archive"):
        value = given.get(key)
        if value is UNKNOWN or (value is None and key != "full") or (key == "full" and key not in given):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 9999999:
            text = "the last full backup would be removed." if key == "full" and value == 0 else "it is not a number from 1 to 9999999."
            yield key, text, f"set {key}: 1 or more"
    full, archive = given.get("full"), given.get("archive")
    if isinstance(full, int) and isinstance(archive, int) and kind == "count" and archive > full >= 1:
        yield "archive", f"WAL of {archive} backups would be kept and only {full} of them.", f"set archive: {full}, or remove it"
    if kind == "time" and isinstance(full, int) and schedule and not schedules.problem_of(schedule):
        gap = schedules.longest_gap(schedule)
        if 1 <= full < gap:
            problem = f"full backups are {gap} days apart, and would be kept for {full}: incremental ones would go with their full one."
            yield "full", problem, f"set full: {gap * 2}"


def check_offsite(site: Site) -> Iterator[Finding]:
    """The second repository: complete, with TLS, elsewhere."""
    for host in _servers(site):
        given = host.known("pgbackrest_offsite")
        if not isinstance(given, Mapping) or not given:
            continue
        where, name, source = place(site, host, ("pgbackrest_offsite",), SERVERS)
        for key in ("endpoint", "bucket", "region", "key"):
            if not given.get(key):
                yield Finding("backup-offsite-incomplete", where, f"{name}.{key}", f"there is no {key}.", f"set {name}.{key}", source)
        readable = all(file.opened and not file.malformed for file in site.secrets)
        if readable and not any(OFFSITE_SECRET in file.values for file in site.secrets) and not host.known(OFFSITE_SECRET):
            problem = f"{OFFSITE_SECRET}, the secret key of the off-site store, is not in {SECRETS_FILE}, and only its owner knows it."
            fix = f"set {OFFSITE_SECRET} in {SECRETS_FILE} (ansible-vault edit {SECRETS_FILE})"
            yield Finding("backup-offsite-incomplete", where, name, problem, fix, source)
        text = given.get("endpoint")
        if not text or not isinstance(text, str):
            continue
        if problem := endpoint_problem(text):
            yield Finding(
                "backup-offsite-endpoint", where, f"{name}.endpoint", f"{problem}.", "write https://host or https://host:port", source
            )
            continue
        target = endpoint(text)[0]
        same = next((one for one in (*site.members(DATABASES), host) if target in _names(one)), None)
        address = parse_address(target)
        if same or target == "localhost" or (address is not None and address.is_loopback):
            server = f"the database server {same.name}" if same and same is not host else "the backup server"
            problem = f"{target} is {server}: one loss would take the database and both repositories, or two of them."
            yield Finding("backup-offsite-same", where, f"{name}.endpoint", problem, "use an object store elsewhere", source)


def _names(host: Host) -> set[str]:
    return {host.name, host.address, host.connection_address}


def check_settings(site: Site) -> Iterator[Finding]:
    """Options with a variable of their own; archiving of the database that would go elsewhere."""
    servers = _servers(site)
    for host in (*servers, *site.members(DATABASES)) if servers else ():
        given = host.known("pgbackrest_settings")
        for option in given if isinstance(given, Mapping) else ():
            fix = owned(str(option))
            if fix:
                where, name, source = place(site, host, ("pgbackrest_settings",), SERVERS)
                problem = "the role sets this option."
                yield Finding("backup-setting-refused", where, f"{name}.{option}", problem, fix, source)
    for host in site.members(DATABASES) if servers else ():
        given = host.known("postgresql_settings")
        for option in given if isinstance(given, Mapping) else ():
            if str(option).lower() in ("archive_mode", "archive_command", "archive_library"):
                where, name, source = place(site, host, ("postgresql_settings",), DATABASES)
                problem = "WAL would not reach the backup server, and a backup without its WAL cannot be restored."
                yield Finding("backup-archive-command", where, f"{name}.{option}", problem, f"remove {option} from {name}", source)


def check_directory(site: Site) -> Iterator[Finding]:
    """Where the repository is."""
    for host in _servers(site):
        text = host.known("pgbackrest_repository")
        problem = directory_problem(text, "the repository's") if isinstance(text, str) else None
        if problem:
            fix = "set pgbackrest_repository: an absolute path of its own, such as /var/lib/pgbackrest"
            yield finding(site, host, ("pgbackrest_repository",), SERVERS, "backup-directory", problem, fix)


RULES = (check_servers, check_schedules, check_retention, check_offsite, check_settings, check_directory)

AREA = Area("Backups", CODES, RULES)
