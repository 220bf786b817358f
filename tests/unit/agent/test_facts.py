# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts from files: recorded ones of real machines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import facts

OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
DEBIAN_VERSION_FULL=13.1
ID=debian
# a comment = not an assignment
HOME_URL='https://www.debian.org/'
"""
# Linux 6.1, shortened: a host with Docker's bridge and a second network.
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.16.0.0/12 2 0 2
        |-- 172.17.0.0
           /16 link UNICAST
        |-- 172.17.0.1
           /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
     |-- 169.254.7.7
        /32 host LOCAL
     |-- 10.9.0.10
        /32 host LOCAL
     |-- 10.10.0.9
        /32 host LOCAL
Local:
     |-- 10.9.0.10
        /32 host LOCAL
"""
IF_INET6 = """\
fe800000000000000442acfffe110002 1a 40 20 80     eth0
fd000000000000000000000000000002 04 40 00 82     eth0
00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000001 04 40 00 80     eth0
"""


def test_os_release() -> None:
    found = facts.os_release(OS_RELEASE)
    assert (found["ID"], found["VERSION_ID"], found["VERSION_CODENAME"]) == ("debian", "13", "trixie")
    assert found["HOME_URL"] == "https://www.debian.org/"
    assert not any(name.startswith("#") for name in found)


def test_addresses() -> None:
    assert facts.addresses(FIB_TRIE, IF_INET6) == ["10.9.0.10", "10.10.0.9", "172.17.0.1", "2001:db8::1", "fd00::2"]
    assert facts.addresses("", "") == []


@pytest.mark.parametrize(
    ("groups", "limits", "megabytes"),
    [
        ("0::/\n", {}, 7951),
        ("0::/\n", {"/sys/fs/cgroup/memory.max": "max\n"}, 7951),
        ("0::/\n", {"/sys/fs/cgroup/memory.max": "2147483648\n"}, 2048),
        ("0::/docker/abc\n", {"/sys/fs/cgroup/docker/memory.max": "1073741824\n"}, 1024),
        ("4:memory:/docker/abc\n1:name=systemd:/x\n", {"/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "536870912\n"}, 512),
        ("4:memory:/\n", {"/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 7951),
        ("0::/\n", {"/sys/fs/cgroup/memory.max": "999999999999\n"}, 7951),
    ],
)
def test_memory_of_a_container(host: Any, groups: str, limits: dict[str, str], megabytes: int) -> None:
    host.write("/proc/meminfo", "MemTotal:        8142124 kB\nMemFree:           12345 kB\n")
    host.write("/proc/1/cgroup", groups)
    for path, text in limits.items():
        host.write(path, text)
    assert facts.memory_mb(host.ctx, True) == megabytes
    assert facts.memory_mb(host.ctx, False) == 7951


def test_devices(host: Any) -> None:
    for name, size, model in (
        ("sda", "1000215216", "INTEL SSDSC2KB48 "),
        ("nvme0n1", "512", ""),
        ("loop0", "8", ""),
        ("sdb", "0", ""),
        ("md0", "8", ""),
    ):
        host.write(f"/sys/block/{name}/size", size + "\n")
        if model:
            host.write(f"/sys/block/{name}/device/model", model + "\n")
    assert facts.devices(host.ctx) == [
        {"name": "md0", "size": 4096, "model": ""},
        {"name": "nvme0n1", "size": 262144, "model": ""},
        {"name": "sda", "size": 512110190592, "model": "INTEL SSDSC2KB48"},
    ]


@pytest.mark.parametrize(
    ("path", "text", "container"),
    [
        ("/etc/nothing", "", False),
        ("/.dockerenv", "", True),
        ("/run/.containerenv", "", True),
        ("/run/systemd/container", "lxc", True),
        ("/proc/1/environ", "PATH=/bin\0container=lxc\0", True),
        ("/proc/1/environ", "PATH=/bin\0mycontainer=lxc\0", False),
    ],
)
@pytest.mark.parametrize("said", [None, True, False])
def test_containers(host: Any, path: str, text: str, container: bool, said: bool | None) -> None:
    host.write(path, text)
    ctx = host.context(policy={"container_host": said})
    assert facts.is_container(ctx) is (container if said is None else said)


def test_all_of_them_on_this_machine_and_on_an_empty_one(host: Any) -> None:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context

    for ctx in (host.ctx, Context()):
        found = facts.facts(ctx)
        assert found["cores"] >= 1 and found["python"].startswith("3.")
    assert found["memory_mb"] > 100
    assert found["boot_id"]


@pytest.mark.parametrize(("files", "free"), [(65536, 7), (65536, 0), (0, 0)])
def test_free_inodes_where_a_file_system_counts_them(files: int, free: int) -> None:
    """btrfs says 0 of 0."""
    found: Any = SimpleNamespace(f_blocks=524288, f_frsize=4096, f_bavail=262144, f_files=files, f_favail=free)
    assert facts.room(found) == {"size_mb": 2048, "free_mb": 1024, **({"free_inodes": free} if files else {})}
