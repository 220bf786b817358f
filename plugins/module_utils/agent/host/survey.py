# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closer check of a host before it gets a role for the first time: file systems, sources of packages, what the roles' checks say.

Nothing is changed. A host on which all its roles have been made is not asked.
"""

from __future__ import annotations

import os

from .facts import listed, room
from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract import Check
    from ..core.model import Context
    from ..facts import Place, Survey

#: Written by each run, or by the packages that it installs.
WRITTEN = ("/etc", "/usr", "/usr/local", "/var/lib", "/var/lib/dpkg", "/var/cache/apt")
#: Programs of packages and of roles are started from here: dpkg runs the scripts of packages where they lie.
EXECUTED = ("/usr", "/usr/local", "/var/lib/dpkg")
SOURCES = "/etc/apt"
CLOUD_INIT = "/run/cloud-init"
#: Its stages, and the process that runs them all since version 24.3.
CLOUD_INIT_UNITS = tuple(f"cloud-{name}.service" for name in ("init-main", "init-local", "init-network", "init", "config", "final"))
#: Seconds for a role's check.
TIMEOUT = 60


def survey(ctx: Context, paths: list[str], checks: list[Check], ports: Iterable[int] = ()) -> Survey:
    """What a host says of itself.

    :param paths: directories that roles will make or use
    :param checks: ``{name, program (text of a Python program), arguments, input}``
    :param ports: TCP ports that roles will listen on
    :return: ``paths`` (see :func:`place`), ``discs`` (``file: line`` of sources that are
        discs), ``cloud_init`` (whether it is still running), ``cloud_init_broken`` (it has not finished and never will), ``checks``
        (name -> why it refuses, empty where it does not), ``taken`` (see :func:`taken`)
    """
    begun = cloud_init_begun(ctx)
    works = begun and cloud_init_works(ctx)
    return {
        "paths": {path: place(ctx, path) for path in paths},
        "discs": discs(ctx),
        "cloud_init": works,
        "cloud_init_broken": begun and not works and cloud_init_begun(ctx),  # it may have finished between the two looks
        "checks": {check["name"]: said(ctx, check) for check in checks},
        "taken": taken(ctx, set(ports)),
    }


def taken(ctx: Context, ports: set[int]) -> dict[str, list[str]]:
    """Who listens on TCP ports that roles will listen on, the loopback included: port -> program, unit, "managed".

    Empty texts where they are unknown; ``managed`` where the unit was made by a role of this collection, in a run that broke off.
    """
    if not ports:
        return {}
    from .listening import tcp_listeners

    found = {port: inodes for port, inodes in tcp_listeners(ctx).items() if port in ports}
    if not found:
        return {}
    from .sockets import holders

    known = holders(ctx, set().union(*found.values()))
    told = {}
    for port, inodes in sorted(found.items()):
        program, unit = next((known[inode] for inode in sorted(inodes) if inode in known), ("", ""))
        file = f"/etc/systemd/system/{unit}"
        managed = unit and (os.path.exists(ctx.path(f"{file}.d/vannah.conf")) or "Made by vannah.healthcloud" in read(ctx, file))
        told[str(port)] = [program, unit, "managed" if managed else ""]
    return told


def place(ctx: Context, path: str) -> Place:
    """Where a directory lies, or will lie: the file system of its nearest parent that exists.

    :return: ``at`` (that parent), ``real`` (the path without links), ``device``,
        ``size_mb``, ``free_mb``, ``free_inodes`` (see :func:`.facts.disk`), ``readonly``,
        ``mounted`` (the path itself is the root of a file system)
    """
    at = path
    while not os.path.isdir(ctx.path(at)) and at not in ("/", ""):
        at = os.path.dirname(at)
    where = ctx.path(at or "/")
    found = os.statvfs(where)
    real = os.path.realpath(where) + path[len(at) :].rstrip("/")
    root = os.path.realpath(ctx.path("/")).rstrip("/")
    return {
        "at": at or "/",
        "real": real[len(root) :] or "/",
        "device": os.stat(where).st_dev,
        **room(found),
        "readonly": bool(found.f_flag & os.ST_RDONLY),
        "mounted": at == path and os.path.ismount(where),
    }


def system(ctx: Context) -> dict[str, str]:
    """Paths of the system that no run can use as they are mounted: ``readonly`` or ``noexec``."""
    found = {}
    for path in WRITTEN:
        try:
            flags = os.statvfs(ctx.path(path)).f_flag
        except OSError:
            continue
        if flags & os.ST_RDONLY:
            found[path] = "readonly"
        elif path in EXECUTED and flags & os.ST_NOEXEC:
            found[path] = "noexec"
    return found


def discs(ctx: Context) -> list[str]:
    """Sources of packages that are discs: apt would ask for the disc in the middle of a run."""
    folder = SOURCES + "/sources.list.d"
    files = [SOURCES + "/sources.list", *(f"{folder}/{name}" for name in listed(ctx.path(folder)) if name.endswith((".list", ".sources")))]
    found = []
    for path in files:
        for stanza in read(ctx, path).split("\n\n"):
            if any(line.strip().lower() in ("enabled: no", "enabled: false") for line in stanza.splitlines()):
                continue
            for line in stanza.splitlines():
                words = line.split()
                of_disc = any(word.startswith("cdrom:") for word in words[1:])
                if of_disc and words[0].lower() in ("deb", "deb-src", "uris:"):
                    found.append(f"{path}: {line.strip()}")
    return found


def cloud_init_begun(ctx: Context) -> bool:
    """Whether cloud-init has begun to set the host up and has not said that it has finished. Where its last stage fails it never does."""
    return os.path.exists(ctx.path(f"{CLOUD_INIT}/status.json")) and not os.path.exists(ctx.path(f"{CLOUD_INIT}/result.json"))


def cloud_init_works(ctx: Context) -> bool:
    """Whether a stage of cloud-init runs or is still to come. Those that have ended are ``active (exited)``, ``failed`` or ``inactive``."""
    argv = ["systemctl", "show", "--property=ActiveState,SubState,Job", "--", *CLOUD_INIT_UNITS]
    result = ctx.run(argv, check=False, timeout=60)
    if result.rc != 0:
        return True
    lines = set(result.out.split())
    queued = any(line.startswith("Job=") and line not in ("Job=", "Job=0") for line in lines)
    return queued or bool(lines & {"ActiveState=activating", "ActiveState=reloading", "SubState=running"})


def said(ctx: Context, check: Check) -> str:
    """Why a role's check refuses the host; empty where it does not."""
    import sys

    argv = [sys.executable or "/usr/bin/python3", "-I", "-c", check["program"], *check["arguments"]]
    result = ctx.run(argv, input=check.get("input") or "", timeout=TIMEOUT, check=False)
    if result.rc == 0:
        return ""
    lines = (result.err.strip() or result.out.strip()).splitlines()
    return lines[-1] if lines else f"it ended with exit status {result.rc}"
