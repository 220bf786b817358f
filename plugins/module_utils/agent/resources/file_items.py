# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a definition wants of a file: content, owner, mode."""

from __future__ import annotations

import stat

from ..core.model import AgentError
from ..lib import disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from ..contract import File, Placed
    from ..core.model import Context


def wanted_bytes(item: File) -> bytes | None:
    """The content of a file that comes with the definition; None where it does not."""
    text, packed = item.get("content"), item.get("content_b64")
    if text is not None:
        return text.encode("utf-8", "surrogateescape")
    if packed is not None:
        import binascii

        return binascii.a2b_base64(packed)
    return None


def wanted_hash(item: File) -> str | None:
    """The sha256 a file is to have; None where only its owner and mode are managed."""
    artifact = item.get("artifact")
    if artifact:
        return artifact["sha256"]
    data = wanted_bytes(item)
    return None if data is None else disk.digest(data)


def mode_number(item: Placed) -> int:
    """The mode of an item.

    :raises AgentError: ``bad-mode``
    """
    try:
        number = int(item["mode"], 8)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= 0o7777:
        raise AgentError("bad-mode", f'{item["path"]}: mode {item["mode"]!r} is invalid; write it in quotes and octal, for example "0644"')
    return number


def attributes(item: Placed, found: os.stat_result, ctx: Context) -> str:
    """What is wrong with owner, group and mode; empty where nothing is. A user that does not exist yet is wrong, too."""
    mode = mode_number(item)
    wrong = []
    if ctx.uid(item["owner"]) != found.st_uid:
        wrong.append(f"owner {item['owner']}")
    if ctx.gid(item["group"]) != found.st_gid:
        wrong.append(f"group {item['group']}")
    if stat.S_IMODE(found.st_mode) != mode:
        wrong.append(f"mode {stat.S_IMODE(found.st_mode):04o} -> {mode:04o}")
    return ", ".join(wrong)
