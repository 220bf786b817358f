# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role minio: pools and sets as the server is told them, its environment, and the program that refuses another layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports, templating
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.minio import layout as minio_layout

REPOSITORY = Path(__file__).resolve().parents[4]
HOSTS = [f"store{number}" for number in range(1, 5)]


@pytest.fixture
def drives(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, with its files below a temporary folder."""
    found = program("minio", "minio-drives")
    monkeypatch.setattr(found, "WANTED", str(tmp_path / "wanted.json"))
    monkeypatch.setattr(found, "RECORDED", str(tmp_path / "state" / "layout.json"))
    return found


def pool(hosts: list[str], own: list[str], size: int) -> dict[str, Any]:
    """A pool as layout.json has it."""
    return {"hosts": hosts, "drives": dict.fromkeys(hosts, own), "set_size": size, "urls": []}


@pytest.mark.parametrize(
    ("total", "size"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (16, 16), (17, 0), (18, 9), (20, 10), (24, 12), (32, 16), (34, 2)]
)
def test_set_sizes(total: int, size: int) -> None:
    """The largest of 2 to 16 that divides."""
    assert minio_layout.set_size(total) == size


@pytest.mark.parametrize(
    ("declared", "hostvars", "shown"),
    [
        ([], {}, [{"hosts": ["a", "b"], "drives": ["/srv/minio/drive1"]}]),
        ([{"hosts": ["b", "a"], "drives": ["/d2", "/d1"]}], {}, [{"hosts": ["b", "a"], "drives": ["/d2", "/d1"]}]),
        ([], {"a": ["/x"], "b": ["/y"]}, [{"hosts": ["a", "b"], "drives": {"a": ["/x"], "b": ["/y"]}}]),
    ],
)
def test_pools_as_people_write_them(declared: list[Any], hostvars: dict[str, Any], shown: list[Any]) -> None:
    """Their order is a part of the value: another order makes other sets."""
    variables = {host: {"minio_drives": hostvars.get(host)} for host in ("a", "b")}
    made = minio_layout.layout(declared, {"object_store": ["b", "a"]}, variables)
    assert minio_layout.as_declared(made) == shown
    if isinstance(shown[0]["drives"], list):
        again = minio_layout.layout(shown, {"object_store": ["b", "a"]}, variables)
        assert again == made, "what is shown can be written"


def test_layout_goes_over_the_hosts_first() -> None:
    """A set's drives are on as many hosts as there are, whatever the inventory's order."""
    hostvars = {host: {"minio_drives": ["/srv/a/", {"path": "/srv/b", "device": "/dev/sdb"}]} for host in HOSTS}
    (found,) = minio_layout.layout([], {"object_store": list(reversed(HOSTS))}, hostvars, 9000)
    assert found["urls"] == [f"https://{host}:9000/srv/{drive}" for drive in "ab" for host in HOSTS]
    assert found["set_size"] == 8


def test_several_pools() -> None:
    """Each with its own hosts, in the order that was written."""
    declared = [{"hosts": ["b", "a"], "drives": ["/srv/x", "/srv/y"]}, {"group": "more"}]
    first, second = minio_layout.layout(declared, {"more": ["d", "c"]}, {"c": {}, "d": {}})
    assert first["urls"][:2] == ["https://b:9000/srv/x", "https://a:9000/srv/x"]
    assert second["urls"] == ["https://c:9000/srv/minio/drive1", "https://d:9000/srv/minio/drive1"]


def test_default_drives_are_the_roles() -> None:
    """The same constant in two languages."""
    defaults = yaml.safe_load((REPOSITORY / "roles" / "minio" / "defaults" / "main.yml").read_text())
    assert defaults["minio_drives"] == list(minio_layout.DRIVES)


WAS = [pool(HOSTS, ["/srv/minio/drive1"], 4)]


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        (WAS, ""),
        ([*WAS, pool(["store5"], ["/srv/minio/drive1"], 1)], ""),
        ([pool(HOSTS[:3], ["/srv/minio/drive1"], 3)], "layout of pool 1 would change"),
        ([pool([*HOSTS, "store5"], ["/srv/minio/drive1"], 5)], "layout of pool 1 would change"),
        ([pool(HOSTS, ["/srv/minio/drive1", "/srv/minio/drive2"], 8)], "layout of pool 1 would change"),
        ([pool(list(reversed(HOSTS)), ["/srv/minio/drive1"], 4)], "layout of pool 1 would change"),
        ([], "no longer in minio_pools"),
    ],
)
def test_a_pool_that_exists_is_never_changed(drives: ModuleType, wanted: list[dict[str, Any]], refused: str) -> None:
    """Only another pool behind it."""
    if refused:
        with pytest.raises(drives.Refused, match=refused):
            drives.refuse_other_layout(wanted, WAS)
    else:
        drives.refuse_other_layout(wanted, WAS)


ANOTHER = pool(["store5"], ["/srv/minio/drive1"], 1)


def layout(drives: ModuleType, pools: list[dict[str, Any]], own: list[str] | None = None, **more: Any) -> None:
    """What the inventory says."""
    found = {"port": 9000, "console_port": 9001, "root_disk": False, "drives": own or [], "pools": pools, **more}
    Path(drives.WANTED).write_text(json.dumps(found))


def recorded(drives: ModuleType) -> Any:
    """What is written down."""
    return drives.load(drives.RECORDED)


@pytest.fixture
def silent(drives: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Answers of the store, whether it takes writes; each but the last once."""
    answers = [True]
    monkeypatch.setattr(drives, "takes_writes", lambda port: answers.pop(0) if len(answers) > 1 else answers[0])
    monkeypatch.setattr(drives.time, "sleep", lambda seconds: None)
    return answers


def test_a_pool_is_recorded_once_the_store_took_it_in(drives: ModuleType, silent: list[bool]) -> None:
    """With the layout that the server was started with, whatever was written while it waited."""
    layout(drives, WAS, ["/srv/minio/drive1"])
    silent[:] = [False, False, True]
    assert drives.main(["record"]) == 0 and silent == [True]
    assert recorded(drives)["pools"] == WAS and recorded(drives)["drives"] == ["/srv/minio/drive1"]
    layout(drives, [])
    assert drives.main(["check"]) == 1


def test_a_pool_that_the_store_did_not_take_in_can_be_taken_back(
    drives: ModuleType, silent: list[bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server starts with the previous files, and the previous inventory is checked."""
    host(drives, monkeypatch, tmp_path, "")
    layout(drives, WAS)
    drives.record()
    layout(drives, [*WAS, ANOTHER])
    drives.prepare()
    layout(drives, WAS)
    assert drives.main(["prepare"]) == 0 and drives.main(["check"]) == 0
    assert recorded(drives)["pools"] == WAS
    layout(drives, [*WAS, ANOTHER])
    drives.record()
    layout(drives, WAS)
    assert drives.main(["prepare"]) == 0 and drives.main(["record"]) == 0, "a start never fails for it"
    assert recorded(drives)["pools"] == [*WAS, ANOTHER]
    assert drives.main(["check"]) == 1


def host(drives: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mounted: str, state: str = "inactive") -> list[str]:
    """A host with these file systems, whose drives belong to the user who runs the tests; returns the paths that were given away."""
    given: list[str] = []
    (tmp_path / "mounts").write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mounted)
    monkeypatch.setattr(drives, "MOUNTS", str(tmp_path / "mounts"))
    monkeypatch.setattr(drives.pwd, "getpwnam", lambda name: SimpleNamespace(pw_uid=4711, pw_gid=4711))
    monkeypatch.setattr(drives.os, "chown", lambda path, uid, gid: given.append(path))
    monkeypatch.setattr(drives.subprocess, "run", lambda argv, **options: SimpleNamespace(stdout=state))
    monkeypatch.setattr(drives, "listening", lambda ports, tables: [])
    return given


def test_a_bare_mount_point_is_not_given_to_the_server(drives: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It lies on another file system: the server would heal a lost drive onto it, and two of them onto one disk."""
    here, lost, full = (str(tmp_path / "srv" / name) for name in ("here", "lost", "full"))
    Path(full).mkdir(parents=True)
    Path(full, "patients.xls").touch()
    given = host(drives, monkeypatch, tmp_path, "".join(f"4{n} 22 8:1{n} / {path} rw - xfs x rw\n" for n, path in enumerate((here, full))))
    layout(drives, WAS, [here, lost, full])
    drives.prepare()
    assert given == [here] and recorded(drives)["drives"] == [here]
    layout(drives, WAS, [here, lost, full], root_disk=True)
    drives.prepare()
    assert given == [here, here, lost]


def test_a_replaced_drive_is_looked_at(
    drives: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is known may be lost, but not where it is the one that is replaced; and no data are taken."""
    path = tmp_path / "drive1"
    path.mkdir()
    mounted = f"41 22 8:16 / {path} rw - xfs /dev/sdb rw\n"
    host(drives, monkeypatch, tmp_path, "")
    its = [pool(HOSTS, [str(path)], 4)]
    layout(drives, its, [str(path)])
    drives.write({"pools": its, "drives": [str(path)], "ports": [9000, 9001]})
    assert drives.main(["check"]) == 0
    assert drives.main(["check", f"--drive={path}"]) == 1 and "not a mounted file system" in capsys.readouterr().err
    assert drives.main(["check", "--drive=/srv/other"]) == 1 and "not a drive of this host" in capsys.readouterr().err
    host(drives, monkeypatch, tmp_path, mounted)
    assert drives.main(["check", f"--drive={path}/"]) == 0
    (path / "patients.xls").touch()
    assert drives.main(["check"]) == 1 and "holds data that this role did not create (patients.xls)" in capsys.readouterr().err


def test_a_drive_that_died_is_the_servers_to_miss(drives: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is mounted still, and every read of it fails."""

    def dead(path: str) -> set[str]:
        raise OSError(5, "Input/output error")

    host(drives, monkeypatch, tmp_path, "41 22 8:16 / /srv/d rw - xfs /dev/sdb rw\n")
    monkeypatch.setattr(drives, "contents", dead)
    its = [pool(HOSTS, ["/srv/d"], 4)]
    layout(drives, its, ["/srv/d"])
    assert drives.main(["check"]) == 1, "a new one is not taken"
    drives.write({"pools": its, "drives": ["/srv/d"]})
    assert drives.main(["check"]) == 0
    assert drives.main(["check", "--drive=/srv/d"]) == 1


@pytest.mark.parametrize(
    ("state", "started", "taken", "more", "said"),
    [
        ("inactive", [], [], {}, ""),
        ("inactive", [], [9001], {}, "port 9001 is in use by another program on this host: stop it, or set minio_console_port"),
        ("inactive", [], [9000], {}, "or set minio_port"),
        ("failed", [9000, 9001], [9001], {}, "minio_console_port"),
        ("inactive", [], [9001], {"console_port": None}, ""),
        # Its own.
        ("active", [9000, 9001], [9000, 9001], {}, ""),
        ("active", [], [9000, 9001], {}, ""),
        # One that it is to have from now on.
        ("active", [9000, 9001], [9000, 9001, 9443], {"port": 9443}, "port 9443 is in use"),
    ],
)
def test_ports_that_are_taken(
    drives: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    state: str,
    started: list[int],
    taken: list[int],
    more: dict[str, Any],
    said: str,
) -> None:
    """Known before anything is restarted: the server dies for either."""
    host(drives, monkeypatch, tmp_path, "", state)
    monkeypatch.setattr(drives, "listening", lambda ports, tables: [port for port in ports if port in taken])
    wanted = {"port": 9000, "console_port": 9001, **more}
    if said:
        with pytest.raises(drives.Refused, match=said):
            drives.check_ports(wanted, started)
    else:
        drives.check_ports(wanted, started)


FORMAT = {"format": "xl", "xl": {"sets": [["a", "b", "c", "d"]]}}


@pytest.mark.parametrize(
    ("files", "known", "adopt", "refused"),
    [
        ({}, False, False, ""),
        ({"lost+found/x": ""}, False, False, ""),
        ({"patients.xls": ""}, False, False, "holds data"),
        ({".minio.sys/format.json": json.dumps(FORMAT)}, True, False, ""),
        ({".minio.sys/format.json": json.dumps(FORMAT)}, False, False, "minio_adopt"),
        ({".minio.sys/format.json": json.dumps(FORMAT)}, False, True, ""),
        ({".minio.sys/format.json": json.dumps({"format": "xl", "xl": {"sets": [["a", "b"]]}})}, True, False, "drives in a set 2 and "),
        ({".minio.sys/format.json": json.dumps({"format": "fs"})}, True, False, "another kind"),
    ],
)
def test_what_a_drive_holds(drives: ModuleType, tmp_path: Path, files: dict[str, str], known: bool, adopt: bool, refused: str) -> None:
    """Nothing that the role did not make is taken."""
    path = tmp_path / "drive"
    path.mkdir()
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    its = pool(["a", "b", "c", "d"], [str(path)], 4)
    if refused:
        with pytest.raises(drives.Refused, match=refused):
            drives.check_drive(str(path), its, known, adopt)
    else:
        drives.check_drive(str(path), its, known, adopt)


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
40 22 8:16 / /srv/one rw - xfs /dev/sdb rw
41 22 8:16 / /srv/two rw - xfs /dev/sdb rw
42 22 8:1 /volumes/x /srv/three rw - ext4 /dev/sda1 rw
43 22 8:1 /volumes/y /srv/four rw - ext4 /dev/sda1 rw
"""


@pytest.mark.parametrize(
    ("own", "refused"),
    [(["/srv/one", "/srv/three", "/srv/four"], ""), (["/srv/one", "/srv/two"], "same drive"), (["/srv/none"], "not a mounted file system")],
)
def test_drives_are_file_systems_of_their_own(drives: ModuleType, own: list[str], refused: str) -> None:
    """Each another one."""
    if refused:
        with pytest.raises(drives.Refused, match=refused):
            drives.check_mounts(own, drives.mounts(MOUNTS))
    else:
        drives.check_mounts(own, drives.mounts(MOUNTS))


@pytest.mark.parametrize(
    ("variables", "ports", "secrets", "artifacts"),
    [
        ({}, {"minio", "minio-console"}, {"minio_root_user", "minio_root_password", "minio_kms_key"}, ["minio"]),
        ({"object_store_backend": "s3", "object_store_endpoint": "https://s3.example.net"}, set(), set(), []),
        (
            {
                "minio_users": [
                    {"name": "a"},
                    {"name": "b", "state": "present"},
                    {"name": "c", "state": "absent"},
                    {"name": "d", "secret": "x"},
                ],
                "minio_service_accounts": [
                    {"access_key": "one", "user": "a"},
                    {"access_key": "two", "user": "a", "state": "present"},
                    {"access_key": "three", "state": "absent"},
                    {"access_key": "four", "user": "a", "secret_key": "x"},
                ],
            },
            {"minio", "minio-console"},
            {
                *("minio_root_user", "minio_root_password", "minio_kms_key", "minio_user_a", "minio_user_b"),
                *("minio_service_account_one", "minio_service_account_two"),
            },
            ["minio"],
        ),
    ],
)
def test_nothing_is_exported_for_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], ports: set[str], secrets: set[str], artifacts: list[str]
) -> None:
    """Neither ports nor secrets nor a server to be built, where the site's objects are kept elsewhere."""
    monkeypatch.setattr(exports, "_cache", {})  # by the identity of hostvars, which another test's may have had
    source = tmp_path / "hosts.yml"
    source.write_text(yaml.safe_dump({"all": {"vars": variables, "children": {"object_store": {"hosts": {"store1": None}}}}}))
    loader = DataLoader()
    hosts = InventoryManager(loader=loader, sources=[str(source)])
    manager = VariableManager(loader=loader, inventory=hosts)
    hostvars = HostVars(inventory=hosts, variable_manager=manager, loader=loader)

    def exported(kind: str) -> list[Any]:
        return exports.exports_of(kind, "store1", hostvars=hostvars, loader=loader, roles=("minio",))

    assert {item["name"] for item in exported("firewall_ports")} == ports
    assert {item["name"] for item in exported("secrets")} == secrets
    assert exported("artifacts") == artifacts


TIER = {"name": "COLD", "type": "s3", "endpoint": "https://s3.example.net", "bucket": "b", "access_key": "a", "secret_key": "s"}


@pytest.mark.parametrize(
    ("version", "variables", "packages"),
    [
        ("12", {}, []),
        ("13", {}, ["minio-client"]),
        ("13", {"minio_users": [{"name": "a", "secret": "x"}]}, ["minio-client", "python3-cryptography"]),
        ("12", {"minio_service_accounts": [{"access_key": "one", "user": "a", "secret_key": "x"}]}, ["python3-cryptography"]),
        ("12", {"minio_tiers": [TIER]}, ["python3-cryptography"]),
        ("12", {"minio_tiers": [TIER | {"state": "absent"}]}, []),
    ],
)
def test_packages(tmp_path: Path, ansible_plugins: None, version: str, variables: dict[str, Any], packages: list[str]) -> None:
    """What encrypts secrets comes with the servers, before the first call that sends one, and only where one is sent."""
    source = tmp_path / "hosts.yml"
    source.write_text(yaml.safe_dump({"all": {"vars": variables, "children": {"object_store": {"hosts": {"store1": None}}}}}))
    loader = DataLoader()
    hosts = InventoryManager(loader=loader, sources=[str(source)])
    found = VariableManager(loader=loader, inventory=hosts).get_vars(host=hosts.get_host("store1"))
    found["ansible_facts"] = {"vannah": {"version": version}}
    role = collect.load(loader, "minio", str(tmp_path))
    templates = templating.Templates(Templar(loader=loader), role.variables(found), [])
    (component,) = [item for item in role.components if item["name"] == "minio"]
    assert collect.define({"name": "minio", "packages": component["packages"]}, templates, "minio")["packages"] == packages
