# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who converges: the identity of this ``ansible-playbook`` process, and whether that of a lease's holder is dead.

Every fork of a run has the same identity, because it is derived from the main process: machine, boot, process id and
start. So a host's lease is one run's lease whichever fork comes back to it, and a holder whose process has ended on this
very machine can be told from one that lives.
"""

from __future__ import annotations

import getpass
import multiprocessing
import os
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..agent.contract import Run

_NAMESPACE = uuid.UUID("6f0d2f0e-9d0b-4d0b-8a5c-2f8f6b1f6c51")
_PROC = Path("/proc")
#: Read when Ansible loads this, before it forks: a run that converges its own machine may give it another name.
_NODE = os.uname().nodename


def main_pid() -> int:
    """Process id of ``ansible-playbook`` itself, asked in it or in one of its forks."""
    parent = multiprocessing.parent_process()
    return parent.pid if parent is not None and parent.pid is not None else os.getpid()


def started(pid: int, proc: Path = _PROC) -> str | None:
    """Start of a process in clock ticks since the boot (field 22 of proc(5) stat); None where there is no such process."""
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before may hold anything
    return None if fields[0] in "ZX" else fields[19]


def boot(proc: Path = _PROC) -> str:
    """The kernel's id of this boot."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@cache
def controller() -> str:
    """This machine as far as process ids mean anything: its machine id, its name and its process namespace.

    Two containers may share a machine id, and so may machines that were copied from one that had booted already: a process id of
    one says nothing in the other.
    """
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        machine = ""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{machine}/{_NODE}/{namespace}"


@cache
def _identity(pid: int) -> Run:
    start = f"{boot()}/{started(pid)}"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        user = str(os.getuid())
    return {
        "id": str(uuid.uuid5(_NAMESPACE, f"{controller()} {start} {pid}")),
        "who": f"{user}@{os.uname().nodename}",
        "controller": controller(),
        "pid": pid,
        "started": start,
    }


def run_info(playbook: str) -> Run:
    """What a lease says of this run: id, who, controller, pid, started, playbook."""
    return {**_identity(main_pid()), "playbook": playbook}


def is_dead(holder: Run, here: str | None = None, proc: Path = _PROC) -> bool:
    """Whether the run that holds a lease has certainly ended: it ran on this machine and its process does not exist.

    A holder on another machine is never known to be dead.
    """
    if holder.get("controller") != (here or controller()) or not isinstance(holder.get("pid"), int):
        return False
    born, _slash, start = str(holder.get("started", "")).partition("/")
    if not born or not start:
        return False
    return born != boot(proc) or started(holder["pid"], proc) != start


def orphaned() -> bool:
    """Whether this fork's main process has ended: nothing waits for its result, and its lease may be taken over."""
    parent = multiprocessing.parent_process()
    return parent is not None and parent.pid is not None and os.getppid() != parent.pid
