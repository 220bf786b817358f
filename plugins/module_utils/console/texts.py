# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console says: pure functions from results of tasks to lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..agent.lib.plural import counted
from .stream import COLORS

Result = Mapping[str, Any]

#: Of one component's steps no more are shown; the log has all of them.
STEPS = 3
#: Of one host's components in one task no more are shown with their steps; of more, only the names.
COMPONENTS = 4
#: Of a failure's first line no more is shown.
WIDTH = 600
#: Who does what no host does.
CONTROLLER = "controller"
#: ansible-core's warning of a play for an unknown group; the last word is the group.
NO_MATCH = "[WARNING]: Could not match supplied host pattern, ignoring:".split()
#: Seconds until a wait is worth a line of its own on a terminal, and a delay worth a word.
PATIENCE = 10.0
#: How a progress line says since when a host waits.
WAIT = re.compile(r"^\S+: .*, since \d\d:\d\d:\d\d \((\d+) s\)")
#: After Ctrl-C: what is half done is finished or undone by the next run.
STOPPED = "Stopped; the next run continues from here."
#: Words with which messages of this project begin what to do.
FIXES = ("Fix: ",)


def clock(seconds: float) -> str:
    """Elapsed time as ``0:42`` or ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def elapsed(seconds: float, expected: float | None) -> str:
    """Elapsed time, and of how much where that is known; a few seconds more than a few are not worth a word."""
    if not expected:
        return clock(seconds)
    late = ", longer than expected" if seconds > max(expected, PATIENCE) else ""
    return f"{clock(seconds)} of about {clock(expected)}{late}"


def is_short_wait(text: str) -> bool:
    """Whether a progress line is of a wait that began a few seconds ago (``controller/beat.py``): the live line shows the work."""
    found = WAIT.search(COLORS.sub("", text))
    return found is not None and float(found[1]) < PATIENCE


def is_hidden(result: Result) -> bool:
    """Whether ``no_log`` has taken the result's content away."""
    return "censored" in result


def changes(task: str, result: Result) -> list[str]:
    """What a task changed on a host: a line for each component (``etcd: file /etc/x: create``), else one for the task."""
    if is_hidden(result):
        return [task]
    items = result.get("results")
    if isinstance(items, list):
        changed = [item for item in items if isinstance(item, Mapping) and item.get("changed")]
        return [f"{task} ({counted(len(changed), 'item')})"]
    listed = result.get("components")
    components = [item for item in listed if isinstance(item, Mapping) and item.get("changed")] if isinstance(listed, list) else []
    if len(components) > COMPONENTS:
        steps = sum(len(item.get("steps") or ()) for item in components)
        return [f"{counted(steps, 'step')}: {', '.join(str(item.get('name')) for item in components)}"]
    return [_with_steps(str(item.get("name")), item.get("steps")) for item in components] or [_with_steps(task, result.get("steps"))]


def _with_steps(name: str, steps: Any) -> str:
    if not isinstance(steps, list) or not steps:
        return name
    shown = "; ".join(str(step) for step in steps[:STEPS])
    more = f"; and {len(steps) - STEPS} more" if len(steps) > STEPS else ""
    return f"{name}: {shown}{more}"


def message(result: Result) -> str:
    """The error text of a failed result."""
    if is_hidden(result):
        return "failed; its output is hidden, as it may hold secrets (no_log)"
    items = result.get("results")
    if isinstance(items, list):
        failed = [item for item in items if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable"))]
        if failed:
            return "\n".join(dict.fromkeys(message(item) for item in failed))
    text = str(result.get("msg") or "").strip()
    # A command's own output says more than "non-zero return code".
    words = str(result.get("stderr") or result.get("module_stderr") or "").strip().splitlines()
    if words and (not text or text.startswith(("non-zero return code", "MODULE FAILURE"))):
        text = f"{text or 'failed'}: {words[-1]}"
    return text or "failed without a message"


def failure(hosts: str, task: str, text: str, *, whole: bool = False) -> list[str]:
    """The lines of a failure: who and what, then what to do. A report of several findings is shown in full, one a line.

    The rest of a longer message (the end of a journal, a traceback) is in the log.

    :param whole: the result says that its text is a report, whatever its lines are
    """
    first, *rest = text.splitlines() or [""]
    if whole or (rest and all(any(word in line for word in FIXES) for line in rest)):
        return [f"FAILED  {first}", *(f"  {line}" for line in rest)]
    for word in FIXES:
        what, found, fix = first.partition(word)
        if found:
            return [f"FAILED  {hosts}: {task}: {what.strip()[:WIDTH]}", f"        Fix: {fix.strip()}"]
    fixes = [line.strip() for line in rest if line.strip().startswith(FIXES)]
    lines = [f"FAILED  {hosts}: {task}: {first[:WIDTH]}"]
    if fixes:
        lines.append(f"        Fix: {fixes[0].partition(': ')[2]}")
    return lines


@dataclass(frozen=True)
class Login:
    """How Ansible logs in to a host, as far as the inventory says it."""

    address: str
    user: str = ""
    port: int = 22

    @property
    def command(self) -> str:
        """The same by hand."""
        port = f"-p {self.port} " if self.port != 22 else ""
        return f"ssh {port}{f'{self.user}@' if self.user else ''}{self.address}"

    @property
    def known(self) -> str:
        """The host in known_hosts."""
        return self.address if self.port == 22 else f"'[{self.address}]:{self.port}'"


def unreachable(host: str, text: str, login: Login | None = None) -> list[str]:
    """The lines for a host that cannot be reached.

    :param login: where the inventory's is known
    """
    said, _fix, fix = " ".join(text.split()).partition("Fix: ")
    fix = fix or connection_fix(host, text, login or Login(host))
    return [f"FAILED  {host}: no connection: {said.strip()[:WIDTH]}", f"        Fix: {fix}"]


#: What ssh or Ansible says of a connection, and what to do.
CONNECTIONS = (
    (
        "host identification has changed",
        "if {host} was reinstalled, remove its old key (ssh-keygen -R {login.known}) and log in once by hand ({login.command}); if it"
        " was not, find out who answers at its address.",
    ),
    ("host key verification failed", "log in once by hand ({login.command}), compare the host key, and accept it."),
    ("permission denied", "check ansible_user and ansible_ssh_private_key_file of {host}; to log in with a password add --ask-pass."),
    ("could not resolve hostname", "correct ansible_host of {host}: its name is not known here. An IP address always works."),
    ("connection refused", "start sshd on {host}, or correct ansible_host and ansible_port."),
    ("directory: b'ssh'", "install the SSH client on this machine (Debian: apt install openssh-client)."),
    ("sshpass", "install sshpass on this machine (Debian: apt install sshpass), or log in with a key."),
)


def connection_fix(host: str, text: str, login: Login) -> str:
    """What to do about a host that cannot be reached, as far as the message tells why."""
    lower = text.lower()
    for said, fix in CONNECTIONS:
        if said in lower:
            return fix.format(host=host, login=login)
    return f"check that {host} runs and is reachable over SSH at the address of the inventory, then run the same again."


def play_line(name: str, hosts: int, changed: Sequence[str], failed: Sequence[str], seconds: float) -> str:
    """A play that has ended.

    :param hosts: how many it had; 0 for one of the controller
    """
    parts = [counted(hosts, "host")] if hosts else []
    if changed:
        parts.append(f"changed: {', '.join(changed)}")
    if failed:
        parts.append(f"failed: {', '.join(failed)}")
    return f"{name}: {'; '.join([*parts, clock(seconds)])}"


def is_of_controller(hosts: object) -> bool:
    """Whether the hosts of a play say that its tasks run on the controller."""
    first = hosts[0] if isinstance(hosts, Sequence) and hosts else ""
    return (hosts if isinstance(hosts, str) else str(first)).partition(":")[0] == "localhost"


def recap(
    summaries: Mapping[str, Mapping[str, int]],
    controller: Mapping[str, int],
    seconds: float,
    check: bool,
    asked: Collection[str] = (),
    blamed: Collection[str] = (),
    stopped: Collection[str] = (),
) -> str:
    """The last line: how many hosts are well, which changed, which failed.

    :param controller: what was done on the controller itself
    :param asked: hosts on which a task failed that judged all hosts
    :param blamed: hosts that such a task found at fault
    :param stopped: hosts for which the run then ended, whichever host was at fault
    """
    failed = [
        host
        for host, found in sorted(summaries.items())
        if host in blamed or found.get("unreachable") or found.get("failures", 0) > (host in asked)
    ]
    ended = [host for host in sorted(summaries) if host in stopped and host not in failed]
    changed = [host for host, found in sorted(summaries.items()) if found.get("changed")]
    parts = [f"{counted(len(summaries), 'host')}, {len(summaries) - len(failed) - len(ended)} ok"] if summaries else []
    if controller.get("failures"):
        failed.insert(0, CONTROLLER)
    if controller.get("changed"):
        changed.insert(0, CONTROLLER)
    if failed:
        parts.append(f"{len(failed)} failed ({', '.join(failed)})")
    if ended:
        parts.append(f"{len(ended)} stopped ({', '.join(ended)})")
    if changed:
        parts.append(f"{len(changed)} {'would change' if check else 'changed'} ({', '.join(changed)})")
    elif not failed and not ended:
        parts.append("nothing to change" if check else "nothing changed")
    return f"{'Failed' if failed or ended else 'Done'}: {', '.join(parts)} in {clock(seconds)}"


def told(result: Result) -> list[str]:
    """What a task of the kind `debug` tells a person."""
    value = result.get("msg")
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return [str(item) for item in value]
    return [str(value)] if value is not None else []


def is_interruption(text: str) -> bool:
    """Whether Ansible says that a person has stopped it."""
    return "User interrupted execution" in COLORS.sub("", text)


def is_of_a_group(warning: str, groups: Iterable[str]) -> bool:
    """Whether Ansible says of a play that the site has no such group: the inventory may leave out any that the playbooks know."""
    words = COLORS.sub("", warning).split()
    return words[:-1] == NO_MATCH and (words[-1] in groups or words[-1].startswith("site_forming"))
