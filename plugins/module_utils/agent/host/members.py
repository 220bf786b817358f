# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host is a member of a cluster that exists, for the host checks: nothing is run and nothing is written for it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..core.model import Context
    from ..records import Entry


def ran(entries: Mapping[str, Entry]) -> list[str]:
    """Names of managed components of which a unit has been ready on this host.

    :param entries: of the ledger
    """
    return sorted(name for name, entry in entries.items() if entry.get("running"))


def found(ctx: Context, places: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Whether any path of a cluster lies on this host.

    :param places: name of a cluster -> paths, any of which proves that the host is a member of it already
    """
    return {name: any(os.path.lexists(ctx.path(path)) for path in paths) for name, paths in places.items()}
