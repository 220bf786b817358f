# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease: which run may change this host, and until when.

/run/vannah/lease says it as JSON. It is read, judged and replaced under a flock of /run/vannah/lease.lock, so that of
two runs that ask at once one gets it. Time is CLOCK_BOOTTIME: a stepped clock neither ends nor prolongs a lease.

Beside it a process that works on the host holds a flock of /run/vannah/working for as long as it lives; the kernel
takes it away with the process. So a long package installation does not lose its lease, and a run that takes over from
a dead controller never works beside the orphan that controller left here.
"""

from __future__ import annotations

import os

from ..lib import disk
from .model import RUN_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import Lease, LeaseRecord, Run
    from ..contract import LeaseAnswer as Answer
    from .model import Context


#: Seconds without renewal after which another run may take a lease over.
LIFETIME = 600
#: Seconds to wait for another one that is just reading or writing the lease.
PATIENCE = 3.0
#: Seconds to wait for the orphan of a run that is taken over (its package manager has to come to an end).
ORPHAN_PATIENCE = 120.0
#: Seconds that it gets after its own wait, and the most that is waited for it in all.
ORPHAN_END, ORPHAN_LONGEST = 15.0, 900.0

LEASE = RUN_DIR + "/lease"
LOCK = RUN_DIR + "/lease.lock"
WORKING = RUN_DIR + "/working"

#: The descriptor that holds WORKING. Set once by the first take; closed by the end of the process.
_working: dict[str, int] = {}


def handle(ctx: Context, wanted: Lease) -> Answer:
    """Do what the payload's ``lease`` asks; in check mode and for ``none`` only say who holds it.

    :param wanted: ``action`` take, release or none; ``takeover`` from any holder; ``takeover_of`` the id of a run that is
        known to be dead
    :return: ``ok``: the caller may continue; ``holder``: the run that has the lease now
    """
    action = wanted.get("action", "none")
    if ctx.check or action not in ("take", "release"):
        return check(ctx)
    if action == "release":
        return release(ctx)
    return take(ctx, bool(wanted.get("takeover")), wanted.get("takeover_of"))


def take(ctx: Context, takeover: bool = False, takeover_of: str | None = None) -> Answer:
    """Take or renew the lease for ``ctx.run_info``.

    Refused while another run has it, unless that was not renewed for :data:`LIFETIME` (and none of its processes works
    here), or it is taken over.
    """
    with _locked(ctx) as locked:
        if not locked:
            return {"ok": False, "holder": _public(_read(ctx)), "working": True}
        holder = _read(ctx)
        theirs = holder is not None and holder.get("id") != ctx.run_info.get("id")
        seized = False
        if holder is not None and theirs:
            seized = takeover or (takeover_of is not None and holder.get("id") == takeover_of)
            if not seized and not (_expired(holder) and _work(ctx, 0)):
                return {"ok": False, "holder": _public(holder), "working": not _expired(holder) and _is_working(ctx)}
        if not _work(ctx, _patience(ctx) if seized or not theirs else 0):
            return {"ok": False, "holder": _public(holder), "working": True}
        return {"ok": True, "holder": _public(_write(ctx, holder if not theirs else None)), "working": False}


def renew(ctx: Context) -> Answer:
    """Prolong the lease where it is this run's or free; what each call of a run does."""
    return take(ctx)


def release(ctx: Context) -> Answer:
    """Release our lease. The lease of another run stays, and is reported."""
    with _locked(ctx) as locked:
        holder = _read(ctx)
        if not locked:
            return {"ok": False, "holder": _public(holder), "working": True}
        if holder is not None and holder.get("id") != ctx.run_info.get("id"):
            return {"ok": False, "holder": _public(holder), "working": False}
        import contextlib

        with contextlib.suppress(FileNotFoundError):
            os.unlink(ctx.path(LEASE))
        return {"ok": True, "holder": None, "working": False}


def check(ctx: Context) -> Answer:
    """Say who holds the lease, writing nothing. ``ok`` where it is free, over, or our own."""
    holder = _read(ctx)
    if holder is None or (_expired(holder) and not _is_working(ctx)):
        return {"ok": True, "holder": None, "working": False}
    own = holder.get("id") == ctx.run_info.get("id")
    return {"ok": own, "holder": _public(holder), "working": False}


# --- the file -----------------------------------------------------------------------------------------------------------


def boottime() -> float:
    """Seconds since the kernel started, suspension included: no ``date -s`` moves it."""
    import time

    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _read(ctx: Context) -> LeaseRecord | None:
    """The holder; None where the file cannot be read."""
    found: Any = disk.read_json(ctx.path(LEASE))
    return found if found and isinstance(found.get("id"), str) else None


def _write(ctx: Context, before: LeaseRecord | None) -> LeaseRecord:
    """Write the lease of this run; ``since`` stays what it was when this is a renewal."""
    import json
    import time

    lease: LeaseRecord = {**ctx.run_info, "renewed": boottime()}
    if before is not None and before.get("since"):
        lease["since"] = before["since"]
    lease.setdefault("since", ctx.today())
    lease["until"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ctx.now() + LIFETIME))
    new = ctx.path(LEASE + ".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as file:
        json.dump(lease, file)
    os.rename(new, ctx.path(LEASE))  # /run is memory: nothing to sync
    return lease


def _public(lease: LeaseRecord | None) -> Run | None:
    shown: Any = {name: value for name, value in (lease or {}).items() if name != "renewed"}
    return shown if lease else None


def _expired(lease: LeaseRecord) -> bool:
    renewed = lease.get("renewed")
    if not isinstance(renewed, int | float):
        return True
    age = boottime() - renewed
    return age > LIFETIME or age < 0  # below 0: written before the kernel started, so no process of that run exists


class _locked:
    """LOCK held for the body; false after :data:`PATIENCE` seconds. The directory is made: it goes with each boot."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.descriptor = -1

    def __enter__(self) -> bool:
        try:
            os.makedirs(self.ctx.path(RUN_DIR), mode=0o700, exist_ok=True)
            self.descriptor = os.open(self.ctx.path(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            from ..lib.write import error_of

            raise error_of(error, LOCK) from error
        return _flock(self.descriptor, PATIENCE)

    def __exit__(self, *exc: object) -> None:
        os.close(self.descriptor)


def _flock(descriptor: int, patience: float) -> bool:
    import fcntl
    import time

    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)


# --- who works here -----------------------------------------------------------------------------------------------------


def _patience(ctx: Context) -> float:
    """Seconds to wait for the orphan of a run that is taken over: as long as its own wait may take, where it says so."""
    from . import waiting

    said = disk.read_json(ctx.path(waiting.PATH)) or {}
    since, seconds = said.get("since"), said.get("seconds")
    left = since + seconds - ctx.now() if isinstance(since, int | float) and isinstance(seconds, int | float) else 0.0
    return min(max(ORPHAN_PATIENCE, left + ORPHAN_END), ORPHAN_LONGEST)


def _work(ctx: Context, patience: float) -> bool:
    """Hold WORKING until this process ends; false where another process still has it after ``patience`` seconds."""
    path = ctx.path(WORKING)
    if path in _working:
        return True
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _flock(descriptor, max(patience, 0.1)):  # a process that only checks holds it for an instant, see _is_working
        os.close(descriptor)
        return False
    _working[path] = descriptor
    return True


def _is_working(ctx: Context) -> bool:
    """Whether another process holds WORKING; nothing is written for asking."""
    path = ctx.path(WORKING)
    if path in _working:
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _flock(descriptor, 0)
    finally:
        os.close(descriptor)
