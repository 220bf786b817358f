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


#: The role has been here: it writes this file.
SETTINGS = "/etc/vannah/restic-job.json"


def facts(ctx: Context, asked: Params) -> Result:
    """``missing``: paths that the inventory names and the host does not have; ``begun``: whether the role has been here.

    :param asked: ``paths``
    """
    missing = [path for path in asked.get("paths") or () if not os.path.lexists(path)]
    return {"missing": missing, "begun": os.path.exists(ctx.path(SETTINGS))}
