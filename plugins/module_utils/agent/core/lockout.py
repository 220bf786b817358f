# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that can lock us out: its revert is armed before it is written, and disarmed by the next connection."""

from __future__ import annotations

from ..lib import systemd
from ..resources import restart
from .model import AgentError
from .undo import definition_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .journal import Journal
    from .ledger import Ledger
    from .model import Component, Context


def arm(ctx: Context, component: Component, journal: Journal, ledger: Ledger) -> None:
    """Arm the revert of everything that the journal has kept."""
    import binascii

    from ..lib import disk
    from . import revert
    from .journal import FOLDER

    undo: list[dict[str, Any]] = []
    for saved in journal.data["files"]:
        if saved["kind"] == "link":
            continue
        data = disk.read(ctx.path(f"{FOLDER}/{saved['blob']}")) if saved["kind"] == "file" else None
        text = None if data is None else binascii.b2a_base64(data, newline=False).decode("ascii")
        undo.append(
            {"path": saved["path"], "data_b64": text, "mode": saved.get("mode", 0), "uid": saved.get("uid", 0), "gid": saved.get("gid", 0)}
        )
    units = restart.units_to_start(component)
    by_socket = [unit["name"] for unit in units if systemd.by_socket(ctx, unit)]
    names = [unit["name"] for unit in units if unit["name"] not in by_socket]
    revert.arm(ctx, component["lockout_guard"], undo, names, restarted=by_socket)
    ctx.call.guard = {"armed": True, "seconds": component["lockout_guard"]}
    known, definition = ctx.entry.get("guard") or {}, definition_hash(component)
    tries = known.get("tries", 0) + 1 if known.get("hash") == definition else 1
    ctx.entry["guard"] = {"hash": definition, "since": ctx.today(), "tries": tries}
    ledger.save(ctx)


def look(ctx: Context) -> None:
    """A revert that waits since an earlier call is said with this one's answer, so that the controller comes back for it."""
    from . import revert

    if revert.armed(ctx):
        ctx.call.guard = ctx.call.guard or {"armed": True, "seconds": 0}


def disarm(ctx: Context, ledger: Ledger) -> None:
    """The next connection has come, or the files are back already: no revert is wanted."""
    from . import revert

    revert.disarm(ctx)
    ctx.call.guard = None
    for entry in ledger.components.values():
        entry.pop("guard", None)
    ledger.save(ctx)


def refuse_reverted(component: Component, ctx: Context) -> None:
    """Refuse a definition whose revert was not disarmed twice: it has locked the controller out.

    Once proves nothing: the controller may have been killed.

    :raises AgentError: ``locked-out``
    """
    from . import revert

    known = ctx.entry["guard"]
    if revert.armed(ctx):
        return
    if not known.get("forgotten"):
        # The revert has reloaded the units with the old files: that they ran with the new ones is true no more.
        ctx.entry.pop("running", None)
        known["forgotten"] = True
    if ctx.policy.get("retry") or known["hash"] != definition_hash(component):
        return
    if known["tries"] < 2:
        ctx.warn(f"on {known['since']} nobody connected after this definition was applied, so it was reverted; it is tried once more")
        return
    raise AgentError(
        "locked-out",
        f"component {component['name']}: on {known['since']} for the second time nobody connected after this definition was"
        " applied, so it was reverted, and it is not tried again. Change the definition, or run with -e component_retry=true.",
    )
