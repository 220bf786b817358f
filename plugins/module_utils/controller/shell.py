# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a host's shell over an action's connection, and the errors where one of them, or becoming root, fails."""

from __future__ import annotations

from typing import Any, TypedDict

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from . import beat, bundle

PYTHON = "/usr/bin/python3"
#: Lines of a failing program that are worth showing.
_TAIL = 8
_TERMINAL = "must have a tty"
_REFUSED = ("is not in the sudoers file", "may not run sudo", "is not allowed to execute", "sudo: sorry", "no new privileges")
#: sudo and su, where a password is missing or wrong.
PASSWORD = ("missing sudo password", "incorrect sudo password", "a password is required", "missing su password", "incorrect su password")
#: ansible-core, of a program that asks for a password and got none.
_ASKS = "waiting for privilege escalation prompt"


class Done(TypedDict):
    """What a command of the host's shell gave."""

    rc: int
    stdout: str
    stderr: str


class CallError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """The host was reached and the agent did not run; the text says why and what to do."""


class BareHost(AnsibleError):  # type: ignore[misc]
    """The host has no python3 (or no sudo), and in check mode nothing is installed.

    :ivar missing: names of the packages a real run would install
    """

    def __init__(self, missing: list[str]) -> None:
        super().__init__(f"the host has no {' and no '.join(missing)}: a real run installs it first; check mode cannot report more")
        self.missing = missing


def execute(action: Any, command: str, data: bytes | None, sudoable: bool = True) -> Done:
    """Run a command of the host's shell over the action's connection: ``rc``, ``stdout``, ``stderr``.

    :raises CallError: becoming root is refused
    """
    try:
        with beat.beside(action):
            done: Done = action._low_level_execute_command(command, sudoable=sudoable, in_data=data)
    except AnsibleConnectionFailure as error:
        if _ASKS in str(error):  # the host was reached, and su asks
            raise CallError(password("")) from None
        raise
    except AnsibleError as error:
        text = str(error)
        if any(words in text.lower() for words in PASSWORD):
            raise CallError(password(text)) from None
        raise
    return done


def explain(done: Done, what: str) -> str:
    """A sentence for a command that did not do what it was for."""
    text = f"{done['stderr']}\n{done['stdout']}"
    refused = refusal(done)
    if refused:
        return refused
    lines = [line for line in text.strip().splitlines() if line.strip() and bundle.MARKER not in line][-_TAIL:]
    return f"{what} (exit status {done['rc']})" + (": " + " | ".join(line.strip() for line in lines) if lines else "")


def refusal(done: Done) -> str:
    """Why becoming root is refused; empty where nothing speaks of it."""
    text = f"{done['stderr']}\n{done['stdout']}"
    if _TERMINAL in text:
        return (
            "becoming root is refused: sudo requires a terminal (requiretty), which a run does not have."
            " Fix: write Defaults:<the login user> !requiretty into the server's /etc/sudoers.d"
        )
    for words in _REFUSED:
        if words in text:
            return "becoming root is refused. Fix: give the login user a line in /etc/sudoers.d, or log in as another (ansible_user)"
    if any(words in text.lower() for words in PASSWORD):
        return password(text)
    return ""


def password(text: str) -> str:
    """What to do where becoming root needs a password.

    :param text: its output
    """
    if "incorrect" in text.lower():
        fix = "set the right one in ansible_become_password, or use --ask-become-pass"
        return f"becoming root is refused: the password for it is wrong. Fix: {fix}"
    return "becoming root needs a password. Fix: give it with --ask-become-pass or ansible_become_password, or let the server ask for none"
