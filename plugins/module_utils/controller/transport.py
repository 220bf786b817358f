# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call to a host: the agent is sent through the connection's standard input, and its answer is read.

The connection, the login and becoming root are Ansible's own (``_low_level_execute_command``), so that every way to reach
a host that Ansible knows works. A bare host gets python3 and sudo before its first call (:mod:`.bootstrap`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import bundle
from .shell import PASSWORD, PYTHON, CallError, execute, explain, password, refusal

if TYPE_CHECKING:
    from ..agent.contract import Answer, Payload
    from .shell import Done

#: sudo(8) of a program that it is to start.
_NOT_FOUND = re.compile(r"^sudo: \S+: command not found", re.MULTILINE)
#: Python, of a text on its standard input that has lost its beginning.
_CUT = re.compile(r'File "<stdin>".*^(?:NameError|SyntaxError|IndentationError): ', re.MULTILINE | re.DOTALL)
_READS = (
    "a login script of the host reads the standard input, which the run needs itself ('exec zsh', 'read' and the like in ~/.bashrc)."
    " Fix: let it do so in interactive shells only: case $- in *i*) ... ;; esac"
)
_NOTHING = (
    "there was no output, as with a ForceCommand, a login shell that runs no command, or a login script that reads the standard input."
    " Fix: make 'ssh <host> id' work as the login user, then the same with its privilege escalation, such as 'ssh <host> sudo -n id'"
)

#: Said where the package is installed, so that installing it brought nothing.
_GONE = f"Fix: run apt-get install --reinstall python3-minimal sudo on the host, until {PYTHON} --version works"


def call(action: Any, payload: Payload, variables: Mapping[str, Any]) -> Answer:
    """Run the agent once.

    :param action: the action plugin: its connection, become method and environment are used
    :param variables: of the host that the task acts on
    :return: the agent's answer; what a bare host got first is noted as the action's ``installed``
    :raises AnsibleConnectionFailure: the host is not reachable, or does not let us in
    :raises BareHost: check mode, and there is no python3
    :raises CallError: becoming root is refused, or the agent cannot run
    """
    python, chosen = interpreter(action, variables)
    for attempt in (1, 2):
        nonce = bundle.new_nonce()
        # utf8: paths and texts are UTF-8 whatever language the host's owner chose.
        done = execute(action, f"{action._compute_environment_string()}{shlex.quote(python)} -I -S -X utf8 -", bundle.build(payload, nonce))
        try:
            return bundle.parse(done["stdout"], nonce)
        except bundle.AnswerError as error:
            if attempt == 1 and not_found(done):
                if chosen:
                    what = f"{python} has no standard library" if incomplete(done) else f"there is no {python} on the host"
                    raise CallError(f"{what}: ansible_python_interpreter names it") from None
                from .bootstrap import bootstrap  # only a bare host needs it

                action.installed = bootstrap(action, payload["mode"] == "check", incomplete(done))
                continue
            if not_found(done) and not incomplete(done):
                raise CallError(f"{explain(done, str(error))}. {_GONE}") from None
            raise CallError(_reason(action, done, str(error))) from None
    raise AssertionError("unreachable")


def interpreter(action: Any, variables: Mapping[str, Any]) -> tuple[str, bool]:
    """The host's Python, and whether the inventory chose it. Debian's, unless ``ansible_python_interpreter`` names one."""
    wanted = variables.get("ansible_python_interpreter")
    if wanted is None:
        return PYTHON, False
    python = str(action._templar.template(wanted))
    return (PYTHON, False) if not python or python.startswith("auto") else (python, True)


def not_found(done: Done) -> bool:
    """Whether a program that the command needs (Python, sudo) is not on the host. What a login script does not find is not meant."""
    return done["rc"] == 127 or (done["rc"] != 0 and _NOT_FOUND.search(done["stderr"]) is not None) or incomplete(done)


def incomplete(done: Done) -> bool:
    """Whether the host's Python lacks most of its library: python3-minimal without python3."""
    return done["rc"] != 0 and "ModuleNotFoundError: No module named" in done["stderr"]


def _reason(action: Any, done: Done, what: str) -> str:
    """Why the agent did not answer."""
    if done["rc"] == bundle.SHELL_STATUS or bundle.SHELL_MARKER in done["stderr"] or _CUT.search(done["stderr"]):
        return _READS
    said = f"{done['stderr']}{done['stdout']}"
    refused = refusal(done) or (_asked_again(action) if done["rc"] == 1 else "")
    if refused:
        return refused
    return explain(done, what) if said.strip() else f"{explain(done, what)}: {_NOTHING}"


def _asked_again(action: Any) -> str:
    """What sudo says in English: its messages are in the language of the host's login. Empty where it does not refuse."""
    become = action._connection.become
    if become is None or getattr(become, "name", "").rpartition(".")[2] != "sudo":
        return ""
    exe, user = become.get_option("become_exe") or "sudo", become.get_option("become_user") or "root"
    program = f"LC_ALL=C LANGUAGE=C {exe} -n -u {shlex.quote(user)}"
    done = execute(action, f"{program} /bin/sh -c true", None, sudoable=False)
    if done["rc"] == 0:
        return ""
    if any(words in f"{done['stderr']}{done['stdout']}" for words in PASSWORD) and become.get_option("become_pass"):
        return password("incorrect")
    return refusal(done)
