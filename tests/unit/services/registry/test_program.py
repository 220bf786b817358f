# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""registry-server: hashes that the registry takes, and garbage collection that always gives the registry back."""

from __future__ import annotations

import ctypes
import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

#: As docker-registry 2.8.3 of Debian 13 says it.
DRY = "test/tiny\ntest/tiny: marking manifest sha256:52f1 \n\n3 blobs marked, {} blobs and 0 manifests eligible for deletion\n"


@pytest.fixture
def server(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, with paths of its own."""
    found = program("registry", "registry-server")
    monkeypatch.setattr(found, "READ_ONLY", str(tmp_path / "read-only.env"))
    monkeypatch.setattr(found, "HTPASSWD", str(tmp_path / "htpasswd"))
    return found


@pytest.mark.parametrize("password", ["a", "x" * 72, "gr\u00fc\u00dfe", "with space:and colon"])
def test_hashes(server: ModuleType, password: str) -> None:
    """bcrypt's own check takes them; the same each time, and no other user has the same."""
    made = server.hashed("site", password)
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype, crypt.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p)
    assert made.startswith("$2b$05$") and len(made) == 60
    assert crypt(password.encode(), made.encode()).decode() == made
    assert crypt(b"another", made.encode()).decode() != made
    assert server.hashed("site", password) == made != server.hashed("ci", password)


@pytest.mark.parametrize("password", ["", "x" * 73, "\u00fc" * 37, "a\0b"])
def test_passwords_that_bcrypt_would_cut_off(server: ModuleType, password: str) -> None:
    with pytest.raises(server.FailedError, match="the password of site is empty or longer than 72 bytes") as refused:
        server.hashed("site", password)
    assert not password or password not in str(refused.value)


def test_users_file(server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written beside and renamed: the registry never reads half of it."""
    monkeypatch.setattr("grp.getgrnam", lambda _name: SimpleNamespace(gr_gid=tmp_path.stat().st_gid))
    monkeypatch.setattr("os.fchown", lambda *_args: None)
    (tmp_path / "users.json").write_text(json.dumps({"site": "one", "ci": "two"}))
    assert server.main(["users", str(tmp_path / "users.json")]) == 0
    lines = (tmp_path / "htpasswd").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["ci", "site"] and lines[1] == f"site:{server.hashed('site', 'one')}"
    assert (tmp_path / "htpasswd").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["htpasswd", "users.json"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"": 401, "site": 200}, ""),
        ({"": 200, "site": 200}, "answers 200 to who has no password"),
        ({"": 401, "site": 401}, "answers 401 to its user site, not 200"),
        ({"": 503, "site": 503}, "answers 503 to who has no password"),
    ],
)
def test_ready(server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, int], said: str) -> None:
    (tmp_path / "users.json").write_text('{"site": "the password"}')
    monkeypatch.setattr(server, "asked", lambda _url, user="", _password="": answers[user])
    if not said:
        server.ready("https://127.0.0.1:5000", str(tmp_path / "users.json"))
        return
    with pytest.raises(server.FailedError, match=said) as refused:
        server.ready("https://127.0.0.1:5000", str(tmp_path / "users.json"))
    assert "the password" not in str(refused.value).replace("no password", "")


class Surroundings:
    """The registry's program and systemd: ``did`` keeps what was run, in order; ``fails`` says what of it fails."""

    def __init__(self, server: ModuleType, garbage: int) -> None:
        self.server = server
        self.garbage = garbage
        self.did: list[str] = []
        self.fails = ""

    def run(self, argv: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        read_only = Path(self.server.READ_ONLY).exists()
        what = "dry-run" if "--dry-run" in argv else "collect" if "garbage-collect" in argv else argv[1]
        what += " while read-only" if read_only else ""
        self.did.append(what)
        failed = what == self.fails
        return subprocess.CompletedProcess(argv, int(failed), "" if failed else DRY.format(self.garbage), "it broke\n" if failed else "")


@pytest.fixture
def surroundings(server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Surroundings]:
    def make(garbage: int) -> Surroundings:
        made = Surroundings(server, garbage)
        monkeypatch.setattr(server.subprocess, "run", made.run)
        monkeypatch.setattr(server, "asked", lambda *_args: 401)
        return made

    return make


def collect(server: ModuleType) -> int:
    return int(server.main(["collect", "/config.yml", "/read-only.yml", "https://127.0.0.1:5000"]))


def test_nothing_to_remove(server: ModuleType, surroundings: Callable[[int], Surroundings], capsys: pytest.CaptureFixture[str]) -> None:
    """No client is interrupted for it."""
    made = surroundings(0)
    assert collect(server) == 0
    assert made.did == ["dry-run"] and capsys.readouterr().out == "There is nothing to remove.\n"


def test_collection(server: ModuleType, surroundings: Callable[[int], Surroundings], capsys: pytest.CaptureFixture[str]) -> None:
    """Only while the registry is read-only, and it is not for longer."""
    made = surroundings(2)
    assert collect(server) == 0
    assert made.did == [
        "dry-run",
        "try-restart while read-only",
        "--quiet while read-only",
        "collect while read-only",
        "try-restart",
        "--quiet",
    ]
    assert capsys.readouterr().out.startswith("2 blobs removed; ")


@pytest.mark.parametrize("fails", ["try-restart while read-only", "collect while read-only"])
def test_collection_that_fails(
    server: ModuleType, surroundings: Callable[[int], Surroundings], capsys: pytest.CaptureFixture[str], fails: str
) -> None:
    """The registry takes pushes again all the same."""
    made = surroundings(2)
    made.fails = fails
    assert collect(server) == 1
    assert made.did[-2:] == ["try-restart", "--quiet"] and not Path(server.READ_ONLY).exists()
    assert "it broke" in capsys.readouterr().err


def test_a_collection_that_was_killed(server: ModuleType, surroundings: Callable[[int], Surroundings]) -> None:
    """What systemd runs after it; where it ended by itself there is nothing to do."""
    made = surroundings(2)
    Path(server.READ_ONLY).write_text("VANNAH_CONFIG=/read-only.yml\n")
    assert server.main(["writable"]) == 0 and made.did == ["try-restart"]
    assert server.main(["writable"]) == 0 and made.did == ["try-restart"]


def test_a_registry_that_says_something_else(server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of it may: then nothing is removed."""
    monkeypatch.setattr(server.subprocess, "run", lambda argv, **_options: subprocess.CompletedProcess(argv, 0, "done\n", ""))
    assert collect(server) == 1 and not Path(server.READ_ONLY).exists()


def test_check(server: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """That there is nothing in the directory which it is given is no mistake of the configuration."""
    answers = [
        "failed to garbage collect: failed to mark: filesystem: Path not found",
        "configuration error: error parsing /c: yaml: line 3",
    ]
    monkeypatch.setattr(server.subprocess, "run", lambda argv, **_options: subprocess.CompletedProcess(argv, 1, "", answers.pop(0)))
    assert server.main(["check", "/c"]) == 0
    assert server.main(["check", "/c"]) == 1
    assert capsys.readouterr().err == "docker-registry does not take /c: error parsing /c: yaml: line 3\n"


def test_a_mirror_waits(server: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The other registry comes after a while."""
    answers = ["refused", "refused", ""]
    became: list[list[str]] = []
    monkeypatch.setattr(server, "away", lambda _upstream: answers.pop(0))
    monkeypatch.setattr(server.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(server.os, "execve", lambda _path, argv, _environment: became.append(argv))
    server.follow("https://r.example", "/mirror.yml")
    assert became == [["/usr/bin/docker-registry", "serve", "/mirror.yml"]] and not answers
    assert capsys.readouterr().out == "https://r.example is away (refused): waiting for it\n"


def test_a_mirror_is_ready(server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not answer although the other registry is there, it is not."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        there = f"http://127.0.0.1:{port}"

        def silent(*_args: str) -> int:
            raise server.FailedError("the registry does not answer")

        monkeypatch.setattr(server, "asked", silent)
        with pytest.raises(server.FailedError, match="journalctl -u vannah-registry-mirror"):
            server.mirror("https://127.0.0.1:5001", there)
    server.mirror("https://127.0.0.1:5001", there)
    monkeypatch.setattr(server, "asked", lambda *_args: 500)
    with pytest.raises(server.FailedError, match="answers 500"):
        server.mirror("https://127.0.0.1:5001", there)


@pytest.mark.parametrize("arguments", [[], ["check"], ["collect", "/c"], ["nothing"], ["writable", "now"]])
def test_usage(server: ModuleType, arguments: list[str]) -> None:
    assert server.main(arguments) == 64
