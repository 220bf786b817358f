# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locales that a site's variables ask of PostgreSQL: each member has to have them, because each may lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Options of initdb(1) and settings of the server whose values are locales of the C library. ``icu-locale`` and ``builtin-locale`` are not.
INITDB = ("locale", "lc-collate", "lc-ctype", "lc-messages", "lc-monetary", "lc-numeric", "lc-time")
SETTINGS = ("lc_messages", "lc_monetary", "lc_numeric", "lc_time")
#: What the C library has by itself.
BUILT_IN = frozenset({"c", "posix", "c.utf8", "c.utf-8"})


def asked(databases: Any, roles: Any, initdb: Any, settings: Any) -> Iterator[tuple[str, str]]:
    """(variable and path in it, name of a locale) of each that is asked for; what the type check refuses is left out.

    :param databases: ``postgresql_databases``
    :param roles: ``postgresql_roles``
    :param initdb: ``postgresql_initdb``
    :param settings: ``postgresql_settings``
    """
    yield from _values("postgresql_initdb", initdb, INITDB)
    yield from _values("postgresql_settings", settings, SETTINGS)
    for variable, listed in (("postgresql_databases", databases), ("postgresql_roles", roles)):
        for number, item in enumerate(listed if isinstance(listed, list | tuple) else ()):
            if isinstance(item, Mapping) and item.get("state") != "absent":
                if variable == "postgresql_databases":
                    yield from _values(f"{variable}[{number}]", item, ("locale",))
                yield from _values(f"{variable}[{number}].settings", item.get("settings"), SETTINGS)


def _values(where: str, given: Any, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(given, Mapping):
        for name, value in given.items():
            if str(name).lower() in names and isinstance(value, str) and value:
                yield f"{where}.{name}", value


def locales_of(databases: Any, roles: Any, initdb: Any, settings: Any) -> list[str]:
    """Names of the locales that have to be generated, each once, in order."""
    return sorted({name for _where, name in asked(databases, roles, initdb, settings) if name.lower() not in BUILT_IN})
