# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that become drives of an object store: formatted only where they are empty and that was asked for, and mounted."""

from __future__ import annotations

from ..model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model import Context

    Item = dict[str, Any]

#: File systems that are mounted as they are.
GOOD = ("xfs", "ext4")
#: Bytes at both ends of a device that have to be zero before it counts as empty.
ENDS = 4 << 20
UNITS = "/etc/systemd/system"


def devices(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Mount the drives that are given with a device.

    :param params: ``drives``: ``{path, device}``; ``format``: whether an empty device gets a file system
    :return: steps; ``mounted``: path -> device
    :raises AgentError: ``device-missing``, ``device-holds-data``, ``device-empty``, ``mounted-otherwise``
    """
    table = mounted(ctx)
    steps: list[Step] = []
    for drive in params["drives"]:
        path, device = drive["path"].rstrip("/"), resolve(ctx, drive["device"])
        if path in table:
            if _same(ctx, table[path], device):
                continue
            raise AgentError(
                "mounted-otherwise", f"{path} is mounted from {table[path]}, and minio_drives names {device}: unmount it first"
            )
        kind = probe(ctx, device)
        if not kind:
            if not params["format"]:
                raise AgentError(
                    "device-empty", f"{device} has no file system: set minio_format_drives: true to have an empty device formatted"
                )
            steps.append(Step("filesystem", device, "create", "xfs", apply=_format(device)))
        steps.append(Step("mount", path, "mount", device, apply=_mount(path, device)))
    return steps, {"mounted": {drive["path"]: drive["device"] for drive in params["drives"]}}


def mounted(ctx: Context) -> dict[str, str]:
    """Mount points -> what is mounted there."""
    text = ctx.run(["findmnt", "--list", "--noheadings", "--output", "TARGET,SOURCE"], check=False).out
    return {fields[0]: fields[1] for fields in (line.split() for line in text.splitlines()) if len(fields) == 2}


def resolve(ctx: Context, device: str) -> str:
    """``/dev/...``, ``LABEL=...`` or ``UUID=...`` as the device's path.

    :raises AgentError: ``device-missing``
    """
    import os

    if device.startswith("/dev/"):
        found = device if os.path.exists(ctx.path(device)) else ""
    else:
        found = ctx.run(["blkid", "--list-one", "--output", "device", "--match-token", device], check=False).out.strip()
    if not found:
        raise AgentError("device-missing", f"{device} is not on this host: see lsblk -f, and write the device that is in minio_drives")
    return found


def _same(ctx: Context, source: str, device: str) -> bool:
    import os

    return os.path.realpath(ctx.path(source)) == os.path.realpath(ctx.path(device))


def probe(ctx: Context, device: str) -> str:
    """The file system on a device; empty where there is nothing at all.

    :raises AgentError: ``device-holds-data`` for anything else
    """
    children = ctx.run(["lsblk", "--noheadings", "--list", "--output", "NAME,MOUNTPOINT", "--", device]).out.splitlines()
    if len(children) > 1 or len(children[0].split()) > 1:
        raise AgentError(
            "device-holds-data", f"{device} is in use ({'; '.join(' '.join(line.split()) for line in children)}): name another"
        )
    said = ctx.run(["blkid", "--probe", "--output", "export", "--", device], check=False)
    found = dict(line.split("=", 1) for line in said.out.splitlines() if "=" in line)
    kind = found.get("TYPE", "")
    if kind in GOOD:
        return kind
    if said.rc != 2 or found:
        what = kind or found.get("PTTYPE") or "something"
        raise AgentError("device-holds-data", f"{device} holds {what}: it is never overwritten. Name another, or wipe it yourself (wipefs)")
    if not blank(ctx.path(device)):
        raise AgentError(
            "device-holds-data", f"{device} is not empty: it is never overwritten. Name another, or wipe it yourself (blkdiscard)"
        )
    return ""


def blank(path: str) -> bool:
    """Whether both ends of a device are zeros."""
    import os

    with open(path, "rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        for place in (0, max(0, size - ENDS)):
            file.seek(place)
            left = min(ENDS, size)
            while left > 0:
                data = file.read(min(left, 1 << 20))
                if data.strip(b"\0"):
                    return False
                if not data:
                    break
                left -= len(data)
    return True


def _format(device: str) -> Any:
    def apply(ctx: Context) -> None:
        # Without -f: mkfs.xfs itself refuses what holds a file system.
        ctx.run(["mkfs.xfs", "-q", device], timeout=600)

    return apply


def unit_text(path: str, uuid: str) -> str:
    """The mount's unit."""
    return (
        "# Made by vannah.healthcloud (minio_drives).\n"
        f"[Unit]\nDescription=Drive {path} of the object store\n\n"
        f"[Mount]\nWhat=/dev/disk/by-uuid/{uuid}\nWhere={path}\nOptions=noatime\n\n"
        # Not local-fs.target: a server boots without a drive that is broken.
        "[Install]\nWantedBy=multi-user.target\n"
    )


def _mount(path: str, device: str) -> Any:
    def apply(ctx: Context) -> None:
        from .. import write

        uuid = ctx.run(["blkid", "--probe", "--output", "value", "--match-tag", "UUID", "--", device]).out.strip()
        name = ctx.run(["systemd-escape", "--path", "--suffix=mount", path]).out.strip()
        write.make_directory(ctx, path, 0o755)
        write.write_file(ctx, f"{UNITS}/{name}", unit_text(path, uuid).encode(), 0o644, 0, 0)
        ctx.run(["systemctl", "daemon-reload"])
        ctx.run(["systemctl", "enable", "--now", name], timeout=120)

    return apply
