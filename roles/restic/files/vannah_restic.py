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
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, "/usr/local/lib/vannah")  # the role base installs what jobs share there
from vannah_jobs import GRACE, Failed, Jobs, Ran, first_line, limited, reason, replace, run

CONFIGURATION = "/etc/vannah/restic-job.json"
OBJECTS = "/usr/local/lib/vannah/restic-objects"
#: Seconds between two attempts where another program has locked the repository, and how long they are repeated.
LOCKED, PATIENCE = 15.0, 900.0
#: Files whose sums are recorded before a backup, and the size of the largest of them.
SAMPLE, LARGEST = 100, 1 << 20
DAY, WEEK = 86400, 604800
#: What restic calls a snapshot. A host writes files below snapshots/ of its repository, and their names are words on command lines.
_ID = re.compile("[0-9a-f]{64}")
#: Words of a pattern: what stands for other signs, sets of signs, and signs.
_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[[^]]*\]|\\.|.", re.DOTALL)
#: Tag of a snapshot of what a restore in place replaces. It is the newest one, and not the one that is meant by that.
BEFORE = "before-restore"
#: Seconds that the clock which dated a snapshot may be ahead. One that is further ahead says nothing of what is newest.
AHEAD = 600
#: What restic says where there is no repository (0.14, 0.18).
_NOWHERE = ("Is there a repository at the following location?", "repository does not exist")


class Job(Jobs):
    """The jobs of restic.

    :param settings: as :class:`Jobs` has them, and ``canary`` (a file). Of a host with files: ``repository`` and ``password`` (files
        with its address and its key), ``authority``, ``host``, ``paths``, ``exclude``. Of the backup server: ``repositories`` (``name``,
        ``path``, ``password``, ``user``; of a bucket ``canary``), ``retention`` (``days``, ``weeks``, ``months``), ``place`` (where the
        repositories are), ``scratch``, ``drill_cpu``, ``store`` (``config`` of rclone, ``authority``, ``buckets``)
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__("restic", settings)
        self._begun = time.monotonic()

    def left(self, limit: float) -> float:
        """Seconds that are left of a limit of the whole job."""
        return max(1.0, limit - (time.monotonic() - self._begun))

    def state(self, name: str) -> Path:
        """A file of what this host remembers."""
        return Path(self.settings["state"], f"restic-{name}.json")

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


def of_bucket(job: Job, bucket: str, limit: float, *tag: str) -> Ran:
    """Make a snapshot of a bucket, in a unit with a mount namespace of its own: the mount ends with it.

    :param tag: of the snapshot
    """
    unit = limited(f"vannah-restic-{bucket}", "", job.left(limit), 1000, "--property=PrivateMounts=yes")
    return run([*unit, OBJECTS, "backup", bucket, *tag], job.left(limit) + GRACE, "")


def local(repository: Mapping[str, str]) -> list[str]:
    """The words before a command on a repository of the backup server. Without a cache: what is stored is read."""
    return ["restic", "-r", repository["path"], "--password-file", repository["password"], "--no-cache"]


def failed(ran: Ran, limit: float, what: str = "") -> Failed:
    """The failure of a run of restic."""
    return Failed(f"{what}{': ' if what else ''}{reason(ran, limit, 'Fatal: ')}")


def kept(path: Path) -> dict[str, Any]:
    """What a file of the state says; nothing where there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def identity(job: Job, words: list[str], task: str, limit: float) -> str:
    """The ID of a repository; empty where there is none.

    :param words: before a command on the repository
    :raises Failed: it cannot be read
    """
    known = job.restic(words, ["cat", "config"], job.left(limit))
    if known.status == 0:
        try:
            return str(json.loads(known.text[known.text.index("{") :])["id"])
        except (ValueError, KeyError):
            raise Failed(f"the repository has no ID: {first_line(known.text)}") from None
    if not any(text in known.text for text in _NOWHERE):
        job.log(task, known.text)
        raise failed(known, limit)
    return ""


def again(job: Job) -> str:
    """The verb that starts again."""
    return f"playbooks/backup/now.yml -e backup_first={job.settings['host']}"


def initialize(job: Job, words: list[str], name: str, task: str, limit: float) -> bool:
    """Create a repository where there was none before. One that is gone is not made again: what it had would be missed too late.

    :return: whether this host knew the repository
    """
    path, there = job.state("ids"), identity(job, words, task, limit)
    remembered = str(kept(path).get(name, ""))
    if remembered and there != remembered:
        what = "is another one than before" if there else "is gone"
        fix = "mount the disk with the repositories on the backup server, or start again where they are lost"
        raise Failed(f"the repository of {name} {what}. Fix: {fix}: {again(job)}")
    if not there:
        made = job.restic(words, ["init"], job.left(limit))
        job.log(task, made.text)
        if made.status != 0:
            raise failed(made, limit)
    return bool(remembered)


def remember(job: Job, words: list[str], name: str, task: str, limit: float) -> None:
    """Keep the ID of a repository that this host writes to."""
    there = identity(job, words, task, limit)
    with job.held("state-restic-ids", 60, "another job"):
        path = job.state("ids")
        replace(str(path), json.dumps(kept(path) | {name: there}, indent=1) + "\n")


def forget(job: Job, names: list[str]) -> None:
    """Start again, with whatever the repositories are now."""
    with job.held("state-restic-ids", 60, "another job"):
        path = job.state("ids")
        replace(str(path), json.dumps({name: one for name, one in kept(path).items() if name not in names}, indent=1) + "\n")


def take(job: Job, paths: list[str], task: str, limit: float, *options: str) -> None:
    """A snapshot of this host, with sums of some of its files."""
    settings = job.settings
    replace(settings["canary"], canary(paths, settings["exclude"]), 0o600)
    lists = {"paths": [*paths, settings["canary"]], "exclude": settings["exclude"]}
    for name, lines in lists.items():
        replace(f"{settings['state']}/restic-{name}", "".join(f"{line}\n" for line in lines))
    words = ["--files-from-verbatim", f"{settings['state']}/restic-paths", "--exclude-file", f"{settings['state']}/restic-exclude"]
    ran = job.restic(job.remote(), ["backup", "--quiet", "--host", settings["host"], *options, *words], job.left(limit))
    job.log(task, ran.text)
    if ran.status == 3:
        said = [line for line in ran.text.splitlines() if line.startswith("error: ")]
        raise Failed(f"the backup is incomplete: {first_line((said or ['some files could not be read'])[0])}")
    if ran.status != 0:
        raise failed(ran, limit)


def files(folders: list[str]) -> Iterator[Path]:
    """All regular files below some folders."""
    for folder in folders:
        if os.path.isfile(folder):
            yield Path(folder)
        for place, _folders, names in os.walk(folder):
            yield from (Path(place, name) for name in names)


def left_out(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path matches an absolute pattern of restic, or lies below one that does: ``**`` is any number of folders."""
    if not patterns:
        return lambda _path: False
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}

    def word(part: str) -> str:
        """A set of signs is any of them: a file more is left out of the sums."""
        if len(part) > 1 and part[0] in "[\\":
            return "[^/]" if part[0] == "[" else re.escape(part[1])
        return signs.get(part) or re.escape(part)

    words = ("".join(word(part) for part in _PARTS.findall(one)) for one in patterns)
    whole = re.compile(f"(?:{'|'.join(words)})(?:/.*)?", re.DOTALL)
    return lambda path: whole.fullmatch(path) is not None


def sample(folders: list[str], exclude: Sequence[str] = (), most: int = SAMPLE) -> dict[str, list[Any]]:
    """Some files, by chance: path -> time of change in nanoseconds, SHA-256. A drill compares them with what it restores."""
    chosen: list[Path] = []
    out = left_out(exclude)
    for number, path in enumerate(one for one in files(folders) if not out(str(one))):
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


def canary(folders: list[str], exclude: Sequence[str] = ()) -> str:
    """A text with its own checksum: when it was written, and sums of some files."""
    text = json.dumps({"at": time.time(), "files": sample(folders, exclude)}, sort_keys=True)
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
    """The newest snapshot that is not newer than a time; ``latest`` for the newest of all. One from the future is none.

    What a restore in place has replaced is chosen by its own time alone.

    :raises Failed: there is none
    """
    known = sorted((one for one in snapshots if at(one["time"]) <= now + AHEAD), key=lambda one: at(one["time"]))
    usual = [one for one in known if BEFORE not in (one.get("tags") or ())]
    if not usual:
        raise Failed(
            "all snapshots of the repository are dated in the future" if snapshots and not known else "the repository has no snapshot"
        )
    if when in ("", "latest"):
        return usual[-1]
    wanted = at(when)
    if wanted > now:
        raise Failed(f"{when} is in the future")
    named = [one for one in known if at(one["time"]) == wanted]
    fit = named or [one for one in usual if at(one["time"]) <= wanted]
    if not fit:
        raise Failed(f"{when} is before the oldest snapshot, which is of {usual[0]['time'][:19]}Z")
    return fit[-1]


def snapshots(job: Job, words: list[str], limit: float) -> list[dict[str, Any]]:
    """What a repository has."""
    ran = job.restic(words, ["snapshots", "--json", "--no-lock"], job.left(limit))
    # Beside it may be warnings of files that are no snapshots.
    lines = [line for line in ran.text.splitlines() if line.startswith("[") or line == "null"]
    if ran.status != 0 or len(lines) != 1:
        raise failed(ran, limit)
    return [one for one in json.loads(lines[0]) or () if _ID.fullmatch(one["id"])]


class Content(NamedTuple):
    """What a snapshot has of a path."""

    there: bool
    files: int
    bytes: int


def content(job: Job, words: list[str], snapshot: str, path: str, limit: float) -> Content:
    """What a snapshot has of a path."""
    ran = job.restic(words, ["ls", "--json", "--no-lock", "--recursive", "--", snapshot, path], job.left(limit))
    if ran.status != 0 and "not found" not in ran.text:
        raise failed(ran, limit)
    there, count, size = False, 0, 0
    for line in ran.text.splitlines():
        try:
            node = json.loads(line)
        except ValueError:
            continue  # a warning
        if isinstance(node, dict) and "node" in (node.get("struct_type"), node.get("message_type")):
            there = there or node["path"] == path
            count += node["type"] == "file"
            size += int(node.get("size") or 0)
    return Content(there, count, size)


def planned(job: Job, words: list[str], path: str, when: str, limit: float) -> dict[str, Any]:
    """The snapshot that a restore takes, and what it has of a path.

    :raises Failed: it does not have it; or it is the newest one, and only earlier ones have files: the host was rebuilt meanwhile
    """
    known = snapshots(job, words, limit)
    one = chosen(known, when, time.time())
    found = content(job, words, one["id"], path, limit)
    if not found.files and when in ("", "latest"):
        usual = [other for other in known if at(other["time"]) < at(one["time"]) and BEFORE not in (other.get("tags") or ())]
        for other in sorted(usual, key=lambda other: at(other["time"]), reverse=True):
            if count := content(job, words, other["id"], path, limit).files:
                had = f"the one of {other['time']} has {count}"
                fix = f"write -e restore_time={other['time']} where you mean that"
                raise Failed(f"the newest snapshot, of {one['time']}, has no file of {path}, and {had}. Fix: {fix}")
    if not found.there:
        raise Failed(f"the snapshot of {one['time']} does not have {path}")
    return {"snapshot": one["id"], "time": one["time"], "files": found.files, "bytes": found.bytes}


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
