# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files: what is backed up, where the repositories are, what is kept, when the jobs run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from ...preflight import schedules
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site, parse_address
from ...preflight.rules import Area
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.entries import entries
from ...preflight.rules.places import finding, place

ROLE, SERVERS, ALL = "restic", "backup", "all"
#: Variable -> job. An empty schedule means that the job does not run.
SCHEDULES = {
    "restic_files_schedule": "the backup of files",
    "restic_objects_schedule": "the backup of objects",
    "restic_retention_schedule": "the removal of old snapshots",
    "restic_check_schedule": "the check",
    "restic_drill_schedule": "the restore drill",
}
FILES, OBJECTS, CHECK, RETENTION = "restic_files_schedule", "restic_objects_schedule", "restic_check_schedule", "restic_retention"
#: Directories of backups on the backup server.
REPOSITORIES = ("restic_repository", "pgbackrest_repository")
#: Contents of the kernel, and what is gone after a boot.
TRANSIENT = tuple(PurePosixPath(path) for path in ("/proc", "/sys", "/dev", "/run", "/tmp"))

CODES = (
    Code(
        "restic-server-missing",
        "A host has restic_paths, and the site has no backup server: nothing would be backed up.",
        "Put a host into the group backup, or remove restic_paths.",
    ),
    Code(
        "restic-servers",
        "The group backup has more than one host: the backups of files go to the first one alone.",
        "Put one host into the group backup.",
    ),
    Code(
        "restic-host-name",
        "A host with files to back up, or the backup server, is named by its address, which cannot be a user name.",
        "Use a name for the host in the inventory, and its address as ansible_host.",
    ),
    Code(
        "restic-path",
        "An entry of restic_paths has no absolute path, one that is in the list already, or one with nothing to keep.",
        "Write {path: /srv/files}, with an absolute path that exists on the host.",
    ),
    Code(
        "restic-exclude",
        "A pattern of an entry of restic_paths is not below the entry's path: it would leave out files of other entries as well.",
        "Write patterns that begin with the entry's path, such as {path: /srv/files, exclude: [/srv/files/cache]}.",
    ),
    Code(
        "restic-path-repository",
        "An entry of restic_paths has the repositories of the backup server in it, or lies in them: backups of backups.",
        "Leave restic_repository and pgbackrest_repository out of restic_paths: name folders beside them.",
    ),
    Code(
        "restic-schedule",
        "A schedule is not one that cron takes, or has no day that exists.",
        "Write five fields (minute, hour, day of month, month, day of week), such as 40 0 * * *, or @daily and the like.",
    ),
    Code(
        "restic-schedule-missing",
        "The backup of files, or of the buckets, has no schedule or one that leaves a day out, or the check one that leaves a week out.",
        "Set restic_files_schedule and restic_objects_schedule to a time of every day, such as 40 0 * * *; restic_check_schedule weekly.",
    ),
    Code(
        "restic-retention",
        "What is kept would be less than the backups since the last check, or it is not a number.",
        "Set restic_retention: {days: 14, weeks: 8, months: 12}; days: 7 or more.",
    ),
    Code(
        "restic-directory",
        "The directory of the repositories is relative, one that others share, or not on persistent storage.",
        "Write an absolute path of its own, such as /var/lib/vannah-restic.",
    ),
)


def _clients(site: Site) -> list[Host]:
    return [host for host in site.hosts.values() if ROLE in host.roles and host.exported("backup_paths")]


def _buckets(site: Site) -> bool:
    """Whether the backup server reads buckets."""
    return any(ROLE in host.roles and item.get("buckets") for host in site.hosts.values() for item in host.exported("object_stores"))


def check_servers(site: Site) -> Iterator[Finding]:
    """One backup server, and names that can be a user's."""
    clients, servers = _clients(site), site.members(SERVERS)
    for host in clients if not servers else ():
        if host.known("restic_paths"):
            fix = "put a host into the group backup, or remove restic_paths"
            yield finding(site, host, ("restic_paths",), ALL, "restic-server-missing", "the site has no backup server.", fix)
    if clients and len(servers) > 1:
        names = ", ".join(host.name for host in servers)
        yield Finding(
            "restic-servers", SERVERS, "-", f"of {names} only the first would get backups of files.", "keep one host in the group backup"
        )
    named = {host.name: host for host in (*clients, *servers)} if clients and servers else {}
    for host in named.values():
        if parse_address(host.name):
            problem = f"{host.name} would be the name at the backup server and in a certificate."
            yield Finding("restic-host-name", host.name, "-", problem, f"write {{NAME: {{ansible_host: {host.name}}}}} in hosts.yml")


def check_paths(site: Site) -> Iterator[Finding]:
    """Each entry of restic_paths is a path with something to keep."""
    for host in site.hosts.values():
        given = host.known("restic_paths")
        seen: set[PurePosixPath] = set()
        for number, entry in enumerate(entries(list(given)) if isinstance(given, list | tuple) else ()):
            text = entry.get("path")
            if text is UNKNOWN or not isinstance(text, str):
                continue
            path = PurePosixPath(text)
            problem = ""
            if not path.is_absolute() or ".." in path.parts:
                problem = f"{text} is not an absolute path."
            elif path in seen:
                problem = f"{text} is listed twice."
            elif path == PurePosixPath("/") or any(path.is_relative_to(tree) for tree in TRANSIENT):
                problem = f"{text} is the whole system, or nothing that lasts."
            seen.add(path)
            where, name, source = place(site, host, ("restic_paths",), ALL)
            if problem:
                yield Finding("restic-path", where, f"{name}[{number}]", problem, "write {path: /srv/files}", source)
                continue
            for at, pattern in enumerate(_list(entry.get("exclude"))):
                if isinstance(pattern, str) and not _below(pattern, path):
                    problem = f"{pattern} is not below {path}, and would leave out files of other entries."
                    fix = f"write a pattern that begins with {path}/"
                    yield Finding("restic-exclude", where, f"{name}[{number}].exclude[{at}]", problem, fix, source)
            for variable in REPOSITORIES if host in site.members(SERVERS) else ():
                repository = PurePosixPath(host.text(variable, "/nowhere"))
                if repository.is_relative_to(path) or path.is_relative_to(repository):
                    problem = f"{path} has the backups in it, or lies in them ({variable}: {repository})."
                    fix = f"name folders beside {repository}, or leave the entry out"
                    yield Finding("restic-path-repository", where, f"{name}[{number}]", problem, fix, source)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _below(pattern: str, path: PurePosixPath) -> bool:
    return pattern.startswith(f"{path}/") and ".." not in PurePosixPath(pattern).parts and pattern.rstrip("/") != str(path)


def check_schedules(site: Site) -> Iterator[Finding]:
    """Times that exist, a backup each day and a check each week."""
    clients, buckets = _clients(site), _buckets(site)
    servers = site.members(SERVERS) if clients or buckets else []
    for host in {one.name: one for one in (*clients, *servers)}.values() if servers else ():
        # Variable -> days between two of its days, at most.
        needed = {FILES: 1} if host in clients else {}
        if host is servers[0]:
            needed |= {CHECK: 7, **({OBJECTS: 1} if buckets else {})}
        for variable, job in SCHEDULES.items():
            text = host.known(variable)
            if not isinstance(text, str):
                continue
            group = SERVERS if host in servers else ALL
            if problem := schedules.problem_of(text) if text.strip() else "":
                yield finding(site, host, (variable,), group, "restic-schedule", f"{problem}.", f"set {variable}, such as 40 0 * * *")
            elif variable in needed and (not text.strip() or schedules.longest_gap(text) > needed[variable]):
                often, example = ("day", "40 0 * * *") if needed[variable] == 1 else ("week", "15 13 * * 6")
                problem = f"{job} would not run each {often}."
                yield finding(site, host, (variable,), group, "restic-schedule-missing", problem, f"set {variable}, such as {example}")


def check_retention(site: Site) -> Iterator[Finding]:
    """What is kept is something that a drill and a check have seen."""
    for host in site.members(SERVERS):
        given = host.known(RETENTION)
        if not isinstance(given, Mapping):
            continue
        where, name, source = place(site, host, (RETENTION,), SERVERS)
        for key, value in given.items():
            if value is UNKNOWN:
                continue
            least = 7 if key == "days" else 0
            if key not in ("days", "weeks", "months"):
                yield Finding(
                    "restic-retention", where, f"{name}.{key}", "there is no such key.", "write one of days, weeks, months", source
                )
            elif not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 9999:
                problem = f"it is not a number from {least} to 9999: drills and checks run once a week."
                yield Finding("restic-retention", where, f"{name}.{key}", problem, f"set {key}: {max(least, 8)}", source)


def check_directory(site: Site) -> Iterator[Finding]:
    """Where the repositories are."""
    for host in site.members(SERVERS):
        text = host.known("restic_repository")
        problem = directory_problem(text, "the repositories'") if isinstance(text, str) else None
        if problem:
            fix = "set restic_repository to an absolute path of its own, such as /var/lib/vannah-restic"
            yield finding(site, host, ("restic_repository",), SERVERS, "restic-directory", problem, fix)


RULES = (check_servers, check_paths, check_schedules, check_retention, check_directory)

AREA = Area("Backups of files", CODES, RULES)
