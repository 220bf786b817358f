# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How ``docker.service`` is restarted: never where the managers of its Swarm would lose their quorum.

The driver ``docker`` of a component's unit. containerd goes with it where that is another program by now. The tasks of a Swarm are moved
before, through a manager (``leave`` in the role's exports).
"""

from __future__ import annotations

import os

from ...core import waiting
from ...core.calls import Refused
from ...core.model import AgentError
from ...lib import systemd
from . import decisions
from .calls import look
from .client import Docker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...contract import Unit
    from ...core.model import Context

CONTAINERD = "containerd.service"
#: Seconds for systemctl: each container gets 15 s to stop, all of them at once.
STOP = 300


def restart(ctx: Context, unit: Unit) -> None:
    """Restart the engine. That it answers again is the unit's own ``ready``, that its Swarm is healthy with it the role's ``healthy``.

    :raises Refused: ``would-lose-quorum``; nothing was done
    :raises AgentError: ``start-failed``
    """
    docker = Docker(ctx)
    found = look(docker, unit["name"])
    if found["directs"]:
        lost = decisions.loses_quorum(docker.nodes(), found["member"]["id"])
        if lost:
            raise Refused("would-lose-quorum", f"refused to restart {unit['name']}: {lost}. Fix: repair the other managers")
    # Going back means another restart.
    ctx.touched[unit["name"]] = "restart"
    names = [CONTAINERD, unit["name"]] if replaced(ctx, CONTAINERD) else [unit["name"]]
    ctx.run(["systemctl", "reset-failed", *names], check=False)
    waiting.doing(ctx, f"systemctl restart {' '.join(names)}", STOP)
    result = ctx.run(["systemctl", "restart", *names], check=False, timeout=STOP)
    systemd.forget(ctx)
    if result.rc != 0:
        said = result.err.strip().splitlines()
        what = said[0] if said else f"exit status {result.rc}"
        raise AgentError("start-failed", f"{unit['name']} did not restart: {what}", systemd.journal(ctx, unit["name"]))


def replaced(ctx: Context, unit: str) -> bool:
    """Whether the program that a unit runs was replaced since it was started."""
    pid = ctx.run(["systemctl", "show", "--property=MainPID", "--value", unit], check=False).out.strip()
    try:
        return pid not in ("", "0") and os.readlink(ctx.path(f"/proc/{pid}/exe")).endswith(" (deleted)")
    except OSError:
        return False
