# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that become drives of an object store: formatted only where they are empty and that was asked for, and mounted."""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...contract import Diff
    from ...core.model import Context
    from .types import DevicesParams

#: File systems that are mounted as they are.
GOOD = ("xfs", "ext4")
#: Bytes at both ends of a device that have to be zero before it counts as empty, and of each of the samples between them.
ENDS = 4 << 20
SAMPLES, SAMPLE = 64, 64 << 10
UNITS = "/etc/systemd/system"
#: Where a file system is checked before its use.
LOOK = "/run/vannah-look"
#: What an object store's server has on each of its drives.
OWN_FOLDER = ".minio.sys"


def devices(params: DevicesParams, ctx: Context) -> tuple[list[Step], dict[str, dict[str, str]]]:
    """Mount the drives that are given with a device.

    :param params: ``drives``: ``{path, device}``; ``format``: whether an empty device gets a file system; ``lost``: whether one that was
        mounted before may be missing, which is warned of
    :return: steps; ``mounted``: path -> device
    :raises AgentError: ``device-missing``, ``device-twice``, ``device-holds-data``, ``device-empty``, ``mounted-otherwise``,
        ``mount-point-holds-data``. Nothing was done then
    """
    import os

    table = mounted(ctx)
    steps: list[Step] = []
    seen: dict[str, str] = {}
    for drive in params["drives"]:
        path = drive["path"].rstrip("/")
        try:
            device = resolve(ctx, drive["device"])
        except AgentError as error:
            if params["lost"] and os.path.exists(ctx.path(f"{UNITS}/{unit_name(ctx, path)}")):
                ctx.warn(f"drive {path} is lost: {error.msg}, or replace the drive (playbooks/minio/replace_drive.yml)")
                continue
            raise
        other = seen.setdefault(os.path.realpath(ctx.path(device)), path)
        if other != path:
            raise AgentError("device-twice", f"{other} and {path} are the same device ({device}): each drive needs one of its own")
        if path in table:
            if _same(ctx, table[path], device):
                continue
            raise AgentError(
                "mounted-otherwise", f"{path} is mounted from {table[path]}, and minio_drives names {device}: unmount it first"
            )
        refuse_hiding(ctx, path, device)
        kind = probe(ctx, device)
        if kind:
            refuse_foreign(ctx, device, kind)
        else:
            if not params["format"]:
                raise AgentError(
                    "device-empty", f"{device} has no file system: set minio_format_drives: true to have an empty device formatted"
                )
            steps.append(Step("filesystem", device, "format", "xfs", _diff(ctx, device, "format: xfs"), _format(device)))
        steps.append(Step("mount", path, "mount", device, _diff(ctx, path, f"mount: {device} ({kind or 'xfs'})"), _mount(path, device)))
    return steps, {"mounted": {drive["path"]: drive["device"] for drive in params["drives"]}}


def _diff(ctx: Context, what: str, after: str) -> Diff | None:
    return {"before_header": what, "after_header": what, "before": "", "after": after + "\n"} if ctx.diff else None


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
    if not is_empty(ctx.path(device)):
        raise AgentError(
            "device-holds-data", f"{device} is not empty: it is never overwritten. Name another, or wipe it yourself (blkdiscard)"
        )
    return ""


def refuse_hiding(ctx: Context, path: str, device: str) -> None:
    """:raises AgentError: ``mount-point-holds-data``"""
    names = _names(ctx.path(path))
    if names:
        raise AgentError(
            "mount-point-holds-data",
            f"{path} holds data ({_some(names)}), which {device} would hide: move it away, or give {device} another path",
        )


def refuse_foreign(ctx: Context, device: str, kind: str) -> None:
    """What a file system holds has to be an object store's, or nothing. Looking writes nothing to it, not even a count of mounts.

    :raises AgentError: ``device-holds-data``
    """
    import os

    folder = ctx.path(LOOK)
    if os.path.isdir(folder):  # of a run that died
        ctx.run(["umount", LOOK], check=False)
    else:
        os.makedirs(folder, mode=0o700)
    try:
        done = ctx.run(["mount", "--types", kind, "--options", "ro,norecovery", "--", device, LOOK], check=False)
        if done.rc:
            said = " ".join(done.err.split())
            raise AgentError(
                "device-holds-data", f"{device} has a file system ({kind}) that cannot be mounted: {said}. Repair it, or name another"
            )
        try:
            names = _names(folder)
        finally:
            ctx.run(["umount", LOOK])
    finally:
        os.rmdir(folder)
    if names and OWN_FOLDER not in names:
        raise AgentError(
            "device-holds-data",
            f"{device} has a file system ({kind}) with data that does not belong to an object store ({_some(names)}): it is not "
            f"changed. Name another "
            "device, or empty it yourself",
        )


def _names(folder: str) -> list[str]:
    import os

    try:
        return sorted(set(os.listdir(folder)) - {"lost+found"})
    except FileNotFoundError:
        return []


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def is_empty(path: str) -> bool:
    """Whether both ends of a device are zeros, and samples of what is between them: not everything that fills a disk has a mark."""
    import os

    with open(path, "rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        between = [(size * number // (SAMPLES + 1) & ~4095, SAMPLE) for number in range(1, SAMPLES + 1)]
        for place, length in [(0, ENDS), (max(0, size - ENDS), ENDS), *between]:
            file.seek(place)
            left = min(length, size)
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


def unit_name(ctx: Context, path: str) -> str:
    """The name of a mount's unit."""
    return ctx.run(["systemd-escape", "--path", "--suffix=mount", path]).out.strip()


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
        from ...lib import write

        uuid = ctx.run(["blkid", "--probe", "--output", "value", "--match-tag", "UUID", "--", device]).out.strip()
        name = unit_name(ctx, path)
        write.make_directory(ctx, path, 0o755)
        write.write_file(ctx, f"{UNITS}/{name}", unit_text(path, uuid).encode(), 0o644, 0, 0)
        ctx.run(["systemctl", "daemon-reload"])
        ctx.run(["systemctl", "enable", "--now", name], timeout=120)

    return apply
