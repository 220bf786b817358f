# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports on which a host will listen: from the exports of its roles, and from their options that are ports."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from ..declared.tree import texts
from .model import UNKNOWN, Host, Port
from .schema import Option, Schema
from .templates import HostValues
from .texts import is_template
from .values import parse_range

_PARTS = ("name", "port", "proto", "from", "when")
#: Names that have another value on each host, or no value that can be a key.
_EACH_HOST_ANEW = frozenset("ansible_facts groups group_names hostvars inventory_hostname inventory_hostname_short".split())


class Ports:
    """Ports of hosts. Hundreds of hosts differ in few of the variables that ports depend on, so each combination is evaluated once."""

    def __init__(self, schema: Schema) -> None:
        self._exports = {role: _pruned(said.get("firewall_ports")) for role, said in schema.exports.items()}
        self._used = {role: frozenset(_variables(value)) for role, value in self._exports.items()}
        self._options: dict[str, list[Option]] = {}
        for option in schema.options.values():
            if option.is_port:
                self._options.setdefault(option.role, []).append(option)
        self._conditions = {
            (option.role, option.name): [item.get("when", True) for item in _listed(self._exports.get(option.role)) if _is_of(option, item)]
            for options in self._options.values()
            for option in options
        }
        self._cache: dict[Hashable, tuple[Port, ...]] = {}

    def of(self, roles: Iterable[str], values: HostValues) -> tuple[Port, ...]:
        """Ports of a host with these roles. Ports that are unknown before the host checks are left out."""
        found: list[Port] = []
        for role in roles:
            if self._silent(role, values):
                continue
            options = list(self._of_options(role, values))
            numbers = {(port.first, port.last) for port in options}
            # An exported port that an option sets is the same service; the option says what to change.
            found += options
            found += [port for port in self._of_exports(role, values) if (port.first, port.last) not in numbers]
        return tuple(found)

    def admitted(self, roles: Iterable[str], values: HostValues) -> frozenset[str]:
        """For which hosts these roles open ports: groups, addresses and networks, as far as it is known before the host checks."""
        return frozenset(name for role in roles for port in self._of_exports(role, values) for name in port.admitted)

    def _silent(self, role: str, values: HostValues) -> bool:
        """Whether a role opens none of its ports on this host, so that its port options have no effect."""
        listed = self._exports.get(role)
        if not isinstance(listed, list) or not listed:
            return False
        return all(isinstance(item, Mapping) and "when" in item and values.evaluate(item["when"]) is False for item in listed)

    def _unused(self, role: str, option: str, values: HostValues) -> bool:
        """Whether everything that a role would export with an option's port is switched off on this host."""
        conditions = self._conditions.get((role, option), ())
        return bool(conditions) and all(values.evaluate(condition) is False for condition in conditions)

    def _of_options(self, role: str, values: HostValues) -> Iterator[Port]:
        for option in self._options.get(role, ()):
            if self._unused(role, option.name, values):
                continue
            number = values(option.name)
            if isinstance(number, int) and not isinstance(number, bool):
                yield Port(role, option.name, number, number, option=option.name)

    def _of_exports(self, role: str, values: HostValues) -> tuple[Port, ...]:
        if not self._exports.get(role):
            return ()
        used = self._used[role]
        if used & _EACH_HOST_ANEW:
            return tuple(_evaluate(role, self._exports[role], values))
        key = (role, *(repr(values(name)) for name in sorted(used)))
        if key not in self._cache:
            self._cache[key] = tuple(_evaluate(role, self._exports[role], values))
        return self._cache[key]


def of_sshd(host: Host) -> tuple[Port, ...]:
    """Where sshd listens as far as the inventory says: at the port that is connected to, and no option moves it."""
    if host.is_local or host.text("ansible_connection", "ssh") not in ("ssh", "smart") or not host.connection_port_known:
        return ()
    return (Port("sshd", "sshd", host.connection_port, host.connection_port),)


def _pruned(exports: Any) -> Any:
    if not isinstance(exports, list | tuple):
        return exports
    return [{name: item[name] for name in _PARTS if name in item} if isinstance(item, Mapping) else item for item in exports]


def _listed(exports: Any) -> list[Mapping[str, Any]]:
    return [item for item in exports if isinstance(item, Mapping)] if isinstance(exports, list) else []


def _is_of(option: Option, item: Mapping[str, Any]) -> bool:
    """Whether an export is that of an option's port."""
    return option.name in _variables(item.get("port"))


def _variables(value: Any) -> Iterator[str]:
    """Names that the templates of a value use."""
    for text in filter(is_template, texts(value)):
        try:
            yield from find_undeclared_variables(Environment().parse(text))  # nothing is rendered
        except TemplateSyntaxError:
            continue


def _evaluate(role: str, exports: Any, values: HostValues) -> Iterator[Port]:
    evaluated = values.evaluate(exports)
    for item in evaluated if isinstance(evaluated, list) else ():
        if not isinstance(item, Mapping) or item.get("when", True) is not True:
            continue
        ports = parse_range(item.get("port"))
        if ports is not None and item.get("proto") is not UNKNOWN:
            name, proto = str(item.get("name") or role), str(item.get("proto") or "tcp")
            yield Port(role, name, *ports, proto=proto, admitted=named(item.get("from")))


def named(value: Any) -> tuple[str, ...]:
    """The texts of a value that is one, or a list of them (of lists)."""
    if isinstance(value, list | tuple):
        return tuple(name for item in value for name in named(item))
    return (value,) if isinstance(value, str) and value else ()
