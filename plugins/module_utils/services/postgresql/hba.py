# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of pg_hba.conf as PostgreSQL 15 and newer read them (https://www.postgresql.org/docs/17/auth-pg-hba-conf.html)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

MANUAL = "https://www.postgresql.org/docs/current/auth-pg-hba-conf.html"
NETWORK_TYPES = ("host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")
#: PostgreSQL 16 and newer.
INCLUDES = ("include", "include_if_exists", "include_dir")
#: Those that Debian's packages are built with; oauth since PostgreSQL 18.
METHODS = ("trust", "reject", "scram-sha-256", "md5", "password", "gss", "ident", "peer", "ldap", "radius", "cert", "pam", "oauth")
#: Groups of options; a method needs one of each.
_REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "ldap": (("ldapbasedn", "ldapprefix", "ldapsuffix", "ldapurl"),),
    "radius": (("radiusservers",), ("radiussecrets",)),
}
#: Options and the methods that they are for.
_OPTIONS = {"map": ("ident", "peer", "gss", "cert", "oauth")}
#: One field: pieces in double quotes, which may hold spaces and #, and others. A field ends at white space outside of quotes.
_FIELD = re.compile(r'(?:"[^"]*(?:"|$)|[^\s"#])+')


@dataclass(frozen=True)
class Line:
    """A rule of pg_hba.conf.

    :ivar address: empty for ``local``; with its mask after a slash
    :ivar mask_apart: the mask was a field of its own
    """

    kind: str
    databases: tuple[str, ...]
    users: tuple[str, ...]
    address: str
    method: str
    options: tuple[str, ...] = ()
    mask_apart: bool = False


def lines(given: object) -> Iterator[str]:
    """The lines of ``postgresql_hba``, of which an element may have several. What is not a list of texts is judged elsewhere."""
    for text in given if isinstance(given, list) else ():
        yield from (line.strip() for line in text.splitlines() if line.strip()) if isinstance(text, str) else ()


def fields(text: str) -> list[str]:
    """The fields of a line, without its comment. A space after a comma does not end a list."""
    found, position = [], 0
    text = re.sub(r",\s+", ",", text)
    while position < len(text) and text[position] != "#":
        field = _FIELD.match(text, position)
        if field:
            found.append(field[0])
            position = field.end()
        else:
            position += 1
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def parse(text: str) -> Line | None:
    """A line's rule; None for a comment, an include, and where fields are missing."""
    found = fields(text)
    kind = _bare(found[0]) if found else ""
    if kind == "local" and len(found) > 3:
        return Line(kind, _names(found[1]), _names(found[2]), "", _bare(found[3]), tuple(found[4:]))
    if kind not in NETWORK_TYPES or len(found) < 5:
        return None
    names = (_names(found[1]), _names(found[2]))
    if _is_address(found[3]) and _is_address(found[4]):
        return Line(kind, *names, f"{found[3]}/{found[4]}", _bare(found[5]), tuple(found[6:]), True) if len(found) > 5 else None
    return Line(kind, *names, _bare(found[3]), _bare(found[4]), tuple(found[5:]))


def problem(text: str) -> str:
    """Why PostgreSQL cannot read a line; empty where it can, and for comments."""
    found = fields(text)
    if not found:
        return ""
    kind = _bare(found[0])
    if kind in INCLUDES:
        return "" if len(found) == 2 else f"{kind} takes one file or folder"
    if kind not in ("local", *NETWORK_TYPES):
        return f"invalid connection type {kind!r} (local, {', '.join(NETWORK_TYPES)})"
    line = parse(text)
    if line is None:
        wanted = "databases, users, method" if kind == "local" else "databases, users, address, method"
        return f"fields are missing: {kind} takes {wanted}"
    return _address_problem(line) or _method_problem(line)


def _address_problem(line: Line) -> str:
    """A name, a keyword, an address with its mask; PostgreSQL resolves a name at each connection."""
    address, slash, mask = line.address.partition("/")
    if line.kind == "local":
        return ""
    if "," in line.address:
        return "a line takes one address"
    if not slash and re.fullmatch(r"[0-9.]+", address) and not _is_address(address):
        return f"invalid address {address!r}"
    if not _is_address(address):
        return f"{address!r} is no IP address, and only an IP address has a mask" if slash else ""
    widest = 128 if ":" in address else 32
    if not slash:
        return f"the address has no mask: {address}/{widest} is this address alone"
    if mask.isdecimal() and mask.isascii():
        return "" if int(mask) <= widest else f"invalid mask in {line.address!r}"
    # In a field of its own a mask is an address; it may have holes.
    return "" if _is_address(mask) and (":" in mask) == (":" in address) and line.mask_apart else f"invalid mask in {line.address!r}"


def _method_problem(line: Line) -> str:
    method = line.method
    if method not in METHODS:
        return f"invalid authentication method {method!r} ({', '.join(METHODS)})"
    if method == "peer" and line.kind != "local":
        return "peer is for local connections only"
    if (method == "gss" and line.kind == "local") or (method == "cert" and line.kind != "hostssl"):
        return f"{method} is not for connections of the type {line.kind}"
    wrong = [option for option in line.options if "=" not in option]
    if wrong:
        return f"the option {wrong[0]!r} is not NAME=VALUE"
    given = [_bare(option.split("=", 1)[0]) for option in line.options]
    misplaced = [name for name in given if method not in _OPTIONS.get(name, METHODS)]
    if misplaced:
        return f"the option {misplaced[0]!r} is not for {method}"
    missing = [names for names in _REQUIRED.get(method, ()) if not set(names) & set(given)]
    return f"{method} needs the option {' or '.join(missing[0])}" if missing else ""


def _names(field: str) -> tuple[str, ...]:
    return tuple(_bare(name) for name in field.split(","))


def _bare(field: str) -> str:
    return field.replace('"', "")
