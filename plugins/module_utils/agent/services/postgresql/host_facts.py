# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on a database server before anything is changed there: asked by the host checks."""

from __future__ import annotations

import os

from ...host.facts import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context


def facts(ctx: Context, asked: dict[str, Any]) -> dict[str, Any]:
    """``clusters`` (``17/main``: what lies in /var/lib/postgresql) and ``watchdog`` (why Patroni could not use a device, or empty).

    :param asked: ``watchdog``: whether Patroni shall not lead without one; else it is not looked for
    """
    found: dict[str, Any] = {"clusters": clusters(ctx.path("/var/lib/postgresql"))}
    if asked.get("watchdog"):
        from .watchdog import problem

        found["watchdog"] = problem(ctx)
    return found


def clusters(path: str) -> list[str]:
    """``version/name`` of the clusters below a directory that is laid out as Debian does (pg_createcluster(1))."""
    found = []
    for version in listed(path):
        for name in listed(f"{path}/{version}"):
            if os.path.exists(f"{path}/{version}/{name}/PG_VERSION"):
                found.append(f"{version}/{name}")
    return found
