# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of :mod:`.files` do. Loaded only where something is to be done."""

from __future__ import annotations

import os

from ..core import generations
from ..core.ledger import placed
from ..core.model import AgentError
from ..lib import backup_copy, disk, write
from .file_items import mode_number, wanted_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract import Directory, File
    from ..core.model import Context, Result
    from ..records import FileRecord, FileSection

    Apply = Callable[[Context], None]

#: Where the roles put programs of their own. These quote no secret of a file that they judge.
OWN_PROGRAMS = "/usr/local/lib/vannah/"


def note(section: FileSection, key: str, known: FileRecord | None) -> Apply:
    """Let the ledger know, and nothing else; None forgets."""

    def apply(ctx: Context) -> None:
        if known is None:
            ctx.section(section).pop(key, None)
        else:
            ctx.section(section)[key] = {**ctx.section(section).get(key, {}), **known}  # it may have been told of an original since

    return apply


def directory(item: Directory) -> Apply:
    """Make a directory, or give it its owner and mode."""

    def apply(ctx: Context) -> None:
        mode, (uid, gid) = mode_number(item), write.ids(ctx, item["owner"], item["group"])
        if item["validate"]:
            run_validator(ctx, [str(word) for word in item["validate"]], f"directory {item['path']}")
        made = _parents(ctx, item["path"])
        if not os.path.isdir(ctx.path(item["path"])):
            made = write.make_directory(ctx, item["path"], mode, uid, gid)
        write.set_attributes(ctx, os.path.realpath(ctx.path(item["path"]))[len(ctx.root) :], mode, uid, gid)
        if made or ctx.section("directories").get(item["path"], {}).get("made"):
            ctx.section("directories")[item["path"]] = {"made": True}
        else:
            ctx.section("directories").pop(item["path"], None)  # it was there before: it is not removed

    return apply


def directory_gone(path: str) -> Apply:
    """Remove a directory that is empty."""

    def apply(ctx: Context) -> None:
        write.remove_directory(ctx, path)
        ctx.section("directories").pop(path, None)
        ctx.section("parents").pop(path, None)

    return apply


def _parents(ctx: Context, path: str) -> list[str]:
    """Make the folder that ``path`` lies in; what was made for it is remembered, so that it goes when it is empty."""
    parent = os.path.dirname(path)
    if parent == "/" or os.path.isdir(ctx.path(parent)):
        return []
    made = write.make_directory(ctx, parent, 0o755, *write.ids(ctx, "root", "root"))
    for directory in made:
        ctx.section("parents").setdefault(directory, {"made": True})
    return []


def link(path: str, target: str | None) -> Apply:
    """Make a symbolic link; None removes it."""

    def apply(ctx: Context) -> None:
        known = ctx.section("links").get(path, {})
        if target is None:
            file_gone(path, known, "links")(ctx)
            return
        _parents(ctx, path)
        known = ctx.section("links").setdefault(path, {})
        if not _is_known(known):
            _keep_original(ctx, path, known, "links")
        write.make_link(ctx, path, target)
        made: FileRecord = {"target": target}
        if "original" in known:
            made["original"] = known["original"]
        ctx.section("links")[path] = made

    return apply


def file(item: File, wanted: str, section: FileSection) -> Apply:
    """Write a file if its own validator accepts it; the content of a foreign file is stored as the original."""

    def apply(ctx: Context) -> None:
        path = item["path"]
        known = ctx.section(section).setdefault(path, {})
        _parents(ctx, path)
        uid, gid = write.ids(ctx, item["owner"], item["group"])
        data = _staged(ctx, item, wanted) if item.get("artifact") else wanted_bytes(item)
        if not _is_known(known) and disk.digest_file(ctx.path(path)) != wanted:
            _keep_original(ctx, path, known, section)
        write.write_file(ctx, path, data or b"", mode_number(item), uid, gid, _validator(ctx, item))
        known["sha256"] = wanted
        known.pop("target", None)  # it was a managed link
        _remember(ctx, path, known, item)

    return apply


def file_attributes(item: File, wanted: str, section: FileSection) -> Apply:
    """Owner and mode of a file whose content is right."""

    def apply(ctx: Context) -> None:
        only_attributes(item)(ctx)
        known = ctx.section(section).setdefault(item["path"], {})
        known["sha256"] = wanted
        _remember(ctx, item["path"], known, item)

    return apply


def only_attributes(item: File) -> Apply:
    """Owner and mode of a file whose content is not managed."""

    def apply(ctx: Context) -> None:
        if disk.status(ctx.path(item["path"])) is None:
            raise AgentError("file-missing", f"{item['path']} does not exist: give it content, or install what makes it")
        write.set_attributes(ctx, item["path"], mode_number(item), *write.ids(ctx, item["owner"], item["group"]))

    return apply


def file_gone(path: str, known: FileRecord, section: FileSection) -> Apply:
    """Remove a file, or put its original back."""

    def apply(ctx: Context) -> None:
        original = known.get("original")
        if original:
            # It stays where it is kept until the call has ended well: it may have to be restored.
            backup_copy.restore(ctx, original.get("folder") or generations.originals(ctx.component["name"]), original)
        else:
            write.remove(ctx, path)
        disk.forget(ctx, path)
        ctx.section(section).pop(path, None)

    return apply


def _is_known(known: FileRecord) -> bool:
    """Whether what lies there is managed, or what lay there before was kept already."""
    return bool(known.get("sha256") or known.get("target") or "original" in known)


def _keep_original(ctx: Context, path: str, known: FileRecord, section: FileSection) -> None:
    """Store the original of a foreign file; a file of another component has an original of its own."""
    ledger = ctx.call.ledger
    made = ledger.maker(ctx.component["name"], section, path) if ledger is not None else None
    if made is not None:
        if made[1].get("original"):
            known["original"] = placed(made[1]["original"], made[0])
        return
    if section == "unit_files" and ctx.section("units").get(os.path.basename(path), {}).get("masked"):
        return  # the link that masks a unit is managed
    saved = backup_copy.save(ctx, generations.originals(ctx.component["name"]), path)
    if saved["kind"] != "absent":
        known["original"] = saved
        if ledger is not None:
            ledger.save(ctx)  # before it is overwritten


def _remember(ctx: Context, path: str, known: FileRecord, item: File) -> None:
    found = disk.status(ctx.path(path))
    if found is not None and found.st_size >= disk.LARGE:
        known["stamp"] = disk.stamp(found)
    else:
        known.pop("stamp", None)
    if item.get("sensitive"):
        known["sensitive"] = True
    else:
        known.pop("sensitive", None)


def _staged(ctx: Context, item: File, wanted: str) -> bytes:
    """The bytes of an artifact that the controller has uploaded.

    :raises AgentError: ``artifact-missing``, ``artifact-mismatch``
    """
    staged = ctx.call.staged.get(wanted)
    data = disk.read(staged) if staged else None
    if data is None:
        raise AgentError("artifact-missing", f"the artifact for {item['path']} (sha256 {wanted[:12]}...) was not uploaded: run again")
    if disk.digest(data) != wanted:
        raise AgentError(
            "artifact-mismatch",
            f"the artifact for {item['path']} differs from the definition: its sha256 is {disk.digest(data)}, {wanted} is wanted",
        )
    return data


def _validator(ctx: Context, item: File) -> Callable[[str], None] | None:
    argv = item.get("validate")
    if not argv:
        return None

    def check(beside: str) -> None:
        run_validator(ctx, [part.replace("%s", beside) for part in argv], item["path"], bool(item.get("sensitive")))

    return check


def run_validator(ctx: Context, argv: list[str], what: str, sensitive: bool = False) -> None:
    """Run a program's checker.

    :raises AgentError: ``validation-failed`` with what it said (not for a sensitive file, unless the program is a role's own)
    """
    judge_validator(ctx.run(argv, check=False, timeout=120), argv, what, sensitive)


def judge_validator(result: Result, argv: list[str], what: str, sensitive: bool = False) -> None:
    """See :func:`run_validator`.

    :raises AgentError: ``validation-failed``
    """
    if result.rc == 0:
        return
    if result.rc == 127 and not result.err:
        raise AgentError("validation-failed", f"{what}: the checker {argv[0]} is not on this host; add its package to the component")
    said = "" if sensitive and not argv[0].startswith(OWN_PROGRAMS) else (result.err.strip() + "\n" + result.out.strip()).strip()[-2000:]
    raise AgentError("validation-failed", f"{what}: {argv[0]} refuses it (exit status {result.rc}); nothing was changed. {said}".strip())
