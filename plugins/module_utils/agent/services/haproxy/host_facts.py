# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers HAProxy sends clients to on this host: asked by the host checks, before anything is changed."""

from __future__ import annotations

import csv
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.model import Context
    from ...definition import Params
    from ...facts import Peer
    from .types import Facts

#: Seconds for an answer.
LOOK = 3.0
#: Rows of the statistics that are no server: "show stat" in HAProxy's management guide, svname.
TOTALS = ("FRONTEND", "BACKEND")


class Kept:
    """What HAProxy answers at a socket to a command; tests set it."""

    def __init__(self) -> None:
        self.ask: Callable[[str, str], str] = _ask


def facts(ctx: Context, asked: Params) -> Facts:
    """``peers``: servers that are up in a backend of HAProxy here, by the cluster whose members they are.

    :param asked: ``socket`` of the statistics, and ``cluster``
    """
    try:
        said = ctx.kept(Kept).ask(ctx.path(asked["socket"]), "show stat")
    except OSError:
        return {}  # it does not run, so no client goes through it
    return {"peers": {asked["cluster"]: up(said)}}


def up(statistics: str) -> list[Peer]:
    """The servers that are up, with ``name``, ``address`` and ``what`` HAProxy does with them.

    :param statistics: the answer to ``show stat``
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in csv.DictReader(statistics.lstrip("# ").splitlines()):
        if row.get("svname") not in (None, *TOTALS) and str(row.get("status")).startswith("UP"):
            address = str(row.get("addr") or "").rpartition(":")[0].strip("[]")
            found.setdefault((str(row["svname"]), address), []).append(str(row["pxname"]))
    return [
        {"name": name, "address": address, "what": f"HAProxy on this host sends clients to it (UP in {', '.join(sorted(backends))})"}
        for (name, address), backends in found.items()
    ]


def _ask(path: str, command: str) -> str:
    """:raises OSError: HAProxy does not answer"""
    parts = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(LOOK)
        client.connect(path)
        client.sendall(command.encode() + b"\n")
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")
