# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host's member of etcd says at the host checks: who is a member, how large the database is, and which alarms are raised.

All of it is asked of this member alone, so it is answered without a quorum too.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ...lib.plural import counted
from .alarms import raised
from .api import post

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ...core.model import Context
    from ...definition import Params
    from ...facts import Peer
    from .types import Facts


def present(ctx: Context, asked: Params) -> Facts:
    """``peers`` (see the host checks), ``voters`` (all members, by name), ``size`` in bytes, and ``alarms`` (``[member, kind]``).

    ``listed``: the IDs of the ``cluster`` and of its ``members``, as the data on a disk have them. Empty where etcd is silent.

    :param asked: ``cluster``: what the site calls it; ``endpoint``
    """
    try:
        answer = post(ctx, asked, "/v3/cluster/member/list")
        status = post(ctx, asked, "/v3/maintenance/status")
    except (OSError, ValueError):
        return {}  # another check reports that it does not run
    listed, header = answer.get("members") or [], answer.get("header") or {}
    names = {int(one.get("ID") or 0): str(one.get("name") or "") for one in listed}
    return {
        "peers": {asked["cluster"]: peers(listed)},
        "voters": sorted(names.values()),
        "listed": {"cluster": f"{int(header.get('cluster_id') or 0):x}", "members": sorted(f"{number:x}" for number in names)},
        "size": int(status.get("dbSize") or 0),
        "alarms": [[names.get(number) or f"member {number:x}", kind] for number, kind in raised(status.get("errors") or ())],
    }


def peers(listed: Iterable[Mapping[str, Any]]) -> list[Peer]:
    """The members as the host checks take them; one that has never started has no name.

    :param listed: ``members`` of ``/v3/cluster/member/list``
    """
    found = list(listed)
    return [
        {
            "name": str(one.get("name") or ""),
            "address": address((one.get("peerURLs") or [""])[0]),
            "what": f"it is one of {counted(len(found), 'member')} of etcd, which count for the quorum whether it runs or not",
        }
        for one in found
    ]


def address(url: str) -> str:
    """The host in a peer URL."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
