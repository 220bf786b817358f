# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a site: what rules look at. Plain data, made by ``reader`` from a real inventory or by a test from a table."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from ..task_types import Written
from .schema import Schema


class Unknown(Enum):
    """A value that is unknown without asking a host (it depends on facts, on a lookup or on something undefined)."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

Resolve = Callable[[str], Any]

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
#: Ansible's own variables for the port it connects to, the stronger one first.
CONNECTION_PORTS = ("ansible_port", "ansible_ssh_port")


@dataclass(frozen=True)
class Definition:
    """One variable as one place of the inventory sets it."""

    owner: str  # group, host or "extra vars"
    name: str
    value: Any  # raw: templates not evaluated, vaulted values not decrypted
    source: str = ""  # file:line
    hosts: tuple[str, ...] = ()  # hosts for which this definition is in force
    from_cli: bool = False


@dataclass
class Host:
    """A host with everything that is known of it before it is contacted."""

    name: str
    groups: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    resolve: Resolve = lambda _name: None
    ports: tuple[Port, ...] = ()
    admitted: frozenset[str] = frozenset()  # groups, hosts, addresses and networks that its roles open ports for
    # items of a kind of all its roles' meta/exports.yml
    exported: Callable[[str], list[Written]] = lambda _kind: []
    # (role, path, problem) of templates in these files that can have no value on this host
    unexportable: Callable[[], Iterable[tuple[str, str, str]]] = lambda: ()
    # (path, problem, guess) of templates in a variable that can have no value on this host
    undefined: Callable[[str], Iterable[tuple[str, str, str]]] = lambda _name: ()

    def get(self, name: str) -> Any:
        """Value of a variable: role defaults below the inventory's, templates evaluated; None if unset, UNKNOWN if it is unknown."""
        return self.resolve(name)

    def known(self, name: str, default: Any = None) -> Any:
        """Like :meth:`get`, with ``default`` for both None and UNKNOWN: for rules that have nothing to say without a value."""
        value = self.resolve(name)
        return default if value is None or value is UNKNOWN else value

    def text(self, name: str, default: str = "") -> str:
        """Like :meth:`known` for a text; anything else than text or a number becomes ``default`` (the type check speaks of it)."""
        value = self.known(name)
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else default

    def number(self, name: str) -> int | None:
        """Like :meth:`known` for an integer; None for anything else."""
        value = self.known(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def connection_address(self) -> str:
        """What Ansible connects to."""
        return self.text("ansible_host") or self.text("ansible_ssh_host") or self.name

    @property
    def address(self) -> str:
        """What the other hosts reach it by."""
        return self.text("site_address") or self.connection_address

    @property
    def connection_port(self) -> int:
        """The port Ansible connects to. Texts of digits count: ``-e`` knows nothing else, and Ansible takes them."""
        for name in CONNECTION_PORTS:
            value = self.known(name)
            number = int(value) if isinstance(value, str) and value.isdecimal() else self.number(name)
            if number:
                return number
        return 22

    @property
    def connection_port_known(self) -> bool:
        """Whether :attr:`connection_port` is known before the host checks."""
        return all(self.get(name) is not UNKNOWN for name in CONNECTION_PORTS)

    @property
    def is_local(self) -> bool:
        """Whether it is the controller itself, reached without a network."""
        return self.text("ansible_connection") == "local"


@dataclass(frozen=True)
class Port:
    """A port that a role of a host listens on, from the role's exports or from an option of it that is a port."""

    role: str
    name: str
    first: int
    last: int
    proto: str = "tcp"
    option: str = ""  # the variable that sets it, where one does
    admitted: tuple[str, ...] = ()  # who may come in, as far as its export says


@dataclass(frozen=True)
class Unreadable:
    """Variables that could not be loaded."""

    where: str  # host or group
    reason: str
    source: str = ""  # file:line
    closed: bool = False  # encrypted, and the given vault password does not open it
    variable: str = "-"


@dataclass(frozen=True)
class SecretsFile:
    """One file that holds secrets, and what came of reading it."""

    path: str  # as people name it: relative to the inventory's directory
    encrypted: bool = True
    opened: bool = True
    reason: str = ""  # why it did not open; never quotes its content
    malformed: bool = False  # the password is right, and what it opens is not a list of names and texts
    values: Mapping[str, str] = field(default_factory=dict)


def owner_of(source: str) -> str:
    """The group or host that a file of variables (``group_vars/etcd.yml``, with or without a line) is for; empty for another file."""
    parts = Path(source.rpartition(":")[0] or source).parts
    if len(parts) < 2 or parts[0] not in ("group_vars", "host_vars"):
        return ""
    return parts[1] if len(parts) > 2 else re.sub(r"\.(?:yml|yaml|json)$", "", parts[1])


def has_playbook(role: str) -> bool:
    """Whether the collection has a playbook that converges this role alone."""
    return (PLAYBOOKS / role / "converge.yml").is_file()


def is_file(path: str) -> bool:
    """Whether a path as ssh takes it, with ~ or ~user, is a file; not where there is no such user."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False


@dataclass(frozen=True)
class Controller:
    """What a run brings with it."""

    limit: frozenset[str] | None = None  # hosts that --limit leaves, None without --limit
    check_mode: bool = False
    ask_pass: bool = False
    key_files: tuple[str, ...] = ()  # private keys that ssh would offer by itself
    agent: bool = False  # an ssh-agent answers
    ssh: bool = True  # the SSH client is installed
    tags: tuple[str, ...] = ()  # options that choose tasks by their tags, as the command line has them
    strategy: str = "linear"  # Ansible's, in which hosts run a play's tasks
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    file_exists: Callable[[str], bool] = is_file
    has_playbook: Callable[[str], bool] = has_playbook


@dataclass
class Site:
    """One inventory."""

    schema: Schema
    hosts: dict[str, Host] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # every group, "all" included -> its hosts, those of children too
    definitions: tuple[Definition, ...] = ()
    secrets: tuple[SecretsFile, ...] = ()
    authority_end: datetime | None = None  # of the site's CA, None where it has none yet
    controller: Controller = field(default_factory=Controller)
    unreadable: tuple[Unreadable, ...] = ()
    # Names of the secrets that a site without a file of them gets with this run; None where they cannot be known now.
    new_secrets: Callable[[], frozenset[str] | None] = lambda: None
    variable_files: tuple[str, ...] = ()  # what lies beside the inventory: group_vars/x.yml, host_vars/y

    def members(self, group: str) -> list[Host]:
        """Hosts of a group, in the inventory's order; empty for a group that does not exist."""
        return [self.hosts[name] for name in self.groups.get(group, ()) if name in self.hosts]

    def sources(self, hosts: Iterable[Host], variable: str) -> list[tuple[str, str]]:
        """(owner, source) of each definition of a variable that is in force on one of the hosts: where a finding has to point."""
        names = {host.name for host in hosts}
        found = [
            (definition.owner, definition.source)
            for definition in self.definitions
            if definition.name == variable and names.intersection(definition.hosts)
        ]
        return list(dict.fromkeys(found))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address, or None for a name."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
