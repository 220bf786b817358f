# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call that says what a converge of the whole host would do: facts, all components in check mode, and the services' questions."""

from __future__ import annotations

import os

from .answers import held_text
from .model import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Answer, Payload
    from .model import Context


#: Folders below the state directory that are filled only while something is unfinished: a killed run, an armed revert.
UNFINISHED = ("journal", "generations", "guard")


def plan(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Plan everything and change nothing; ``payload["mode"]`` is ``check``.

    A host that another site has made, or a newer checkout, is left unplanned: the answer has no ``calls``.

    :param payload: ``expected`` (the facts that the controller rendered the components with; where one of them is another one, nothing
        else is planned and ``answer["stale"]`` names them), ``components``, ``calls`` [{domain, call, params}]
    """
    from . import identity
    from .calls import call
    from .converge import converge

    if not answer["lease"]["ok"]:
        answer["lease"]["text"] = held_text(answer["lease"])

    facts = answer["facts"]
    stale = sorted(name for name, value in (payload.get("expected") or {}).items() if facts.get(name) != value)
    if stale:
        answer["stale"] = stale
        return
    own, record = payload.get("site") or {}, identity.recorded(ctx) or {}
    if identity.differences(record, own):
        return
    answer["unfinished"] = [name for name in UNFINISHED if _is_filled(ctx.path(f"{STATE_DIR}/{name}"))]
    if not identity.is_current(record, own):
        answer["unfinished"].append("site")
    converge(payload, ctx, answer)
    answer["calls"] = [call(item["domain"], item["call"], item.get("params") or {}, ctx) for item in payload.get("calls") or ()]


def _is_filled(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False
