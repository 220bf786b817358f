# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit watches, and whether it was started with the current files.

Restart follows from recorded state. The ledger keeps for each unit (section ``running``) the InvocationID it was last
seen good with, and the hash and stamp of each watched file and the versions of packages at that time:

- same InvocationID: it was not restarted since, the hashes decide;
- another one, or no record: it was restarted since. A file that was not changed since the record, or that is
  older than the start, is what the unit runs with. Where the clock was stepped since the start that is unknown:
  a warning says so, and the policy of the file applies as if it had changed.
- what its ``watch_command`` prints is compared with what it printed then, as long as it was not restarted since.
"""

from __future__ import annotations

import os

from ..lib import disk, systemd
from ..lib.unit_files import UNIT_DIRECTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import File, Unit
    from ..core.model import Component, Context
    from ..lib.systemd import Status
    from ..records import FileRecord, Running

    Reactions = dict[str, list[str]]  # policy -> what asks for it

#: From the strongest to the weakest.
POLICIES = ("restart", "reload", "defer", "none")


def watched(unit: Unit, component: Component, found: Status) -> dict[str, str]:
    """Path -> policy of everything a unit reacts to; where several say something about a path, the strongest.

    Configuration files that name no unit belong to every service of the component; a timer or socket has only its own.
    """
    name, own = unit["name"], unit["on_change"]
    service = name.endswith(".service")
    result: dict[str, str] = {}

    def add(path: str, policy: str) -> None:
        if path not in result or POLICIES.index(policy) < POLICIES.index(result[path]):
            result[path] = policy

    def concerns(units: list[str] | None) -> bool:
        return name in units if units else service

    for item in component["files"]:
        if item["state"] == "present" and concerns(item.get("units")) and not _attributes_only(item):
            add(item["path"], item.get("on_change") or own)
    for certificate in component["certificates"]:
        if concerns(certificate["units"]):
            for place in (certificate["cert"], certificate["ca"]):
                if place:
                    add(place, certificate["on_change"])
    for path in unit_paths(unit, found):
        add(path, _hard(own))
    for path, policy in unit["watch"].items():
        add(path, policy)
    return result


def _attributes_only(item: File) -> bool:
    return item.get("content") is None and item.get("content_b64") is None and not item.get("artifact")


def _hard(policy: str) -> str:
    """A new unit file or a new binary takes more than a reload."""
    return "restart" if policy == "reload" else policy


def unit_paths(unit: Unit, found: Status) -> list[str]:
    """The unit's own files: those of the definition, and those that systemd has loaded."""
    paths = [f"{UNIT_DIRECTORY}/{unit['name']}"] if unit["content"] is not None else []
    paths += [f"{UNIT_DIRECTORY}/{unit['name']}.d/{item['name']}.conf" for item in unit["dropins"]]
    return paths + [path for path in systemd.files(found) if path not in paths]


def package_names(unit: Unit, component: Component) -> list[str]:
    """The packages whose version a unit reacts to: those it names, else those of its component."""
    if unit["watch_packages"] is not None:
        names: list[str] = unit["watch_packages"]
        return names
    if not unit["name"].endswith(".service"):
        return []
    return [item["name"] for item in component["packages"] if item["state"] == "present"]


def reactions(unit: Unit, component: Component, found: Status, record: Running | None, ctx: Context) -> Reactions:
    """What each policy is asked for by, and an empty list for the others."""
    asked: Reactions = {policy: [] for policy in POLICIES}
    judge = Judge(found, record, ctx)
    current = watched(unit, component, found)
    for path, policy in current.items():
        if policy != "none" and judge.file_changed(path):
            asked[policy].append(path)
    for path in sorted(judge.files):
        if path not in current and judge.gone(path):
            asked[_hard(unit["on_change"])].append(path)
    for name in package_names(unit, component):
        if judge.package_changed(name):
            asked[_hard(unit["on_change"])].append(f"package {name}")
    command = unit.get("watch_command")
    if command and judge.same and record is not None and record.get("printed", "") not in ("", printed(unit, ctx)):
        policy = "defer" if unit["on_change"] == "defer" else "reload"
        asked[policy].append(f"what {command[0].rpartition('/')[2]} shows has changed")
    if judge.unknown:
        ctx.warn(
            f"{unit['name']}: the clock was set since it started, so it is unknown whether it runs with {', '.join(judge.unknown)};"
            " it is treated as changed"
        )
    asked["none"] = []
    return asked


class Judge:
    """Whether a unit was started with the current files, or with those after the planned steps."""

    def __init__(self, found: Status, record: Running | None, ctx: Context) -> None:
        self.found = found
        self.ctx = ctx
        self.files: dict[str, list[Any]] = record["files"] if record else {}
        self.packages: dict[str, str] = record["packages"] if record else {}
        self.same = bool(record) and record is not None and record["invocation"] == found.get("InvocationID")
        self.unknown: list[str] = []
        self._start: tuple[float, bool] | None = None

    def file_changed(self, path: str) -> bool:
        """Whether a file is, or will be after the planned steps, another one than the unit was started with."""
        ctx, known = self.ctx, self.files.get(path)
        now = disk.hash_path(ctx, path, known_file(known))
        if path in ctx.changing:
            expected = ctx.changing[path]
            if expected is None or expected != now:
                return not (self.same and known is not None and expected == known[0])
        if known is not None and self.same:
            return bool(known[0] != now)
        status = follow(ctx, path)
        if status is None:
            return bool(known is not None and known[0] != disk.ABSENT)
        if known is not None and known[0] == now and known[1:] == disk.stamp(status):
            return False  # not touched since the record, and the unit was started after it
        return self._later(status.st_ctime, path)

    def gone(self, path: str) -> bool:
        """A recorded file that is watched no longer: its removal counts, or that its original is back; what to watch alone does not."""
        if self.files[path][0] == disk.ABSENT:
            return False
        if path in self.ctx.changing:
            return self.ctx.changing[path] is None
        if not self.same:
            return False
        return bool(disk.hash_path(self.ctx, path, known_file(self.files[path])) != self.files[path][0])

    def package_changed(self, name: str) -> bool:
        """The same of a package's version."""
        from .dpkg import versions

        known, now = self.packages.get(name), versions(self.ctx, [name])[name]
        if name in self.ctx.changing_packages:
            return bool(now)  # installed and changing; one that is new to the host is nothing the unit had
        if self.same or (known and known == now):
            return bool(known and now and known != now)
        listed = f"/var/lib/dpkg/info/{name}.list"
        status = disk.status(self.ctx.path(listed))
        return status is not None and bool(now) and self._later(status.st_ctime, f"package {name}")

    def _later(self, when: float, what: str) -> bool:
        """Whether something happened after the start, or may have."""
        if self._start is None:
            self._start = systemd.started(self.ctx, self.found)
        start, stepped = self._start
        if stepped or when > self.ctx.now() + 1:
            self.unknown.append(what)
            return True
        return when >= start


def follow(ctx: Context, path: str) -> os.stat_result | None:
    """The status of what lies at a path, links followed: what a program gets that opens it."""
    try:
        return os.stat(ctx.path(path))
    except OSError:
        return None


def known_file(known: list[Any] | None) -> FileRecord | None:
    """A record's word on a file as :func:`.disk.hash_path` takes it, where the file is so large that it saves something."""
    if known and len(known) == 5 and known[2] >= disk.LARGE:
        return {"sha256": known[0], "stamp": known[1:]}
    return None


def snapshot(unit: Unit, component: Component, found: Status, ctx: Context) -> Running:
    """The record of a unit that runs with the current files."""
    seen: dict[str, list[Any]] = {}
    for path in watched(unit, component, found):
        status = follow(ctx, path)
        sha256 = disk.hash_path(ctx, path)
        seen[path] = [sha256, *disk.stamp(status)] if status is not None and sha256 else [disk.ABSENT]
    names = package_names(unit, component)
    known: dict[str, str] = {}
    if names:
        from .dpkg import versions

        known = versions(ctx, names)
    result: Running = {"invocation": found.get("InvocationID", ""), "files": seen, "packages": known}
    if unit.get("watch_command"):
        result["printed"] = printed(unit, ctx)
    return result


def printed(unit: Unit, ctx: Context) -> str:
    """The hash of what a unit's ``watch_command`` prints now; of its exit status alone where it fails."""
    from hashlib import sha256

    command = unit.get("watch_command")
    if not command:
        return ""
    answer = ctx.run(command, check=False, timeout=30)
    return sha256(f"{answer.rc}\n{'' if answer.rc else answer.out}".encode("utf-8", "surrogateescape")).hexdigest()


def recorded(unit: Unit, component: Component, found: Status, record: Running | None, ctx: Context) -> bool:
    """Whether the record is up to date (files that will be written are recorded by the step that follows)."""
    if record is None or record["invocation"] != found.get("InvocationID", "") or bool(unit.get("watch_command")) != ("printed" in record):
        return False
    current = watched(unit, component, found)
    if set(current) != set(record["files"]) or any(path in ctx.changing for path in current):
        return False
    if any(disk.hash_path(ctx, path, known_file(record["files"][path])) != record["files"][path][0] for path in current):
        return False  # of a file that asks for nothing
    names = package_names(unit, component)
    if names:
        from .dpkg import versions

        return bool(record["packages"] == versions(ctx, names))
    return not record["packages"]
