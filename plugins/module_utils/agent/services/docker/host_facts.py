# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Docker and its networks is on a host before anything is changed there: asked by the host checks. No program is run."""

from __future__ import annotations

import os

from ...host.text import read
from ...resources.dpkg import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Params
    from .types import Facts

SETTINGS = "/etc/docker/daemon.json"
#: Packages that bring an engine.
ENGINES = ("docker.io", "docker-ce")
#: Interfaces that are Docker's own, or reach no other host.
OWN = ("docker", "br-", "veth", "lo")


def facts(ctx: Context, asked: Params) -> Facts:
    """``engines`` (package -> version), ``swarm`` (whether it is in one) and ``routes`` (networks that the host reaches, see below).

    :param asked: ``directory``: where the data lie
    """
    directory = root(ctx) if os.path.exists(ctx.path(SETTINGS)) else asked["directory"]
    packages = {name: find(ctx, name) for name in ENGINES}
    return {
        "engines": {name: found.version for name, found in packages.items() if found.whole},
        "swarm": os.path.exists(ctx.path(f"{directory}/swarm/docker-state.json")),
        "routes": routes(read(ctx, "/proc/net/route")),
    }


def root(ctx: Context) -> str:
    """Where the engine of this host keeps its data."""
    import json

    try:
        return str(json.loads(read(ctx, SETTINGS))["data-root"])
    except (ValueError, KeyError, TypeError):
        return "/var/lib/docker"


def routes(text: str) -> list[str]:
    """``10.0.0.0/24 eth0`` for each route but the default one and those of Docker's own networks, from /proc/net/route."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[0].startswith(OWN) or fields[7] == "00000000":
            continue
        network = ".".join(str(byte) for byte in bytes.fromhex(fields[1])[::-1])
        found.append(f"{network}/{bin(int(fields[7], 16)).count('1')} {fields[0]}")
    return sorted(set(found))
