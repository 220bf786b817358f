# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that would cut connections which the cluster or its clients need: lines of ``postgresql_hba``, and ``postgresql_settings``.

Lines of ``postgresql_hba`` come before the role's own, and the first line that fits a connection decides.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...preflight.findings import Code, Finding
from ...preflight.model import Site, parse_address
from ...preflight.rules.places import finding
from . import hba

GROUP = "postgresql"
VARIABLE = "postgresql_hba"

CODES = (
    Code(
        "database-hba-lockout",
        "A line of postgresql_hba matches a connection that the cluster or its clients need, and its method rejects their login.",
        "Write the line for fewer databases, users or addresses; or remove it.",
    ),
    Code(
        "database-hba-invalid",
        "PostgreSQL could not read a line of postgresql_hba; it would keep the previous rules, and would not start again.",
        "Write a line of pg_hba.conf: type, databases, users, address (not for local), method, options.",
    ),
    Code(
        "database-setting-own",
        "postgresql_settings has something that has a variable of its own, or by which members and clients reach the server.",
        "Remove it from postgresql_settings; or use the variable that the message names.",
    ),
)

_NOTHING = "remove it from postgresql_settings"
#: Setting -> what to write instead, and values that are not refused.
_OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "port": ("use postgresql_port", ()),
    "cluster_name": ("use postgresql_cluster", ()),
    "listen_addresses": (_NOTHING + "; the firewall decides who reaches the server", ()),
    "unix_socket_directories": (_NOTHING, ("/run/postgresql", "/var/run/postgresql")),
    "data_directory": ("use postgresql_data_directory", ()),
    "config_file": (_NOTHING, ()),
    "hba_file": ("use postgresql_hba", ()),
    "ident_file": (_NOTHING, ()),
    "ssl": (_NOTHING + "; every connection has TLS", ("on", "true", "yes", "1")),
    "ssl_cert_file": (_NOTHING + "; the site's authority signs it", ()),
    "ssl_key_file": (_NOTHING + "; the site's authority signs its certificate", ()),
    "ssl_ca_file": (_NOTHING + "; it is the site's authority", ()),
    "wal_level": ("use replica or logical", ("replica", "logical")),
    "hot_standby": (_NOTHING, ("on", "true", "yes", "1")),
    "synchronous_standby_names": ("use postgresql_synchronous and postgresql_synchronous_nodes", ()),
    "primary_conninfo": (_NOTHING + "; Patroni writes it", ()),
    "primary_slot_name": (_NOTHING + "; Patroni writes it", ()),
}

#: Line types of pg_hba.conf that fit a connection with TLS over the network.
_WITH_TLS = ("local", "host", "hostssl", "hostnogssenc")
_PASSWORD = ("scram-sha-256", "md5", "password", "trust")


@dataclass(frozen=True)
class Login:
    """A connection that has to be possible.

    :ivar database: the database, ``replication``, or empty for any of the clients'
    :ivar user: empty for any of the clients'
    :ivar address: empty for the local socket
    :ivar methods: what lets it in; empty: anything but ``reject``
    """

    what: str
    database: str
    user: str
    address: str = ""
    methods: tuple[str, ...] = _PASSWORD


def fits(line: hba.Line, login: Login) -> bool:
    """Whether a line decides on a connection, as far as the line alone can tell."""
    if line.kind not in _WITH_TLS or (line.kind == "local") != (login.address == "") or not _covers(line.address, login.address):
        return False
    if login.database == "replication":
        databases = "replication" in line.databases
    else:
        databases = "all" in line.databases or login.database in line.databases
    return databases and ("all" in line.users or login.user in line.users)


def _covers(network: str, address: str) -> bool:
    if not address or network in ("all", address):
        return True
    if network in ("samehost", "samenet"):
        return network == "samenet"
    found = parse_address(address)
    try:
        return found is not None and found in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False  # a name


def logins(site: Site) -> Iterator[Login]:
    """What the cluster and the site's clients need."""
    yield Login("Patroni and this role, by the local socket", "postgres", "postgres", methods=("peer", "trust"))
    yield Login("Patroni's replication, by the local socket", "replication", "replicator")
    members = site.members(GROUP)
    for host in members:
        yield Login(f"the replication of {host.name}", "replication", "replicator", host.address)
        yield Login(f"pg_rewind of {host.name}", "postgres", "rewinder", host.address)
    for host in {one.name: one for one in [*members, *site.members("postgresql_client")]}.values():
        yield Login(f"the clients on {host.name}", "", "", host.address, methods=())


def check_lockout(site: Site) -> Iterator[Finding]:
    """The first line that decides on a connection which has to be possible, and refuses it."""
    wanted = list(logins(site))
    for host in site.members(GROUP):
        parsed = [(text, found) for text in hba.lines(host.known(VARIABLE)) if (found := hba.parse(text)) and not hba.problem(text)]
        for login in wanted:
            text, line = next(((text, line) for text, line in parsed if fits(line, login)), ("", None))
            if line is None or (line.method in login.methods if login.methods else line.method != "reject"):
                continue
            problem = f"the line {text!r} comes first for {login.what}, and {line.method} does not accept its login."
            fix = "write the line for fewer databases, users or addresses; or remove it"
            yield finding(site, host, (VARIABLE,), GROUP, "database-hba-lockout", problem, fix)
            break


def check_lines(site: Site) -> Iterator[Finding]:
    """A line that PostgreSQL cannot read keeps its file from being read again, and the server from starting."""
    for host in site.members(GROUP):
        for text in hba.lines(host.known(VARIABLE)):
            said = hba.problem(text)
            if said:
                problem = f"PostgreSQL cannot read the line {text!r}: {said}."
                yield finding(site, host, (VARIABLE,), GROUP, "database-hba-invalid", problem, f"write a line as in {hba.MANUAL}")


def check_settings(site: Site) -> Iterator[Finding]:
    """``postgresql_settings`` wins over the role's own settings, and must not win over these."""
    for host in site.members(GROUP):
        settings = host.known("postgresql_settings")
        for name, value in settings.items() if isinstance(settings, Mapping) else ():
            fix, good = _OWN.get(str(name), ("", ()))
            if fix and (value is None or str(value).lower() not in good):
                problem = f"{name} is not changed here: members and clients reach the server by it."
                yield finding(site, host, ("postgresql_settings",), GROUP, "database-setting-own", problem, fix)


RULES = (check_lines, check_lockout, check_settings)
