# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the hosts can tell, judged for all hosts at once before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from . import belonging, closed, service_parts, survey
from . import changes as running
from .answers import Answer
from .findings import Code, Finding

#: Seconds between two clocks of one site.
CLOCK = 5.0
#: Debian's releases that are served.
RELEASES = ("12", "13")
#: What the services judge of their hosts.
SERVICES = service_parts.modules("host_checks")

CODES = (
    Code("contact-system", "The server runs another system than Debian 12 or 13.", "Use a server with Debian 13 or 12."),
    Code(
        "contact-memory",
        "The server has too little memory for a new role.",
        "Use a server with more memory, or put the host into fewer groups.",
    ),
    Code(
        "contact-clock",
        "The server's clock is off by more than 5 seconds from the others: certificates and the cluster's leases would not hold.",
        "Correct the clock of the server: use a time server that it reaches (site_time_servers), or timedatectl set-time once.",
    ),
    Code(
        "contact-sudo",
        "sudo is refused to the user that the inventory connects as.",
        "Set ansible_become_password (vaulted), use --ask-become-pass, or add a rule for the user to the server's /etc/sudoers.d.",
    ),
    Code(
        "contact-failed",
        "The server was reached, but its facts could not be gathered: the message gives the "
        "reason. The other servers are not changed either.",
        "Correct what the message names; or leave the server out of this run with --limit.",
    ),
    Code(
        "contact-package-unknown",
        "apt on the server does not know a package that a variable lists, such as "
        "base_packages. Reported only where its package lists are no"
        " older than a day and than its sources; otherwise the run fetches new ones and checks then.",
        "Use the name as 'apt-cache policy' shows it on the server; or add the source that has it to the server's /etc/apt/sources.list.d.",
    ),
    *survey.CODES,
    *closed.CODES,
    *belonging.CODES,
    *running.CODES,
    *(code for part in SERVICES for code in part.CODES),
)

#: What sudo, and ansible-core on its behalf, say: sudo(8)'s own messages in the C locale and ansible-core's become plugin.
#: In another language the host has failed all the same, and the message is shown as it is.
#: The code at the end of a message.
_CODE = re.compile(r" \[[a-z][a-z0-9-]*\]$")
_SUDO = re.compile(
    r"becoming root (?:is refused|needs a password)|a password is required|missing sudo password|incorrect sudo password|"
    r"not in the sudoers|not allowed to (?:execute|run)|may not run sudo|waiting for privilege escalation prompt|"
    r"sudo: .*(?:required|incorrect|must be owned|account)",
    re.IGNORECASE,
)


def findings(answers: Iterable[Answer], verb: str = "") -> Iterator[Finding]:
    """What the answers of all hosts say. A host that is not reached is Ansible's to report, unless sudo was refused there.

    :param verb: the playbook that runs now, where it changes settings that ``site.yml`` does not
    """
    given = list(answers)
    for answer in given:
        if answer.facts:
            yield from _system(answer)
            yield from _memory(answer)
            yield from _disk(answer)
            yield from survey.findings(answer.host, answer.survey)
            yield from survey.mounts(answer.host, answer.facts.get("mounts") or {})
            yield from survey.rooms(answer.host, answer.facts.get("rooms") or {})
            yield from closed.findings(answer.host, answer.facts, answer.ports)
            yield from closed.admitted(answer.host, answer.facts, answer.admins)
        elif answer.failure:
            yield from _failure(answer)
    for part in SERVICES:
        yield from part.findings(given)
    yield from belonging.findings(belongings(given))
    yield from _packages(given)
    yield from clocks(given)
    kinds = ("changes", "left", "unrecorded", "taken")
    changes, left, unrecorded, taken = ({one.host: getattr(one, what) for one in given} for what in kinds)
    yield from running.findings(changes, left, verb, unrecorded, taken)


def belongings(answers: Iterable[Answer]) -> list[belonging.Judged]:
    """What the hosts that answered say of where they belong."""
    return [(answer.host, answer.facts, answer.belonging) for answer in answers if answer.facts]


def _failure(answer: Answer) -> Iterator[Finding]:
    """One that was reached and failed would be dropped by Ansible, and the site made without it."""
    if _SUDO.search(answer.failure):
        fix = "set ansible_become_password (vaulted), use --ask-become-pass, or add a rule to the server's /etc/sudoers.d"
        if "requiretty" in answer.failure:
            fix = "add Defaults:<the login user> !requiretty to the server's /etc/sudoers.d"
        yield Finding("contact-sudo", answer.host, "ansible_become_password", "sudo is refused.", fix)
    elif answer.reached:
        # The message of a service may end with its own fix, and with its code.
        said, _fix, fix = " ".join(answer.failure.split()).partition(" Fix: ")
        code = _CODE.search(fix)
        if code:
            said, fix = f"{said.rstrip('.')}{code[0]}", fix[: code.start()]
        if not fix and "python3: not found" in said:
            fix = "install python3 on the server (apt install python3)"
        without = f"leave the server out of this run: --limit 'all:!{answer.host}'"
        fix = f"{fix.rstrip('.') or 'correct what the message names'}; or {without}"
        yield Finding("contact-failed", answer.host, "-", f"the server was reached, and it failed: {said.rstrip('.')}.", fix)


def _system(answer: Answer) -> Iterator[Finding]:
    system, version = (str(answer.facts.get(name) or "") for name in ("system", "version"))
    if system != "debian" or version not in RELEASES:
        problem = f"the server runs {system or 'an unknown system'}{' ' + version if version else ''}."
        yield Finding("contact-system", answer.host, "-", problem, "use a server with Debian 13 or 12")


def _memory(answer: Answer) -> Iterator[Finding]:
    """Only where a role is still to come: a host that runs with all of its roles has shown that its memory is enough."""
    needed, there = int(answer.survey.get("memory_mb") or 0), answer.facts.get("memory_mb")
    if isinstance(there, int) and 0 < there < needed:
        problem = f"{there} MiB of memory, and its roles need {needed}."
        yield Finding("contact-memory", answer.host, "-", problem, f"use a server with {needed} MiB or more, or fewer groups for this host")


def _disk(answer: Answer) -> Iterator[Finding]:
    """A host that was looked at more closely says more of all its file systems (:mod:`.survey`)."""
    disk = answer.facts.get("disk")
    if not answer.survey and isinstance(disk, Mapping):
        yield from survey.full(answer.host, "/var/lib", disk)


def _packages(answers: list[Answer]) -> Iterator[Finding]:
    """Hosts that say the same are one line: the list mostly is of all hosts."""
    alike: dict[tuple[str, str], list[str]] = {}
    for answer in answers:
        for variable, said in (answer.facts.get("unknown_packages") or {}).items():
            if said:
                alike.setdefault((variable, str(said)), []).append(answer.host)
    for (variable, said), hosts in alike.items():
        problem = f"a package that the server does not know: {said.rstrip('.')}."
        fix = "use a name that apt-cache policy shows there, or first add the source that has it to /etc/apt/sources.list.d of the server"
        yield Finding("contact-package-unknown", ",".join(hosts), variable, problem, fix)


def clocks(answers: Iterable[Answer]) -> Iterator[Finding]:
    """The time is what most clocks agree on, this machine's among them; where none agree it is this machine's."""
    clocks = {answer.host: answer.offset for answer in answers if answer.offset is not None}
    candidates = [0.0, *clocks.values()]
    time = max(candidates, key=lambda one: (sum(abs(one - other) <= CLOCK for other in candidates), -abs(one)))
    if abs(time) > CLOCK:
        problem = f"the clock of this machine is off by {abs(time):.0f} s from the servers'."
        yield Finding("contact-clock", "controller", "-", problem, "set the right time on the machine that runs the playbook")
    for host, offset in clocks.items():
        off = offset - time
        if abs(off) > CLOCK:
            problem = f"the clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the others."
            fix = "set site_time_servers: time servers that the host reaches, after timedatectl set-time once"
            yield Finding("contact-clock", host, "-", problem, fix)
