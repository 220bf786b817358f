# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host checks ask a server of the backups."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Params, Result


def facts(_ctx: Context, asked: Params) -> Result:
    """``keeps``: whether this is the server that keeps the backups.

    :param asked: ``keeps``
    """
    return {"keeps": bool(asked.get("keeps"))}
