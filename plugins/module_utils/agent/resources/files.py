# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories, links and files: what differs from the definition becomes a step. Acting is :mod:`.filesteps`.

A foreign file is overwritten when the definition names it (a package's configuration file is the
common case); its old content is stored as its original and restored when the file leaves the definition.
"""

from __future__ import annotations

import os

from ..core.ledger import next_owner, transfer_ownership
from ..core.model import AgentError, Step
from ..lib import disk
from ..lib.unit_files import unit_items
from .file_items import attributes, wanted_bytes, wanted_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract import File, Link
    from ..core.model import Component, Context, Diff
    from ..records import FileRecord, FileSection, Section


def plan_directories(component: Component, ctx: Context) -> list[Step]:
    """Steps for directories that are missing or have other owners or modes. Removal is :func:`plan_directories_gone`.

    :raises AgentError: ``not-a-directory``, ``bad-mode``
    """
    steps: list[Step] = []
    if component["state"] != "present":
        return steps
    for item in component["directories"]:
        path = item["path"]
        if item["state"] != "present":
            continue
        if item["mounted"] and not disk.is_mounted(ctx, path):
            continue  # what is mounted there is missing: the directory below it is not what was meant
        found = disk.status(ctx.path(path))
        if disk.is_link(found) and os.path.isdir(ctx.path(path)):
            found = os.stat(ctx.path(path))  # it was moved to another disk by hand: it stays there
        if found is not None and not disk.is_directory(found):
            raise AgentError("not-a-directory", f"{path} should be a directory, but is something else: move it away")
        wrong = "" if found is None else attributes(item, found, ctx)
        if found is None or wrong:
            from .file_steps import directory

            action = "update" if found is not None else "create"
            detail = wrong or f"mode {item['mode']}"
            steps.append(Step("directory", path, action, detail, apply=directory(item), claims=[("directories", path)]))
        elif path not in ctx.section("directories"):
            # Found as it should be: not managed, so it is not removed with the component.
            continue
    return steps


def plan_directories_gone(component: Component, ctx: Context) -> list[Step]:
    """Steps that remove directories which left the definition, and those that are to be absent; only empty ones go.

    To be planned after everything that empties them.
    """
    steps: list[Step] = []
    present = component["state"] == "present"
    wanted = {item["path"] for item in component["directories"] if item["state"] == "present"} if present else set()
    absent = [item["path"] for item in component["directories"] if item["state"] == "absent"] if present else []
    parents = [path for path in ctx.section("parents") if path not in wanted]
    left = [path for path in ctx.section("directories") if path not in wanted and path not in absent]
    going = {path for path, sha256 in ctx.changing.items() if sha256 is None}
    coming = {path for path, sha256 in ctx.changing.items() if sha256 is not None}
    for path in sorted({*absent, *left, *parents}, key=lambda path: (-path.count("/"), path)):
        to = next_owner(ctx, "directories", path) if path not in absent else None
        if to is not None:
            steps.append(_bequest("directory", path, "parents" if path in parents else "directories", to))
            continue
        try:
            inside = {f"{path}/{name}" for name in os.listdir(ctx.path(path))}
        except (FileNotFoundError, NotADirectoryError):
            inside = None
        from .file_steps import directory_gone

        if inside is None:
            if path not in absent or path in ctx.section("directories"):
                steps.append(Step("directory", path, "", apply=directory_gone(path)))
        elif not inside - going and not any(new.startswith(path + "/") for new in coming):
            going.add(path)
            steps.append(Step("directory", path, "remove", "it is empty", apply=directory_gone(path)))
        elif path in absent:
            ctx.warn(f"directory {path} should be absent, but is not empty: it is not removed")
        elif path in left:
            ctx.warn(f"directory {path} has left the definition and is not empty: it is not removed, and no longer managed")
            steps.append(Step("directory", path, "", apply=directory_gone(path)))
        else:
            other = _user_of(path, going, ctx)
            if other:  # it goes with what that one has in it
                steps.append(_bequest("directory", path, "parents", (other, "parents")))
    return steps


def _user_of(path: str, going: set[str], ctx: Context) -> str:
    """Another component that has something in a folder in which this one no longer has anything; empty where there is none."""
    sections: tuple[Section, ...] = ("files", "links", "unit_files", "directories")
    if any(key.startswith(path + "/") and key not in going for section in sections for key in ctx.section(section)):
        return ""
    ledger = ctx.call.ledger
    return ledger.below(ctx.component["name"], sections, path) if ledger is not None else ""


def plan_links(component: Component, ctx: Context) -> list[Step]:
    """Steps for symbolic links, those that left the definition included.

    :raises AgentError: ``is-a-directory``, ``no-target``
    """
    steps: list[Step] = []
    present = component["state"] == "present"
    wanted = {item["path"]: item for item in component["links"]} if present else {}
    for item in wanted.values():
        steps += _link(item, ctx)
    for path in sorted(set(ctx.section("links")) - set(wanted)):
        to = next_owner(ctx, "links", path)
        if to is not None:
            steps.append(_bequest("link", path, "links", to))
            continue
        found = disk.status(ctx.path(path))
        if disk.is_link(found):
            steps.append(_link_step(path, "remove", os.readlink(ctx.path(path)), None, ctx))
        else:
            steps.append(_silent_link(path, None))
    return steps


def _link(item: Link, ctx: Context) -> list[Step]:
    path, target = item["path"], item["target"]
    found = disk.status(ctx.path(path))
    now = os.readlink(ctx.path(path)) if disk.is_link(found) else None
    if item["state"] == "absent":
        if now is not None:
            return [_link_step(path, "remove", now, None, ctx)]
        if found is not None:
            ctx.warn(f"link {path} should be absent, but is not a link: it is not removed")
        return []
    if not target:
        raise AgentError("no-target", f"link {path}: target is missing; write where it should point, or state: absent")
    if disk.is_directory(found):
        raise AgentError("is-a-directory", f"link {path}: a directory is in the way; move it away")
    if disk.is_special(found):
        raise AgentError("not-a-file", f"link {path}: a pipe, a socket or a device is in the way; move it away")
    if now != target:
        known = ctx.section("links").get(path)
        if known and known.get("target") not in (None, now, target):
            ctx.drifted(path)
        return [_link_step(path, "create" if found is None else "update", now, target, ctx)]
    return [] if path in ctx.section("links") else [_silent_link(path, target)]


def _link_step(path: str, action: str, now: str | None, target: str | None, ctx: Context) -> Step:
    from .file_steps import link

    if target is None and ctx.section("links").get(path, {}).get("original"):
        action = "restore"
    diff: Diff | None = None
    if ctx.diff:
        before, after = (f"-> {where}\n" if where else "" for where in (now, target))
        diff = {"before_header": path, "after_header": path, "before": before, "after": after}
    claims: list[tuple[Section, str]] = [("links", path)] if target else []
    return Step("link", path, action, f"-> {target or now}", diff, link(path, target), writes={path: None}, claims=claims)


def _silent_link(path: str, target: str | None) -> Step:
    from .file_steps import note

    return Step("link", path, "", apply=note("links", path, {"target": target} if target else None))


# --- files --------------------------------------------------------------------------------------------------------------


def plan_files(component: Component, ctx: Context, before_packages: bool = False) -> list[Step]:
    """Steps for a component's files: those marked ``before: packages``, or the others.

    :raises AgentError: ``is-a-directory``, ``bad-mode``, ``file-missing``
    """
    steps: list[Step] = []
    if component["state"] == "present":
        for item in component["files"]:
            if (item["before"] == "packages") == before_packages:
                steps += plan_file(item, ctx)
    return steps


def plan_unit_files(component: Component, ctx: Context) -> list[Step]:
    """Steps for unit files and drop-ins."""
    steps: list[Step] = []
    for item in unit_items(component):
        steps += plan_file(item, ctx, "unit_files")
    return steps


def plan_gone(component: Component, ctx: Context, section: FileSection = "files") -> list[Step]:
    """Steps that remove what left the definition, or bring its original back.

    :param section: ``files`` or ``unit_files``
    """
    items: Iterable[File] = component["files"] if section == "files" else unit_items(component)
    wanted = {item["path"] for item in items} if component["state"] == "present" else set()
    steps: list[Step] = []
    for path, known in sorted(ctx.section(section).items()):
        if path not in wanted:
            steps += _gone(path, known, ctx, section)
    return steps


def plan_file(item: File, ctx: Context, section: FileSection = "files") -> list[Step]:
    """The step for one file, if any; a silent one where only the ledger has to learn of it."""
    path = item["path"]
    found = disk.status(ctx.path(path))
    if disk.is_directory(found):
        raise AgentError("is-a-directory", f"{path} should be a file, but is a directory: move it away")
    if disk.is_special(found):
        raise AgentError("not-a-file", f"{path} should be a file, but is a pipe, a socket or a device: move it away")
    known = ctx.section(section).get(path)
    if item["state"] == "absent":
        if found is None:
            return []
        return _gone(path, {}, ctx, section)
    wanted = wanted_hash(item)
    now = disk.hash_path(ctx, path, known) if disk.is_file(found) else disk.ABSENT
    if wanted is None:
        return _attributes_only(item, found, ctx)
    if known and known.get("sha256") and now not in (known["sha256"], wanted):
        ctx.drifted(path)
    if now == wanted:
        wrong = attributes(item, found, ctx) if found is not None else ""
        if not wrong:
            return _noted(item, wanted, known, found, section)
        from .file_steps import file_attributes

        return [
            Step(
                "file", path, "update", wrong, apply=file_attributes(item, wanted, section), writes={path: wanted}, claims=[(section, path)]
            )
        ]
    return [_write_step(item, wanted, found, ctx, section)]


def _write_step(item: File, wanted: str, found: os.stat_result | None, ctx: Context, section: FileSection) -> Step:
    from .file_steps import file

    path = item["path"]
    artifact = item.get("artifact")
    if artifact and not ctx.check and wanted not in ctx.call.staged:
        ctx.need(wanted)
    detail = f"sha256 {wanted[:12]}" if artifact else ""
    if disk.is_link(found):
        detail = "a link is in its place"
    diff = None
    if ctx.diff and (item.get("sensitive") or ctx.section(section).get(path, {}).get("sensitive")):
        diff = _diff(path, "", HIDDEN)
    elif ctx.diff:
        before = disk.read(ctx.path(path)) if found is not None else None
        after = f"({artifact.get('size', '?')} bytes, sha256 {wanted})\n" if artifact else disk.text(wanted_bytes(item))
        diff = _diff(path, disk.text(before) or "", after or "")
    action = "create" if found is None else "update"
    return Step("file", path, action, detail, diff, file(item, wanted, section), writes={path: wanted}, claims=[(section, path)])


def _gone(path: str, known: FileRecord, ctx: Context, section: FileSection) -> list[Step]:
    """Remove a managed file; if it had replaced a foreign file, that one is restored."""
    from .file_steps import file_gone, note

    to = next_owner(ctx, section, path) if known else None
    if to is not None:
        return [_bequest("file", path, section, to)]
    found = disk.status(ctx.path(path))
    original = known.get("original")
    if found is None and not original:
        return [Step("file", path, "", apply=note(section, path, None))]
    if disk.is_directory(found) or disk.is_special(found):
        ctx.warn(f"{path} was a managed file and is now a directory, a pipe, a socket or a device: it is not removed")
        return [Step("file", path, "", apply=note(section, path, None))]
    if known.get("sha256") and disk.hash_path(ctx, path, known) != known["sha256"]:
        ctx.drifted(path)
    diff = None
    if ctx.diff and not known.get("sensitive", not known):
        diff = _diff(path, disk.text(disk.read(ctx.path(path))) or "", "")
    if original:
        return [Step("file", path, "restore", "what was there before", None, file_gone(path, known, section), writes={path: None})]
    return [Step("file", path, "remove", "", diff, file_gone(path, known, section), writes={path: None})]


def _attributes_only(item: File, found: os.stat_result | None, ctx: Context) -> list[Step]:
    path = item["path"]
    if found is None and not ctx.check and not ctx.changing_packages:
        raise AgentError("file-missing", f"{path} does not exist: give it content, template, src or artifact, or install what makes it")
    if disk.is_link(found):
        ctx.warn(f"{path} is a symbolic link: owner and mode of what it points to are left alone")
        return []
    wrong = f"mode {item['mode']}" if found is None else attributes(item, found, ctx)
    if not wrong:
        return []
    from .file_steps import only_attributes

    return [Step("file", path, "update", wrong, apply=only_attributes(item))]


def _noted(item: File, wanted: str, known: FileRecord | None, found: os.stat_result | None, section: FileSection) -> list[Step]:
    """Nothing to do; where the ledger does not say so yet, a silent step."""
    entry: FileRecord = {**(known or {}), "sha256": wanted}
    if found is not None and found.st_size >= disk.LARGE:
        entry["stamp"] = disk.stamp(found)
    if item.get("sensitive"):
        entry["sensitive"] = True
    if known == entry:
        return []
    from .file_steps import note

    return [Step("file", item["path"], "", apply=note(section, item["path"], entry))]


def _bequest(kind: str, key: str, section: Section, to: tuple[str, Section]) -> Step:
    """A silent step: what leaves is another one's by now, or will be in this call."""
    return Step(kind, key, "", apply=lambda ctx: transfer_ownership(ctx, section, key, to))


#: In place of a difference that would show secrets.
HIDDEN = "(it differs; not shown because it holds secrets)\n"


def _diff(path: str, before: str, after: str) -> Diff:
    return {"before_header": path, "after_header": path, "before": before, "after": after}
