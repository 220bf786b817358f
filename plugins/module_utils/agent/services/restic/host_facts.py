# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host checks ask a host of the files to back up."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Params, Result


def facts(_ctx: Context, asked: Params) -> Result:
    """``missing``: paths that the inventory names and the host does not have.

    :param asked: ``paths``
    """
    return {"missing": [path for path in asked.get("paths") or () if not os.path.lexists(path)]}
