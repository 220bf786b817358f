# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer says of an error, and of a lease that another run has."""

from __future__ import annotations

import os

from .model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Error, LeaseAnswer


def held_text(said: LeaseAnswer) -> str:
    """Who has the lease, for a person."""
    holder = said.get("holder")
    if not holder:
        return "another converge process is running on this host: wait until it has ended and run again"
    working = " One of its processes is running on this host now." if said.get("working") else ""
    return (
        f"this host is held by {holder.get('who', 'another user')} (run {holder.get('id')}, {holder.get('playbook', 'no playbook')}) since"
        f" {holder.get('since')}, until {holder.get('until')} unless it renews.{working} Wait for it, or take over with -e takeover=true."
    )


def told(error: Exception) -> Error:
    """An error in the form of an answer; for an unexpected one only its type and place, because its text may contain a value."""
    if isinstance(error, AgentError):
        return {"code": error.code, "msg": error.msg, "journal": error.journal}
    if isinstance(error, OSError) and isinstance(error.filename, str):
        from ..lib.write import error_of

        found = error_of(error, error.filename)
        return {"code": found.code, "msg": found.msg, "journal": ""}
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"code": "internal-error", "msg": f"{type(error).__name__} at {place}: a bug in the agent, please report it", "journal": ""}
