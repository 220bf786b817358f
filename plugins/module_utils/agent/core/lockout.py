# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that can lock us out: its revert is armed before it is written, and disarmed by the next connection."""

from __future__ import annotations

from ..lib import disk, systemd
from ..resources import restart
from .model import AgentError
from .undo import definition_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import UndoFile
    from .journal import Journal
    from .ledger import Ledger
    from .model import Component, Context

#: After so many runs that could not connect, or so many that ended for an unknown reason, the definition is refused.
LOCKED_OUT = 2
UNCONFIRMED = 6


def arm(ctx: Context, component: Component, journal: Journal, ledger: Ledger) -> None:
    """Arm the revert of everything that the journal has kept."""
    import binascii

    from . import revert
    from .journal import FOLDER

    undo: list[UndoFile] = []
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
    waited = revert.armed(ctx)
    revert.arm(ctx, component["lockout_guard"], undo, names, restarted=by_socket)
    ctx.call.guard = {"armed": True, "seconds": component["lockout_guard"]}
    known, definition = ctx.entry.get("guard") or {}, definition_hash(component)
    before = {saved["path"]: saved.get("sha256", disk.ABSENT) for saved in journal.data["files"] if saved["kind"] != "link"}
    same = known.get("hash") == definition
    ctx.entry["guard"] = {
        "hash": definition,
        "since": ctx.today(),
        "tries": known.get("tries", 0) + 1 if same else 1,
        "locked": known.get("locked", 0) if same else 0,
        "run": ctx.run_info.get("id", ""),
        "before": {**before, **(known.get("before") or {})} if waited else before,
    }
    ledger.save(ctx)


def look(ctx: Context) -> None:
    """A revert that waits since an earlier call is reported in this one's answer, so that the controller connects again for it."""
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
    """Refuse a definition that has locked the controller out twice: its run reported that it could no longer connect.

    A revert alone proves nothing: the run may have been killed before it connected again. Such runs are counted too, as no other run may
    have been able to say it, and get more tries.

    :raises AgentError: ``locked-out``
    """
    from . import revert

    known = ctx.entry["guard"]
    if revert.armed(ctx):
        return
    if not known.get("forgotten"):
        # The revert has reloaded the units with the old files: that they ran with the new ones is no longer true.
        ctx.entry.pop("running", None)
        known["forgotten"] = True
        if known.get("run") and known["run"] in (ctx.policy.get("locked_out") or ()):
            known["locked"] = known.get("locked", 0) + 1
    if ctx.policy.get("retry") or known["hash"] != definition_hash(component):
        return
    locked, tries = known.get("locked", 0), known["tries"]
    if locked < LOCKED_OUT and tries < UNCONFIRMED:
        if locked:
            ctx.warn(
                f"on {known['since']} no connection was possible after this definition was "
                f"applied, so it was reverted; it is tried once more"
            )
        else:
            ctx.warn(
                f"an earlier run was interrupted on {known['since']} before it confirmed this "
                f"change, so the host reverted it; it is applied again"
            )
        return
    often = f"{LOCKED_OUT} runs could not connect" if locked >= LOCKED_OUT else f"none of {tries} runs connected"
    raise AgentError(
        "locked-out",
        f"component {component['name']}: {often} after this definition was applied, the last on {known['since']}, so it was reverted and is"
        " not tried again. Fix: correct the settings that control access, or `make converge` with ARGS='-e component_retry=true'",
    )
