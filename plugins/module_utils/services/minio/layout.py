# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the drives of an object store make pools and erasure sets: what the role ``minio`` writes and preflight judges.

MinIO divides a pool into sets of one size, 2 to 16 drives, the larger the better, taking the first drive of every host, then the second
of every host, and so on (``buildDisksLayoutFromConfFile`` in its cmd/endpoint-ellipses.go). What it would choose is chosen here and
written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

#: Sizes that a set may have.
SMALLEST, LARGEST = 2, 16
#: the default of ``minio_drives``, as in the role's defaults.
DRIVES = ("/srv/minio/drive1",)
GROUP = "object_store"


@dataclass(frozen=True)
class Pool:
    """Hosts and, for each of them, the paths of its drives."""

    hosts: tuple[str, ...]
    drives: tuple[tuple[str, ...], ...]

    @property
    def total(self) -> int:
        """How many drives there are."""
        return sum(len(own) for own in self.drives)

    @property
    def equal(self) -> bool:
        """Whether every host brings as many."""
        return len({len(own) for own in self.drives}) <= 1

    @property
    def set_size(self) -> int:
        """Drives of a set; 0 where they do not divide."""
        return set_size(self.total)


def set_size(total: int) -> int:
    """The largest size of 2 to 16 that divides the drives; 1 for a single drive, 0 where there is none."""
    if total == 1:
        return 1
    return next((size for size in range(min(LARGEST, total), SMALLEST - 1, -1) if total % size == 0), 0)


def default_parity(size: int) -> int:
    """Drives of a set that may be lost by default: MinIO's ``DefaultParityBlocks``."""
    return {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3}.get(size, 4)


def path_of(drive: Any) -> str:
    """The path of an entry of ``minio_drives``: a text, or a dict with its device."""
    return str(drive.get("path", "") if isinstance(drive, Mapping) else drive).rstrip("/")


def pools(declared: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[str]], drives: Mapping[str, Sequence[Any]]) -> list[Pool]:
    """The pools of a site.

    :param declared: ``minio_pools``; empty for one pool of the group object_store. Its hosts are sorted, so that their order in the
        inventory says nothing
    :param groups: the inventory's groups
    :param drives: ``minio_drives`` of each host of the inventory that has them
    """
    found = []
    for pool in declared or [{"group": GROUP}]:
        hosts = list(pool.get("hosts") or sorted(groups.get(str(pool.get("group") or GROUP), ())))
        own = [pool.get("drives") or drives.get(host) or DRIVES for host in hosts]
        found.append(Pool(tuple(hosts), tuple(tuple(path_of(drive) for drive in some) for some in own)))
    return found


class Made(TypedDict):
    """A pool in the form that the server gets."""

    hosts: list[str]
    drives: dict[str, list[str]]
    set_size: int
    urls: list[str]


class Declared(TypedDict):
    """A pool in the form of ``minio_pools``; drives by host, where those of the hosts differ."""

    hosts: list[str]
    drives: list[str] | dict[str, list[str]]


def layout(
    declared: Sequence[Mapping[str, Any]] | None, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], port: int = 9000
) -> list[Made]:
    """The filter ``minio_layout``: pools in the form that the server gets.

    :return: for each pool ``hosts``, ``drives`` (by host), ``set_size``, ``urls`` (the first drive of each host, the second of each, ...)
    """
    members: Iterable[str] = {host for pool in declared or [] for host in pool.get("hosts") or []} | {
        host for pool in declared or [{}] for host in groups.get(str(pool.get("group") or GROUP), ())
    }
    drives = {host: hostvars[host].get("minio_drives") for host in members if host in hostvars}
    found: list[Made] = []
    for pool in pools(declared or [], groups, {host: own for host, own in drives.items() if own}):
        rows = max((len(own) for own in pool.drives), default=0)
        pairs = list(zip(pool.hosts, pool.drives, strict=True))
        urls = [f"https://{_in_url(host)}:{port}{own[row]}" for row in range(rows) for host, own in pairs if row < len(own)]
        found.append({"hosts": list(pool.hosts), "drives": {h: list(own) for h, own in pairs}, "set_size": pool.set_size, "urls": urls})
    return found


def as_declared(made: Sequence[Made]) -> list[Declared]:
    """The filter ``minio_pools_declared``: pools of :func:`layout` in the form of ``minio_pools``, for people to copy.

    Drives of a host of its own are by host, which no variable takes: such a pool is of ``minio_drives``.
    """
    found: list[Declared] = []
    for pool in made:
        own = list(pool["drives"].values())
        alike = all(drives == own[0] for drives in own)
        found.append({"hosts": list(pool["hosts"]), "drives": own[0] if own and alike else dict(pool["drives"])})
    return found


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
