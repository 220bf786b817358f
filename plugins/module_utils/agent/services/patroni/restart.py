# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a member's ``patroni.service`` is restarted: never under the leader, and done only when it follows again.

The driver ``patroni`` of a component's unit. Patroni stops its PostgreSQL with itself, so this is a restart of both.
"""

from __future__ import annotations

from ...core.calls import Refused
from ...core.model import AgentError
from .calls import healthy, wait
from .cluster import MAX_LAG, refuse_restart
from .look import look_settled, own_name
from .rest import Silent, connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...contract import Component, Unit
    from ...core.model import Context
    from .types import Rest

#: Seconds for the last checkpoint of a large server.
STOP = 330


def restart(ctx: Context, unit: Unit) -> None:
    """Restart a unit of the current component and return when its member leads or follows.

    :param unit: an entry of a component's ``units``; its ``ready.http`` says where Patroni's REST is
    :raises Refused: ``member-leads``, ``would-lose-standby``, ``no-leader``, ``patroni-silent``; nothing was done
    :raises AgentError: ``program-failed``, ``not-in-time``
    """
    params = rest_of(unit, ctx.component)
    rest = connect(ctx, params)
    ready = unit.get("ready")
    timeout = (ready.get("timeout") if ready else 0) or 300
    try:
        rest.ask("/patroni")
    except Silent:
        name = ""  # it does not run, so nothing is interrupted
    else:
        try:
            name = own_name(rest)
            refuse_restart(look_settled(ctx, rest, MAX_LAG), name)
        except AgentError as error:
            raise Refused(error.code, error.msg) from error
    ctx.run(["systemctl", "restart", unit["name"]], timeout=STOP + timeout)

    def back() -> bool:
        member = name or own_name(rest)
        return bool(member) and healthy(rest, member, MAX_LAG)

    try:
        wait(ctx, timeout, back, f"{name or unit['name']} leads or follows after its restart")
    except AgentError as error:
        tail = ctx.run(["journalctl", "-u", unit["name"], "-n", "30", "--no-pager", "-o", "cat"], check=False).out
        raise AgentError(error.code, error.msg, tail) from error


def rest_of(unit: Unit, component: Component) -> Rest:
    """Where the member's REST is and what it is asked with, from the definition of its component."""
    params: Rest = {}
    ready = unit.get("ready")
    url = (ready.get("http") if ready else "") or ""
    if url.startswith("https://"):
        params["url"] = "https://" + url.split("/")[2]
    for certificate in component.get("certificates") or ():
        params.update({"cert": certificate["cert"], "key": certificate["key"]})
        ca = certificate.get("ca")
        if ca:
            params["ca"] = ca
        break
    return params
