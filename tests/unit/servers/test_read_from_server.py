# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What test set-up reads from containers is not believed before it has its shape: an engine loses output and exits 0."""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from testbed import shell

REPOSITORY = Path(__file__).resolve().parents[3]


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, REPOSITORY / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


reading = load("tests/servers/filter_plugins/read_from_server.py")


def key(kind: str, *parts: bytes) -> str:
    fields = [kind.encode(), *(parts or (b"\x01" * 32,))]
    return f"{kind} {base64.b64encode(b''.join(len(f).to_bytes(4, 'big') + f for f in fields)).decode()} root@server"


ED, EC, RSA = (key(kind) for kind in reading.HOST_KEYS)
LOGIN = key("ssh-ed25519", b"\x02" * 32)
PROXY = 'Acquire::http::Proxy "http://172.17.0.1:3142";'
CACHE = "172.17.0.1:3142"


@pytest.mark.parametrize(
    ("lines", "proxy", "words"),
    [
        ([ED, EC, RSA, LOGIN], "", ""),
        ([ED, EC, RSA, LOGIN, PROXY], CACHE, ""),
        ([], "", "the output is empty"),
        (["", "  "], "", "the output is empty"),
        ([EC, RSA, LOGIN], "", "authorized_keys"),
        ([ED, RSA, LOGIN], "", "no host key of the kind"),
        ([ED, EC, LOGIN], "", "no host key of the kind"),
        ([ED, EC, RSA[:60], LOGIN], "", "ssh-rsa"),
        ([ED, EC, "ssh-rsa", LOGIN], "", "ssh-rsa"),
        ([ED, EC, "ssh-rsa !!!!", LOGIN], "", "ssh-rsa"),
        ([ED, EC, RSA], "", "authorized_keys"),
        ([ED, EC, RSA, LOGIN[:40]], "", "authorized_keys"),
        ([ED, EC, RSA, key("ssh-ed25519", b"\x03" * 32)], "", "authorized_keys"),
        ([ED, EC, RSA, LOGIN], CACHE, "should be 172.17.0.1:3142"),
        ([ED, EC, RSA, LOGIN, PROXY], "", "should be none"),
        ([ED, EC, RSA, LOGIN, PROXY], "172.18.0.1:3142", "should be 172.18.0.1:3142"),
    ],
)
def test_what_is_read_from_a_server(lines: list[str], proxy: str, words: str) -> None:
    found = reading.problem("\n".join(lines) + "\n", LOGIN + "\n", proxy)
    assert (words in found) if words else found == ""


def test_known_hosts_has_the_keys_of_all_hosts() -> None:
    text = "\n".join([ED, EC, RSA, LOGIN])
    written = reading.known_hosts({"192.0.2.1": text, "192.0.2.2": text}).splitlines()
    assert [tuple(line.split()[:2]) for line in written] == [
        (address, kind) for address in ("192.0.2.1", "192.0.2.2") for kind in reading.HOST_KEYS
    ]
    assert all(len(line.split()) == 3 for line in written)


@pytest.mark.parametrize("text", ["", "\n".join([ED, EC]), "\n".join([ED, EC, RSA[:50]])])
def test_known_hosts_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"192\.0\.2\.2: no valid host key"):
        reading.known_hosts({"192.0.2.1": "\n".join([ED, EC, RSA]), "192.0.2.2": text})


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"exists": False, "container": None}, ""),
        ({"exists": True, "container": {"State": {"Running": False}}}, ""),
        ({"exists": True, "container": {"State": {"Running": True}, "Config": {"Labels": {"vannah.address": CACHE}}}}, CACHE),
    ],
)
def test_address_of_the_package_cache(info: dict[str, Any], expected: str) -> None:
    assert reading.cache_address(info) == expected


@pytest.mark.parametrize("labels", [None, {}, {"vannah.address": ""}, {"vannah.address": "172.17.0.1"}])
def test_a_package_cache_without_an_address_is_refused(labels: dict[str, str] | None) -> None:
    with pytest.raises(AnsibleFilterError, match="vannah-test-cache"):
        reading.cache_address({"exists": True, "container": {"State": {"Running": True}, "Config": {"Labels": labels}}})


@pytest.mark.parametrize(
    ("result", "answered"),
    [
        ({"rc": 0, "stdout": "vannah-probe\n"}, True),
        ({"rc": 0, "stdout": ""}, False),
        ({"rc": 125, "stderr": "invalid CapDrop: unknown capability"}, True),
        ({"rc": 125, "stderr": "Cannot connect to the Docker daemon"}, False),
        ({"rc": 125, "stderr": ""}, False),
        ({}, False),
    ],
)
def test_a_probe_of_the_engine(result: dict[str, Any], answered: bool) -> None:
    assert reading.engine_answer(result, "CapDrop|apply caps") is answered


def test_every_value_that_set_up_reads_is_tried_again() -> None:
    """By construction: a task that registers what a container or the engine said also says what is valid, and tries again."""
    unguarded = []
    for file in sorted((REPOSITORY / "tests/servers/tasks").glob("*.yml")):
        pending = list(yaml.safe_load(file.read_text(encoding="utf-8")))
        while pending:
            task = pending.pop()
            pending += task.get("block", [])
            asks = any(name in task for name in ("ansible.builtin.command", "community.docker.docker_container_exec"))
            if asks and "register" in task and "ssh-keygen" not in str(task) and not {"until", "retries"} <= set(task):
                unguarded.append(f"{file.name}: {task['name']}")
    assert not unguarded


def engine(monkeypatch: pytest.MonkeyPatch, outputs: list[str], module: Any, status: int = 0) -> list[list[str]]:
    """A docker that prints one of ``outputs`` after the other."""
    calls: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(argv)
        return subprocess.CompletedProcess(argv, status, outputs[min(len(calls), len(outputs)) - 1], "")

    monkeypatch.setattr(module.subprocess, "run", run)
    monkeypatch.setattr(module.time if hasattr(module, "time") else shell.time, "sleep", lambda _: None)
    return calls


def test_set_up_reads_again_until_it_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = engine(monkeypatch, ["", "[", '[{"a": 1}]'], shell)
    assert shell.read(["docker", "network", "inspect", "bridge"], shell.is_json) == '[{"a": 1}]'
    assert len(calls) == 3


def test_set_up_names_what_was_never_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, ["half"], shell)
    with pytest.raises(shell.SetupError, match=r"docker network inspect bridge.*'half'"):
        shell.read(["docker", "network", "inspect", "bridge"], shell.is_json, pause=0)


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load("tests/live/lib/container_exec.py")


@pytest.mark.parametrize(
    ("status", "printed", "expected"),
    [
        (0, "running\nvannah-complete\n", "running\n"),
        (0, "vannah-complete\n", ""),
        (3, "degraded\nvannah-complete\n", "degraded\n"),
        (137, "x", "x"),
    ],
)
def test_output_of_a_command_in_a_container(
    containers: ModuleType, monkeypatch: pytest.MonkeyPatch, status: int, printed: str, expected: str
) -> None:
    engine(monkeypatch, [printed], containers, status)
    done = containers.execute("box", ["systemctl", "is-system-running"])
    assert (done.returncode, done.stdout) == (status, expected)


@pytest.mark.parametrize("printed", ["", "runn", "vannah-comp", "vannah-complete\nmore"])
def test_lost_output_is_no_success(containers: ModuleType, monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    engine(monkeypatch, [printed], containers)
    with pytest.raises(containers.LostOutputError, match="box: cat /x exited 0 and its output was lost"):
        containers.execute("box", ["cat", "/x"])


def test_the_mark_keeps_exit_status_and_input(containers: ModuleType) -> None:
    """The shell around a command, run here: what it prints, its status and its standard input are the command's own."""
    argv = ["sh", "-c", containers.MARKED, "sh", "sh", "-c", 'cat; exit "$1"', "-", "7"]
    done = subprocess.run(argv, input="in", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "invannah-complete\n")
