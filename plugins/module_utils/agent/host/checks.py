# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host checks ask beside a host's facts, in the same call."""

from __future__ import annotations

import os

from ..core import ledger
from ..core.model import STATE_DIR
from . import belonging, facts, members, survey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Answer, Payload
    from ..core.model import Context
    from ..facts import DataRoom, RunningValues

#: The rules of the role firewall. Until they are there, the first firewall is still to come.
RULES = "/etc/vannah/firewall.nft"


def look(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Add to ``answer["facts"]`` whose the host is, which shared settings run and what its first firewall would close.

    The answer also says which components were made and which clusters the host is a member of.

    :param payload: ``places`` {cluster: paths} to look for members of clusters, ``data`` the same for their data,
        ``look`` [path] where another site may have left data,
        ``firewall`` whether the host is to have one, ``services`` {service: what its ``host_facts.py`` is asked},
        ``listeners`` whether to say who listens on which port, ``peers`` {name: IP address} to say which own address sends to them,
        ``packages`` {variable: [name]} that it is to have
    """
    answer["facts"]["known_by"] = belonging.known_by(ctx, str((payload.get("site") or {}).get("host") or ""))
    answer["facts"]["mounts"] = survey.system(ctx)
    entries = ledger.peek(ctx)
    answer["ran"] = members.ran(entries)
    if payload.get("places"):  # who was not asked has not looked: that is no answer
        answer["members"] = members.found(ctx, payload["places"])
        answer["data"] = members.found(ctx, payload.get("data") or {})
    answer["made"] = facts.made(ctx)
    if payload.get("firewall"):
        from .caller import caller

        answer["facts"]["caller"] = caller(ctx)
    answer["facts"].update(belonging.facts(ctx, payload.get("look") or ()))
    if os.path.exists(ctx.path(f"{STATE_DIR}/ledger.json")):
        from ..core.values import running, unrecorded

        answer["facts"]["running"] = running(ctx, entries)
        answer["facts"].update(unrecorded(ctx, entries))
        answer["facts"]["rooms"] = rooms(ctx, answer["facts"]["running"])
    if payload.get("services"):
        from ..services import part

        answer["facts"]["services"] = {name: part(name, "host_facts").facts(ctx, asked) for name, asked in payload["services"].items()}
    if payload.get("peers"):
        answer["facts"]["senders"] = belonging.senders(payload["peers"])
    if payload.get("listeners"):
        from .listening import served

        units = {name: sorted(entry["running"]) for name, entry in entries.items() if entry.get("running")}
        answer["facts"]["served"], answer["facts"]["units"] = served(ctx), units
    if payload.get("packages"):
        from ..resources import apt

        answer["facts"]["unknown_packages"] = {variable: apt.unknown(ctx, names) for variable, names in payload["packages"].items()}
    if payload.get("firewall") and not os.path.exists(ctx.path(RULES)):
        from . import listening

        answer["facts"].update(listening.facts(ctx))


def rooms(ctx: Context, recorded: dict[str, RunningValues]) -> dict[str, list[DataRoom]]:
    """The file systems in which the services that run here keep their data: variable -> ``path`` and what :func:`.facts.disk` says.

    A directory in it may be a file system of its own, or lead to one: a database's WAL often does.

    :param recorded: as :func:`..core.values.running` gives it
    """
    found: dict[str, list[DataRoom]] = {}
    for entry in recorded.values():
        for variable, path in entry["values"].items():
            if variable.endswith("_data_directory"):
                devices = set()
                for place in (path, *(f"{path}/{name}" for name in facts.listed(ctx.path(path)))):
                    try:
                        device = os.stat(ctx.path(place)).st_dev
                    except OSError:
                        continue
                    if device not in devices and os.path.isdir(ctx.path(place)):
                        devices.add(device)
                        found.setdefault(variable, []).append({"path": place, **facts.disk(ctx.path(place))})
    return found
