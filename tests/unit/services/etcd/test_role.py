# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role etcd: a member's settings, and how it begins or joins a cluster."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HOSTS = {
    "db1": {"ansible_host": "192.0.2.11"},
    "db2": {"ansible_host": "192.0.2.12", "etcd_peer_port": 12380},
    "db3": {"ansible_host": "2001:db8::13"},
}


def site(**variables: Any) -> dict[str, Any]:
    """Three members, one of them with IPv6."""
    return {"all": {"vars": variables, "children": {"etcd": {"hosts": HOSTS}}}}


def settings(text: str) -> dict[str, str]:
    """An environment file as a mapping."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}


def test_initial_cluster(render: Callable[..., Any]) -> None:
    """All members by name and peer URL, each with its own port; the others' client URLs to ask whether a cluster is there."""
    found = settings(render("etcd", "etcd", site(), "db3")["files"]["/etc/etcd/vannah-initial.env"])
    assert found["ETCD_INITIAL_CLUSTER"] == "db1=https://192.0.2.11:2380,db2=https://192.0.2.12:12380,db3=https://[2001:db8::13]:2380"
    assert found["ETCD_INITIAL_ADVERTISE_PEER_URLS"] == "https://[2001:db8::13]:2380"
    assert found["VANNAH_OTHER_MEMBERS"] == "https://192.0.2.11:2379,https://192.0.2.12:2379"


def test_a_new_member_asks_for_no_restart_of_the_others(render: Callable[..., Any]) -> None:
    """The inventory's members are in the file that only a first start reads, which asks for nothing."""
    made = render("etcd", "etcd", site(), "db1")
    assert "192.0.2.12" not in made["files"]["/etc/etcd/vannah.env"] + made["units"]["etcd.service"]
    (initial,) = [item for item in made["definition"]["files"] if item["path"] == "/etc/etcd/vannah-initial.env"]
    assert initial["on_change"] == "none"


def test_settings_win_and_null_takes_away(render: Callable[..., Any]) -> None:
    """By the names of etcd's flags."""
    given = {"log-level": "warn", "auto-compaction-mode": None, "snapshot-count": 5000}
    found = settings(render("etcd", "etcd", site(etcd_settings=given), "db1")["files"]["/etc/etcd/vannah.env"])
    assert (found["ETCD_LOG_LEVEL"], found["ETCD_SNAPSHOT_COUNT"], found["ETCD_CLIENT_CERT_AUTH"]) == ("warn", "5000", "true")
    assert "ETCD_AUTO_COMPACTION_MODE" not in found


def test_certificate_names_what_the_member_is_reached_by(render: Callable[..., Any]) -> None:
    """Peers compare the address that a connection comes from with the certificate."""
    (certificate,) = render("etcd", "etcd", site(), "db1")["definition"]["certificates"]
    assert certificate["addresses"] == ["192.0.2.11", "127.0.0.1"]
    assert certificate["names"] == ["db1", "localhost"]


# --- etcd-member --------------------------------------------------------------------------------------------------------


@pytest.fixture
def member(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module, in the environment of a unit that starts for the first time."""
    module = program("etcd", "etcd-member")
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr(module, "JOIN", str(tmp_path / "join.env"))
    monkeypatch.setattr(module, "JOINED", str(tmp_path / "joined"))
    monkeypatch.setattr(module, "JOINED_BEFORE", str(tmp_path / "joined-before"))
    monkeypatch.setattr(module, "accepts", lambda endpoint: True)
    for name, value in {
        "ETCD_DATA_DIR": str(data),
        "ETCD_NAME": "db2",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": "https://192.0.2.12:2380",
        "ETCD_INITIAL_CLUSTER": "db1=https://192.0.2.11:2380,db2=https://192.0.2.12:2380",
        "VANNAH_OTHER_MEMBERS": "https://192.0.2.11:2379",
        "ETCD_TRUSTED_CA_FILE": str(tmp_path / "ca.pem"),
        "ETCD_CERT_FILE": str(tmp_path / "cert.pem"),
        "ETCD_KEY_FILE": str(tmp_path / "key.pem"),
    }.items():
        monkeypatch.setenv(name, value)
    return module


@pytest.mark.parametrize(
    ("code", "said", "refused"),
    [
        (0, "", ""),
        (
            2,
            "flag provided but not defined: -snapshot-cuont\nUsage:\n\n  etcd [flags]\n",
            "has no setting snapshot-cuont, and would ignore it",
        ),
        (
            2,
            'invalid value "lots" for flag -snapshot-count: parse error\nUsage:\n',
            'settings: invalid value "lots" for flag -snapshot-count',
        ),
    ],
)
def test_settings_are_judged_by_etcd(
    member: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int, said: str, refused: str
) -> None:
    """What etcd 3.5.16 said. A first start's settings are not asked for: they are the role's own."""
    asked: list[list[str]] = []

    def run(argv: list[str], **more: Any) -> Any:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, code, "", said)

    (tmp_path / "vannah.env").write_text('# Made by x\nETCD_NAME="db1"\nETCD_SNAPSHOT_COUNT="7"\n', encoding="utf-8")
    (tmp_path / "initial.env").write_text('VANNAH_OTHER_MEMBERS=""\n', encoding="utf-8")
    monkeypatch.setattr(member, "SETTINGS", (str(tmp_path / "vannah.env"), str(tmp_path / "initial.env")))
    monkeypatch.setattr(member, "ETCD", str(tmp_path / "vannah.env"))
    monkeypatch.setattr(member.subprocess, "run", run)
    assert member.main(["settings"]) == (1 if refused else 0)
    assert [argv[1:] for argv in asked] == [["--name=db1", "--snapshot-count=7", "--version"]]
    printed = capsys.readouterr().err
    assert refused in printed and ("etcd_settings" in printed) is bool(refused)


def test_a_host_without_etcd_is_not_asked(member: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its package comes in the same call."""
    monkeypatch.setattr(member, "ETCD", str(tmp_path / "etcd"))
    assert member.main(["settings"]) == 0


def answers(*members: tuple[str, str]) -> dict[str, Any]:
    """``etcdctl --write-out=json member list``, as etcd 3.5 prints it."""
    listed = [
        {"ID": 9372538179322589801 + at, "peerURLs": [url], **({"name": name} if name else {})} for at, (name, url) in enumerate(members)
    ]
    return {"header": {"cluster_id": 1}, "members": listed}


FIRST, SECOND = ("db1", "https://192.0.2.11:2380"), ("db2", "https://192.0.2.12:2380")


def test_nobody_answers_begins_a_cluster(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """All members of a new site start at once: the initial file holds."""
    monkeypatch.setattr(member, "accepts", lambda endpoint: False)
    member.join(False)
    assert not Path(member.JOIN).exists()


def test_a_running_cluster_is_joined(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The member adds itself, and starts with the cluster's word on who is in it."""
    asked: list[tuple[str, ...]] = []

    def etcdctl(endpoints: str, *arguments: str) -> dict[str, Any]:
        asked.append(arguments)
        return answers(FIRST) if arguments == ("member", "list") else answers(FIRST, ("", SECOND[1]))

    monkeypatch.setattr(member, "etcdctl", etcdctl)
    member.join(False)
    assert asked == [("member", "list"), ("member", "add", "db2", "--peer-urls=https://192.0.2.12:2380")]
    assert Path(member.JOIN).read_text(encoding="ascii").splitlines() == [
        'ETCD_INITIAL_CLUSTER="db1=https://192.0.2.11:2380,db2=https://192.0.2.12:2380"',
        'ETCD_INITIAL_CLUSTER_STATE="existing"',
    ]


def test_added_before_and_not_started(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that died after ``member add`` continues where it was."""
    monkeypatch.setattr(
        member, "etcdctl", lambda endpoints, *arguments: answers(FIRST, ("", SECOND[1])) if arguments[1] == "list" else None
    )
    member.join(False)
    assert "existing" in Path(member.JOIN).read_text(encoding="ascii")


def test_lost_data_is_refused(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster knows a member that was ready, and its data is gone: the text has the command, with the ID as etcdctl takes it."""
    Path(member.JOINED).touch()
    monkeypatch.setattr(member, "etcdctl", lambda *_: answers(FIRST, SECOND))
    with pytest.raises(member.Refused, match="etcdctl member remove 8211f1d0f64f326a"):
        member.join(False)


def test_an_unmounted_disk_is_no_new_member(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither below the mount point nor where that is missing, and not by the mark that earlier releases left."""
    Path(member.JOINED_BEFORE).touch()
    monkeypatch.setattr(member, "accepts", lambda endpoint: False)
    with pytest.raises(member.Refused, match=f"remove {member.JOINED} {member.JOINED_BEFORE}"):
        member.join(False)
    monkeypatch.setenv("ETCD_DATA_DIR", f"{member.JOINED_BEFORE}-elsewhere")
    with pytest.raises(member.Refused, match="does not exist"):
        member.join(False)


def test_others_elected_a_leader_without_it(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member of the first cluster that never started is known by name already: it comes as a new one, with another ID."""
    asked: list[tuple[str, ...]] = []

    def etcdctl(endpoints: str, *arguments: str) -> dict[str, Any]:
        asked.append(arguments)
        return answers(FIRST, ("", SECOND[1])) if arguments[1] == "add" else answers(FIRST, SECOND)

    monkeypatch.setattr(member, "etcdctl", etcdctl)
    member.join(False)
    assert [arguments[1:3] for arguments in asked] == [("list",), ("remove", "8211f1d0f64f326a"), ("add", "db2")]
    assert "existing" in Path(member.JOIN).read_text(encoding="ascii")


def test_a_cluster_that_cannot_take_it_out_is_asked_again(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "etcdctl", lambda _endpoints, *arguments: answers(FIRST, SECOND) if arguments[1] == "list" else None)
    with pytest.raises(member.Refused, match="tried again shortly"):
        member.join(False)
    assert not Path(member.JOIN).exists()


def test_no_quorum_is_not_no_cluster(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that forgot its votes must not help to elect a leader."""
    monkeypatch.setattr(member, "etcdctl", lambda *_: None)
    with pytest.raises(member.Refused, match="has no leader"):
        member.join(False)
    monkeypatch.setattr(member, "accepts", lambda endpoint: False)
    Path(member.JOINED).touch()
    with pytest.raises(member.Refused, match="no other member answers"):
        member.join(False)


def test_a_cluster_that_waits_for_its_first_leader_is_none(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members that began a moment ago accept connections and have no leader before this one has begun with them."""
    monkeypatch.setattr(member, "etcdctl", lambda *_: None)
    monkeypatch.setattr(member, "never_decided", lambda endpoint: True)
    member.join(False)
    assert not Path(member.JOIN).exists()


def test_a_silent_host_is_not_no_cluster(member: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' firewalls may not know a new member yet: it must not begin a cluster of its own."""
    monkeypatch.setattr(member, "accepts", lambda endpoint: None)
    with pytest.raises(member.Refused, match="cannot be reached"):
        member.join(False)


@pytest.mark.parametrize(
    ("mark", "listed", "kept"),
    [("begun", [FIRST], False), ("begun", [FIRST, SECOND], True), ("adopted", [FIRST], True)],
)
def test_a_cluster_of_its_own_that_never_was_one(
    member: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mark: str, listed: list[tuple[str, str]], kept: bool
) -> None:
    """Begun while the others were down, never ready, unknown to their cluster: it joins theirs. Data taken over is never removed."""
    data = tmp_path / "data" / "member"
    data.mkdir()
    (tmp_path / "data" / member.MARKER).write_text(mark + "\n", encoding="ascii")
    monkeypatch.setattr(member, "etcdctl", lambda *_: answers(*listed))
    member.join(False)
    assert data.exists() is kept
    assert Path(member.JOIN).exists() is not kept


def test_a_member_with_data_asks_nobody(member: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A restart does not depend on the others."""
    (tmp_path / "data" / "member").mkdir()
    (tmp_path / "data" / member.MARKER).write_text("begun\n", encoding="ascii")
    Path(member.JOINED).touch()
    monkeypatch.setattr(member, "etcdctl", lambda *_: pytest.fail("asked"))
    Path(member.JOIN).write_text("old", encoding="ascii")
    member.join(False)
    assert not Path(member.JOIN).exists()


@pytest.mark.parametrize(
    ("names", "foreign"), [([], False), (["lost+found"], False), (["member"], True), (["member", ".made-by-vannah"], False)]
)
def test_foreign_data(member: ModuleType, tmp_path: Path, names: list[str], foreign: bool) -> None:
    """Data without our mark is foreign."""
    directory = tmp_path / "other"
    directory.mkdir()
    for name in names:
        (directory / name).touch()
    assert member.foreign_data(str(directory)) is foreign
    assert member.foreign_data(str(tmp_path / "missing")) is False


def test_listening(member: ModuleType) -> None:
    """/proc/net/tcp of a host with sshd on port 22 (0016) and a connection of it to 50000 (C350)."""
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31338 1\n"
        "   1: 0B0200C0:094B 0C0200C0:C350 01 00000000:00000000 02:000A0B2C 00000000     0        0 31339 2\n"
    )
    assert member.listening(22, [table])
    assert not member.listening(2379, [table])


# --- data of another member ---------------------------------------------------------------------------------------------------

RECORDED = Path(__file__).parent / "data"


def copied(directory: Path) -> None:
    """What etcd 3.5 wrote as db2 at http://127.0.0.1:12380, with the mark of the role."""
    for name, file in (("wal/0000000000000000-0000000000000000.wal", "etcd-3.5.wal.gz"), ("snap/db", "etcd-3.5.db.gz")):
        (directory / "member" / name).parent.mkdir(parents=True)
        (directory / "member" / name).write_bytes(gzip.decompress((RECORDED / file).read_bytes()))
    (directory / ".made-by-vannah").write_text("begun\n")


@pytest.mark.parametrize("was_ready", [False, True])
@pytest.mark.parametrize(
    ("name", "url", "refused"),
    [
        ("db2", "http://127.0.0.1:12380", False),
        ("renamed", "http://127.0.0.1:12380", False),
        ("db2", "https://192.0.2.12:2380", False),
        ("db1", "https://192.0.2.11:2380", True),
    ],
)
def test_a_copy_of_another_member_does_not_start(
    member: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str, url: str, refused: bool, was_ready: bool
) -> None:
    """Not at a start of the unit and not at a converge, and the text says how the server becomes a member of its own."""
    data = Path(os.environ["ETCD_DATA_DIR"])
    copied(data)
    if was_ready:
        Path(member.JOINED).touch()
    monkeypatch.setenv("ETCD_NAME", name)
    monkeypatch.setenv("ETCD_INITIAL_ADVERTISE_PEER_URLS", url)
    settings = data.parent / "settings.env"
    settings.write_text(f'# made\nETCD_NAME="{name}"\nETCD_INITIAL_ADVERTISE_PEER_URLS="{url}"\n')
    monkeypatch.setattr(member, "SETTINGS", (str(settings), "/nowhere"))
    monkeypatch.setattr(member, "running", lambda: (False, False))
    monkeypatch.setattr(member, "activating", lambda: True)
    monkeypatch.setattr(member, "etcdctl", lambda *_: answers(FIRST, (name, url)))
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for act in (lambda: member.join(False), lambda: member.check(str(data), [], False)):
        if refused:
            with pytest.raises(member.Refused, match=r"the member db2 .*ID 695094fe8287f0f6.*rm -rf \S+/data/member \S+/joined"):
                act()
        else:
            act()
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    assert not refused or not Path(member.JOIN).exists()
    member.check(str(data), [], True)  # that is what adopting means


def test_the_program_finds_its_module_where_it_is_installed(render: Callable[..., Any]) -> None:
    """python3 -I looks at no folder of the script's: the module lies beside it, and is the agent's own file."""
    files = {item["path"]: item for item in render("etcd", "etcd", site(), "db1")["definition"]["files"]}
    assert "/usr/local/lib/vannah/etcd_data.py" in files
    module = Path(__file__).parents[4] / "plugins/module_utils/agent/services/etcd/data.py"
    assert (Path(__file__).parents[4] / "roles/etcd/files/etcd_data.py").resolve() == module
    done = subprocess.run(["/usr/bin/python3", "-I", module], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("runs", "data", "adopt", "refused"),
    [
        ((False, False), False, False, ""),
        ((True, True), False, False, ""),
        ((True, False), False, False, "an etcd.service that this role did not create"),
        ((True, False), True, True, ""),
        ((False, False), True, False, "holds data that this role did not create"),
    ],
)
def test_a_foreign_etcd_in_the_host_checks(
    member: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    runs: tuple[bool, bool],
    data: bool,
    adopt: bool,
    refused: str,
) -> None:
    """Before anything is changed. Ports are not asked: the host checks do, and name the program."""
    monkeypatch.setattr(member, "running", lambda: runs)
    monkeypatch.setattr(member, "listening", lambda *_: pytest.fail("asked"))
    if data:
        (tmp_path / "data/member").mkdir()
    assert member.main(["host-check", str(tmp_path / "data"), *(["--adopt"] if adopt else [])]) == (1 if refused else 0)
    assert refused in capsys.readouterr().err
