# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what lies on disk. Used by every run, so it stays small; writing is :mod:`.write`."""

from __future__ import annotations

import os
import stat

from .plural import counted

try:  # hashlib would load OpenSSL: 4 ms of each run
    from _sha2 import sha256 as _sha256  # type: ignore[import-not-found]  # Python 3.12 and newer; typeshed has neither
except ImportError:
    try:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found]  # Python 3.11
    except ImportError:
        from hashlib import sha256 as _sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context
    from ..definition import Json
    from ..records import FileRecord

#: The "hash" of a path where there is nothing.
ABSENT = ""
#: From this size on (bytes) a file's hash is remembered with its inode, size and times instead of made each time.
LARGE = 1 << 20
#: More than this is not shown in a diff, bytes.
DIFF_LIMIT = 100_000


def is_mounted(ctx: Context, path: str) -> bool:
    """Whether a file system of its own is mounted at a path, links followed: as /proc/self/mountinfo (proc(5)) has it."""
    real = os.path.realpath(ctx.path(path))[len(ctx.root) :]
    table = read(ctx.path("/proc/self/mountinfo")) or b""
    points = (line.split()[4] for line in table.decode(errors="replace").splitlines() if len(line.split()) > 4)
    return any(point.replace("\\040", " ") == real for point in points)


def digest(data: bytes) -> str:
    """The sha256 of ``data`` in hexadecimal."""
    result: str = _sha256(data).hexdigest()
    return result


def digest_file(path: str) -> str:
    """The sha256 of a file (following links), :data:`ABSENT` where there is none, ``directory`` for a directory."""
    try:
        with open(path, "rb", buffering=0) as file:
            hasher = _sha256()
            while block := file.read(LARGE):
                hasher.update(block)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except IsADirectoryError:
        return "directory"
    found: str = hasher.hexdigest()
    return found


def read(path: str) -> bytes | None:
    """A file's bytes, None where there is none (a link to a directory is not a file)."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def read_json(path: str) -> Json | None:
    """The mapping in a file of JSON that is replaced atomically; None where there is none, or it has other content."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    import json

    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def status(path: str) -> os.stat_result | None:
    """``lstat``, None where there is nothing."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def stamp(found: os.stat_result) -> list[int]:
    """What tells that a file was not touched: its change time cannot be set back by its owner."""
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def hash_path(ctx: Context, path: str, known: FileRecord | None = None) -> str:
    """The sha256 of the host's ``path``, read once per run; a large one's is taken from ``known`` while its stamp holds.

    :param known: the file's ledger entry, with ``sha256`` and ``stamp``
    """
    hashes = ctx.read.hashes
    if path not in hashes:
        real = ctx.path(path)
        if known and known.get("stamp"):
            found = status(real)
            if found is not None and stamp(found) == known["stamp"]:
                hashes[path] = known["sha256"]
                return hashes[path]
        hashes[path] = digest_file(real)
    return hashes[path]


def forget(ctx: Context, path: str | None = None) -> None:
    """Something changed: hash ``path`` again next time, or all of them."""
    if path is None:
        ctx.read.hashes = {}
    else:
        ctx.read.hashes.pop(path, None)


def is_file(found: os.stat_result | None) -> bool:
    """Whether this is a regular file."""
    return found is not None and stat.S_ISREG(found.st_mode)


def is_link(found: os.stat_result | None) -> bool:
    """Whether this is a symbolic link."""
    return found is not None and stat.S_ISLNK(found.st_mode)


def is_directory(found: os.stat_result | None) -> bool:
    """Whether this is a directory."""
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_special(found: os.stat_result | None) -> bool:
    """Whether this is a pipe, a socket or a device: reading one may block forever."""
    return not (found is None or is_file(found) or is_link(found) or is_directory(found))


def text(data: bytes | None) -> str | None:
    """What a diff can show of a file: its text, or a note for binary content; None is an absent file, shown empty."""
    if data is None:
        return ""
    if len(data) > DIFF_LIMIT:
        return f"({counted(len(data), 'byte')}, sha256 {digest(data)})\n"
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return f"({counted(len(data), 'byte')}, no text, sha256 {digest(data)})\n"
