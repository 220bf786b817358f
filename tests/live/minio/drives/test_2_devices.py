# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role made of empty devices, and that it takes none that holds anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.live.lib.waiting import wait_until
from tests.live.minio.drives.devices import BY_ID, Devices

#: Whether a store answers that it takes writes.
ASK = (
    "import ssl, sys, urllib.request as r; "
    "r.urlopen(sys.argv[1], timeout=3, context=ssl.create_default_context(cafile='/etc/vannah/pki/ca.crt'))"
)
SPARE, PATH, UNIT = "spare", "/srv/minio/spare", "srv-minio-spare.mount"
STORE = {f"/srv/minio/drive{number}": f"drive{number}" for number in range(1, 5)}


@pytest.fixture
def spare(devices: Devices) -> Iterator[Devices]:
    """A device with zeros only, which is no drive of a store; afterwards it is so again."""
    devices.wipe(SPARE)
    yield devices
    devices.run("systemctl", "disable", "--now", UNIT, check=False)
    devices.run("rm", "-f", f"/etc/systemd/system/{UNIT}")
    devices.run("systemctl", "daemon-reload")
    devices.run("rm", "-rf", "--one-file-system", PATH)
    devices.wipe(SPARE)


def file_system(devices: Devices, *names: str) -> None:
    """XFS on the spare device, with files."""
    devices.run("mkfs.xfs", "-q", "-f", "-L", SPARE, BY_ID + SPARE)
    devices.run("mount", BY_ID + SPARE, "/mnt")
    for name in names:
        devices.run("install", "-D", "/etc/services", f"/mnt/{name}")
    devices.run("umount", "/mnt")


def test_drives_are_mounted_by_uuid(devices: Devices) -> None:
    """Empty devices have XFS now, and a unit that finds it wherever the kernel puts the device."""
    assert {path: kind for path, (_device, kind) in devices.mounts().items()} == dict.fromkeys(STORE, "xfs")
    for path, name in STORE.items():
        unit = devices.run("systemctl", "cat", f"srv-minio-{name}.mount")
        assert f"What=/dev/disk/by-uuid/{devices.uuid(name)}\n" in unit and devices.uuid(name), unit
        assert devices.mounts()[path][0] == devices.run("readlink", "-f", BY_ID + name)


#: An MBR: one entry (Linux, from sector 2048, 600,000 sectors), three empty ones, and the mark.
TABLE = bytes.fromhex("0020210083fe272800080000c0270900") + bytes(48) + b"\x55\xaa"
HELD: dict[str, Callable[[Devices], None]] = {
    "a file system with data": lambda devices: file_system(devices, "images/1.dcm", "note"),
    "a partition table": lambda devices: devices.write(SPARE, 446, TABLE),
    "bytes at the beginning": lambda devices: devices.write(SPARE, 70_000, b"\x5a" * 512),
    "bytes in the middle": lambda devices: devices.random(SPARE, 100, 32),
}


@pytest.mark.parametrize("what", HELD)
def test_a_device_that_holds_anything_is_left_as_it_is(spare: Devices, what: str) -> None:
    """Refused with what it holds; not a byte of it is another, and nothing is mounted."""
    HELD[what](spare)
    before = spare.digest(SPARE)
    done = spare.make(BY_ID + SPARE, PATH)
    assert done.returncode != 0 and "device-holds-data" in done.stdout, done.stdout[-3000:]
    assert spare.digest(SPARE) == before
    assert PATH not in spare.mounts() and spare.run("systemctl", "list-unit-files", "--no-legend", UNIT, check=False) == ""


def test_an_empty_device_is_formatted_only_when_asked(spare: Devices) -> None:
    """Without minio_format_drives it stays empty."""
    done = spare.make(BY_ID + SPARE, PATH, ask=False)
    assert done.returncode != 0 and "device-empty" in done.stdout, done.stdout[-3000:]
    assert spare.never_written(SPARE)


def test_a_stores_drive_is_mounted_as_it_is(spare: Devices) -> None:
    """By its label: what an object store has written on it stays, and a second run has nothing to do."""
    file_system(spare, ".minio.sys/format.json", "dicom/1/xl.meta")
    uuid, content = spare.uuid(SPARE), spare.run("sha256sum", "/etc/services").split()[0]
    done = spare.make(f"LABEL={SPARE}", PATH)
    assert done.returncode == 0, done.stdout[-3000:]
    assert spare.uuid(SPARE) == uuid
    assert spare.mounts()[PATH] == (spare.run("readlink", "-f", BY_ID + SPARE), "xfs")
    assert spare.run("sha256sum", f"{PATH}/dicom/1/xl.meta").split()[0] == content
    again = spare.make(f"LABEL={SPARE}", PATH)
    assert again.returncode == 0 and "changed=0" in again.stdout, again.stdout[-3000:]


def test_drives_come_back_with_the_host(devices: Devices) -> None:
    """After a restart of the host the store has its four drives and its objects, and a run finds nothing to do."""
    devices.run("minio-mc", "cp", "/etc/services", "site/dicom/before-the-restart")
    content = devices.run("sha256sum", "/etc/services").split()[0]
    devices.site.restart(devices.host)
    healthy = "https://127.0.0.1:9000/minio/health/cluster"
    asked = ["python3", "-I", "-c", ASK, healthy]
    wait_until(lambda: devices.site.run(devices.host, *asked, check=False).returncode == 0, "the store takes writes", 60)
    assert set(devices.mounts()) == set(STORE)
    devices.run("minio-mc", "cp", "site/dicom/before-the-restart", "/tmp/after")
    assert devices.run("sha256sum", "/tmp/after").split()[0] == content
    devices.site.converge_unchanged()
