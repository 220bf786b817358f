#!/usr/bin/python3 -I
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs of the role vannah.healthcloud.restic share. Installed beside them; it does nothing by itself."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, "/usr/local/lib/vannah")  # the role base installs what jobs share there
from vannah_jobs import Failed, Jobs, Ran, reason, run

CONFIGURATION = "/etc/vannah/restic-job.json"
#: Seconds between two attempts where another program has locked the repository, and how long they are repeated.
LOCKED, PATIENCE = 15.0, 900.0
#: Files whose sums are recorded before a backup, and the size of the largest of them.
SAMPLE, LARGEST = 100, 1 << 20
DAY, WEEK = 86400, 604800
#: What restic calls a snapshot. A host writes files below snapshots/ of its repository, and their names are words on command lines.
_ID = re.compile("[0-9a-f]{64}")


class Job(Jobs):
    """The jobs of restic.

    :param settings: as :class:`Jobs` has them, and ``canary`` (a file). Of a host with files: ``repository`` and ``password`` (files
        with its address and its key), ``authority``, ``host``, ``paths``, ``exclude``. Of the backup server: ``repositories`` (``name``,
        ``path``, ``password``, ``user``; of a bucket ``canary``), ``retention`` (``days``, ``weeks``, ``months``), ``place`` (where the
        repositories are), ``scratch``, ``drill_cpu``, ``store`` (``config`` of rclone, ``authority``, ``buckets``)
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__("restic", settings)

    @property
    def repositories(self) -> list[dict[str, str]]:
        """Those of the backup server."""
        return list(self.settings.get("repositories") or ())

    def remote(self) -> list[str]:
        """The words before a command on this host's repository."""
        settings = self.settings
        files = ["--repository-file", settings["repository"], "--password-file", settings["password"]]
        return ["restic", *files, "--cacert", settings["authority"], "--cache-dir", f"{settings['state']}/restic-cache"]

    def restic(self, words: list[str], command: list[str], limit: float, user: str = "") -> Ran:
        """Run restic; while another program has locked the repository, again."""
        begun = time.monotonic()
        while True:
            ran = run([*words, *command], max(1.0, limit - (time.monotonic() - begun)), user)
            waited = time.monotonic() - begun
            if ran.status in (0, None) or "already locked" not in ran.text or waited > min(PATIENCE, limit):
                return ran
            time.sleep(LOCKED)


def local(repository: Mapping[str, str]) -> list[str]:
    """The words before a command on a repository of the backup server. Without a cache: what is stored is read."""
    return ["restic", "-r", repository["path"], "--password-file", repository["password"], "--no-cache"]


def failed(ran: Ran, limit: float, what: str = "") -> Failed:
    """The failure of a run of restic."""
    return Failed(f"{what}{': ' if what else ''}{reason(ran, limit, 'Fatal: ')}")


def initialize(job: Job, words: list[str], task: str, limit: float) -> None:
    """Create a repository where there is none. One that cannot be read is not made again.

    :param words: before a command on the repository
    """
    known = job.restic(words, ["cat", "config"], limit)
    if known.status == 0:
        return
    if not any(text in known.text for text in ("Is there a repository at the following location?", "repository does not exist")):
        job.log(task, known.text)
        raise failed(known, limit)
    made = job.restic(words, ["init"], limit)
    job.log(task, made.text)
    if made.status != 0:
        raise failed(made, limit)


def files(folders: list[str]) -> Iterator[Path]:
    """All regular files below some folders."""
    for folder in folders:
        if os.path.isfile(folder):
            yield Path(folder)
        for place, _folders, names in os.walk(folder):
            yield from (Path(place, name) for name in names)


def sample(folders: list[str], most: int = SAMPLE) -> dict[str, list[Any]]:
    """Some files, by chance: path -> time of change in nanoseconds, SHA-256. A drill compares them with what it restores."""
    chosen: list[Path] = []
    for number, path in enumerate(files(folders)):
        if number < most:
            chosen.append(path)
        elif (at := random.randrange(number + 1)) < most:
            chosen[at] = path
    found: dict[str, list[Any]] = {}
    for path in chosen:
        try:
            before = path.lstat()
            if stat.S_ISREG(before.st_mode) and before.st_size <= LARGEST:
                found[str(path)] = [before.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()]
        except OSError:
            continue  # removed meanwhile
    return found


def canary(folders: list[str]) -> str:
    """A text with its own checksum: when it was written, and sums of some files."""
    text = json.dumps({"at": time.time(), "files": sample(folders)}, sort_keys=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}\n"


def at(text: str) -> float:
    """Seconds of a time as people and restic write it; without a zone it is in UTC."""
    text = text.strip().replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:  # Python 3.11 takes microseconds, restic writes nanoseconds
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text!r} is not a time; write it as 2026-12-01 03:00:00") from None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()


def chosen(snapshots: list[dict[str, Any]], when: str, now: float) -> dict[str, Any]:
    """The newest snapshot that is not newer than a time; ``latest`` for the newest of all.

    :raises Failed: there is none
    """
    known = sorted(snapshots, key=lambda one: at(one["time"]))
    if not known:
        raise Failed("the repository has no snapshot")
    if when in ("", "latest"):
        return known[-1]
    wanted = at(when)
    if wanted > now:
        raise Failed(f"{when} is in the future")
    fit = [one for one in known if at(one["time"]) <= wanted]
    if not fit:
        raise Failed(f"{when} is before the oldest snapshot, which is of {known[0]['time'][:19]}Z")
    return fit[-1]


def snapshots(job: Job, words: list[str], limit: float) -> list[dict[str, Any]]:
    """What a repository has."""
    ran = job.restic(words, ["snapshots", "--json", "--no-lock"], limit)
    try:
        found: list[dict[str, Any]] = json.loads(ran.text if ran.status == 0 else "")
    except ValueError:
        raise failed(ran, limit) from None
    return found


def _received(repository: Mapping[str, str]) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """What is below snapshots/, and whether it can be a snapshot."""
    try:
        for entry in os.scandir(Path(repository["path"], "snapshots")):
            yield entry, bool(_ID.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False)
    except FileNotFoundError:
        return


def received(repository: Mapping[str, str]) -> dict[str, float]:
    """ID of each snapshot -> when it was written here. The time within it is the host's word, which may have been taken over."""
    return {entry.name: entry.stat(follow_symlinks=False).st_mtime for entry, good in _received(repository) if good}


def strange(repository: Mapping[str, str]) -> list[str]:
    """Names below snapshots/ that restic writes nowhere. A host that was taken over may write them."""
    return sorted(entry.name for entry, good in _received(repository) if not good)


def expired(known: Mapping[str, float], now: float, retention: Mapping[str, int]) -> list[str]:
    """The snapshots that are kept no longer, the oldest first.

    All of the last days stay, then the first one of each week and of each month: a host cannot put another one before it later. The newest
    one always stays. Ages count from the newest one: neither a clock that is wrong nor a host that sends none any more removes anything.
    """
    now = min(now, max(known.values(), default=now))
    order = sorted(known, key=lambda one: known[one])
    keep = set(order[-1:])
    weeks: set[tuple[int, ...]] = set()
    months: set[tuple[int, ...]] = set()
    for name in order:
        moment = datetime.fromtimestamp(known[name], UTC)
        age, week, month = now - known[name], tuple(moment.isocalendar())[:2], (moment.year, moment.month)
        if age <= retention["days"] * DAY:
            keep.add(name)
        if age <= retention["weeks"] * WEEK and week not in weeks:
            keep.add(name)
        if age <= retention["months"] * 31 * DAY and month not in months:
            keep.add(name)
        weeks.add(week)
        months.add(month)
    return [name for name in order if name not in keep]
