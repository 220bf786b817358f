# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup copies: what lay at a path is saved in a folder of the agent and can be restored.

A saved state is ``{path, kind: absent | file | link, mode, uid, gid, blob, sha256, target}``; a file's bytes lie in the folder
under the name ``blob``. Used by the journal, by generations and for the originals of foreign files.
"""

from __future__ import annotations

import os
import stat

from . import disk, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context
    from ..records import Saved


def save(ctx: Context, folder: str, path: str) -> Saved:
    """Keep what lies at ``path`` in ``folder`` (made where missing); a directory is not kept and counts as absent.

    A file above :data:`.disk.LARGE` bytes is linked instead of copied where that can be done: it is replaced, not written to.

    :raises AgentError: as :func:`.write.write_file`
    """
    real = ctx.path(path)
    found = disk.status(real)
    if found is None or disk.is_directory(found):
        return {"path": path, "kind": "absent"}
    if disk.is_link(found):
        return {"path": path, "kind": "link", "target": os.readlink(real), "uid": found.st_uid, "gid": found.st_gid}
    blob = disk.digest(path.encode())[:24]
    saved: Saved = {
        "path": path,
        "kind": "file",
        "mode": stat.S_IMODE(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
        "blob": blob,
    }
    write.state_directory(ctx, folder)
    kept = f"{folder}/{blob}"
    if found.st_size >= disk.LARGE and _link(real, ctx.path(kept)):
        saved["sha256"] = disk.hash_path(ctx, path)
        return saved
    data = disk.read(real) or b""
    saved["sha256"] = disk.digest(data)
    write.write_file(ctx, kept, data, 0o600, *write.ids(ctx, "root", "root"))
    return saved


def _link(real: str, kept: str) -> bool:
    try:
        if os.path.lexists(kept):
            os.unlink(kept)
        os.link(real, kept)
    except OSError:
        return False
    return True


def restore(ctx: Context, folder: str, saved: Saved) -> None:
    """Put back what :func:`save` has kept, whatever lies there now.

    :raises AgentError: as :func:`.write.write_file`
    """
    path = saved["path"]
    if saved["kind"] == "absent":
        if not disk.is_directory(disk.status(ctx.path(path))):
            write.remove(ctx, path)
        return
    directory = os.path.dirname(path)
    if not os.path.isdir(ctx.path(directory)):
        write.make_directory(ctx, directory, 0o755, *write.ids(ctx, "root", "root"))
    if saved["kind"] == "link":
        write.make_link(ctx, path, saved["target"])
        return
    data = disk.read(ctx.path(f"{folder}/{saved['blob']}"))
    if data is not None:
        write.write_file(ctx, path, data, saved["mode"], saved["uid"], saved["gid"])


def move(ctx: Context, source: str, folder: str, saved: Saved) -> None:
    """Let ``folder`` hold the bytes of what was saved in the folder ``source`` too."""
    if saved["kind"] != "file":
        return
    write.state_directory(ctx, folder)
    old, new = ctx.path(f"{source}/{saved['blob']}"), ctx.path(f"{folder}/{saved['blob']}")
    if os.path.lexists(new):
        os.unlink(new)
    os.link(old, new)


def drop(ctx: Context, folder: str) -> None:
    """Remove a folder of saved states."""
    real = ctx.path(folder)
    try:
        names = os.listdir(real)
    except FileNotFoundError:
        return
    # The list goes first: without it the rest is nothing but leftovers.
    for name in sorted(names, key=lambda name: not name.endswith(".json")):
        os.unlink(f"{real}/{name}")
    os.rmdir(real)
