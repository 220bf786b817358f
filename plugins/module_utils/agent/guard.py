# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock-out revert: a new firewall or sshd configuration is put back unless somebody comes in with it.

Before the new files are written, the old ones and a small shell script are put into /run/vannah/guard, and systemd runs
that script as a transient unit (systemd-run(1)): it needs neither this process nor Python. It waits until the run that
armed it has ended on this host, which may install packages for minutes, then for the seconds in which the controller
has to come back over a new connection, and disarms it so; else it puts everything back.
"""

from __future__ import annotations

import os

from .lease import WORKING
from .model import RUN_DIR, AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .model import Context

GUARD = RUN_DIR + "/guard"
MANIFEST = GUARD + "/undo.json"
SCRIPT = GUARD + "/revert"
#: Made by the script before it puts anything back: from then on it is too late to disarm.
REVERTED = RUN_DIR + "/guard-reverted"
UNIT = "vannah-guard.service"
#: Seconds after which a run that has not ended yet is not waited for any more.
PATIENCE = 1800


def arm(
    ctx: Context,
    seconds: int,
    undo: Sequence[dict[str, Any]],
    units: Sequence[str],
    commands: Sequence[Sequence[str]] = (),
) -> None:
    """Have the old state come back ``seconds`` after this run's end. To be called before the new files are written.

    Armed already (another component of this run), what was to come back then still does, and time begins anew.

    :param undo: ``{"path", "data_b64" (None: the file was not there), "mode" (octal text or number), "uid", "gid"}``
    :param units: reloaded, or restarted where they cannot reload, after the files are back
    :param commands: argv lists, run after that
    :raises AgentError: ``guard-unavailable`` without systemd, ``guard-reverted`` where a revert is just being done and
        does not end
    """
    if not os.path.isdir(ctx.path("/run/systemd/system")):
        raise AgentError(
            "guard-unavailable",
            "no systemd runs this host, so nothing could put the old configuration back: set lockout_guard to 0 if you have a console",
        )
    import json

    from .write import state_directory, write_file

    if reverted(ctx):
        _await_revert(ctx)
        _clear(ctx)
    before = _manifest(ctx)
    manifest: dict[str, Any] = before or {"undo": [], "units": [], "commands": []}
    known = {item["path"] for item in manifest["undo"]}
    manifest["undo"] += [{**item, "mode": _octal(item["mode"])} for item in undo if item["path"] not in known]
    manifest["units"] += [unit for unit in units if unit not in manifest["units"]]
    manifest["commands"] += [list(argv) for argv in commands if list(argv) not in manifest["commands"]]
    manifest["seconds"] = seconds
    state_directory(ctx, GUARD)
    root = ctx.uid("root") or 0, ctx.gid("root") or 0
    for number, item in enumerate(manifest["undo"]):
        if item["data_b64"] is not None:
            from base64 import b64decode

            write_file(ctx, f"{GUARD}/{number}", b64decode(item["data_b64"]), 0o600, *root)
    write_file(ctx, SCRIPT, script(manifest, ctx.root).encode(), 0o700, *root)
    write_file(ctx, MANIFEST, json.dumps(manifest).encode(), 0o600, *root)
    _start(ctx)


def disarm(ctx: Context) -> bool:
    """Keep the new configuration. False where nothing is armed.

    :raises AgentError: ``guard-reverted`` where nobody came in time and the old configuration is back
    """
    if reverted(ctx):
        _await_revert(ctx)  # it still needs what lies in its folder
        _clear(ctx)
        raise AgentError(
            "guard-reverted",
            "the new configuration was not confirmed by a new connection in time and the old one is back:"
            " it would probably have locked everybody out; look at the firewall's and sshd's settings",
        )
    if _manifest(ctx) is None:
        return False
    _stop(ctx)
    if reverted(ctx):  # in the very moment
        return disarm(ctx)
    _clear(ctx)
    return True


def armed(ctx: Context) -> bool:
    """Whether a revert is waiting. Runs no program."""
    return os.path.exists(ctx.path(MANIFEST)) and not reverted(ctx)


def reverted(ctx: Context) -> bool:
    """Whether a revert was done (or is being done) since the last one was armed or disarmed."""
    return os.path.exists(ctx.path(REVERTED))


def script(manifest: dict[str, Any], root: str = "") -> str:
    """The shell script that puts everything back. It goes on whatever fails: the next line may be what lets us in."""
    lines = [
        "#!/bin/sh",
        "# Puts the configuration of before back, unless somebody comes in with the new one and stops this.",
        f"flock --timeout {PATIENCE} {quote(root + WORKING)} true",
        f"sleep {int(manifest['seconds'])}",
        "trap '' TERM  # from here on it is done to the end",
        f": > {quote(root + REVERTED)}",
    ]
    for number, item in enumerate(manifest["undo"]):
        path = quote(root + item["path"])
        if item["data_b64"] is None:
            lines.append(f"rm -f -- {path}")
            continue
        new = quote(root + item["path"] + ".vannah-guard")
        lines += [
            f"cp -- {quote(f'{root}{GUARD}/{number}')} {new} && chown {int(item['uid'])}:{int(item['gid'])} {new}"
            f" && chmod {item['mode']} {new} && mv -f -- {new} {path}"
        ]
    lines.append("systemctl daemon-reload")
    lines += [f"systemctl reload-or-restart -- {quote(unit)}" for unit in manifest["units"]]
    lines += [" ".join(quote(word) for word in argv) for argv in manifest["commands"]]
    lines.append(f"rm -rf -- {quote(root + GUARD)}")
    return "\n".join(lines) + "\n"


def quote(word: str) -> str:
    """A word for the shell, whatever is in it."""
    return "'" + word.replace("'", "'\\''") + "'"


def _octal(mode: int | str) -> str:
    return f"{int(mode, 8) if isinstance(mode, str) else mode:04o}"


def _manifest(ctx: Context) -> dict[str, Any] | None:
    from .disk import read

    data = read(ctx.path(MANIFEST))
    if data is None:
        return None
    import json

    found: dict[str, Any] = json.loads(data)
    return found


def _start(ctx: Context) -> None:
    """Start the countdown, or start it anew: without one for the moment between, in which nothing is written."""
    _stop(ctx)
    if reverted(ctx):
        raise AgentError(
            "guard-reverted", "the configuration of before has just been put back because nobody came in with the new one; run again"
        )
    argv = ["systemd-run", f"--unit={UNIT}", "--collect", "--quiet", "--property=Type=exec", "/bin/sh", ctx.path(SCRIPT)]
    result = ctx.run(argv, check=False)
    if result.rc != 0:
        raise AgentError(
            "guard-unavailable", f"the lock-out revert cannot be armed, nothing was changed: {(result.err or result.out).strip()[-300:]}"
        )


def _await_revert(ctx: Context) -> None:
    """Wait for a revert that is being done. One that was killed half way has left its folder: what it did is done."""
    import time

    for _ in range(60):
        state = ctx.run(["systemctl", "show", "--property=ActiveState", "--value", UNIT], check=False).out.strip()
        if state not in ("activating", "active", "deactivating"):
            return
        time.sleep(0.5)
    raise AgentError("guard-reverted", f"{UNIT} is still putting an old configuration back; wait until it has ended and run again")


def _stop(ctx: Context) -> None:
    ctx.run(["systemctl", "stop", UNIT], check=False, timeout=120)


def _clear(ctx: Context) -> None:
    from .disk import status

    folder = ctx.path(GUARD)
    if status(folder) is not None:
        for name in os.listdir(folder):
            os.unlink(f"{folder}/{name}")
        os.rmdir(folder)
    _remove(ctx, REVERTED)


def _remove(ctx: Context, path: str) -> None:
    from .write import remove

    remove(ctx, path)
