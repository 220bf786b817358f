# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that become drives: what is formatted, mounted, refused. Real devices are in tests/live/minio/drives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import devices as minio_devices

PATH = "/srv/minio/drive1"


class Host:
    """A host with the devices ``sdb``, ``sdc``, ...: name -> (kind of file system, names in it); no kind, zeros only."""

    def __init__(self, root: Path, **devices: tuple[str, list[str]]) -> None:
        self.root, self.devices = root, devices
        self.table = ""
        self.ran: list[list[str]] = []
        self.ctx = Context(root=str(root), runner=self.run, diff=True)
        (root / "dev").mkdir()
        for name in devices:
            (root / "dev" / name).write_bytes(bytes(10_000))

    def run(self, argv: list[str], **_more: Any) -> Result:
        """What the programs of the host say."""
        self.ran.append(argv)
        kind, names = self.devices.get(argv[-1].removeprefix("/dev/"), ("", []))
        if argv[0] == "mount":
            kind, names = self.devices[argv[-2].removeprefix("/dev/")]
            if kind == "broken":
                return Result(32, "", "wrong fs type, bad option,\nbad superblock")
            for name in names:
                (self.root / "run" / "vannah-look" / name).mkdir()
        elif argv[0] == "umount":
            for name in (self.root / "run" / "vannah-look").iterdir():
                name.rmdir()
        elif argv[0] == "findmnt":
            return Result(0, self.table)
        elif argv[0] == "lsblk":
            return Result(0, argv[-1].removeprefix("/dev/"))
        elif argv[0] == "systemd-escape":
            return Result(0, "srv-minio-drive1.mount\n")
        elif argv[:2] == ["blkid", "--probe"]:
            return Result(0, f"TYPE={kind.replace('broken', 'xfs')}\n") if kind else Result(2)
        return Result(0)

    def plan(self, *drives: tuple[str, str], ask: bool = True, lost: bool = False) -> list[tuple[str, str, str]]:
        """Kind, target and action of each step."""
        params = {"drives": [{"path": path, "device": device} for path, device in drives], "format": ask, "lost": lost}
        steps, _result = minio.CALLS["devices"](params, self.ctx)
        return [(step.kind, step.target, step.action) for step in steps]


FORMAT, MOUNT = ("filesystem", "/dev/sdb", "format"), ("mount", PATH, "mount")


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (("", []), [FORMAT, MOUNT]),
        (("xfs", []), [MOUNT]),
        (("ext4", ["lost+found"]), [MOUNT]),
        (("xfs", [".minio.sys", "dicom"]), [MOUNT]),
    ],
)
def test_what_is_done_with_a_device(tmp_path: Path, device: tuple[str, list[str]], said: list[Any]) -> None:
    """Only an empty one is formatted; a look at a file system leaves nothing behind."""
    host = Host(tmp_path, sdb=device)
    assert host.plan((PATH, "/dev/sdb")) == said
    looked = [argv for argv in host.ran if argv[0] == "mount"]
    assert looked == (
        [["mount", "--types", device[0], "--options", "ro,norecovery", "--", "/dev/sdb", "/run/vannah-look"]] if device[0] else []
    )
    assert not (tmp_path / "run" / "vannah-look").exists()


@pytest.mark.parametrize(
    ("device", "code", "said"),
    [
        (("ext4", ["lost+found", "home", "etc", "var", "usr"]), "device-holds-data", r"\(etc, home, usr, \.\.\.\)"),
        (("broken", []), "device-holds-data", "cannot be mounted: wrong fs type, bad option, bad superblock"),
    ],
)
def test_a_file_system_with_data_is_refused(tmp_path: Path, device: tuple[str, list[str]], code: str, said: str) -> None:
    """Before anything is done."""
    host = Host(tmp_path, sdb=device, sdc=("", []))
    with pytest.raises(AgentError, match=said) as refused:
        host.plan(("/srv/minio/drive2", "/dev/sdc"), (PATH, "/dev/sdb"))
    assert refused.value.code == code
    assert not [argv for argv in host.ran if argv[0] == "mkfs.xfs"] and not (tmp_path / "run" / "vannah-look").exists()


def test_a_look_of_a_run_that_died_is_ended(tmp_path: Path) -> None:
    """What it had mounted is taken away first, and is not taken for what this device holds."""
    host = Host(tmp_path, sdb=("xfs", []))
    (tmp_path / "run" / "vannah-look" / "home").mkdir(parents=True)
    assert host.plan((PATH, "/dev/sdb")) == [MOUNT]


def test_one_that_is_mounted_is_left_alone(tmp_path: Path) -> None:
    """Without a look at it; from another device it is refused."""
    host = Host(tmp_path, sdb=("xfs", [".minio.sys"]), sdc=("", []))
    host.table = f"/ /dev/sda\n{PATH} /dev/sdb"
    assert host.plan((PATH, "/dev/sdb")) == []
    with pytest.raises(AgentError, match="unmount it first") as refused:
        host.plan((PATH, "/dev/sdc"))
    assert refused.value.code == "mounted-otherwise"


def test_nothing_is_hidden_below_a_mount(tmp_path: Path) -> None:
    """A store that lay in plain directories would be gone from sight."""
    host = Host(tmp_path, sdb=("", []))
    (tmp_path / "srv/minio/drive1/dicom").mkdir(parents=True)
    with pytest.raises(AgentError, match=r"dicom.*would hide") as refused:
        host.plan((PATH, "/dev/sdb"))
    assert refused.value.code == "mount-point-holds-data"


def test_one_device_is_one_drive(tmp_path: Path) -> None:
    """Whatever it is called by."""
    host = Host(tmp_path, sdb=("", []))
    (tmp_path / "dev/disk").mkdir()
    (tmp_path / "dev/disk/by-id").symlink_to("../sdb")
    with pytest.raises(AgentError, match="same device") as refused:
        host.plan((PATH, "/dev/sdb"), ("/srv/minio/drive2", "/dev/disk/by-id"))
    assert refused.value.code == "device-twice"


def test_a_drive_that_died_holds_up_nothing(tmp_path: Path) -> None:
    """It is warned of where it was mounted before; a name that never was one is a mistake, and so it is where a new drive is wanted."""
    host = Host(tmp_path, sdb=("", []))
    both = ((PATH, "/dev/gone"), ("/srv/minio/drive2", "/dev/sdb"))
    for lost in (True, False):
        with pytest.raises(AgentError, match="is not on this host"):
            host.plan(*both, lost=lost)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/srv-minio-drive1.mount").write_text("")
    assert host.plan(*both, lost=True) == [FORMAT, ("mount", "/srv/minio/drive2", "mount")]
    assert len(host.ctx.warnings) == 1 and "is lost" in host.ctx.warnings[0]
    with pytest.raises(AgentError, match="is not on this host"):
        host.plan(*both, lost=False)


def test_the_plan_says_what_is_formatted(tmp_path: Path) -> None:
    """In the diff, which a person reads before it is done."""
    host = Host(tmp_path, sdb=("", []))
    params = {"drives": [{"path": PATH, "device": "/dev/sdb"}], "format": True, "lost": False}
    steps, _result = minio.CALLS["devices"](params, host.ctx)
    assert [(step.diff or {})["after"] for step in steps] == ["format: xfs\n", "mount: /dev/sdb (xfs)\n"]
    with pytest.raises(AgentError, match="minio_format_drives: true"):
        host.plan((PATH, "/dev/sdb"), ask=False)


@pytest.mark.parametrize(
    ("lsblk", "rc", "blkid", "kind"),
    [
        ("sdb", 0, "TYPE=xfs\nUUID=1", "xfs"),
        ("sdb", 2, "", ""),
        ("sdb /mnt", 2, "", None),
        ("sdb\nsdb1", 2, "", None),
        ("sdb", 0, "PTTYPE=gpt", None),
        ("sdb", 0, "TYPE=LVM2_member", None),
        ("sdb", 8, "", None),
    ],
)
def test_what_a_device_holds(tmp_path: Path, lsblk: str, rc: int, blkid: str, kind: str | None) -> None:
    """Only what is empty counts as empty."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "sdb").write_bytes(b"\0" * 10_000)
    ctx = Context(root=str(tmp_path), runner=lambda argv, **more: Result(0, lsblk) if argv[0] == "lsblk" else Result(rc, blkid))
    if kind is None:
        with pytest.raises(AgentError, match=r"name another|is in use|never overwritten"):
            minio_devices.probe(ctx, "/dev/sdb")
    else:
        assert minio_devices.probe(ctx, "/dev/sdb") == kind


@pytest.mark.parametrize("where", [0, (4 << 20) - 1, 12 << 20, (64 << 20) - 1])
def test_a_device_with_any_byte_is_not_empty(tmp_path: Path, where: int) -> None:
    """At either end, and something that fills a part of it between them."""
    device = tmp_path / "device"
    with device.open("wb") as file:
        file.truncate(64 << 20)
    assert minio_devices.is_empty(str(device))
    with device.open("r+b") as file:
        file.seek(where)
        file.write(b"\1" * (1 if where % (4 << 20) != 0 or where == 0 else 1 << 20))
    assert not minio_devices.is_empty(str(device))


def test_a_small_device_is_read_wholly(tmp_path: Path) -> None:
    """Smaller than what is read of its ends."""
    (tmp_path / "device").write_bytes(bytes(100_000))
    assert minio_devices.is_empty(str(tmp_path / "device"))
    (tmp_path / "device").write_bytes(bytes(99_999) + b"\1")
    assert not minio_devices.is_empty(str(tmp_path / "device"))
