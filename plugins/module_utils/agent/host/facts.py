# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that roles and preflight use, read from files: no program is run for them."""

from __future__ import annotations

import os
import sys

from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context
    from ..facts import Device, Facts, Room

#: Block devices that are no drives: /sys/block names starting so.
NO_DRIVES = ("loop", "ram", "zram", "fd", "sr")
SECTOR = 512  # /sys/block/*/size counts 512-byte sectors whatever the drive's own sector is


def facts(ctx: Context) -> Facts:
    """What a host is.

    :return: ``system`` (``debian``), ``release`` (``trixie``), ``version`` (``13``; empty for testing), ``kernel``,
        ``machine``, ``memory_mb`` (of the machine, or of the container where that is less), ``cores``,
        ``addresses`` (neither loopback nor link-local), ``devices`` ``[{name, size (bytes), model}]``, ``disk``
        see :func:`disk` (the file system of /var/lib), ``sshd`` (see :func:`.sshd.own`), ``python``, ``container``, ``hostname``,
        ``boot_id``, ``clock`` (seconds since the epoch)
    """
    from .sshd import own

    release = os_release(read(ctx, "/etc/os-release") or read(ctx, "/usr/lib/os-release"))
    kernel = os.uname()
    container = is_container(ctx)
    return {
        "system": release.get("ID", "unknown"),
        "release": release.get("VERSION_CODENAME", ""),
        "version": release.get("VERSION_ID", ""),
        "kernel": kernel.release,
        "machine": kernel.machine,
        "memory_mb": memory_mb(ctx, container),
        "cores": len(os.sched_getaffinity(0)),
        "addresses": addresses(read(ctx, "/proc/net/fib_trie"), read(ctx, "/proc/net/if_inet6")),
        "devices": devices(ctx),
        "disk": disk(ctx.path("/var/lib")),
        "sshd": own(ctx),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "container": container,
        "hostname": kernel.nodename,
        "boot_id": read(ctx, "/proc/sys/kernel/random/boot_id").strip(),
        "clock": ctx.now(),
    }


def made(ctx: Context) -> list[str]:
    """Names of the components that were made on this host."""
    import json

    try:
        return sorted(json.loads(read(ctx, "/var/lib/vannah/ledger.json"))["components"])
    except (ValueError, KeyError, TypeError):
        return []  # no ledger, or one that cannot be read: the converge reports that


def os_release(text: str) -> dict[str, str]:
    """The assignments of an os-release file (os-release(5)), quotes taken off."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            found[name] = value
    return found


def memory_mb(ctx: Context, container: bool) -> int:
    """Mebibytes of memory: MemTotal, or the control group's limit where this is a container and the limit is lower."""
    total = 0
    for line in read(ctx, "/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) // 1024
            break
    if container:
        limit = cgroup_limit(ctx)
        if limit and limit // 1048576 < total:
            return limit // 1048576
    return total


def cgroup_limit(ctx: Context) -> int:
    """Bytes that the control group of PID 1 (and those above it) may use; 0 where there is no limit."""
    limit = 0
    for line in read(ctx, "/proc/1/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            base, name = "/sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            base, name = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        path = path.rstrip("/")
        while True:
            said = read(ctx, f"{base}{path}/{name}").strip()
            # cgroup v1 says "no limit" as a number near 2^63
            if said.isdigit() and int(said) < 1 << 60 and (not limit or int(said) < limit):
                limit = int(said)
            if not path:
                break
            path = path.rpartition("/")[0]
    return limit


def addresses(fib_trie: str, if_inet6: str) -> list[str]:
    """The host's own addresses, IPv4 first, in order; without loopback and link-local ones.

    :param fib_trie: /proc/net/fib_trie: a leaf ``|-- address`` followed by ``/32 host LOCAL`` is an address of this host
    :param if_inet6: /proc/net/if_inet6: address, index, prefix length, scope (20: link, 10: host), flags, device
    """
    found: list[str] = []
    leaf = ""
    for line in fib_trie.splitlines():
        line = line.strip()
        if line.startswith("|-- "):
            leaf = line[4:]
        elif line == "/32 host LOCAL" and leaf not in found and not leaf.startswith(("127.", "169.254.")):
            found.append(leaf)
    found.sort(key=lambda address: [int(part) for part in address.split(".")])
    six = []
    for line in if_inet6.splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[3] not in ("10", "20"):
            six.append(short(fields[0]))
    return found + sorted(set(six))


def short(digits: str) -> str:
    """32 hexadecimal digits as an IPv6 address is written (RFC 5952): ``fd00::2``."""
    import socket  # only on hosts with a global IPv6 address

    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))


def devices(ctx: Context) -> list[Device]:
    """Drives and what is built from them (md, dm), empty ones left out: name, bytes, model."""
    try:
        names = sorted(os.listdir(ctx.path("/sys/block")))
    except OSError:
        return []
    found: list[Device] = []
    for name in names:
        if name.startswith(NO_DRIVES):
            continue
        size = read(ctx, f"/sys/block/{name}/size").strip()
        if size.isdigit() and int(size):
            model = read(ctx, f"/sys/block/{name}/device/model").strip()
            found.append({"name": name, "size": int(size) * SECTOR, "model": model})
    return found


def disk(path: str) -> Room:
    """``size_mb`` and ``free_mb`` of a file system for any user, ``free_inodes`` where it counts them; empty where it cannot be asked."""
    try:
        found = os.statvfs(path)
    except OSError:
        return {}
    return room(found)


def room(found: os.statvfs_result) -> Room:
    """What :func:`disk` says. btrfs and the like make inodes as they need them, and say that they have none."""
    inodes: Room = {"free_inodes": found.f_favail} if found.f_files else {}
    return {"size_mb": found.f_blocks * found.f_frsize // 1048576, "free_mb": found.f_bavail * found.f_frsize // 1048576, **inodes}


def listed(path: str) -> list[str]:
    """Names in a directory, sorted; none where there is no such directory."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def is_container(ctx: Context) -> bool:
    """True where the kernel belongs to another machine.

    systemd says so in /run/systemd/container, Docker makes /.dockerenv, Podman /run/.containerenv, LXC and
    systemd-nspawn set ``container=`` for PID 1 (https://systemd.io/CONTAINER_INTERFACE).
    """
    if ctx.container:
        return True
    if ctx.policy.get("container_host") is not None:
        return False
    if os.path.exists(ctx.path("/run/.containerenv")):
        return True
    return any(word.startswith("container=") for word in read(ctx, "/proc/1/environ").split("\0"))
