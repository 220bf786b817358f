# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock-out revert: a new firewall or sshd configuration is reverted unless a new connection confirms it.

Before the new files are written, the old ones and a small shell script are put into /var/lib/vannah/guard, and systemd
runs that script as a transient unit (systemd-run(1)): it needs neither this process nor Python. It waits until the run
that armed it has ended on this host, which may install packages for minutes, then for the seconds in which the controller
has to connect again, which disarms it; otherwise it restores everything.

A reboot in that time would end the countdown and keep the unconfirmed configuration: as long as it is armed, a unit of the next
boot runs the script before firewall and sshd start.
"""

from __future__ import annotations

import os

from .lease import WORKING
from .model import RUN_DIR, STATE_DIR, AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..records import Manifest, UndoFile
    from .model import Context

GUARD = STATE_DIR + "/guard"
MANIFEST = GUARD + "/undo.json"
SCRIPT = GUARD + "/revert"
#: Made by the script before it puts anything back: from then on it is too late to disarm.
REVERTED = RUN_DIR + "/guard-reverted"
UNIT = "vannah-guard.service"
#: There while it was armed in this boot. Targets pull in what they want again and again (sysinit.target with each start of
#: a service): without this the unit of the next boot would run in this one.
ARMED = RUN_DIR + "/guard-armed"
UNITS = "/etc/systemd/system"
BOOT_UNIT = f"{UNITS}/vannah-guard-boot.service"
BOOT_LINK = f"{UNITS}/sysinit.target.wants/vannah-guard-boot.service"
#: Seconds after which it no longer waits for a run that has not ended yet.
PATIENCE = 1800


def arm(
    ctx: Context,
    seconds: int,
    undo: Sequence[UndoFile],
    units: Sequence[str],
    commands: Sequence[Sequence[str]] = (),
    restarted: Sequence[str] = (),
) -> None:
    """Restore the old state ``seconds`` after this run's end. To be called before the new files are written.

    Armed already (another component of this run), it still restores the same state, and the time starts again.

    :param undo: ``{"path", "data_b64" (None: the file was not there), "mode" (octal text or number), "uid", "gid"}``
    :param units: reloaded, or restarted where they cannot reload, after the files are back; one whose own unit file was
        not there is disabled and stopped before it goes, as nothing can stop it afterwards
    :param commands: argv lists, run after that
    :param restarted: units that are started by a socket: restarted where they run, never started or reloaded
    :raises AgentError: ``guard-unavailable`` without systemd, ``guard-reverted`` where a revert is just being done and
        does not end
    """
    if not os.path.isdir(ctx.path("/run/systemd/system")):
        raise AgentError(
            "guard-unavailable",
            "this host does not run systemd, so the old configuration could not be restored: set lockout_guard to 0 if you have a console",
        )
    import json

    from ..lib.write import make_directory, make_link, state_directory, write_file

    if reverted(ctx):
        _await_revert(ctx)
        _clear(ctx)
    before = _manifest(ctx)
    manifest: Manifest = before or {"undo": [], "units": [], "commands": []}
    known = {item["path"] for item in manifest["undo"]}
    manifest["undo"] += [{**item, "mode": _octal(item["mode"])} for item in undo if item["path"] not in known]
    manifest["units"] += [unit for unit in units if unit not in manifest["units"]]
    manifest["restarted"] = [*manifest.get("restarted", ()), *(unit for unit in restarted if unit not in manifest.get("restarted", ()))]
    manifest["commands"] += [list(argv) for argv in commands if list(argv) not in manifest["commands"]]
    manifest["seconds"] = seconds
    root = ctx.uid("root") or 0, ctx.gid("root") or 0
    try:
        state_directory(ctx, RUN_DIR)
        write_file(ctx, ARMED, b"", 0o600, *root)
        state_directory(ctx, GUARD)
        for number, item in enumerate(manifest["undo"]):
            if item["data_b64"] is not None:
                from base64 import b64decode

                write_file(ctx, f"{GUARD}/{number}", b64decode(item["data_b64"]), 0o600, *root)
        write_file(ctx, SCRIPT, script(manifest, ctx.root).encode(), 0o700, *root)
        write_file(ctx, MANIFEST, json.dumps(manifest).encode(), 0o600, *root)
        make_directory(ctx, os.path.dirname(BOOT_LINK), 0o755, *root)
        write_file(ctx, BOOT_UNIT, boot_unit(ctx.root).encode(), 0o644, *root)
        make_link(ctx, BOOT_LINK, BOOT_UNIT)
        _start(ctx)
    except AgentError:
        if before is None:
            _clear(ctx)
        raise


def disarm(ctx: Context) -> bool:
    """Keep the new configuration. False where nothing is armed.

    :raises AgentError: ``guard-reverted`` where no connection came in time and the old configuration was restored
    """
    if reverted(ctx):
        _await_revert(ctx)  # it still needs what lies in its folder
        _clear(ctx)
        raise AgentError(
            "guard-reverted",
            "the new configuration was not confirmed by a new connection in time, and the old one was restored: the new"
            " one would probably have locked out all users; check the settings of the firewall and of sshd",
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


def script(manifest: Manifest, root: str = "") -> str:
    """The shell script that restores everything. It continues after any failure: the next line may restore the access.

    With the word ``boot`` it does so at once and waits for no unit: they start after it.
    """
    made = {item["path"] for item in manifest["undo"] if item["data_b64"] is None}
    new = [unit for unit in manifest["units"] if f"{UNITS}/{unit}" in made]
    lines = [
        "#!/bin/sh",
        "# Restores the previous configuration, unless a new connection confirms the new one and stops this.",
        'if [ "${1-}" = boot ]; then',
        f"    [ ! -e {quote(root + ARMED)} ] || exit 0",
        f"    mkdir -p -m 0700 {quote(root + RUN_DIR)}",
        "    wait=--no-block act=try-reload-or-restart",
        "else",
        f"    flock --timeout {PATIENCE} {quote(root + WORKING)} true",
        f"    sleep {int(manifest['seconds'])}",
        "    wait= act=reload-or-restart",
        "fi",
        "trap '' TERM  # from here on it is done to the end",
        f"true > {quote(root + REVERTED)}",
    ]
    for unit in new:
        lines += [f"systemctl disable -- {quote(unit)}", f"systemctl $wait stop -- {quote(unit)}"]
    for number, item in enumerate(manifest["undo"]):
        path = quote(root + item["path"])
        if item["data_b64"] is None:
            lines.append(f"rm -f -- {path}")
            continue
        old = quote(root + item["path"] + ".vannah-guard")
        lines += [
            f"cp -- {quote(f'{root}{GUARD}/{number}')} {old} && chown {int(item['uid'])}:{int(item['gid'])} {old}"
            f" && chmod {item['mode']} {old} && mv -f -- {old} {path}"
        ]
    lines.append("systemctl daemon-reload")
    lines += [f"systemctl $wait $act -- {quote(unit)}" for unit in manifest["units"] if unit not in new]
    lines += [f"systemctl $wait try-restart -- {quote(unit)}" for unit in manifest.get("restarted", ())]
    lines += [" ".join(quote(word) for word in argv) for argv in manifest["commands"]]
    lines += [
        f"rm -f -- {quote(root + BOOT_LINK)} {quote(root + BOOT_UNIT)}",
        f"rm -rf -- {quote(root + GUARD)}",
        f"rm -f -- {quote(root + ARMED)}",
    ]
    return "\n".join(lines) + "\n"


def boot_unit(root: str = "") -> str:
    """The unit that runs the script where the host boots while it is armed, before firewall and sshd."""
    return f"""# Made by vannah.healthcloud while a change of the firewall or sshd waits to be confirmed; it is removed automatically.
[Unit]
Description=Restore the configuration that was not confirmed before the reboot
DefaultDependencies=no
ConditionPathExists=!{root}{ARMED}
ConditionPathExists={root}{SCRIPT}
RequiresMountsFor={root}{GUARD}
After=systemd-remount-fs.service
Before=sysinit.target vannah-firewall.service nftables.service ssh.service ssh.socket

[Service]
Type=oneshot
ExecStart=/bin/sh {root}{SCRIPT} boot
"""


def quote(word: str) -> str:
    """A word for the shell, whatever is in it."""
    return "'" + word.replace("'", "'\\''") + "'"


def _octal(mode: int | str) -> str:
    return f"{int(mode, 8) if isinstance(mode, str) else mode:04o}"


def _manifest(ctx: Context) -> Manifest | None:
    from ..lib.disk import read

    data = read(ctx.path(MANIFEST))
    if data is None:
        return None
    import json

    found: Manifest = json.loads(data)
    return found


def _start(ctx: Context) -> None:
    """Start the countdown, or restart it: without one for the moment between, in which nothing is written."""
    _stop(ctx)
    if reverted(ctx):
        raise AgentError(
            "guard-reverted",
            "the previous configuration has just been restored, because no new connection confirmed the new one; run again",
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

    from . import waiting

    begun = time.monotonic()
    for _ in range(60):
        state = ctx.run(["systemctl", "show", "--property=ActiveState", "--value", UNIT], check=False).out.strip()
        if state not in ("activating", "active", "deactivating"):
            return
        waiting.tell(ctx, f"{UNIT} to restore the old configuration", begun, 30)
        time.sleep(0.5)
    raise AgentError("guard-reverted", f"{UNIT} is still restoring an old configuration; wait until it has ended and run again")


def _stop(ctx: Context) -> None:
    ctx.run(["systemctl", "stop", UNIT], check=False, timeout=120)


def _clear(ctx: Context) -> None:
    from ..lib.disk import status

    for path in (BOOT_LINK, BOOT_UNIT):
        _remove(ctx, path)
    folder = ctx.path(GUARD)
    if status(folder) is not None:
        for name in os.listdir(folder):
            os.unlink(f"{folder}/{name}")
        os.rmdir(folder)
    _remove(ctx, REVERTED)
    _remove(ctx, ARMED)


def _remove(ctx: Context, path: str) -> None:
    from ..lib.write import remove

    remove(ctx, path)
