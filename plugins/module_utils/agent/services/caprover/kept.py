# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy of CapRover's data from before an update, as a tar file that only root can read: it holds keys and hashes of passwords.

CapRover must not run while it is made or put back. The images of CapRover's own registry and the logs of its nginx are not copied: no
update changes them, and they are large.
"""

from __future__ import annotations

import contextlib
import os

from ...lib.write import error_of, state_directory, write_file
from . import captain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import tarfile

    from ...core.model import Context
    from ...definition import Json

DATA = "/captain/data"
#: Folders of :data:`DATA` (its src/utils/CaptainConstants.ts, ``registryPathOnHost`` and ``nginxSharedLogsPathOnHost``).
LEFT_OUT = ("registry", "shared-logs")


def there(ctx: Context, path: str) -> bool:
    """Whether a copy is there."""
    return os.path.isfile(ctx.path(path))


def copy(ctx: Context, path: str) -> None:
    """Copy the data; the file has its name once it is complete.

    :raises AgentError: ``no-space``, ``read-only``, ``os-error``
    """
    import tarfile

    state_directory(ctx, captain.FOLDER)
    beside = f"{ctx.path(path)}.new"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                archive.add(ctx.path(DATA), "data", filter=_wanted)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, ctx.path(path))
    except OSError as error:
        _drop(beside)
        raise error_of(error, path) from error


def restore(ctx: Context, path: str) -> None:
    """Have the data as they are in a copy: what an update has added goes, what was left out of the copy stays.

    :raises AgentError: ``no-space``, ``read-only``, ``os-error``
    """
    import shutil
    import tarfile

    try:
        with tarfile.open(ctx.path(path)) as archive:
            archive.extraction_filter = staticmethod(_as_it_is)  # our own file; Python 3.11.2 knows no filter
            for name in os.listdir(ctx.path(DATA)):
                if name not in LEFT_OUT:
                    one = os.path.join(ctx.path(DATA), name)
                    shutil.rmtree(one) if os.path.isdir(one) and not os.path.islink(one) else os.unlink(one)
            archive.extractall(ctx.path(os.path.dirname(DATA)))
    except OSError as error:
        raise error_of(error, DATA) from error


def write_note(ctx: Context, note: Json) -> None:
    """Write down how far an update is."""
    import json

    state_directory(ctx, captain.FOLDER)
    write_file(ctx, captain.NOTE, json.dumps(note, sort_keys=True).encode(), 0o600)


def forget(ctx: Context) -> None:
    """No update has begun."""
    _drop(ctx.path(captain.NOTE))


def remove_others(ctx: Context, path: str) -> None:
    """Keep one copy: the way back from the last update."""
    for name in os.listdir(ctx.path(captain.FOLDER)):
        if name.endswith((".tar", ".new")) and name != os.path.basename(path):
            _drop(os.path.join(ctx.path(captain.FOLDER), name))


def _drop(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = member.name.split("/")
    return None if len(parts) > 1 and parts[1] in LEFT_OUT else member


def _as_it_is(member: tarfile.TarInfo, _path: str) -> tarfile.TarInfo:
    return member
