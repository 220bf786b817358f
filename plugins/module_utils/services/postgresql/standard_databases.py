# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that every cluster has. They may have settings and contents, and stay the server's.

Patroni, pg_rewind and this collection connect to ``postgres``; ``template1`` is copied into each new database, with what is in it on
purpose; ``template0`` is what initdb made, for databases in another encoding
(https://www.postgresql.org/docs/17/manage-ag-templatedbs.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules.entries import entries
from ...preflight.rules.places import place
from .databases import GROUP

CODES = (
    Code(
        "database-reserved",
        "An entry of postgresql_databases drops a database that belongs to the server (postgres, template1), changes its owner or"
        " limits it; or it names template0, which stays as it was created.",
        "Write only settings, extensions, schemas and grants in an entry for postgres or template1. For anything else,"
        " use a database of your own.",
    ),
)

#: Those that take connections.
STANDARD = frozenset({"postgres", "template1"})
#: What the server decides; and the value that changes nothing.
_FIXED = {"owner": "postgres", "encoding": None, "locale": None, "connection_limit": -1, "state": "present"}


def check_standard(site: Site) -> Iterator[Finding]:
    """Each entry that would change what is the server's."""
    variable = "postgresql_databases"
    for host in site.members(GROUP):
        where, _name, source = place(site, host, (variable,), GROUP)
        for index, entry in enumerate(entries(host.known(variable))):
            name, at = entry.get("name"), f"{variable}[{index}]"
            if name == "template0":
                problem = "template0 stays as the server created it: databases in another encoding are created from it."
                yield Finding(
                    "database-reserved", where, f"{at}.name", problem, "write an entry for template1, or for a database of your own", source
                )
            elif isinstance(name, str) and name in STANDARD:
                for key, same in _FIXED.items():
                    value = entry.get(key)
                    if value is not None and value is not UNKNOWN and value != same:
                        problem = f"{name} belongs to the server, and {key} of it is not changed here."
                        yield Finding("database-reserved", where, f"{at}.{key}", problem, f"remove {key} from the entry", source)


RULES = (check_standard,)
