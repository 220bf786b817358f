# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that would cut connections which the cluster or its clients need: lines of ``postgresql_hba``, and ``postgresql_settings``.

Lines of ``postgresql_hba`` come before the role's own, and the first line that fits a connection decides.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...preflight.findings import Code, Finding
from ...preflight.model import Site, parse_address
from ...preflight.rules.places import finding

GROUP = "postgresql"
VARIABLE = "postgresql_hba"

CODES = (
    Code(
        "database-hba-lockout",
        "A line of postgresql_hba fits a connection that the cluster or its clients need, and does not let it in as they log in.",
        "The line for fewer databases, users or addresses; or without it.",
    ),
    Code(
        "database-setting-own",
        "postgresql_settings has something that has a variable of its own, or by which members and clients reach the server.",
        "Nothing in postgresql_settings for it; or the variable that the message names.",
    ),
)

_NOTHING = "nothing for it in postgresql_settings"
#: Setting -> what to write instead, and values that are not refused.
_OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "port": ("postgresql_port", ()),
    "cluster_name": ("postgresql_cluster", ()),
    "listen_addresses": (_NOTHING + "; the firewall decides who reaches the server", ()),
    "unix_socket_directories": (_NOTHING, ("/run/postgresql", "/var/run/postgresql")),
    "data_directory": ("postgresql_data_directory", ()),
    "config_file": (_NOTHING, ()),
    "hba_file": ("postgresql_hba", ()),
    "ident_file": (_NOTHING, ()),
    "ssl": (_NOTHING + "; every connection has TLS", ("on", "true", "yes", "1")),
    "ssl_cert_file": (_NOTHING + "; the site's authority signs it", ()),
    "ssl_key_file": (_NOTHING + "; the site's authority signs its certificate", ()),
    "ssl_ca_file": (_NOTHING + "; it is the site's authority", ()),
    "wal_level": ("replica or logical", ("replica", "logical")),
    "hot_standby": (_NOTHING, ("on", "true", "yes", "1")),
    "synchronous_standby_names": ("postgresql_synchronous and postgresql_synchronous_nodes", ()),
    "primary_conninfo": (_NOTHING + "; Patroni writes it", ()),
    "primary_slot_name": (_NOTHING + "; Patroni writes it", ()),
}

#: Line types of pg_hba.conf that fit a connection with TLS over the network.
_NETWORK = ("host", "hostssl", "hostnogssenc")
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


@dataclass(frozen=True)
class Line:
    """A line of pg_hba.conf."""

    kind: str
    databases: tuple[str, ...]
    users: tuple[str, ...]
    address: str
    method: str


def parse(text: str) -> Line | None:
    """A line's fields; None for a comment, an include, and what PostgreSQL itself will refuse."""
    try:
        fields = shlex.split(text, comments=True)
    except ValueError:
        return None
    if len(fields) < 4 or fields[0] not in ("local", *_NETWORK):
        return None
    databases, users = tuple(fields[1].split(",")), tuple(fields[2].split(","))
    if fields[0] == "local":
        return Line("local", databases, users, "", fields[3])
    if len(fields) > 5 and parse_address(fields[4]) is not None:
        return Line(fields[0], databases, users, f"{fields[3]}/{fields[4]}", fields[5])
    return Line(fields[0], databases, users, fields[3], fields[4]) if len(fields) > 4 else None


def fits(line: Line, login: Login) -> bool:
    """Whether a line decides on a connection, as far as the line alone can tell."""
    if (line.kind == "local") != (login.address == "") or not _covers(line.address, login.address):
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
        lines = host.known(VARIABLE)
        parsed = [(text, found) for text in lines if isinstance(text, str) and (found := parse(text))] if isinstance(lines, list) else []
        for login in wanted:
            text, line = next(((text, line) for text, line in parsed if fits(line, login)), ("", None))
            if line is None or (line.method in login.methods if login.methods else line.method != "reject"):
                continue
            problem = f"the line {text!r} comes first for {login.what}, and {line.method} does not let it in."
            remedy = "the line for fewer databases, users or addresses; or nothing"
            yield finding(site, host, (VARIABLE,), GROUP, "database-hba-lockout", problem, remedy)
            break


def check_settings(site: Site) -> Iterator[Finding]:
    """``postgresql_settings`` wins over the role's own settings, and must not win over these."""
    for host in site.members(GROUP):
        settings = host.known("postgresql_settings")
        for name, value in settings.items() if isinstance(settings, Mapping) else ():
            remedy, good = _OWN.get(str(name), ("", ()))
            if remedy and (value is None or str(value).lower() not in good):
                problem = f"{name} is not changed here: members and clients reach the server by it."
                yield finding(site, host, ("postgresql_settings",), GROUP, "database-setting-own", problem, remedy)


RULES = (check_lockout, check_settings)
