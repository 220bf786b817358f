# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of the component that is being applied: what lay at each path before it is written.

From the first changed file until the component's validators have passed, /var/lib/vannah/journal/journal.json says what
was there, and which mode and owner a directory had. If a step or a validator fails, all of it is restored; if the run is
killed, the next one does that first. Once the validators have passed, the old contents become the component's last good
generation (:mod:`.generations`); directories stay as they are then.
"""

from __future__ import annotations

import os
import stat

from ..lib import backup_copy, disk, write
from . import generations
from .model import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import JournalData, Saved, SavedDirectory
    from .ledger import Ledger
    from .model import Context

FOLDER = STATE_DIR + "/journal"
LIST = FOLDER + "/journal.json"
#: The sections of a ledger entry that speak of files: they go back with the files.
SECTIONS = ("files", "links", "parents", "unit_files", "certificates")


class Journal:
    """The open journal of one component."""

    def __init__(self, component: str, data: JournalData | None = None) -> None:
        self.component = component
        self.data: JournalData = data or {"component": component, "files": [], "directories": [], "entry": {}, "active": {}}
        self.open = data is not None

    def keep(self, ctx: Context, writes: dict[str, str | None], active: dict[str, str], directories: Sequence[str] = ()) -> None:
        """Keep what lies at each path of ``writes`` (path -> the hash it will have), before it is written.

        :param active: the component's units that are running now -> their InvocationID
        :param directories: existing ones that get another mode or owner
        """
        known = {saved["path"] for saved in self.data["files"]}
        new = [path for path in writes if path not in known]
        if not new and not directories:
            return
        if not self.open:
            import json

            self.data["entry"] = json.loads(json.dumps({section: ctx.entry.get(section, {}) for section in SECTIONS}))
            self.data["active"] = active
            self.data["units"] = json.loads(json.dumps(ctx.entry.get("units", {})))
        for path in new:
            saved = backup_copy.save(ctx, FOLDER, path)
            saved["new"] = writes[path]
            self.data["files"].append(saved)
        self.data["directories"] += [_attributes(ctx, path) for path in directories if os.path.isdir(ctx.path(path))]
        write.state_directory(ctx, FOLDER)
        generations.write_list(ctx, LIST, self.data)
        self.open = True

    def put_back(self, ctx: Context, ledger: Ledger, careful: bool = False) -> list[str]:
        """Restore every path and its ledger entries; this removes the journal.

        :param careful: do not restore files that were changed since, as far as that can be detected
        :return: paths that were left alone
        """
        if not self.open:
            return []
        left = []
        units = False
        for saved in self.data["files"]:
            path = saved["path"]
            if careful and not _is_own(ctx, saved):
                left.append(path)
                continue
            units = units or path.startswith("/etc/systemd/")
            backup_copy.restore(ctx, FOLDER, saved)
        for directory in self.data.get("directories", ()):
            _restore(ctx, directory)
        disk.forget(ctx)
        entry = ledger.entry(self.component)
        entry.update(self.data["entry"])
        ledger.save(ctx)
        if units:
            from ..lib import systemd

            systemd.reload(ctx)
        self.close(ctx)
        return left

    def commit(self, ctx: Context) -> None:
        """The new files are valid: the old ones become the last good generation."""
        if not self.open:
            return
        if self.data["files"]:
            generations.add(ctx, self.component, self.data, FOLDER)
        self.close(ctx)

    def close(self, ctx: Context) -> None:
        """Remove what it kept: the component is done, or was restored."""
        backup_copy.drop(ctx, FOLDER)
        self.open = False


def _attributes(ctx: Context, path: str) -> SavedDirectory:
    """Mode and owner of a directory; behind a link those of the directory that it leads to, as they are what is changed."""
    found = os.stat(ctx.path(path))
    return {"path": path, "mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}


def _restore(ctx: Context, saved: SavedDirectory) -> None:
    """Restore a directory's mode and owner, unless it was removed."""
    real = os.path.realpath(ctx.path(saved["path"]))
    if os.path.isdir(real):
        write.set_attributes(ctx, real[len(ctx.root) :], saved["mode"], saved["uid"], saved["gid"])


def _is_own(ctx: Context, saved: Saved) -> bool:
    """Whether a path holds the old or the new content; a hash that was not known beforehand leaves no doubt to act upon."""
    if saved.get("new") is None:
        return True
    now = disk.digest_file(ctx.path(saved["path"]))
    return now in (saved["new"], saved.get("sha256", disk.ABSENT))


def heal(ctx: Context, ledger: Ledger) -> list[str]:
    """Undo what a killed run has left incomplete; returns the text for the answer."""
    data: JournalData | None = generations.read_list(ctx, LIST)
    if data is None:
        if os.path.isdir(ctx.path(FOLDER)):
            backup_copy.drop(ctx, FOLDER)  # killed before the list was written: nothing had been changed
        return []
    journal = Journal(data["component"], data)
    paths = ", ".join(saved["path"] for saved in [*data["files"], *data.get("directories", ())])
    left = journal.put_back(ctx, ledger, careful=True)
    said = f"component {data['component']}: an interrupted change was undone before it was checked ({paths})"
    if left:
        said += f"; not restored, because they have been changed outside of this collection since: {', '.join(left)}"
    return [said]
