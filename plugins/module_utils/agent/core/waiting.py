# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call is doing or waiting for now, for the controller to show while the call lasts.

An answer comes only at the end of a call. Until then ``/run/vannah/waiting.json`` says ``{run, what, since, seconds, reason}``:
``since`` in seconds since the epoch, ``seconds`` the limit or null, ``reason`` why the last look was not enough. The controller reads it
every ten seconds through a second connection (``controller/beat.py``). Failing to write it fails nothing.
"""

from __future__ import annotations

import os

from .model import RUN_DIR, AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import Context

PATH = RUN_DIR + "/waiting.json"
#: Written by the controller: ``{run, peer, reason}``.
PEER = RUN_DIR + "/peer-failed.json"
#: A shorter wait is not reported.
QUIET = 2.0
#: Seconds between two messages about one wait.
EVERY = 1.0
#: Characters of a reason.
LONGEST = 500


def tell(ctx: Context, what: str, begun: float, seconds: float | None = None, reason: str = "") -> None:
    """Say from within a loop that it still waits.

    :param what: what is waited for: ``etcd.service to be ready``
    :param begun: ``time.monotonic()`` at the beginning of the wait
    :param seconds: how long the wait may take in all
    :param reason: why the last look was not enough
    """
    import time

    now = time.monotonic()
    last = ctx.call.told or ("", 0.0)
    if now - begun < QUIET or (last[0] == what and now - last[1] < EVERY):
        return
    _write(ctx, f"waiting for {what}", now - begun, seconds, reason)
    ctx.call.told = (what, now)


def doing(ctx: Context, what: str, seconds: float | None = None) -> None:
    """Say what begins now: a step, or a program that may take long."""
    _write(ctx, what, 0.0, seconds, "")
    ctx.call.told = ("", 0.0)


def give_up(ctx: Context) -> None:
    """End where another member of a cluster that is being formed has failed: what this host does next would wait for it.

    :raises AgentError: ``peer-failed``
    """
    if not ctx.call.peers or not os.path.exists(ctx.path(PEER)):
        return
    from ..lib import disk

    said = disk.read_json(ctx.path(PEER))
    if said is None or said.get("run") != ctx.run_info.get("id"):
        return
    ctx.call.peers = False  # what is undone now is not stopped by it
    peer, reason = str(said.get("peer")), str(said.get("reason") or "").rstrip(". ")
    raise AgentError(
        "peer-failed",
        f"stopped, because {peer} has failed, which is another member of a new cluster: {reason or 'see its error'}."
        f" Nothing is lost: repair {peer} and run again, and the run continues from here",
    )


def done(ctx: Context) -> None:
    """The call ends."""
    if ctx.call.told is not None:
        ctx.call.told = None
        import contextlib

        with contextlib.suppress(OSError):
            os.unlink(ctx.path(PATH))


def _write(ctx: Context, what: str, elapsed: float, seconds: float | None, reason: str) -> None:
    if ctx.check:
        return
    import json

    said = {
        "run": ctx.run_info.get("id", ""),
        "what": what,
        "since": round(ctx.now() - elapsed, 1),
        "seconds": seconds,
        "reason": " ".join(reason.split())[:LONGEST],
    }
    path = ctx.path(PATH)
    beside = f"{path}.{os.getpid()}"
    try:
        if not os.path.isdir(os.path.dirname(path)):
            from ..lib.write import state_directory

            state_directory(ctx, RUN_DIR)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(said).encode("ascii"))
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except Exception:
        return
