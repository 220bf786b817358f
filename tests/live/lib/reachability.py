# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before anything is tested: each server is reached within a minute, and is one of this site."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.live.lib.site import Site
from tests.live.lib.values import Values

#: Seconds for a connection, for the answer of one host, and for those of all hosts.
CONNECT, ANSWER, ALL = 10, 35, 50
#: Begins what a host answers; login scripts may print before it. White space of the file does not count, as `cat` in a terminal adds some.
MARK = "@@@authority "
ANSWERED = re.compile(re.escape(MARK) + "([0-9a-f]{64})")
ASK = f"printf '{MARK}%s\\n' \"$(tr -d '[:space:]' 2>/dev/null < /etc/vannah/pki/ca.crt | sha256sum | cut -c1-64)\""
#: What the callback plugin `minimal` of Ansible writes before the answer of a host.
HEAD = re.compile(r"^(\S+) \| (UNREACHABLE!|FAILED!|[A-Z]+)(?: \| rc=\d+ >>| =>(?=\s))", re.MULTILINE)
#: What Ansible itself says, without the place that it blames.
ERROR = re.compile(r"\[ERROR\]: (.*?)(?=\n\s*Origin: |\n\n|\Z)", re.DOTALL)


class Reached(Values):
    """The values of an inventory without the hosts that cannot be judged."""

    def __init__(self, inventory: Path, without: Sequence[str]) -> None:
        super().__init__(inventory)
        self._without = frozenset(without)

    def hosts(self, group: str = "all") -> list[str]:
        """The hosts of a group that are judged."""
        return [name for name in super().hosts(group) if name not in self._without]

    def groups(self) -> dict[str, list[str]]:
        """Every group with those of its hosts that are judged."""
        return {group: [name for name in hosts if name not in self._without] for group, hosts in super().groups().items()}


def missing(values: Values, group: str, what: str) -> str:
    """Why a test that wants a host of a group has none: the site has none, or none of those that it has can be judged."""
    members = values.members(group)
    return f"none of the site's {what} can be judged now: {', '.join(members)}" if members else f"the site has no {what} (group {group})"


def required(site: Site, group: str, what: str) -> list[str]:
    """The hosts of a group that can be judged, at least one; else the test is skipped, with the reason."""
    found = site.hosts(group)
    if not found:
        pytest.skip(missing(site.values, group, what))
    return found


def without(absent: Mapping[str, str]) -> list[str]:
    """A line for each reason, with its hosts: what twenty of them have in common is said once."""
    hosts: dict[str, list[str]] = {}
    for host, why in absent.items():
        hosts.setdefault(why, []).append(host)
    return [f"{', '.join(names)} {why}" if len(names) == 1 else f"{', '.join(names)}: each {why}" for why, names in hosts.items()]


def digest(certificate: str) -> str:
    """What the server says of the same file."""
    return hashlib.sha256("".join(certificate.split()).encode()).hexdigest()


def refused(inventory: Path, hosts: Sequence[str]) -> dict[str, str]:
    """The hosts that cannot be judged, and why: a sentence each, with what to do."""
    authority = inventory / "pki" / "ca.crt"
    if not authority.is_file():
        why = f"has nothing to be compared with: {authority} is not there. Run `make converge` first, or bring pki/ of the site."
        return dict.fromkeys(hosts, why)
    return judged(ask(inventory), hosts, digest(authority.read_text(encoding="ascii")))


def ask(inventory: Path) -> str:
    """What Ansible prints of the answers of all hosts, as far as they come in time."""
    argv = [str(Path(sys.executable).with_name("ansible")), "-i", str(inventory), "all", "-b", "-f", "100", "-T", str(CONNECT)]
    argv += ["--task-timeout", str(ANSWER), "-m", "ansible.builtin.raw", "-a", ASK]
    plain = {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "0", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_SSH_RETRIES": "0"}
    plain["ANSIBLE_CALLBACK_RESULT_FORMAT"] = "json"
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        process = subprocess.Popen(
            argv,
            env={**os.environ, **plain},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,  # it quotes the question, between the answers
            start_new_session=True,
        )
        try:
            process.wait(ALL)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        errors.seek(0)
        said = output.read()
        return said if HEAD.search(said) else said + errors.read()


def judged(text: str, hosts: Sequence[str], authority: str) -> dict[str, str]:
    """The hosts that cannot be judged, and why.

    :param text: what :func:`ask` gave
    :param authority: :func:`digest` of the site's CA certificate
    """
    heads = list(HEAD.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    answers = {head[1]: (head[2], text[head.end() : end]) for head, end in zip(heads, ends, strict=False)}
    error = ERROR.search(text)
    said_instead = "" if heads else " ".join(error[1].split())[:300] if error else " ".join(text.split())[-300:]
    found = {}
    for host in hosts:
        state, said = answers.get(host, ("", said_instead))
        why = _why(state, said, authority)
        if why:
            found[host] = why
    return found


def _why(state: str, said: str, authority: str) -> str:
    answer = ANSWERED.search(said)
    if answer:
        theirs = answer[1]
        if theirs == authority:
            return ""
        if theirs == digest(""):
            return "has no certificate of a site. Run `make converge` first."
        return "belongs to another site: its CA certificate is not the one in pki/ of this inventory. See docs/day2.md, A second checkout."
    if not state:
        if not said:
            return f"did not answer within {ALL} s. Check its network and sshd."
        return f"was not asked: {said.rstrip('.')}. Check the inventory, the login user, and the passwords that ARGS gives."
    if state == "UNREACHABLE!":
        return f"cannot be reached: {_message(said)}. Check that it runs and that its address, user and key are right."
    return f"was reached, and the question failed: {_message(said)}. Check the login user and sudo on it."


def _message(said: str) -> str:
    """What Ansible says, in one line."""
    try:
        said = str(json.loads(said)["msg"])
    except (ValueError, KeyError, TypeError):
        found = re.search(r"""^\s*"?msg"?: ["']?(.+?)["']?,?$""", said, re.MULTILINE)
        said = found[1] if found else said
    return " ".join(said.split()).removeprefix("Task failed: ")[:300].rstrip(".")
