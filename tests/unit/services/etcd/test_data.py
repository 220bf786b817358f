# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data a directory of etcd holds: read from what etcd 3.4 (Debian 12) and 3.5 (Debian 13) wrote as db2 of three members."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import belonging
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import data as etcd_data
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import host_facts

DATA = Path(__file__).parent / "data"
DB2 = {
    "member": "695094fe8287f0f6",
    "cluster": "9ddde936f7e675a9",
    "name": "db2",
    "urls": ["http://127.0.0.1:12380"],
    "members": ["db1", "db2", "db3"],
}
WAL = "member/wal/0000000000000000-0000000000000000.wal"
DB = "member/snap/db"


def recorded(name: str) -> bytes:
    return gzip.decompress((DATA / name).read_bytes())


def directory(path: Path, version: str = "3.5") -> Path:
    """A data directory as etcd left it."""
    for name, kind in ((WAL, "wal"), (DB, "db")):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(recorded(f"etcd-{version}.{kind}.gz"))
    return path


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_what_etcd_wrote(tmp_path: Path, version: str) -> None:
    assert etcd_data.identity(str(directory(tmp_path, version))) == DB2


def test_the_newest_file_of_the_log_counts(tmp_path: Path) -> None:
    """Older ones are removed in the course of time, and an unfinished one is not a file of the log."""
    made = directory(tmp_path)
    (made / "member/wal/0000000000000001-0000000000000100.wal").write_bytes((made / WAL).read_bytes())
    (made / WAL).write_bytes(b"")
    (made / "member/wal/1.tmp").write_bytes(b"")
    assert etcd_data.identity(str(made)) == DB2


@pytest.mark.parametrize("text", [b"", b"\0" * 512, b"\xff" * 512, b"\x10" + b"\0" * 511, recorded("etcd-3.5.wal.gz")[:20]])
def test_a_log_that_cannot_be_read_says_nothing(tmp_path: Path, text: bytes) -> None:
    made = directory(tmp_path)
    (made / WAL).write_bytes(text)
    assert etcd_data.identity(str(made)) is None


def test_no_data(tmp_path: Path) -> None:
    assert etcd_data.identity(str(tmp_path / "nowhere")) is None
    (tmp_path / "member/wal").mkdir(parents=True)
    assert etcd_data.identity(str(tmp_path)) is None


@pytest.mark.parametrize("cut", [0, 10, 100, 4096, 8192, 12288])
def test_a_database_that_is_cut_off_only_has_no_name(tmp_path: Path, cut: int) -> None:
    made = directory(tmp_path)
    (made / DB).write_bytes(recorded("etcd-3.5.db.gz")[:cut])
    said = etcd_data.identity(str(made))
    assert said in ({**DB2, "name": "", "urls": [], "members": []}, DB2)
    assert not etcd_data.foreign({**DB2, "name": "", "urls": []}, "db1", "http://x")


def test_no_database_of_any_damage_is_an_error(tmp_path: Path) -> None:
    """Bytes changed under the look: another answer or none, and it ends."""
    made, whole = directory(tmp_path), recorded("etcd-3.5.db.gz")
    used = [at for at in range(0, len(whole), 97) if whole[at : at + 97].strip(b"\0")]
    assert len(used) > 10
    for at in used:
        for byte in (0x00, 0x01, 0xFF):
            (made / DB).write_bytes(whole[:at] + bytes([byte]) * 16 + whole[at + 16 :])
            assert etcd_data.identity(str(made)) is not None


def test_a_tree_that_leads_to_itself_ends(tmp_path: Path) -> None:
    made, whole = directory(tmp_path), bytearray(recorded("etcd-3.5.db.gz"))
    for page in range(2, 16):
        struct.pack_into("<QHHI", whole, page * 4096, page, etcd_data.BRANCH, 200, 0)
        for index in range(200):
            struct.pack_into("<IIQ", whole, page * 4096 + 16 + index * 16, 0, 0, page)
    (made / DB).write_bytes(bytes(whole))
    assert etcd_data.identity(str(made)) == {**DB2, "name": "", "urls": [], "members": []}


@pytest.mark.parametrize(
    ("name", "url", "is_foreign"),
    [
        ("db2", "http://127.0.0.1:12380", False),
        ("pg2", "http://127.0.0.1:12380", False),  # renamed
        ("db2", "https://10.0.0.2:2380", False),  # another address
        ("db1", "http://127.0.0.1:2380", True),
        ("db1", "", True),
    ],
)
def test_foreign(name: str, url: str, is_foreign: bool) -> None:
    assert etcd_data.foreign(dict(DB2), name, url) is is_foreign
    assert not etcd_data.foreign(None, name, url)


@pytest.mark.parametrize("settings", ["", 'ETCD_DATA_DIR="/srv/etcd"\nETCD_NAME="x"\n'])
@pytest.mark.parametrize("cgroup", ["", *host_facts.CGROUPS])
def test_facts(tmp_path: Path, settings: str, cgroup: str) -> None:
    """The role's own directory, or the one that its settings say; not while etcd runs, which passed the look when it started."""
    place = "/srv/etcd" if settings else host_facts.DATA
    directory(tmp_path / place.lstrip("/"))
    if settings:
        (tmp_path / "etc/etcd").mkdir(parents=True)
        (tmp_path / "etc/etcd/vannah.env").write_text(settings)
    if cgroup:
        (tmp_path / f"{cgroup}etcd.service".lstrip("/")).mkdir(parents=True)
    said: dict[str, Any] | None = host_facts.facts(Context("check", root=str(tmp_path)), {})["data"]
    assert said == (None if cgroup else {**DB2, "directory": place})


def test_facts_of_a_server(tmp_path: Path) -> None:
    """Machine ID, SSH host key, and which of the paths that are asked for hold something."""
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "etc/ssh/ssh_host_ed25519_key.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII/lX211LccwAQUdCud9DXLy5pZ7Qcu2QE4d6UO6mL6A root@x\n"
    )
    for path in ("full", "empty", "root"):
        (tmp_path / "srv" / path).mkdir(parents=True)
    (tmp_path / "srv/full/x").write_text("")
    (tmp_path / "srv/root/lost+found").mkdir()
    (tmp_path / "srv/file").write_text("")
    said = belonging.facts(Context("check", root=str(tmp_path)), [f"/srv/{name}" for name in ("full", "empty", "root", "file", "none")])
    assert said["found"] == ["/srv/full", "/srv/file"] and said["machine_id"] == "0123456789abcdef0123456789abcdef"
    # As ssh-keygen -l printed it.
    assert said["host_key"] == "SHA256:I6y7bpNwIdfHpI49E799Oh3vMDhfswYZvHTtZ+WJ5t4" and said["site"] is None


@pytest.mark.parametrize("text", ["", "uninitialized\n", "0" * 32, "abc\n"])
def test_a_machine_that_has_no_id_yet(text: str) -> None:
    """machine-id(5): such a server is no clone of another one."""
    assert belonging.machine_id(text) == ""
