# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the role base that end up in other programs' files: what such a file cannot hold breaks the program, not the run.

What of them would lock people out is in :mod:`.ssh`.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site, parse_address
from ...preflight.rules import Area
from ...preflight.rules.hosts import is_name
from ...preflight.rules.places import place
from ...preflight.texts import has_control
from . import journal, ssh

CODES = (
    Code(
        "updates-setting-invalid",
        "base_updates_settings contains a value that a configuration file of apt cannot contain: every apt-get on the host would fail.",
        "Write an option's name as unattended-upgrades has it, with a text without double quotes, a number, true, false,"
        " or a list of these.",
    ),
    Code(
        "updates-pattern-invalid",
        "A pattern of base_updates_exclude is not a regular expression, contains quotes, or matches every package.",
        "Write the beginning of a package's name, such as docker, or a regular expression without quotes.",
    ),
    Code(
        "package-name-invalid",
        "An item of base_packages is not the name of a Debian package.",
        "Write a name as apt-cache policy shows it.",
    ),
    Code(
        "time-server-invalid",
        "An item of site_time_servers is neither an IP address nor a host name.",
        "Write an IP address or a host name.",
    ),
    Code(
        "ssh-user-invalid",
        "An item of base_ssh_password_users is not the name of an account. sshd would read * as any account.",
        "Write the name of one account in each item.",
    ),
    Code(
        "hosts-name-invalid",
        "A name in base_hosts_extra is not valid in /etc/hosts.",
        "Write a name of letters, digits, hyphens, underscores and dots.",
    ),
    Code(
        "journal-setting-invalid",
        "journald cannot read an option of base_journal, and would use its own default: up to 4 GiB of the disk.",
        "Write an option of journald.conf(5) with a valid value, such as SystemMaxUse: 2G.",
    ),
    Code(
        "hostname-twice",
        "Two servers would get one host name, because their names in the inventory are the same up to the first dot.",
        "Set base_hostname: another name for one of them, in its host_vars.",
    ),
)

_OPTION = re.compile(r"[A-Za-z0-9_.+-]+(?:::[A-Za-z0-9_.+-]+)*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")


def check_update_settings(site: Site) -> Iterator[Finding]:
    """``base_updates_settings``: what the syntax of apt.conf(5) cannot say."""
    name = "base_updates_settings"
    for host in site.hosts.values():
        settings = host.known(name)
        for option, value in settings.items() if isinstance(settings, Mapping) else ():
            path = f"{name}.{option}"
            if not isinstance(option, str) or not _OPTION.fullmatch(option):
                problem = "this is not the name of an option of apt."
                yield _finding(
                    site, host, name, path, "updates-setting-invalid", problem, f"set {name}: names such as Mail or Dpkg::Options"
                )
                continue
            items = value if isinstance(value, list | tuple) else [value]
            for index, item in enumerate(items):
                problem = _unwritable(item)
                if problem:
                    where = f"{path}[{index}]" if items is value else path
                    fix = f"set {option}: a text without double quotes and line breaks, a number, true, false, or a list of these"
                    yield _finding(site, host, name, where, "updates-setting-invalid", problem, fix)


def _unwritable(item: Any) -> str:
    """Why an item cannot be a value of apt.conf(5); empty where it can."""
    if isinstance(item, str):
        if '"' in item:
            return "a double quote ends the value in apt's file, and every apt-get on the host would fail."
        return ""
    plain = item is None or item is UNKNOWN or isinstance(item, bool | int | float)
    return "" if plain else "neither a list nor a mapping can be a value here."


def check_update_patterns(site: Site) -> Iterator[Finding]:
    """``base_updates_exclude``: read by unattended-upgrades (Python) and by needrestart (Perl)."""
    for host, index, pattern in _texts(site, "base_updates_exclude"):
        problem = _no_pattern(pattern)
        if problem:
            name = "base_updates_exclude"
            fix = f"set {name}: beginnings of packages' names, or regular expressions without quotes"
            yield _finding(site, host, name, f"{name}[{index}]", "updates-pattern-invalid", problem, fix)


def _no_pattern(pattern: str) -> str:
    if "'" in pattern or '"' in pattern or has_control(pattern):
        return "no package's name has a quote or a line break, and the files with the pattern would be invalid."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set" and the like
            compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return "this is not a regular expression: unattended-upgrades would end with it, without an update."
    return "it matches every package: there would be no security updates at all." if compiled.match("") else ""


def check_packages(site: Site) -> Iterator[Finding]:
    """``base_packages``: names that dpkg takes."""
    for host, index, name in _texts(site, "base_packages"):
        if not _PACKAGE.fullmatch(name):
            problem = "this is not the name of a Debian package."
            fix = "set base_packages: names of small letters, digits, +, - and dots, one in each item"
            yield _finding(site, host, "base_packages", f"base_packages[{index}]", "package-name-invalid", problem, fix)


def check_time_servers(site: Site) -> Iterator[Finding]:
    """``site_time_servers``: what chrony can ask."""
    for host, index, server in _texts(site, "site_time_servers"):
        if "[" in server or (parse_address(server) is None and not is_name(server)):
            name = "site_time_servers"
            problem = "this is neither an IP address nor a host name."
            fix = f"set {name}: IP addresses or host names, without ports and options"
            yield _finding(site, host, name, f"{name}[{index}]", "time-server-invalid", problem, fix)


def check_ssh_users(site: Site) -> Iterator[Finding]:
    """``base_ssh_password_users``: sshd takes patterns, which would let in more than is meant."""
    for host, index, user in _texts(site, "base_ssh_password_users"):
        if not _ACCOUNT.fullmatch(user):
            name = "base_ssh_password_users"
            yield _finding(
                site,
                host,
                name,
                f"{name}[{index}]",
                "ssh-user-invalid",
                "this is not the name of an account.",
                f"set {name}: names of accounts",
            )


def check_extra_names(site: Site) -> Iterator[Finding]:
    """Names in ``base_hosts_extra``: hosts(5). An underscore is no good name on the network, and /etc/hosts takes it."""
    for host in site.hosts.values():
        lines = host.known("base_hosts_extra")
        for index, line in enumerate(lines if isinstance(lines, list | tuple) else ()):
            names = line.get("names") if isinstance(line, Mapping) else None
            for at, name in enumerate(names if isinstance(names, list | tuple) else ()):
                if isinstance(name, str) and not (len(name) <= 253 and all(_LABEL.fullmatch(part) for part in name.rstrip(".").split("."))):
                    path = f"base_hosts_extra[{index}].names[{at}]"
                    problem = "this cannot be a name in /etc/hosts."
                    fix = "set names: letters, digits, hyphens, underscores and dots; another alphabet in its xn-- form"
                    yield _finding(site, host, "base_hosts_extra", path, "hosts-name-invalid", problem, fix)


def check_journal(site: Site) -> Iterator[Finding]:
    """``base_journal``: journald says in its own log alone what it ignores."""
    for host in site.hosts.values():
        settings = host.known("base_journal")
        for name, value in settings.items() if isinstance(settings, Mapping) else ():
            found = None if value is UNKNOWN else journal.problem(name, value)
            if found:
                problem, example = found
                path = f"base_journal.{name}"
                yield _finding(site, host, "base_journal", path, "journal-setting-invalid", problem, f"set {name}: {example}")


def check_host_names(site: Site) -> Iterator[Finding]:
    """The name that a server itself gets: unlike the inventory's it may be another's, too."""
    by_name: dict[str, list[Host]] = defaultdict(list)
    for host in site.hosts.values():
        name = host.text("base_hostname")
        if name and not (parse_address(host.name) is not None and name == host.name.partition(".")[0]):
            by_name[name.lower()].append(host)
    for name, hosts in by_name.items():
        first = hosts[0]
        for other in hosts[1:]:
            if first.name.partition(".")[0].lower() == name == other.name.partition(".")[0].lower() and "." not in first.name + other.name:
                continue  # one host under two names: host-two-names
            where, variable, source = place(site, other, ("base_hostname",), other.name)
            problem = f"{other.name} and {first.name} would both get the host name {name}."
            fix = f"set base_hostname: another name for {other.name}, in its host_vars"
            yield Finding("hostname-twice", where, variable, problem, fix, source)


def _texts(site: Site, variable: str) -> Iterator[tuple[Host, int, str]]:
    """Host, place and text of each item of a list of texts; of other types the type check speaks."""
    for host in site.hosts.values():
        value = host.known(variable)
        for index, item in enumerate(value if isinstance(value, list | tuple) else ()):
            if isinstance(item, str):
                yield host, index, item


def _finding(site: Site, host: Host, variable: str, path: str, code: str, problem: str, fix: str) -> Finding:
    where, _name, source = place(site, host, (variable,), host.name)
    return Finding(code, where, path, problem, fix, source)


RULES = (
    check_update_settings,
    check_update_patterns,
    check_packages,
    check_time_servers,
    check_ssh_users,
    check_extra_names,
    check_journal,
    check_host_names,
)

AREA = Area("What every host has", (*CODES, *ssh.CODES), (*RULES, *ssh.RULES))
