# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store's drives, erasure sets and keys. A change of an existing pool is reported by its hosts, which record it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import PurePosixPath
from typing import Any

from ...agent.lib.plural import counted
from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area, overlaps
from ...preflight.rules.directories import SHARED, foreign_tree, hidden_tree, plain
from ...preflight.rules.entries import shape
from ...preflight.rules.places import finding, place
from ...preflight.schema import option_of
from ...preflight.texts import has_control
from . import buckets, endpoint, setting_values
from .endpoint import servers
from .layout import GROUP, Pool, default_parity, path_of, pools

#: Vulnerabilities of 2026 in the last upstream MinIO that have no fix, at least.
OPEN_VULNERABILITIES = 7
KEY_BYTES = 32
KEY = "minio_kms_key"
#: Settings of the server that have a variable or a secret of their own, and what that is.
_OWN = {
    "MINIO_ROOT_USER": "the secret minio_root_user",
    "MINIO_ROOT_PASSWORD": "the secret minio_root_password",
    "MINIO_ACCESS_KEY": "the secret minio_root_user",
    "MINIO_SECRET_KEY": "the secret minio_root_password",
    "MINIO_KMS_SECRET_KEY": "the secret minio_kms_key",
    "MINIO_STORAGE_CLASS_STANDARD": "minio_parity",
    "MINIO_VOLUMES": "minio_pools and minio_drives",
}
#: A whole file system may well be mounted here for the store.
_SHARED = SHARED - {PurePosixPath("/mnt"), PurePosixPath("/media")}
#: An entry of minio_drives with its device, as the role's module takes it.
_DRIVE = option_of(
    "minio_drives",
    {
        "type": "dict",
        "options": {
            "path": {"type": "path", "required": True},
            "device": {"type": "str", "required": True, "pattern": "/dev/.+|(?:LABEL|UUID|PARTLABEL|PARTUUID)=.+"},
        },
    },
)
#: How a drive is called whose path is unknown before the host checks.
_OPEN = path_of(UNKNOWN)
#: What all servers must have alike: they compare it when they start.
_ALIKE = ("minio_distribution", "minio_port", "minio_parity", "minio_encrypt_all", "minio_settings", "minio_pools", "minio_console")

CODES = (
    Code(
        "object-store-too-few-drives",
        "A pool has fewer drives than its parity needs: fewer than 4 for the parity of 2 that loses nothing with a drive.",
        "Use at least four drives in a pool; or set minio_parity: 1, or 0 where nothing has to survive a lost drive.",
    ),
    Code(
        "object-store-sets-unequal",
        "The drives of a pool do not divide into erasure sets of one size from 2 to 16.",
        "Use a number of drives that a number from 2 to 16 divides.",
    ),
    Code(
        "object-store-drives-unequal",
        "The hosts of a pool have different numbers of drives.",
        "List as many drives in minio_drives on every host of the pool.",
    ),
    Code(
        "object-store-parity-too-high",
        "Parity is more than half of the drives of an erasure set, or below zero.",
        "Set minio_parity: at most half of the drives of a set, or leave it out.",
    ),
    Code(
        "object-store-parity-unsaid",
        "Nothing would survive the loss of a drive, and the inventory does not say that this is meant.",
        "Set minio_parity: 0 where it is meant; else at least four drives.",
    ),
    Code(
        "object-store-parity-none",
        "Nothing survives the loss of a drive.",
        "Set minio_parity of 2 or more, on at least four drives.",
        Level.WARNING,
    ),
    Code("object-store-drive-twice", "The same drive is named twice on a host.", "List each drive once."),
    Code(
        "object-store-drive-within",
        "A drive lies within another one of its host: the data of one would be part of the other.",
        "Use drives beside each other, such as /srv/minio/drive1 and /srv/minio/drive2.",
    ),
    Code(
        "object-store-drive-path",
        "A list of drives is empty, or a drive's path is relative, missing, has a line break in it, is a directory that others share,"
        " or below one of the system (/dev, /etc, /tmp).",
        "Write the path where a file system of its own is mounted, such as /srv/minio/drive1.",
    ),
    Code(
        "object-store-pool-hosts",
        "A pool names a host that is not in the group object_store, one that another pool has, or a host of the group is in no pool.",
        "Put each host of the group object_store into one pool of minio_pools, or remove minio_pools.",
    ),
    Code(
        "object-store-pool-device",
        "A drive of minio_pools is given with its device, which would not be mounted there.",
        "Write {path, device} in minio_drives of the pool's hosts, and in minio_pools the path alone or no drives at all.",
    ),
    Code(
        "object-store-setting-differs",
        "Servers of one store compare these settings when they start and do not work together where they differ.",
        "Set the setting once, in group_vars/object_store.yml.",
    ),
    Code(
        "object-store-setting-own",
        "minio_settings has a setting with a variable or a secret of its own, or removes the encryption key.",
        "Use the variable or secret that the message names.",
    ),
    Code(
        "object-store-key-missing",
        "Objects are to be encrypted (SSE-S3), and the server would have no key.",
        "Remove MINIO_KMS_SECRET_KEY from minio_settings: preflight generates the secret minio_kms_key.",
    ),
    Code(
        "object-store-key-size",
        "The encryption key is not 32 bytes in base64.",
        "Set minio_kms_key to the output of openssl rand -base64 32, or remove it, so that one is generated. Never"
        " change it while there are objects.",
    ),
    Code(
        "object-store-unmaintained",
        "The last upstream MinIO is archived and has vulnerabilities that are not fixed.",
        "Set minio_distribution: silo with a binary of the site's, or the store's ports open to the site's hosts only.",
        Level.WARNING,
    ),
    *endpoint.CODES,
    *setting_values.CODES,
    *buckets.CODES,
)


def _pools(site: Site) -> list[Pool] | None:
    """The site's pools; None where there are none or they are unknown."""
    members = servers(site)
    if not members:
        return None
    declared = members[0].get("minio_pools")
    drives = {name: host.get("minio_drives") for name, host in site.hosts.items() if GROUP in host.groups}
    if declared is UNKNOWN or any(own is UNKNOWN or not isinstance(own, list) for own in drives.values()):
        return None
    entries = [entry for entry in declared or [] if isinstance(entry, Mapping)] if isinstance(declared, list | None) else []
    usable = [entry for entry in entries if _lists(entry)]
    if len(usable) != len(entries):
        return None
    return pools(usable, site.groups, drives)


def _lists(entry: Mapping[str, Any]) -> bool:
    hosts, drives = entry.get("hosts"), entry.get("drives")
    return isinstance(hosts, list | None) and isinstance(drives, list | None) and all(isinstance(host, str) for host in hosts or [])


def _name(site: Site, number: int) -> str:
    """What a pool is called."""
    return f"pool {number + 1}" if servers(site)[0].known("minio_pools") else "the pool"


def check_layout(site: Site) -> Iterator[Finding]:
    """Drives, sets and parity of each pool."""
    parity = servers(site)[0].get("minio_parity") if servers(site) else None
    common = 0  # MinIO's default is that of the first pool, or of the next where that is 0, and every other pool has to bear it
    for number, pool in enumerate(_pools(site) or []):
        common = common or default_parity(pool.set_size)
        lead = next((site.hosts[name] for name in pool.hosts if name in site.hosts), servers(site)[0])
        called = _name(site, number)
        variables = ("minio_pools", "minio_drives") if called != "the pool" else ("minio_drives", "minio_pools")
        if not pool.equal:
            counts = ", ".join(f"{host} {len(own)}" for host, own in zip(pool.hosts, pool.drives, strict=True))
            yield finding(
                site,
                lead,
                variables,
                GROUP,
                "object-store-drives-unequal",
                f"the hosts of {called} have different numbers of drives: {counts}.",
                "use as many drives on every host of the pool",
            )
        elif pool.total and not pool.set_size:
            yield finding(
                site,
                lead,
                variables,
                GROUP,
                "object-store-sets-unequal",
                f"{called} has {pool.total} drives, and no size from 2 to 16 divides them.",
                f"use {pool.total - 1} or {pool.total + 1} drives",
            )
        elif parity is not UNKNOWN and not isinstance(parity, bool) and isinstance(parity, int | None):
            if parity is None and common > pool.set_size // 2:
                problem = (
                    f"without minio_parity all pools have that of the first ({common}), and {called} has sets of {pool.set_size} drives: "
                    "at most half of them can be spared."
                )
                fix = f"set minio_parity: {pool.set_size // 2} or less, where no object is there yet; else use larger sets in {called}"
                yield finding(site, lead, ("minio_parity", *variables), GROUP, "object-store-parity-too-high", problem, fix)
            else:
                yield from _parity(site, lead, called, pool, parity, variables)


def _parity(site: Site, lead: Host, called: str, pool: Pool, parity: int | None, variables: tuple[str, ...]) -> Iterator[Finding]:
    size = pool.set_size
    said = ("minio_parity", *variables)
    if parity is not None and (parity < 0 or (size >= 4 and parity > size // 2)):
        problem = f"parity {parity} for sets of {size} drives in {called}: at most half of them can be spared."
        yield finding(
            site, lead, said, GROUP, "object-store-parity-too-high", problem, f"set minio_parity: from 0 to {size // 2}, or remove it"
        )
    elif parity == 0:
        problem = "nothing survives the loss of a drive."
        yield finding(
            site, lead, said, GROUP, "object-store-parity-none", problem, "set minio_parity: 2 or more, on at least four drives of a set"
        )
    elif parity is None and default_parity(size) == 0:
        problem = f"{called} has one drive, and its data are lost with it."
        fix = "set minio_parity: 0 where that is meant, else use four drives"
        yield finding(site, lead, variables, GROUP, "object-store-parity-unsaid", problem, fix)
    elif size < 4 and (parity is None or parity > size // 2):
        problem = f"{called} has {counted(pool.total, 'drive')}; a parity of {parity or 2} needs {2 * (parity or 2)}."
        yield finding(
            site,
            lead,
            variables,
            GROUP,
            "object-store-too-few-drives",
            problem,
            "use four drives or more" + ("; or minio_parity: 1" if size in (2, 3) else ""),
        )


def check_drives(site: Site) -> Iterator[Finding]:
    """Paths and devices of each host."""
    for pool in _pools(site) or []:
        for name, own in zip(pool.hosts, pool.drives, strict=True):
            host = site.hosts.get(name)
            if host is None:
                continue
            where, variable, source = place(site, host, ("minio_drives", "minio_pools"), GROUP)
            for code, problem, fix in _paths(name, [path for path in own if path != _OPEN]):
                yield Finding(code, where, variable, problem, fix, source)
    for host in servers(site):
        where, variable, source = place(site, host, ("minio_drives",), GROUP)
        listed = host.known("minio_drives")
        entries = list(enumerate(listed)) if isinstance(listed, list) else []
        if listed == []:
            problem = f"the list of drives of {host.name} is empty, and the role's default would be used."
            yield Finding(
                "object-store-drive-path", where, variable, problem, "set minio_drives: the host's drives; or remove minio_drives", source
            )
        for index, entry in entries:
            if isinstance(entry, Mapping):
                for code, path, problem, fix in shape(_DRIVE, dict(entry), f"{variable}[{index}]"):
                    yield Finding(code, where, path, problem, fix, source)
        devices = [entry.get("device") for _index, entry in entries if isinstance(entry, Mapping)]
        for device in sorted({one for one in devices if isinstance(one, str) and one and devices.count(one) > 1}):
            yield Finding(
                "object-store-drive-twice", where, variable, f"{device} is named twice on {host.name}.", "write each drive once", source
            )


def _paths(name: str, own: list[str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the paths of one host's drives."""
    meant = [plain(path) for path in own]
    for path in sorted({path for path in meant if meant.count(path) > 1}):
        yield "object-store-drive-twice", f"{path} is named twice on {name}.", "write each drive once"
    for path in dict.fromkeys(meant):
        if not path.is_absolute() or has_control(str(path)) or ".." in path.parts or path in _SHARED or foreign_tree(path) is not None:
            yield "object-store-drive-path", f"{path if path.parts else '/'} cannot be a drive.", "use a path such as /srv/minio/drive1"
        hidden = hidden_tree(path)
        if hidden is not None and foreign_tree(path) is None and path not in _SHARED:
            problem = f"{path} cannot be a drive: the server's unit does not see what lies below {hidden} (ProtectHome)."
            yield "object-store-drive-path", problem, "use a path such as /srv/minio/drive1"
        outer = next((other for other in meant if other in path.parents), None)
        if outer is not None:
            yield "object-store-drive-within", f"{path} lies within {outer} on {name}.", "use drives beside each other"


def drives_of(site: Site) -> dict[str, tuple[str, ...]]:
    """Paths of the drives of each host, as far as they are known."""
    found: dict[str, tuple[str, ...]] = {}
    for pool in _pools(site) or []:
        for name, own in zip(pool.hosts, pool.drives, strict=True):
            found[name] = (*found.get(name, ()), *(path for path in own if path != _OPEN))
    return found


def check_overlaps(site: Site) -> Iterator[Finding]:
    """No drive is another service's directory, or holds it. Only all hosts' variables together tell a host's drives."""
    drives = drives_of(site)
    for host in site.hosts.values():
        own = list(overlaps.directories(("minio_drives", path) for path in drives.get(host.name, ())))
        for one, other in product(overlaps.stated(host), own):
            yield from overlaps.overlap(site, host, one, other)


def check_pools(site: Site) -> Iterator[Finding]:
    """Every host of the group in one pool."""
    found = _pools(site)
    if found is None or not servers(site)[0].known("minio_pools"):
        return
    where, variable, source = place(site, servers(site)[0], ("minio_pools",), GROUP)
    for number, entry in enumerate(servers(site)[0].known("minio_pools")):
        drives = entry.get("drives") or [] if isinstance(entry, Mapping) else []
        devices = [drive["device"] for drive in drives if isinstance(drive, Mapping) and drive.get("device")]
        if devices:
            problem = f"{', '.join(map(str, devices))} would not be mounted: the role mounts what is in minio_drives of a host."
            fix = "write {path, device} in minio_drives of the pool's hosts, and here the path alone"
            yield Finding("object-store-pool-device", where, f"{variable}[{number}].drives", problem, fix, source)
    members = {host.name for host in servers(site)}
    placed = [name for pool in found for name in pool.hosts]
    problems = [f"{name} is not in the group {GROUP}." for name in dict.fromkeys(placed) if name not in members]
    problems += [f"{name} is in two pools." for name in dict.fromkeys(placed) if placed.count(name) > 1]
    problems += [f"{name} is in no pool." for name in sorted(members - set(placed))]
    problems += [f"pool {number + 1} has no host." for number, pool in enumerate(found) if not pool.hosts]
    for problem in problems:
        yield Finding("object-store-pool-hosts", where, variable, problem, f"put each host of the group {GROUP} in one pool", source)


def check_settings(site: Site) -> Iterator[Finding]:
    """What the servers compare, and what has a place of its own."""
    members = servers(site)
    for name in _ALIKE:
        values = {repr(value) for host in members if (value := host.get(name)) is not UNKNOWN}
        if len(values) > 1:
            problem = "the servers have different values, and would not work together."
            yield Finding("object-store-setting-differs", GROUP, name, problem, f"set {name} once, in group_vars/{GROUP}.yml")
    for host in members:
        settings = host.known("minio_settings")
        if not isinstance(settings, Mapping):
            continue
        for name in settings:
            if str(name) == "MINIO_KMS_SECRET_KEY" and settings[name] is None:
                problem = "the server's key is removed, and objects are to be encrypted."
                fix = "remove MINIO_KMS_SECRET_KEY"
                yield finding(site, host, ("minio_settings",), GROUP, "object-store-key-missing", problem, fix)
            elif str(name) in _OWN:
                problem = f"{name} is set by {_OWN[str(name)]}."
                yield finding(site, host, ("minio_settings",), GROUP, "object-store-setting-own", problem, f"use {_OWN[str(name)]}")


def check_key(site: Site) -> Iterator[Finding]:
    """The key of SSE-S3 among the site's secrets: 32 bytes."""
    if not servers(site):
        return
    for file in site.secrets:
        if KEY in file.values and not _is_key(str(file.values[KEY])):
            problem = f"the key is not {KEY_BYTES} bytes in base64."
            fix = f"set {KEY}: the output of openssl rand -base64 {KEY_BYTES}, or remove it"
            yield Finding("object-store-key-size", file.path, KEY, problem, fix)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def check_distribution(site: Site) -> Iterator[Finding]:
    """Which server it is."""
    for host in servers(site):
        if host.known("minio_distribution") == "minio":
            problem = f"the last upstream MinIO is unmaintained: at least {OPEN_VULNERABILITIES} vulnerabilities of 2026 have no fix."
            fix = "set minio_distribution: silo, with a binary of the site's; until then keep its ports inside the site"
            yield finding(site, host, ("minio_distribution",), GROUP, "object-store-unmaintained", problem, fix)


RULES = (
    check_layout,
    check_drives,
    check_overlaps,
    check_pools,
    check_settings,
    check_key,
    check_distribution,
    *setting_values.RULES,
    *endpoint.RULES,
    *buckets.RULES,
)

AREA = Area("Object store", CODES, RULES)
