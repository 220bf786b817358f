# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine: who we are on it, its free space, its Debian packages and its package mirror."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from .shell import ROOT, SetupError, run, say, succeeds

GIB = 1024**3
#: Measured: .venv 0.9 GiB, images 1.2 GiB, package cache 1 GiB, a converged demo 2 GiB; the rest is air.
NEEDED_BYTES = 8 * GIB
#: For the virtual environment alone, and for a run where everything was set up before: secrets, logs, facts.
TOOLS_BYTES, LEAST_BYTES = 1 * GIB, GIB // 8
PUBLIC_MIRRORS = {"debian": "http://deb.debian.org/debian", "debian-security": "http://deb.debian.org/debian-security"}
#: A line of sources.list, or the URIs of a .sources file.
SOURCE = re.compile(r"(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(?P<address>http://\S+/(?P<archive>debian(?:-security)?))/?(?:\s|$)")

#: program -> Debian packages that bring it.
PROGRAMS: dict[str, tuple[str, ...]] = {
    "debootstrap": ("debootstrap",),
    "ssh": ("openssh-client",),
    "ssh-keygen": ("openssh-client",),
    "openssl": ("openssl",),
    "tar": ("tar",),
}
#: Only where no engine answers.
ENGINE_PROGRAMS: dict[str, tuple[str, ...]] = {
    # trixie split the client off; bookworm's docker.io has it.
    "docker": ("docker.io", "docker-cli"),
    "dockerd": ("docker.io",),
    "iptables": ("iptables",),
}


@dataclass(frozen=True)
class Machine:
    """What the refusals look at, so that they can be tested without another machine."""

    is_root: bool
    python: tuple[int, int]
    has_apt: bool
    free: dict[str, int]  # folder -> bytes


def this_machine() -> Machine:
    """The facts of the machine this runs on. Free space is asked where Docker will write and where the checkout lies."""
    places = {str(ROOT), existing_parent(Path("/var/lib/docker"))}
    return Machine(
        is_root=os.geteuid() == 0,
        python=sys.version_info[:2],
        has_apt=shutil.which("apt-get") is not None,
        free={place: shutil.disk_usage(place).free for place in places},
    )


def existing_parent(path: Path) -> str:
    """The nearest folder above that is there."""
    while not path.exists():
        path = path.parent
    return str(path)


def refusals(machine: Machine, *, containers: bool, space: bool = True) -> list[str]:
    """Sentences that say why nothing can be set up here; empty when all is well.

    :param containers: whether containers will be started, for which root is needed.
    :param space: whether the space is still to be taken; where everything was set up before a little is enough.
    """
    found = []
    if machine.python < (3, 11):
        found.append(f"Python {'.'.join(map(str, machine.python))} is too old: put a Python 3.11 or newer first in PATH as python3.")
    if containers and not machine.is_root:
        found.append("This needs root: it makes Debian images, starts a Docker Engine and containers. Run it as root (sudo make ...).")
    if containers and not machine.has_apt:
        found.append("This is not a Debian system: apt-get is missing. The servers of tests and demo are made on Debian 12 or 13.")
    if containers:
        needed = NEEDED_BYTES if space else LEAST_BYTES
        found += [too_full(place, free, needed) for place, free in sorted(machine.free.items()) if free < needed]
    return found


def too_full(place: str, free: int, needed: int) -> str:
    """That a disk has too little space."""
    return f"Too little disk space: {place} has {free / GIB:.1f} GiB free, {needed / GIB:.2g} GiB are needed. Fix: make room there."


def require_space(place: Path, needed: int) -> None:
    """:raises SetupError: the disk of a folder has less."""
    free = shutil.disk_usage(place).free
    if free < needed:
        raise SetupError(too_full(str(place), free, needed))


def missing_packages(programs: dict[str, tuple[str, ...]]) -> list[str]:
    """Debian packages of the programs that are not in PATH (or in an sbin)."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    wanted = {package for program, packages in programs.items() if shutil.which(program, path=path) is None for package in packages}
    return sorted(wanted)


def install(packages: list[str]) -> None:
    """Install Debian packages that this release has; the names it does not have are left out.

    :raises SetupError: apt-get failed, or we are not root.
    """
    if not packages:
        return
    if os.geteuid() != 0:
        raise SetupError(f"root must install these Debian packages first: apt-get install {' '.join(packages)}")
    say(f"Installing Debian packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if is_interrupted():
        say("Finishing an installation of packages that was interrupted")
        run(["dpkg", "--configure", "-a", "--force-confdef", "--force-confold"], env=environment)
    run([*apt, "update"], env=environment)
    known = [package for package in packages if succeeds(["apt-cache", "show", package])]
    run([*apt, "install", "--yes", "--no-install-recommends", *known], env=environment)


def is_interrupted(updates: Path = Path("/var/lib/dpkg/updates")) -> bool:
    """Whether dpkg was killed in its work: it keeps numbered files there until it has written its status (dpkg(1), --audit)."""
    return updates.is_dir() and any(entry.name.isdigit() for entry in updates.iterdir())


def package_mirrors(folder: Path = Path("/etc/apt")) -> dict[str, str]:
    """The addresses from which this machine has Debian's packages, read from its apt sources.

    Only plain http is taken over, which a cache can pass on; for anything else :data:`PUBLIC_MIRRORS` stands.
    """
    found = dict(PUBLIC_MIRRORS)
    seen: set[str] = set()
    files = [
        folder / "sources.list",
        *sorted((folder / "sources.list.d").glob("*.list")),
        *sorted((folder / "sources.list.d").glob("*.sources")),
    ]
    for file in files:
        if not file.is_file():
            continue
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            match = SOURCE.match(line)
            if match and match["archive"] not in seen:
                seen.add(match["archive"])
                found[match["archive"]] = match["address"]
    return found
