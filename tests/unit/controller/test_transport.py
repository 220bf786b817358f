# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call to a host: the agent on standard input, and what is said where no answer comes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import (
    bundle,
    shell,
    transport,
)

#: As any action calls it; the tests' host is no action.
CALL: Any = transport.call


class Host:
    """A host for the transport: answers commands by their beginning."""

    def __init__(self, answers: list[tuple[int, str, str]], method: str = "sudo") -> None:
        self.answers = answers
        self.commands: list[tuple[str, bool]] = []
        self.installed: list[str] = []
        self._templar = SimpleNamespace(template=lambda value: value)
        self._connection = SimpleNamespace(become=SimpleNamespace(name=method, get_option=lambda _name: None) if method else None)

    def _compute_environment_string(self) -> str:
        return "LANG=C "

    def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes | None = None) -> dict[str, Any]:
        self.commands.append((command, sudoable))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        rc, out, err = answer
        asked = re.search(r"VANNAH-PROBE-\w+", command)
        return {"rc": rc, "stdout": out.replace("<marker>", asked[0]) if asked else out, "stderr": err}


def probed(*lines: str, before: str = "") -> tuple[int, str, str]:
    """The probe's answer, after what the login shell has printed."""
    return (0, "\n".join([before, "", "<marker>", *lines, "<marker>", ""]), "")


PROBED_ROOT = probed("0", "apt-get")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((1, "", "bob is not in the sudoers file.\n"), "becoming root is refused. Fix: give the login user a line"),
        ((1, "", "sudo: a password is required\n"), "becoming root needs a password"),
        ((1, "", "sudo: sorry, you must have a tty to run sudo\n"), r"requires a terminal \(requiretty\).* !requiretty into"),
        ((1, "", "sudo: Ein Passwort ist notwendig\n"), r"\(exit status 1\): sudo: Ein Passwort ist notwendig"),
        ((1, "hello\n", "Segmentation fault\n"), r"did not answer \(exit status 1\): Segmentation fault \| hello"),
        (AnsibleError("Missing sudo password"), "becoming root needs a password"),
        (AnsibleError("Incorrect sudo password"), "the password for it is wrong"),
    ],
)
def test_no_answer(monkeypatch: pytest.MonkeyPatch, answer: Any, words: str) -> None:
    with pytest.raises(shell.CallError, match=words):
        CALL(Host([answer, (0, "", "")]), {"mode": "apply", "op": "facts"}, {})


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_a_shell_that_reads_the_agent_ends_at_once(tmp_path: Path, shell: str) -> None:
    """A login script with `exec zsh`: nothing of the agent is run as commands."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    text = bundle.build({"op": "facts"}, "n", tmp_path) + b"touch here\n"
    done = subprocess.run([program], input=text, capture_output=True, check=False, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr.decode()) == (bundle.SHELL_STATUS, b"", f"{bundle.SHELL_MARKER}\n")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(("lost", "runs"), [(0, True), (1, True), (2, False), (5, False)])
def test_an_agent_whose_beginning_is_lost(tmp_path: Path, lost: int, runs: bool) -> None:
    """A login script with `read`: one line may be missing; where more are, the message says why."""
    (tmp_path / "main.py").write_text("def main(payload):\n    return {'protocol': 1}\n", encoding="utf-8")
    (tmp_path / "__init__.py").write_text("", encoding="utf-8")
    lines = bundle.build({"op": "facts"}, "n", tmp_path).split(b"\n")
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=b"\n".join(lines[lost:]), capture_output=True, check=False)
    assert (b"VANNAH-ANSWER-n" in done.stdout) is runs
    if not runs:
        said = (done.returncode, done.stdout.decode(), done.stderr.decode())
        with pytest.raises(shell.CallError, match="a login script of the host reads the standard input"):
            CALL(Host([said]), {"mode": "apply", "op": "facts"}, {})


def test_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    host = Host([(0, 'motd\nVANNAH-ANSWER-n\n{"protocol": 1, "ok": 1}\n', "")])
    assert CALL(host, {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "auto_silent"}) == {"protocol": 1, "ok": 1}
    assert host.commands == [("LANG=C /usr/bin/python3 -I -S -X utf8 -", True)]


def test_a_bare_host_gets_python_and_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    host = Host([(127, "", "sudo: not found"), PROBED_ROOT, (0, "", ""), (0, "", ""), (0, 'VANNAH-ANSWER-n\n{"protocol": 1}\n', "")])
    assert CALL(host, {"mode": "apply", "op": "facts"}, {}) == {"protocol": 1}
    assert host.installed == ["python3", "sudo"]
    assert "install python3 sudo" in host.commands[3][0] and host.commands[3][1] is False


def test_a_bare_host_in_check_mode() -> None:
    host = Host([(127, "", "not found"), PROBED_ROOT])
    with pytest.raises(shell.BareHost, match="a real run installs it first") as caught:
        CALL(host, {"mode": "check", "op": "facts"}, {})
    assert caught.value.missing == ["python3", "sudo"]


#: What Debian's python3-minimal says of the program that it is given.
MINIMAL = (1, "", "Traceback (most recent call last):\n  [...]\nModuleNotFoundError: No module named 'json'\n")


def test_a_python_without_its_library_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    some = probed("1000", "python3", "sudo", "apt-get")
    host = Host([MINIMAL, some, (0, "", ""), (0, "", ""), (0, 'VANNAH-ANSWER-n\n{"protocol": 1}\n', "")])
    assert CALL(host, {"mode": "apply", "op": "facts"}, {}) == {"protocol": 1}
    assert host.installed == ["python3"]
    assert host.commands[3][0].endswith("install python3'") and host.commands[3][1] is True


def test_a_python_without_its_library_in_check_mode_or_by_choice() -> None:
    with pytest.raises(shell.BareHost) as caught:
        CALL(Host([MINIMAL, probed("0", "python3", "sudo", "apt-get")]), {"mode": "check", "op": "facts"}, {})
    assert caught.value.missing == ["python3"]
    with pytest.raises(shell.CallError, match="/opt/python has no standard library: ansible_python_interpreter names it"):
        CALL(Host([MINIMAL]), {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "/opt/python"})


def test_a_program_without_the_library_says_so_itself(tmp_path: Path) -> None:
    """What the bootstrap of the bundle writes where json is missing, as python3-minimal is without it."""
    text = bundle.build({"op": "facts"}, "n", tmp_path).replace(b"import json", b"import json_of_python3_minimal as json")
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=text, capture_output=True, check=False)
    assert transport.not_found({"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()})


def test_a_chosen_python_that_is_not_there() -> None:
    with pytest.raises(shell.CallError, match="there is no /opt/python on the host: ansible_python_interpreter names it"):
        CALL(Host([(127, "", "")]), {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "/opt/python"})


def test_nobody_may_install() -> None:
    with pytest.raises(shell.CallError, match="the login user is not root"):
        CALL(Host([(127, "", ""), probed("1000", "apt-get")]), {"mode": "apply", "op": "facts"}, {})
