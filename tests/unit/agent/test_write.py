# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on a real disk: old or new, never half, never readable too early."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import disk, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ME = (os.geteuid(), os.getegid())


def mode(host: Any, path: str) -> int:
    return stat.S_IMODE(os.lstat(host.root / path.lstrip("/")).st_mode)


@given(st.binary(max_size=5000), st.sampled_from([0o600, 0o640, 0o644, 0o755, 0o4755, 0o000]))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_written_with_its_mode_whatever_the_umask(host: Any, data: bytes, bits: int) -> None:
    before = os.umask(0o077)
    try:
        write.write_file(host.ctx, "/etc/x", data, bits, *ME)
    finally:
        os.umask(before)
    assert mode(host, "/etc/x") == bits
    if os.geteuid() == 0 or bits & 0o400:
        assert disk.read(host.ctx.path("/etc/x")) == data
    assert os.listdir(host.root / "etc") == ["x"]


def test_refused_content_leaves_the_old(host: Any) -> None:
    host.write("/etc/x", "old")

    def check(path: str) -> None:
        assert disk.read(path) == b"new"
        assert disk.read(host.ctx.path("/etc/x")) == b"old"
        raise AgentError("validation-failed", "no")

    with pytest.raises(AgentError, match="no"):
        write.write_file(host.ctx, "/etc/x", b"new", 0o644, *ME, check=check)
    assert host.read("/etc/x") == "old"
    assert os.listdir(host.root / "etc") == ["x"]


def test_what_a_killed_run_left_beside_is_replaced(host: Any) -> None:
    host.write(write.beside("/etc/x"), "half", 0o400)
    write.write_file(host.ctx, "/etc/x", b"new", 0o644, *ME)
    assert os.listdir(host.root / "etc") == ["x"]
    host.write(write.beside("/etc/x"), "half")
    write.remove(host.ctx, "/etc/x")
    assert os.listdir(host.root / "etc") == []


def test_a_link_is_replaced_and_not_followed(host: Any) -> None:
    host.write("/etc/target", "target")
    os.symlink("target", host.root / "etc/x")
    write.write_file(host.ctx, "/etc/x", b"new", 0o644, *ME)
    assert (host.read("/etc/x"), host.read("/etc/target")) == ("new", "target")


def test_a_mount_point_is_written_in_place(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = host.write("/etc/hosts", "a longer old text\n", 0o600)
    inode = real.stat().st_ino

    def busy(*paths: str) -> None:
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(os, "rename", busy)
    write.write_file(host.ctx, "/etc/hosts", b"new\n", 0o644, *ME)
    assert (host.read("/etc/hosts"), real.stat().st_ino, mode(host, "/etc/hosts")) == ("new\n", inode, 0o644)
    assert os.listdir(host.root / "etc") == ["hosts"]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, "no-space", "free some"),
        (errno.EDQUOT, "no-space", "free some"),
        (errno.EROFS, "read-only", "Fix: find out why"),
        (errno.EIO, "os-error", "Fix: look at dmesg"),
        (errno.EPERM, "os-error", "Fix: look with lsattr /etc/x and lsattr -d /etc"),
    ],
)
def test_errors_say_what_to_do_and_the_file_stays(host: Any, monkeypatch: pytest.MonkeyPatch, number: int, code: str, words: str) -> None:
    host.write("/etc/x", "old")

    def fails(*args: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(AgentError, match="/etc/x") as caught:
        write.write_file(host.ctx, "/etc/x", b"new", 0o644, *ME)
    assert caught.value.code == code
    assert words in caught.value.msg
    assert (host.read("/etc/x"), os.listdir(host.root / "etc")) == ("old", ["x"])


def test_directory_in_the_way_is_an_error_and_leaves_nothing_beside(host: Any) -> None:
    (host.root / "etc/x").mkdir()
    for act in (lambda: write.write_file(host.ctx, "/etc/x", b"", 0o644, *ME), lambda: write.make_link(host.ctx, "/etc/x", "y")):
        with pytest.raises(AgentError):
            act()
        assert os.listdir(host.root / "etc") == ["x"]


def test_hash_is_made_anew_after_a_write(host: Any) -> None:
    write.write_file(host.ctx, "/etc/x", b"one", 0o644, *ME)
    assert disk.hash_path(host.ctx, "/etc/x") == disk.digest(b"one")
    write.write_file(host.ctx, "/etc/x", b"two", 0o644, *ME)
    assert disk.hash_path(host.ctx, "/etc/x") == disk.digest(b"two")
    write.make_link(host.ctx, "/etc/x", "nowhere")
    assert disk.hash_path(host.ctx, "/etc/x") == disk.ABSENT
    write.remove(host.ctx, "/etc/x")
    assert disk.status(host.ctx.path("/etc/x")) is None
    write.remove(host.ctx, "/etc/x")
    write.remove(host.ctx, "/etc/none/x")


def test_directories_and_their_parents(host: Any) -> None:
    before = os.umask(0o022)
    try:
        made = write.make_directory(host.ctx, "/etc/a/b/c", 0o700, *ME)
    finally:
        os.umask(before)
    assert made == ["/etc/a", "/etc/a/b", "/etc/a/b/c"]
    assert [mode(host, path) for path in made] == [0o755, 0o755, 0o700]
    assert write.make_directory(host.ctx, "/etc/a/b/c", 0o700, *ME) == []


def test_parents_are_right_from_birth(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies after the first mkdir leaves a parent that others can enter: no one would fix it later."""

    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "set_attributes", dies)
    before = os.umask(0o022)
    try:
        with pytest.raises(KeyboardInterrupt):
            write.make_directory(host.ctx, "/etc/a/b", 0o700, *ME)
    finally:
        os.umask(before)
    assert mode(host, "/etc/a") == 0o755


def test_file_in_the_way_of_a_directory(host: Any) -> None:
    host.write("/etc/a", "file")
    with pytest.raises(AgentError, match="/etc/a is in the way") as caught:
        write.make_directory(host.ctx, "/etc/a/b", 0o755, *ME)
    assert caught.value.code == "not-a-directory"


def test_only_empty_directories_go(host: Any) -> None:
    host.write("/etc/a/x")
    assert write.remove_directory(host.ctx, "/etc/a") is False
    write.remove(host.ctx, "/etc/a/x")
    assert write.remove_directory(host.ctx, "/etc/a") is True
    assert write.remove_directory(host.ctx, "/etc/a") is True


def test_state_directory_is_for_root_alone(host: Any) -> None:
    write.state_directory(host.ctx, "/var/lib/vannah/journal")
    assert (mode(host, "/var/lib/vannah"), mode(host, "/var/lib/vannah/journal")) == (0o700, 0o700)


@pytest.mark.parametrize(
    ("owner", "group", "missing"), [("nobody-here", "root", "user nobody-here"), ("root", "none-here", "group none-here")]
)
@pytest.mark.skipif(os.geteuid() != 0, reason="without root every owner is oneself")
def test_missing_owner(host: Any, owner: str, group: str, missing: str) -> None:
    with pytest.raises(AgentError, match=missing) as caught:
        write.ids(host.ctx, owner, group)
    assert caught.value.code == "user-missing"
    host.ctx.component = {"packages": [{"name": "etcd-server", "state": "present", "version": None}]}
    with pytest.raises(AgentError, match=f"{missing}, which .* Fix: run apt-get install --reinstall etcd-server"):
        write.ids(host.ctx, owner, group)


def test_large_files_are_hashed_once_while_their_stamp_holds(host: Any) -> None:
    path = host.write("/opt/large", b"x" * 2000)
    known = {"sha256": "remembered", "stamp": disk.stamp(os.lstat(path))}
    assert disk.hash_path(host.context(), "/opt/large", known) == "remembered"
    path.write_bytes(b"y" * 2000)
    assert disk.hash_path(host.context(), "/opt/large", known) == disk.digest(b"y" * 2000)


@pytest.mark.parametrize(
    ("data", "shown"),
    [(None, ""), (b"text", "text"), (b"\xff", "(1 byte, no text, sha256 "), (b"a" * 100_001, "(100001 bytes, sha256 ")],
)
def test_what_a_diff_shows(data: bytes | None, shown: str) -> None:
    assert str(disk.text(data)).startswith(shown)
