# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server to which a role comes for the first time: what it has to have, and what no run could get past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from .findings import Code, Finding, Level
from .rules.directories import hidden_tree

#: Mebibytes that must be free for a run: less is the room of half a package.
FREE_MB = 200
#: Files that must still fit: a file system that has no inode left is full, whatever df says of its room.
FREE_INODES = 1000
#: Mebibytes that must be free where a service keeps its data: etcd and PostgreSQL write their logs in files of 64 and 16, and stop
#: where the next one does not fit.
DATA_MB = 64

CODES = (
    Code(
        "contact-disk",
        "The file system of /var/lib, or that which holds or would hold the data of the host's roles, is too small for them, or full: no"
        " room, or no inodes.",
        "Use a larger disk, use another file system for a new role's data directory, or free space. Never remove a"
        " service's own files (pg_wal).",
    ),
    Code(
        "contact-mount",
        "A directory that each run writes to is mounted read-only, or programs cannot be started where packages and roles put them.",
        "Remove ro or noexec from the mount in /etc/fstab.",
    ),
    Code(
        "contact-directory-hidden",
        "The data directory leads, through a link, below /home, /root or /run/user, which the service's unit hides from it (ProtectHome).",
        "Use a data directory that lies elsewhere, such as below /srv.",
    ),
    Code(
        "contact-package-disc",
        "A source of packages is a CD or DVD: apt would ask for the disc in the middle of the run.",
        "Comment out the line, or remove its file, and add a mirror in its place.",
    ),
    Code(
        "contact-cloud-init",
        "cloud-init still sets the server up, after five minutes.",
        "Run `cloud-init status --wait` there, then run again; `cloud-init status --long` shows what it does.",
    ),
    Code(
        "contact-cloud-init-broken",
        "cloud-init has started to set the server up, has not finished, and is no longer running. The run continues.",
        "Run 'cloud-init status --long' on the server, which says why; touch /etc/cloud/cloud-init.disabled there, if it"
        " is not to run at all.",
        Level.WARNING,
    ),
    Code(
        "contact-port-taken",
        "Another program listens on a port of a role that is new on the server: the role's service could not start.",
        "Set another port in the variable that the message names; or stop the program on the server.",
    ),
    Code(
        "contact-role-check",
        "A role's own check refuses the server, before anything on it is changed.",
        "Correct what the check names; or leave the server out of this run with --limit.",
    ),
)


def findings(host: str, survey: Mapping[str, Any]) -> Iterator[Finding]:
    """What the closer look says.

    :param survey: as the agent's survey gives it, with ``needs`` of the host's roles; empty where the host was not looked at
    """
    if not survey:
        return
    if survey.get("cloud_init"):
        problem = "cloud-init still sets this server up, after five minutes."
        yield Finding("contact-cloud-init", host, "-", problem, "run 'cloud-init status --wait' on the server, then run again")
    if survey.get("cloud_init_broken"):
        problem = "cloud-init has not finished to set this server up, and is no longer running."
        fix = "run 'cloud-init status --long' on the server, which says why, or touch /etc/cloud/cloud-init.disabled, if it is not to run"
        yield Finding("contact-cloud-init-broken", host, "-", problem, fix)
    yield from _disks(host, survey)
    for line in survey.get("discs") or ():
        path, _colon, entry = str(line).partition(": ")
        problem = f"{path} has a disc as a source of packages ({entry})."
        yield Finding(
            "contact-package-disc", host, "-", problem, f"put a # before that line of {path}, and add a mirror where none is left"
        )
    yield from _taken(host, survey)
    for name, refusal in sorted((survey.get("checks") or {}).items()):
        if refusal:
            problem = f"the check of the role {name} refuses this server: {str(refusal).rstrip('.')}."
            yield Finding(
                "contact-role-check",
                host,
                "-",
                problem,
                f"do what the check asks for, or leave the server out of this run: --limit 'all:!{host}'",
            )


def _taken(host: str, survey: Mapping[str, Any]) -> Iterator[Finding]:
    """Ports of the new roles that another program has. Its own unit may: the role has a check of its own, or is to adopt it."""
    given = survey.get("taken") or {}
    for item in survey.get("ports") or ():
        if str(item["port"]) not in given:
            continue
        program, unit, managed = given[str(item["port"])]
        if unit == item["unit"] and (managed or item["judged"]):
            continue
        who = f"{program}{f' ({unit})' if unit else ''}" if program else "another program"
        problem = f"{who} listens on port {item['port']} of this server, which the role {item['role']} needs ({item['name']})."
        other = f"set {item['variable']}: a port that is free, or " if item["variable"] else ""
        stop = f"run 'systemctl disable --now {unit}'" if unit.endswith(".service") else f"stop {program or 'it'}"
        yield Finding("contact-port-taken", host, item["variable"] or "-", problem, f"{other}{stop} on the server")


def _disks(host: str, survey: Mapping[str, Any]) -> Iterator[Finding]:
    """What lies on one file system adds up."""
    places: Mapping[str, Mapping[str, Any]] = survey.get("paths") or {}
    together: dict[Any, list[Mapping[str, Any]]] = {}
    for need in survey.get("needs") or ():
        place = places.get(str(need["path"]))
        if place is None or (need.get("mounted") and not place["mounted"]):
            continue
        together.setdefault(place["device"], []).append(need)
        if place["readonly"]:
            problem = f"{need['path']} of the role {need['role']} lies on a file system that is mounted read-only (at {place['at']})."
            yield Finding("contact-mount", host, "-", problem, "mount it without ro in /etc/fstab")
        tree = hidden_tree(PurePosixPath(place["real"])) if need.get("unit_hides_homes") else None
        if tree is not None:
            problem = f"{need['path']} of the role {need['role']} is {place['real']}, and its unit does not see {tree}."
            yield Finding("contact-directory-hidden", host, "-", problem, "use a data directory elsewhere, such as below /srv")
    for needs in together.values():
        place = places[str(needs[0]["path"])]
        needed = sum(int(need["needs_mb"]) for need in needs)
        paths = ", ".join(sorted({str(need["path"]) for need in needs}))
        if place["size_mb"] < needed:
            problem = f"the file system of {paths} has {place['size_mb']} MiB, and the host's roles need {needed}."
            yield Finding("contact-disk", host, "-", problem, f"use a file system of {needed} MiB or more for {paths}")
        else:
            yield from full(host, paths, place)


def full(host: str, paths: str, place: Mapping[str, Any]) -> Iterator[Finding]:
    """A file system without room for a run.

    :param place: ``free_mb`` and ``free_inodes``, as far as they are known
    """
    free, inodes = place.get("free_mb"), place.get("free_inodes")
    if isinstance(free, int) and free < FREE_MB:
        problem = f"{free} MiB are free in the file system of {paths}, and a run needs {FREE_MB}."
        fix = f"free space in {paths} (apt-get clean, journalctl --vacuum-size=100M), or use a larger disk"
        yield Finding("contact-disk", host, "-", problem, fix)
    if isinstance(inodes, int) and inodes < FREE_INODES:
        problem = f"{inodes} inodes are free in the file system of {paths}, and a run needs {FREE_INODES}: it holds too many files."
        fix = f"remove files from {paths} (df -i counts them, du --inodes finds them), or a file system with more inodes"
        yield Finding("contact-disk", host, "-", problem, fix)


def rooms(host: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    """File systems of services that run: a restart or a switchover to such a member would end with a service that does not start.

    :param given: variable of the data directory -> file systems, as the agent's ``checks.rooms`` gives them
    """
    for variable, places in sorted(given.items()):
        for place in places:
            path, free, inodes = place["path"], place.get("free_mb"), place.get("free_inodes")
            needs = f"free in the file system of {path}, and the service that keeps its data there needs"
            ways = f"other files out of it, never the service's own; or leave the server out of this run: --limit 'all:!{host}'"
            if isinstance(free, int) and free < DATA_MB:
                fix = f"use a larger file system ('df -h {path}' on the server shows it), or {ways}"
                yield Finding("contact-disk", host, variable, f"{free} MiB are {needs} {DATA_MB}.", fix)
            if isinstance(inodes, int) and inodes < FREE_INODES:
                fix = f"use a file system with more inodes ('df -i {path}' on the server counts them), or {ways}"
                yield Finding("contact-disk", host, variable, f"{inodes} inodes are {needs} {FREE_INODES}.", fix)


def mounts(host: str, system: Mapping[str, str]) -> Iterator[Finding]:
    """Paths that each run writes to, or that programs are started from, where they are mounted otherwise.

    :param system: as the agent's survey gives it
    """
    for path, how in sorted(system.items()):
        if how == "readonly":
            yield Finding("contact-mount", host, "-", f"{path} is mounted read-only.", f"mount {path} without ro in /etc/fstab")
        else:
            problem = f"{path} is mounted noexec: what packages and roles put there cannot be started."
            yield Finding("contact-mount", host, "-", problem, f"mount {path} without noexec in /etc/fstab")
