# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host without python3, as providers deliver it: a talkative login shell, apt at work, a broken source of packages."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bootstrap, shell, transport

Said = tuple[int, str, str]
ANSWER = (0, 'VANNAH-ANSWER-n\n{"protocol": 1}\n', "")
DONE: Said = (0, "", "")
LISTS = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)\n"
FRONTEND = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 977 (unattended-upgr)\n"
INTERRUPTED = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. \n"
BROKEN = "E: The repository 'https://packages.example.org stable Release' does not have a Release file.\n"


class Host:
    """Answers one command after the other; the probe's with its own marker."""

    host = "db1"

    def __init__(self, answers: list[Said], method: str = "sudo", password: str | None = None) -> None:
        self.answers = answers
        self.commands: list[str] = []
        self.installed: list[str] = []
        self._templar = SimpleNamespace(template=lambda value: value)
        options = {"become_user": "root", "become_pass": password}
        self._connection = SimpleNamespace(become=SimpleNamespace(name=method, get_option=options.get) if method else None)

    def _compute_environment_string(self) -> str:
        return ""

    def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes | None = None) -> dict[str, Any]:
        self.commands.append(command)
        rc, out, err = self.answers.pop(0)
        asked = re.search(r"VANNAH-PROBE-\w+", command)
        return {"rc": rc, "stdout": out.replace("<marker>", asked[0]) if asked else out, "stderr": err}


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(bootstrap, "time", found)
    monkeypatch.setattr(bootstrap.bundle, "new_nonce", lambda: "n")
    return found


def probe(*lines: str, before: str = "") -> Said:
    return (0, "\n".join([before, "<marker>", *lines, "<marker>", "bye"]), "")


def call(host: Host) -> Any:
    return transport.call(host, {"mode": "apply", "op": "facts"}, {})


@pytest.mark.parametrize("noise", ["Welcome to db1\n", "0\n", "1000\npython3\n", "\x1b[1mMOTD\x1b[0m", "neofetch: command not found"])
@pytest.mark.parametrize("user", ["0", "1000"])
def test_what_the_login_shell_prints_is_not_the_answer(noise: str, user: str) -> None:
    host = Host([(127, noise, "python3: not found"), probe(user, "sudo", "apt-get", before=noise), DONE, DONE, ANSWER])
    assert call(host) == {"protocol": 1}
    assert host.installed == ["python3"]


def test_what_a_login_script_does_not_find_is_no_missing_python() -> None:
    with pytest.raises(shell.CallError, match="did not answer"):
        call(Host([(1, "", "-bash: neofetch: command not found\nKilled\n"), DONE]))


@pytest.mark.parametrize(
    ("said", "again", "password", "words"),
    [
        ("sudo: Ein Passwort ist notwendig\n", "sudo: a password is required\n", None, "becoming root needs a password"),
        ("sudo: Ein Passwort ist notwendig\n", "sudo: a password is required\n", "x", "the password for it is wrong"),
        ("ops ist nicht in der sudoers-Datei.\n", "ops is not in the sudoers file.\n", None, "a line in /etc/sudoers.d"),
        ("sudo: Sie müssen ein TTY haben\n", "sudo: sorry, you must have a tty to run sudo\n", None, "!requiretty"),
        ("", "Sorry, user ops is not allowed to execute '/bin/sh -c true' as root on db1.\n", None, "a line in /etc/sudoers.d"),
        ("sudo: Ein Passwort ist notwendig\n", "sudo: something new\n", None, "Ein Passwort ist notwendig"),
    ],
)
def test_sudo_is_asked_again_in_english(said: str, again: str, password: str | None, words: str) -> None:
    """Its messages are in the language of the login."""
    host = Host([(1, "", said), (1, "", again)], password=password)
    with pytest.raises(shell.CallError, match=words):
        call(host)
    assert host.commands[1] == "LC_ALL=C LANGUAGE=C sudo -n -u root /bin/sh -c true"


@pytest.mark.parametrize(
    "said",
    [
        (97, "", "VANNAH-READ-BY-A-SHELL\n"),
        (
            1,
            "",
            "Traceback (most recent call last):\n  File \"<stdin>\", line 4, in <module>\nNameError: name 'ModuleSpec' is not defined\n",
        ),
    ],
)
def test_a_login_script_that_reads_the_standard_input(said: Said) -> None:
    with pytest.raises(shell.CallError, match=r"a login script .* Fix: .* interactive shells only: case"):
        call(Host([said]))


@pytest.mark.parametrize("method", ["sudo", "su", ""])
def test_a_login_that_says_nothing(method: str) -> None:
    """A ForceCommand of /bin/false: the message says what to try."""
    with pytest.raises(shell.CallError, match=r"did not answer \(exit status 1\).*ForceCommand.*ssh <host> id"):
        call(Host([(1, "", ""), DONE], method))


def test_su_that_asks_for_a_password_is_no_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(*_words: Any, **_options: Any) -> Any:
        raise AnsibleConnectionFailure("Timeout (12s) waiting for privilege escalation prompt: Password:")

    host = Host([], "su")
    monkeypatch.setattr(host, "_low_level_execute_command", asks)
    with pytest.raises(shell.CallError, match="becoming root needs a password"):
        call(host)


def test_a_shell_that_runs_no_command() -> None:
    with pytest.raises(shell.CallError, match=r"login shell does not run a command.*maintenance"):
        call(Host([(127, "", ""), (0, "Closed for maintenance\n", "")]))


@pytest.mark.parametrize("locked", [LISTS, FRONTEND, "dpkg: error: dpkg frontend lock was locked by another process with pid 5\n"])
def test_another_package_manager_is_waited_for(locked: str, clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    busy = (100, "", locked)
    host = Host([(127, "", ""), probe("0", "sudo", "apt-get"), busy, busy, DONE, busy, DONE, ANSWER])
    assert call(host) == {"protocol": 1}
    assert clock.now == 3 * bootstrap.PAUSE
    told = [line for line in capsys.readouterr().out.splitlines() if "waits to install python3" in line]
    assert len(told) == 3 and locked.splitlines()[0] in " ".join(told)


def test_the_wait_has_an_end_and_says_what_holds_the_lock(clock: Time) -> None:
    busy = (100, "", FRONTEND)
    with pytest.raises(shell.CallError, match=r"has been running for 600 s, wait until it ends: .*process 977 \(unattended-upgr\)"):
        call(Host([(127, "", ""), probe("0", "sudo", "apt-get"), DONE, *[busy] * 100]))
    assert clock.now == bootstrap.PATIENCE


def test_an_interrupted_installation_is_finished_first() -> None:
    host = Host([(127, "", ""), probe("0", "sudo", "apt-get"), DONE, (100, "", INTERRUPTED), DONE, DONE, ANSWER])
    assert call(host) == {"protocol": 1}
    assert "dpkg --force-confdef --force-confold --configure -a" in host.commands[4]


def test_a_broken_source_does_not_keep_python_away(capsys: pytest.CaptureFixture[str]) -> None:
    host = Host([(127, "", ""), probe("0", "sudo", "apt-get"), (100, "", BROKEN), DONE, ANSWER])
    assert call(host) == {"protocol": 1}
    assert "packages.example.org" in "".join(capsys.readouterr()).replace("\n", "")


def test_both_troubles_are_told() -> None:
    missing = (100, "", "E: Unable to locate package python3\n")
    with pytest.raises(shell.CallError, match=r"packages\.example\.org.*Unable to locate package python3"):
        call(Host([(127, "", ""), probe("0", "sudo", "apt-get"), (100, "", BROKEN), missing]))


def test_a_strict_umask_and_another_language_do_not_matter() -> None:
    host = Host([(127, "", ""), probe("0", "sudo", "apt-get"), DONE, DONE, ANSWER])
    call(host)
    assert all("umask 022; export LC_ALL=C.UTF-8 " in command for command in host.commands[2:4])


#: apt 2.6.1 with APT::Update::Error-Mode=any; without it the same lines are warnings, and the exit status is 0.
NO_DNS = """\
Err:1 http://deb.debian.org/debian bookworm InRelease
  Temporary failure resolving 'deb.debian.org'
Reading package lists...
"""
NO_DNS_ERR = """\
E: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'
E: Some index files failed to download. They have been ignored, or old ones used instead.
"""


def test_a_server_without_dns_says_so() -> None:
    """And not only that there is no package python3."""
    missing = (100, "", "E: Unable to locate package python3\n")
    host = Host([(127, "", ""), probe("0", "sudo", "apt-get"), (100, NO_DNS, NO_DNS_ERR), missing])
    expected = r"^cannot fetch .*Temporary failure resolving 'deb.debian.org'.*DNS, proxy.*Unable to locate"
    with pytest.raises(shell.CallError, match=expected):
        call(host)
    assert "APT::Update::Error-Mode=any" in host.commands[2]


def test_a_python_that_is_gone_although_its_package_is_installed() -> None:
    """Installing it brings nothing back, and the fix is said."""
    gone = (127, "", "/bin/sh: 1: /usr/bin/python3: not found")
    with pytest.raises(Exception, match=r"python3: not found.* Fix: run apt-get install --reinstall python3-minimal"):
        call(Host([gone, probe("0", "sudo", "apt-get"), DONE, DONE, gone]))
