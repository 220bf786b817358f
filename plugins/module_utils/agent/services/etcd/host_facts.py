# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data etcd would start with: asked by the host checks, before anything is changed."""

from __future__ import annotations

import os

from ...core.values import CGROUPS
from ...host.text import read
from .data import identity, logged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Params
    from .types import Data, Facts

SETTINGS = "/etc/etcd/vannah.env"
DATA = "/var/lib/etcd/vannah"


def facts(ctx: Context, asked: Params) -> Facts:
    """``data``: the owner of the data here while etcd does not run; None. One that runs has passed the look at each start (etcd-member).

    ``own``: ``member`` and ``cluster``, the IDs of the data here, whether etcd runs or not; None where there are none, and ``directory``.
    ``voters``: the names of all members that the data know, or the running member; one that has never started has none.
    Of one that runs also what :func:`.present.present` says, and ``quota``: the one of its settings file, a text.

    :param asked: ``cluster``: what the site calls the cluster of etcd's members, and ``endpoint``: where this host's one answers
    """
    data, directory = _data(ctx), _setting(ctx, "ETCD_DATA_DIR") or DATA
    own = logged(ctx.path(f"{directory}/member/wal"))
    found: Facts = {
        "data": data,
        "own": {**own, "directory": directory} if own else None,
        "voters": data["members"] if data else [],
    }
    if asked.get("cluster"):
        from .present import present

        found.update(present(ctx, asked))
        found["quota"] = _setting(ctx, "ETCD_QUOTA_BACKEND_BYTES")
    return found


def _setting(ctx: Context, wanted: str) -> str:
    for line in read(ctx, SETTINGS).splitlines():
        name, _equals, value = line.partition("=")
        if name == wanted:
            return value.strip('"')
    return ""


def _data(ctx: Context) -> Data | None:
    directory = _setting(ctx, "ETCD_DATA_DIR") or DATA
    if not os.path.isdir(ctx.path(f"{directory}/member")) or any(os.path.isdir(ctx.path(f"{base}etcd.service")) for base in CGROUPS):
        return None
    said = identity(ctx.path(directory))
    return {**said, "directory": directory} if said else None
