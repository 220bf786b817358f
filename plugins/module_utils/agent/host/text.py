# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a host's files."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context


def read(ctx: Context, path: str) -> str:
    """A file's text; empty where it cannot be read (an attribute of a device that is just going away, a masked file)."""
    try:
        with open(ctx.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
