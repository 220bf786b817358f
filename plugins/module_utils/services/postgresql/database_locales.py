# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locales of the cluster, its databases and its settings: names that Debian can generate, with a charset that fits the encoding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ...agent.services.postgresql.databases import encoding_name
from ...preflight.findings import Code, Finding
from ...preflight.known_locales import charset_of, parts, places
from ...preflight.model import Host, Site
from ...preflight.nearby import Names
from ...preflight.rules.entries import entries
from ...preflight.rules.places import place
from .databases import GROUP
from .locales import asked

CODES = (
    Code(
        "database-locale-unknown",
        "A locale that no supported Debian can generate: PostgreSQL would refuse the database, or not start with the setting.",
        "Use a name of the C library, such as de_DE.UTF-8; C.UTF-8 needs nothing.",
    ),
    Code(
        "database-locale-encoding",
        "A database's locale has another charset than its encoding: PostgreSQL would refuse to create it.",
        "Use the locale in the encoding's charset: de_DE.UTF-8, not de_DE.",
    ),
)

_VARIABLES = ("postgresql_databases", "postgresql_roles", "postgresql_initdb", "postgresql_settings")


@cache
def _names() -> Names:
    return Names(places())


def check_names(site: Site) -> Iterator[Finding]:
    """Every locale that the site asks for."""
    for host in site.members(GROUP):
        databases, roles, initdb, settings = (host.known(name) for name in _VARIABLES)
        for path, name in asked(databases, roles, initdb, settings):
            if charset_of(name) is not None:
                continue
            where, _variable, source = place(site, host, (path.partition(".")[0].partition("[")[0],), GROUP)
            meant = parts(name)[0] + parts(name)[2]
            near = meant if meant in _names() else _names().closest(meant)
            fix = f"use {near.partition('@')[0]}.UTF-8{''.join(near.partition('@')[1:])}" if near else "use a name such as de_DE.UTF-8"
            yield Finding("database-locale-unknown", where, path, f"Debian has no locale {name!r}.", fix, source)


def check_encodings(site: Site) -> Iterator[Finding]:
    """PostgreSQL takes no other encoding than the one of the locale's charset (initdb(1)); those of C and POSIX fit any."""
    for host in site.members(GROUP):
        where, _variable, source = place(site, host, ("postgresql_databases",), GROUP)
        own = _initdb(host).get("encoding")
        for index, entry in enumerate(entries(host.known("postgresql_databases"))):
            name, encoding = entry.get("locale"), entry.get("encoding") or own
            if entry.get("state") == "absent" or not isinstance(name, str) or not isinstance(encoding, str):
                continue
            charset = charset_of(name)
            if charset and (encoding_name(encoding) == "utf8") is not (charset == "UTF-8") and encoding_name(encoding) != "sqlascii":
                problem = f"the locale {name} is in {charset}, and the database's encoding is {encoding}."
                fix = (
                    f"use {parts(name)[0]}.UTF-8{parts(name)[2]}"
                    if charset != "UTF-8"
                    else f"set encoding: UTF8, or a locale in {encoding}"
                )
                yield Finding("database-locale-encoding", where, f"postgresql_databases[{index}].locale", problem, fix, source)


def _initdb(host: Host) -> Mapping[str, Any]:
    found = host.known("postgresql_initdb")
    return found if isinstance(found, Mapping) else {}


RULES = (check_names, check_encodings)
