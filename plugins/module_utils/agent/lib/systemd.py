# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd knows of units: one ``systemctl show`` for all units of a call (systemctl(1), org.freedesktop.systemd1(5))."""

from __future__ import annotations

from ..core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract import Unit
    from ..core.model import Context

    Status = dict[str, str]  # property -> value, empty where the unit has none

PROPERTIES = (
    "LoadState,ActiveState,SubState,UnitFileState,FragmentPath,DropInPaths,InvocationID,NeedDaemonReload,Type,"
    "RemainAfterExit,CanReload,InactiveExitTimestamp,InactiveExitTimestampMonotonic,NRestarts"
)
#: A unit in one of these states runs.
RUNNING = ("active", "activating", "reloading", "refreshing")
#: Attempts of systemd after which a unit that is still not up counts as one that fails.
ATTEMPTS = 3
#: Seconds by which the two ways of telling a start's time may differ: timestamps of systemctl are whole seconds.
STEP = 3.0


def is_template(name: str) -> bool:
    """``name@.service``: a unit that only has instances."""
    return "@." in name


class Expected:
    """Names of units that the call asks for."""

    __slots__ = ("names",)

    def __init__(self) -> None:
        self.names: list[str] = []


def expect(ctx: Context, names: Iterable[str]) -> None:
    """Names that will be asked for in this call, so that one call answers for all."""
    known = ctx.kept(Expected).names
    known += [name for name in names if name not in known and not is_template(name)]


def status(ctx: Context, name: str) -> Status:
    """The properties of a unit; asked once for all units, and again after :func:`forget`.

    :raises AgentError: ``no-systemd``, ``program-failed``
    """
    if name not in ctx.read.units:
        expect(ctx, [name])
        ctx.read.units = show(ctx, ctx.kept(Expected).names)
    return ctx.read.units.get(name, {})


def forget(ctx: Context) -> None:
    """Something was started, stopped, enabled or installed: ask again next time."""
    ctx.read.units = {}


def show(ctx: Context, names: list[str]) -> dict[str, Status]:
    """Ask systemd. In check mode a host without systemctl has no units yet."""
    if not names:
        return {}
    argv = ["systemctl", "show", "--timestamp=unix", f"--property={PROPERTIES}", "--", *names]
    result = ctx.run(argv, check=False, timeout=60)
    if result.rc != 0:
        if ctx.check and result.rc == 127:
            return {}
        if result.rc == 127 or "not been booted with systemd" in result.err:
            raise AgentError(
                "no-systemd", "PID 1 of this host is not systemd: units cannot be managed; boot it with systemd (package systemd-sysv)"
            )
        raise AgentError("program-failed", f"systemctl show ended with {result.rc}: {result.err.strip()[-500:]}")
    return dict(zip(names, parse(result.out), strict=False))


def parse(text: str) -> list[Status]:
    """The blocks of ``systemctl show``, one for each name, in their order."""
    blocks: list[Status] = []
    for block in text.strip("\n").split("\n\n"):
        properties: Status = {}
        for line in block.splitlines():
            name, equals, value = line.partition("=")
            if equals:
                properties[name] = value
        blocks.append(properties)
    return blocks


def running(found: Status) -> bool:
    """Whether a unit runs. One that waits for systemd's next attempt (Restart=) does not."""
    return found.get("ActiveState") in RUNNING and found.get("SubState") != "auto-restart"


def keeps_failing(found: Status) -> bool:
    """Whether systemd starts a unit again and again without success (Restart=), also while its next attempt is just being made.

    ``NRestarts`` counts since a person or a run has started it; one that is up has no such attempt.
    """
    return found.get("ActiveState") == "activating" and int(found.get("NRestarts") or 0) >= ATTEMPTS


def by_socket(ctx: Context, unit: Unit) -> bool:
    """Whether a socket unit listens that starts the service at a connection: the service is not enabled then, and may not run."""
    socket = unit.get("socket")
    return bool(socket) and status(ctx, str(socket)).get("ActiveState") == "active"


def exists(found: Status) -> bool:
    """Whether systemd knows the unit."""
    return found.get("LoadState", "not-found") != "not-found"


def files(found: Status) -> list[str]:
    """The unit's own files: fragment and drop-ins. What lies in /run is made again at each boot or reload, from others."""
    paths = [found.get("FragmentPath", ""), *found.get("DropInPaths", "").split()]
    return [path for path in paths if path and not path.startswith(("/run/", "/dev/"))]


def installs(text: str | None) -> str | None:
    """The hash of what a unit file says of its installation ([Install]); None for no text."""
    if text is None:
        return None
    from .disk import digest

    lines, inside = [], False
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            inside = line == "[Install]"
        elif inside and line and line[0] not in "#;":
            lines.append(line)
    return digest("\n".join(lines).encode())


def started(ctx: Context, found: Status) -> tuple[float, bool]:
    """When a unit's start began, in seconds since the epoch of the clock as it goes now; and whether the clock was stepped since.

    systemd keeps the time of the start by the wall clock and by the monotonic one: where they disagree, the clock was set:
    the wall clock in between, and a file's time cannot be compared with the start's.
    """
    import time

    monotonic = found.get("InactiveExitTimestampMonotonic", "")
    if not monotonic.isdigit() or not int(monotonic):
        return 0.0, True
    wall = ctx.now() - (time.clock_gettime(time.CLOCK_MONOTONIC) - int(monotonic) / 1e6)
    said = found.get("InactiveExitTimestamp", "").lstrip("@")
    return wall, not said.isdigit() or abs(wall - int(said)) > STEP


def call(ctx: Context, *words: str, timeout: float = 60) -> None:
    """Run systemctl for something that has to succeed."""
    forget(ctx)
    ctx.run(["systemctl", *words], timeout=timeout)


def reload(ctx: Context) -> None:
    """Let systemd read its unit files again."""
    call(ctx, "daemon-reload", timeout=120)


def journal(ctx: Context, name: str, lines: int = 30) -> str:
    """The end of a unit's journal; empty where it is not available."""
    result = ctx.run(
        ["journalctl", "--unit", name, "--lines", str(lines), "--no-pager", "--quiet", "--output", "short-iso"], check=False, timeout=20
    )
    return result.out[-8000:] if result.rc == 0 else ""
