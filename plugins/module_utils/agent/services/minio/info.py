# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an object store is: servers and their versions, erasure sets, drives, healing, usage."""

from __future__ import annotations

from ...lib.plural import counted
from .s3 import ADMIN, S3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...definition import Json
    from .types import Drive, Server, Set, Store, Summary

#: MinIO's state of a working drive, and of a server that waits for others.
OK, INITIALIZING = "ok", "initializing"


def read(s3: S3) -> Summary:
    """One question to the administration, answered for the whole cluster.

    :raises Refused: it may not be asked
    :raises Silent: no server answers
    """
    return summary(s3.ask("GET", ADMIN + "info").json())


def summary(info: Json) -> Summary:
    """MinIO's ``info`` in a shorter form; without the servers' environment.

    :return: ``mode``, ``versions``, ``servers``, ``sets``, ``drives``, ``usage``, ``healing``, ``parity``,
        ``problems``, a sentence each, and ``lasting_problems``: those that a start of all servers together would not end
    """
    backend = info.get("backend") or {}
    parity = int(backend.get("standardSCParity") or 0)
    servers: list[Server] = [
        {
            "endpoint": one.get("endpoint", ""),
            "state": one.get("state", ""),
            "version": one.get("version", ""),
            "uptime": one.get("uptime", 0),
        }
        for one in info.get("servers") or []
    ]
    drives = sorted((_drive(disk) for one in info.get("servers") or [] for disk in one.get("drives") or []), key=_place)
    sets = _sets(info.get("pools") or {}, drives, parity)
    versions = sorted({one["version"] for one in servers if one["version"]})
    usage = {key: int((info.get(key) or {}).get("count") or 0) for key in ("buckets", "objects", "versions", "deletemarkers")}
    usage["bytes"] = int((info.get("usage") or {}).get("size") or 0)
    found: Store = {
        "mode": info.get("mode", ""),
        "deployment": info.get("deploymentID", ""),
        "versions": versions,
        "servers": servers,
        "parity": parity,
        "sets": sets,
        "drives": drives,
        "healing": sum(drive["healing"] for drive in drives),
        "usage": usage,
    }
    return {**found, "problems": problems(found), "lasting_problems": problems(_started(found))}


def _started(found: Store) -> Store:
    """The same, were the servers there that wait for others with what they run with themselves (MinIO's state ``initializing``)."""
    waiting = [one["endpoint"] for one in found["servers"] if one["state"] == INITIALIZING]
    back = [drive for drive in found["drives"] if any(f"//{endpoint}/" in drive["endpoint"] for endpoint in waiting)]
    lost = [(drive["pool"], drive["set"]) for drive in back if drive["state"] != OK]
    return {
        **found,
        "servers": [{**one, "state": "online"} if one["endpoint"] in waiting else one for one in found["servers"]],
        "drives": [{**drive, "state": OK} if drive in back else drive for drive in found["drives"]],
        "sets": [{**one, "online": one["online"] + lost.count((one["pool"], one["set"]))} for one in found["sets"]],
    }


def problems(found: Store) -> list[str]:
    """What is not as it should be, a sentence each."""
    said = [f"server {one['endpoint']} is {one['state'] or 'silent'}" for one in found["servers"] if one["state"] != "online"]
    said += [f"drive {one['endpoint']} is {one['state']}" for one in found["drives"] if one["state"] != OK]
    said += [f"drive {one['endpoint']} is being healed" for one in found["drives"] if one["healing"]]
    for one in found["sets"]:
        if one["online"] < one["write_quorum"]:
            have = f"{one['online']} of {counted(one['drives'], 'drive')}, {one['write_quorum']} needed"
            said.append(f"pool {one['pool'] + 1} set {one['set'] + 1} does not accept writes: {have}")
    if len(found["versions"]) > 1:
        said.append(f"servers run different versions: {', '.join(found['versions'])}")
    return said


def problems_of(found: Summary, endpoint: str) -> list[str]:
    """What is not as it should be with one drive, a sentence each; with the whole store where no endpoint is given."""
    said: list[str] = found["problems"]
    if not endpoint or not found["drives"]:
        return said
    mine = [drive for drive in found["drives"] if drive["endpoint"] == endpoint]
    if not mine:
        return [f"the store has no drive {endpoint}"]
    said = [f"it is {drive['state'] or 'silent'}" for drive in mine if drive["state"] != OK]
    return said + ["it is being healed" for drive in mine if drive["healing"]]


def _drive(disk: Json) -> Drive:
    return {
        "endpoint": disk.get("endpoint", ""),
        "path": disk.get("path", ""),
        "state": disk.get("state", ""),
        "healing": bool(disk.get("healing")),
        "pool": disk.get("pool_index", -1),
        "set": disk.get("set_index", -1),
        "total": disk.get("totalspace", 0),
        "used": disk.get("usedspace", 0),
        "available": disk.get("availspace", 0),
    }


def _place(drive: Drive) -> tuple[int, int, str]:
    return drive["pool"], drive["set"], drive["endpoint"]


def _sets(pools: Json, drives: list[Drive], parity: int) -> list[Set]:
    """Sets with their drives; a set's write quorum is its data drives, one more where data and parity are equal."""
    found: list[Set] = []
    for pool in sorted(pools, key=int):
        for number in sorted(pools[pool], key=int):
            inside = [drive for drive in drives if (drive["pool"], drive["set"]) == (int(pool), int(number))]
            data = len(inside) - parity
            usage = pools[pool][number]
            found.append(
                {
                    "pool": int(pool),
                    "set": int(number),
                    "drives": len(inside),
                    "online": sum(drive["state"] == OK for drive in inside),
                    "healing": int(usage.get("healDisks") or 0),
                    "write_quorum": data + (1 if data == parity else 0),
                    "capacity": usage.get("rawCapacity", 0),
                    "used": usage.get("rawUsage", 0),
                }
            )
    return found
