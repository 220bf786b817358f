# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forks of a run tell each other which member of a new cluster has failed, so that the others are not kept waiting for it.

A fork leaves a file in the run's temporary folder. The thread beside the call of another member (:mod:`beat`) finds it and tells the
member's agent, which ends before its next step, or in its wait for a unit (``agent/core/waiting.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C

#: Writes what the agent looks for. The first call to a host may not have made the folder yet.
COMMAND = (
    "umask 077 && mkdir -p -m 700 /run/vannah"
    " && cat > /run/vannah/peer-failed.new && mv /run/vannah/peer-failed.new /run/vannah/peer-failed.json"
)


def folder() -> Path:
    """Where forks of this run find each other's notes; Ansible makes the folder around it for each run and removes it."""
    return Path(C.DEFAULT_LOCAL_TMP, "vannah-failed")


def of(host: str, clusters: Iterable[Mapping[str, Any]]) -> list[str]:
    """The other members of the new clusters that a host is a member of."""
    found = (name for cluster in clusters if host in cluster["members"] for name in cluster["members"] if name != host)
    return list(dict.fromkeys(found))


def note(host: str, reason: str, culprit: str = "") -> None:
    """Record that a member has failed. Without it the others only learn it later.

    :param culprit: the member whose failure stopped this one, where ``reason`` is that one's
    """
    try:
        folder().mkdir(mode=0o700, exist_ok=True)
        beside = folder() / f".{os.getpid()}"
        beside.write_text(json.dumps([host, culprit or host, " ".join(reason.split())[:500]]), encoding="utf-8")
        beside.rename(folder() / f"{host.replace('/', '_')}.json")
    except OSError:
        return


def lost(peers: Iterable[str]) -> tuple[str, str] | None:
    """The member that is to blame where a peer has failed, and why; None where none has."""
    wanted = set(peers)
    try:
        files = sorted(folder().glob("*.json"))
    except OSError:
        return None
    for file in files:
        try:
            host, culprit, reason = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if host in wanted:
            return str(culprit), str(reason)
    return None
