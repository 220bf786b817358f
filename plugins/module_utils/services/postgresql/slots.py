# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permanent replication slots. Patroni leaves out what it does not understand, and says so in its own log only, every few seconds.

``Cluster._merge_permanent_slots`` of patroni/dcs/__init__.py, of Patroni 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.nearby import Names
from ...preflight.rules.entries import entries, is_open
from ...preflight.rules.places import place
from .databases import GROUP
from .standard_databases import STANDARD

VARIABLE = "postgresql_slots"

CODES = (
    Code(
        "database-slot-invalid",
        "An entry of postgresql_slots is not one that Patroni creates a slot for: Patroni would "
        "ignore it, and report that only in its own log.",
        "Write a name of small letters, digits and _, with {type: physical} or {type: logical, database: x, plugin: pgoutput}.",
    ),
    Code(
        "database-slot-wal-level",
        "postgresql_slots has a logical slot, and wal_level is not logical: PostgreSQL would not create it.",
        "Set postgresql_settings: {wal_level: logical}.",
    ),
    Code(
        "database-slot-database-unknown",
        "A logical slot is for a database that postgresql_databases does not name, or has with state: absent: Patroni would not create the"
        " slot, and report that only in its own log.",
        "Add the database to postgresql_databases: a name alone leaves one that exists as it is.",
    ),
)

_NAME = re.compile(r"[a-z0-9_]{1,63}")
_TYPES = ("physical", "logical")
_LOGICAL = "{type: logical, database: x, plugin: pgoutput}"


def check_slots(site: Site) -> Iterator[Finding]:
    """Each slot that would not be made."""
    members = {_of_member(member.name) for member in site.members(GROUP)}
    for host in site.members(GROUP):
        given, settings, databases = host.known(VARIABLE), host.get("postgresql_settings"), _databases(host)
        where, _name, source = place(site, host, (VARIABLE,), GROUP)
        for key, slot in given.items() if isinstance(given, Mapping) else ():
            if slot is None or key is UNKNOWN:
                continue
            name = str(key)
            problem, fix = _invalid(name, slot, members)
            if problem:
                yield Finding("database-slot-invalid", where, f"{VARIABLE}.{name}", problem, fix, source)
                continue
            if not _is_logical(slot):
                continue
            if _wal_level(settings) not in ("logical", None):
                problem = "PostgreSQL creates no logical slot while wal_level is replica."
                fix = "set postgresql_settings: {wal_level: logical}; the members are restarted for it, one after the other"
                yield Finding("database-slot-wal-level", where, f"{VARIABLE}.{name}", problem, fix, source)
            database = slot.get("database")
            if databases is not None and isinstance(database, str) and database not in databases:
                problem, fix = _without_database(database, databases)
                yield Finding("database-slot-database-unknown", where, f"{VARIABLE}.{name}.database", problem, fix, source)


def _databases(host: Host) -> frozenset[str] | None:
    """Databases that a slot may be for; None where they cannot all be told."""
    given = host.get("postgresql_databases")
    listed = entries(given)
    if is_open([given, *(entry.get(key) for entry in listed for key in ("name", "state"))]):
        return None
    return STANDARD | {str(entry.get("name")) for entry in listed if entry.get("state") != "absent"}


def _without_database(database: str, databases: frozenset[str]) -> tuple[str, str]:
    """What is wrong with a slot for a database that will not be there, and what to write."""
    if database == "template0":
        return "template0 takes no connections, so it has no slots.", "set database: the database whose changes are wanted"
    guess = Names(databases).closest(database, extra=1)
    hint = f" Did you mean {guess}?" if guess else ""
    problem = f"postgresql_databases does not name the database {database}, or has it with state: absent.{hint}"
    return problem, f"{f'set database: {guess}; or ' if guess else ''}add an entry {{name: {database}}} to postgresql_databases"


def _invalid(name: str, slot: Any, members: set[str]) -> tuple[str, str]:
    """What is wrong with a slot and what to write; empty texts where nothing is."""
    if not _NAME.fullmatch(name):
        return "this is not the name of a slot.", "use 1 to 63 small letters, digits and _"
    if slot is UNKNOWN:
        return "", ""
    if not isinstance(slot, Mapping):
        return "a slot is a mapping.", f"write {{type: physical}} or {_LOGICAL}"
    kind = slot.get("type")
    if kind is not UNKNOWN and kind is not None and kind not in _TYPES:
        return "type is neither physical nor logical.", "set type: physical, or type: logical"
    texts = {key: slot.get(key) for key in ("database", "plugin")}
    lacking = [key for key, value in texts.items() if value is not UNKNOWN and not (isinstance(value, str) and value)]
    if (kind == "logical" and lacking) or (kind is None and len(lacking) == 1):
        return f"a logical slot needs {' and '.join(lacking)}.", f"write {_LOGICAL}"
    if _is_logical(slot) and name in members:
        return "a member of the cluster has a physical slot of this name.", "use another name"
    return "", ""


def _is_logical(slot: Any) -> bool:
    """As Patroni tells it, where the type is not said."""
    if not isinstance(slot, Mapping):
        return False
    kind = slot.get("type")
    return kind == "logical" or (kind is None and bool(slot.get("database")) and bool(slot.get("plugin")))


def _of_member(name: str) -> str:
    """Patroni's name for the slot of a member (``slot_name_from_member_name``)."""
    return re.sub("[^a-z0-9_]", lambda found: "_" if found[0] in "-." else f"u{ord(found[0]):04d}", name.lower())[:64]


def _wal_level(settings: Any) -> str | None:
    """None where it is unknown."""
    if settings is UNKNOWN:
        return None
    given = {str(key).lower(): value for key, value in settings.items()} if isinstance(settings, Mapping) else {}
    value = given.get("wal_level", "replica")
    if value is UNKNOWN or (isinstance(value, str) and "{{" in value):
        return None
    return "replica" if value is None else str(value).strip().lower()


RULES = (check_slots,)
