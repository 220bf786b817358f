# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last good generation of a component: what its files were when its units were last seen ready.

/var/lib/vannah/generations/<component>/ exists from the moment that changed files are in place (and valid) until the
units that use them are seen ready, and holds only what changed since. Of several changes in that time the oldest
contents count. A deferred restart keeps it until the restart. A start that fails brings it back (:mod:`.undo`).
Units of several hosts that only work together keep it longer (:func:`keep`), until all of them were checked.
"""

from __future__ import annotations

import os

from ..lib import disk
from .model import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..records import FileSection, Generation, JournalData, Saved
    from .ledger import Ledger
    from .model import Context

FOLDER = STATE_DIR + "/generations"
ORIGINALS = STATE_DIR + "/originals"


def folder(component: str) -> str:
    """Where a component's generation lies."""
    return f"{FOLDER}/{component.replace('/', '_')}"


def originals(component: str) -> str:
    """Where the originals of foreign files lie that a component has replaced."""
    return f"{ORIGINALS}/{component.replace('/', '_')}"


def exists(ctx: Context, component: str) -> bool:
    """Whether a component has changed files that were not seen good yet."""
    return os.path.exists(ctx.path(folder(component) + "/generation.json"))


def load(ctx: Context, component: str) -> Generation | None:
    """None where there is none."""
    found: Generation | None = read_list(ctx, folder(component) + "/generation.json")
    return found


def add(ctx: Context, component: str, data: JournalData, source: str) -> None:
    """Take over what a journal has kept; what the generation has already is older and stays."""
    from ..lib import backup_copy

    found: Generation = load(ctx, component) or {
        "component": component,
        "files": [],
        "entry": data["entry"],
        "active": data["active"],
        "units": data.get("units", {}),
        "at": ctx.today(),
    }
    known = {saved["path"] for saved in found["files"]}
    for saved in data["files"]:
        if saved["path"] not in known:
            backup_copy.move(ctx, source, folder(component), saved)
            found["files"].append(saved)
    store(ctx, component, found)


def store(ctx: Context, component: str, data: Generation) -> None:
    """Write a generation's list."""
    from ..lib import write

    write.state_directory(ctx, folder(component))
    write_list(ctx, folder(component) + "/generation.json", data)


def keep(ctx: Context, component: str, wanted: bool = True) -> None:
    """Let a generation outlive a good start: whether the current files are good, only several hosts together can tell.

    :param wanted: False: from now on a good start is enough again
    """
    found = load(ctx, component)
    if found is not None and bool(found.get("kept")) != wanted:
        store(ctx, component, {**found, "kept": wanted})


def kept(ctx: Context, component: str) -> bool:
    """Whether :func:`keep` was asked for."""
    return bool((load(ctx, component) or {}).get("kept"))


def all_kept(ctx: Context) -> list[str]:
    """The components of which :func:`keep` was asked for: a run has not checked all of their hosts, and may have been interrupted."""
    try:
        names = os.listdir(ctx.path(FOLDER))
    except OSError:
        return []
    found = [load(ctx, name) or {} for name in sorted(names)]
    return [generation["component"] for generation in found if generation.get("kept")]


def discard(ctx: Context, component: str) -> None:
    """The current files are good, or nothing is left of the component."""
    from ..lib import backup_copy

    backup_copy.drop(ctx, folder(component))


def prune(ctx: Context, ledger: Ledger) -> None:
    """Remove the originals that nothing of the ledger, and no generation or journal that may be restored, still needs."""
    if any(os.listdir(ctx.path(folder)) for folder in (FOLDER, STATE_DIR + "/journal") if os.path.isdir(ctx.path(folder))):
        return
    needed = set()
    sections: tuple[FileSection, ...] = ("files", "links", "unit_files")
    for name, entry in ledger.components.items():
        for section in sections:
            for known in entry.get(section, {}).values():
                original: Saved | None = known.get("original")
                if original:
                    needed.add(f"{original.get('folder') or originals(name)}/{original.get('blob')}")
    for name in os.listdir(ctx.path(ORIGINALS)):
        place = f"{ORIGINALS}/{name}"
        blobs = os.listdir(ctx.path(place))
        left = [blob for blob in blobs if f"{place}/{blob}" in needed]
        for blob in set(blobs) - set(left):
            os.unlink(ctx.path(f"{place}/{blob}"))
        if not left:
            os.rmdir(ctx.path(place))


def write_list(ctx: Context, path: str, data: Mapping[str, object]) -> None:
    """Write a list of saved states, synced."""
    import json

    from ..lib import write

    write.write_file(ctx, path, json.dumps(data).encode(), 0o600, *write.ids(ctx, "root", "root"))


def read_list(ctx: Context, path: str) -> Any:
    """Read a list of saved states. One that cannot be read does not happen: it is renamed into place whole."""
    data = disk.read(ctx.path(path))
    if data is None:
        return None
    import json

    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
