# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trip to a host: the agent goes in through the connection's standard input, its answer comes back.

The connection, the login and becoming root are Ansible's own (``_low_level_execute_command``), so that every way to reach
a host that Ansible knows works. A bare host gets python3 and sudo here, once, before the first trip.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from . import beat, bundle

PYTHON = "/usr/bin/python3"
#: Lines of a failing program that are worth showing.
_TAIL = 8
_PROBE = "id -u; for p in python3 sudo apt-get; do command -v $p >/dev/null 2>&1 && echo $p; done; true"
_TERMINAL = "must have a tty"
_REFUSED = ("is not in the sudoers file", "may not run sudo", "is not allowed to execute", "sudo: sorry", "no new privileges")
_PASSWORD = ("missing sudo password", "incorrect sudo password", "a password is required", "missing su password", "incorrect su password")


class TripError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """The host was reached and the agent did not run; the text says why and what to do."""


class BareHost(AnsibleError):  # type: ignore[misc]
    """The host has no python3 (or no sudo), and in check mode nothing is installed.

    :ivar missing: names of the packages a real run would install
    """

    def __init__(self, missing: list[str]) -> None:
        super().__init__(
            f"the host has no {' and no '.join(missing)}: a real run installs it first; nothing more can be said in check mode"
        )
        self.missing = missing


def trip(action: Any, payload: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Run the agent once.

    :param action: the action plugin: its connection, become method and environment are used
    :param variables: of the host that the task acts on
    :return: the agent's answer; what a bare host got first is noted as the action's ``installed``
    :raises AnsibleConnectionFailure: the host is not reachable, or does not let us in
    :raises BareHost: check mode, and there is no python3
    :raises TripError: becoming root is refused, or the agent cannot run
    """
    python, chosen = interpreter(action, variables)
    for attempt in (1, 2):
        nonce = bundle.new_nonce()
        # utf8: paths and texts are UTF-8 whatever language the host's owner chose.
        done = _execute(
            action, f"{action._compute_environment_string()}{shlex.quote(python)} -I -S -X utf8 -", bundle.build(payload, nonce)
        )
        try:
            return bundle.parse(done["stdout"], nonce)
        except bundle.AnswerError as error:
            if attempt == 1 and not_found(done):
                if chosen:
                    what = f"{python} has no standard library" if incomplete(done) else f"there is no {python} on the host"
                    raise TripError(f"{what}: it is what ansible_python_interpreter says") from None
                action.installed = bootstrap(action, payload["mode"] == "check", incomplete(done))
                continue
            raise TripError(explain(done, str(error))) from None
    raise AssertionError("unreachable")


def interpreter(action: Any, variables: Mapping[str, Any]) -> tuple[str, bool]:
    """The host's Python, and whether the inventory chose it. Debian's, unless ``ansible_python_interpreter`` names one."""
    wanted = variables.get("ansible_python_interpreter")
    if wanted is None:
        return PYTHON, False
    python = str(action._templar.template(wanted))
    return (PYTHON, False) if not python or python.startswith("auto") else (python, True)


def not_found(done: Mapping[str, Any]) -> bool:
    """Whether a program that the command needs (Python, sudo) is not on the host."""
    return done["rc"] == 127 or (done["rc"] != 0 and "command not found" in done["stderr"]) or incomplete(done)


def incomplete(done: Mapping[str, Any]) -> bool:
    """Whether the host's Python lacks most of its library: python3-minimal without python3."""
    return done["rc"] != 0 and "ModuleNotFoundError: No module named" in done["stderr"]


def bootstrap(action: Any, check: bool, minimal: bool = False) -> list[str]:
    """Install python3, and sudo where we log in as root and are told to use it. Once in a host's life.

    :param minimal: the program python3 is there, its library is not
    :return: the packages
    :raises BareHost: check mode
    :raises TripError: nobody here may install them, or apt fails
    """
    method = getattr(action._connection.become, "name", "").rpartition(".")[2] if action._connection.become else ""
    probe = _execute(action, _PROBE, None, sudoable=False)
    lines = probe["stdout"].split()
    root, has = "0" in lines[:1], set(lines[1:]) - ({"python3"} if minimal else set())
    missing = [name for name, wanted in (("python3", True), ("sudo", method == "sudo")) if wanted and name not in has]
    if not missing:
        raise TripError(explain(probe, f"{PYTHON} does not run, although a python3 is on the host: set ansible_python_interpreter"))
    if "apt-get" not in has:
        raise TripError(f"the host has no {missing[0]} and no apt-get: this collection works on Debian 12 and newer")
    if check:
        raise BareHost(missing)
    if not root and (not method or "sudo" in missing):
        raise TripError(
            f"the host has no {' and no '.join(missing)}, and the login user is not root: log in as root or with become_method su once"
        )
    install = f"apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install {' '.join(missing)}"
    done = _execute(action, f"/bin/sh -c {shlex.quote(install)}", None, sudoable=not root)
    if done["rc"] != 0:
        raise TripError(explain(done, f"installing {' and '.join(missing)} failed"))
    return missing


def explain(done: Mapping[str, Any], what: str) -> str:
    """A sentence for a command that did not do what it was for."""
    text = f"{done['stderr']}\n{done['stdout']}"
    if _TERMINAL in text:
        return (
            "becoming root is refused: sudo wants a terminal (requiretty), which a run has not:"
            " write Defaults:<the login user> !requiretty into the server's /etc/sudoers.d"
        )
    for words in _REFUSED:
        if words in text:
            return "becoming root is refused: the login user needs a line in sudoers, or log in as another one (ansible_user)"
    if any(words in text.lower() for words in _PASSWORD):
        return _password(text)
    lines = [line for line in text.strip().splitlines() if line.strip() and bundle.MARKER not in line][-_TAIL:]
    return f"{what} (exit status {done['rc']})" + (": " + " | ".join(line.strip() for line in lines) if lines else "")


def _password(text: str) -> str:
    if "incorrect" in text.lower():
        return "becoming root is refused: the password for it is wrong (ansible_become_password, or --ask-become-pass)"
    return "becoming root needs a password: give it with --ask-become-pass or ansible_become_password, or let sudo ask for none"


def _execute(action: Any, command: str, data: bytes | None, sudoable: bool = True) -> dict[str, Any]:
    try:
        with beat.beside(action):
            done: dict[str, Any] = action._low_level_execute_command(command, sudoable=sudoable, in_data=data)
    except AnsibleConnectionFailure:
        raise
    except AnsibleError as error:
        text = str(error)
        if any(words in text.lower() for words in _PASSWORD):
            raise TripError(_password(text)) from None
        raise
    return done
