# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of a PostgreSQL server and what is made inside them: extensions, schemas, grants."""

from __future__ import annotations

from ...core.model import AgentError, Step
from . import settings as settings
from .psql import identifier, literal
from .roles import difference, run, settings_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from ...core.model import Context
    from .psql import Psql
    from .state import State
    from .types import Database, DatabaseNow, GivenGrant, Grant, Inside, Kind, SchemaNow

#: Privileges that ALL stands for. MAINTAIN came with PostgreSQL 17.
ALL: dict[Kind, list[str]] = {
    "database": ["CONNECT", "CREATE", "TEMPORARY"],
    "schema": ["CREATE", "USAGE"],
    "tables": ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
    "sequences": ["SELECT", "UPDATE", "USAGE"],
}
#: Other names of encodings, as PostgreSQL takes them (encnames.c in its source), without hyphens and underscores.
_ENCODINGS = {
    **{f"iso8859{part}": f"latin{number}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), 1)},
    **{f"windows{page}": f"win{page}" for page in (866, 874, *range(1250, 1259))},
    **{
        f"{prefix}{page}": name
        for prefix in ("win", "windows")
        for page, name in ((932, "sjis"), (936, "gbk"), (949, "uhc"), (950, "big5"))
    },
    **dict.fromkeys(("abc", "tcvn", "tcvn5712", "vscii"), "win1258"),
    **{"unicode": "utf8", "alt": "win866", "win": "win1251", "koi8": "koi8r", "mskanji": "sjis", "shiftjis": "sjis"},
}
#: Encodings that a database can be in (pg_wchar.h in PostgreSQL's source; others are the clients' only), as :func:`encoding_name` has them.
SERVER_ENCODINGS = frozenset(
    (
        *("sqlascii", "utf8", "muleinternal", "koi8r", "koi8u", "eucjp", "euccn", "euckr", "euctw", "eucjis2004", "win866", "win874"),
        *(f"latin{number}" for number in range(1, 11)),
        *(f"iso8859{part}" for part in range(5, 9)),
        *(f"win{page}" for page in range(1250, 1259)),
    )
)
_PREFIXES: dict[str, Kind] = {"schema ": "schema", "all tables in schema ": "tables", "all sequences in schema ": "sequences"}
#: What a new database has inside.
_PUBLIC: SchemaNow = {"owner": "pg_database_owner", "grants": [["public", "USAGE"]], "tables": 0, "sequences": 0, "relations": []}
_NEW: Inside = {"extensions": ["plpgsql"], "schemas": {"public": _PUBLIC}}


def parse_grant(database: str, grant: GivenGrant) -> Grant:
    """A grant with ``kind`` and ``schema`` beside its ``object``, privileges in capitals, ALL resolved.

    :raises AgentError: ``bad-grant``
    """
    on = grant["object"].strip()
    kind: Kind | None = "database" if on == "database" else None
    schema = ""
    for prefix, name in _PREFIXES.items():
        if on.lower().startswith(prefix):
            kind, schema = name, on[len(prefix) :].strip()
    if not kind or (kind != "database" and not schema):
        text = f"database {database}: a grant on {on!r}; write database, schema NAME, all tables in schema NAME"
        raise AgentError("bad-grant", f"{text} or all sequences in schema NAME")
    known = {*ALL[kind], *(["MAINTAIN"] if kind == "tables" else [])}
    privileges: set[str] = set()
    for given in grant["privileges"]:
        word = given.strip().upper()
        word = "TEMPORARY" if word == "TEMP" else word
        if word in ("ALL", "ALL PRIVILEGES"):
            privileges.update(ALL[kind])
        elif word in known:
            privileges.add(word)
        else:
            raise AgentError(
                "bad-grant", f"database {database}: {given!r} is not a privilege on {on}; write some of {', '.join(sorted(known))} or ALL"
            )
    return {"role": grant["role"], "kind": kind, "schema": schema, "privileges": sorted(privileges), "object": on}


def plan_databases(ctx: Context, psql: Psql, wanted: list[Database], state: State) -> Iterator[Step]:
    """Make the databases that are to be, and what is asked for inside them.

    :raises AgentError: ``postgresql-database-fixed``, ``postgresql-extension-missing``, ``postgresql-schema-missing``
    """
    for database in wanted:
        if database["state"] != "present":
            continue
        name = database["name"]
        now = state.databases.get(name)
        target = f"database {name}"
        if now is None:
            yield _create(ctx, psql, database)
        else:
            yield from _update(ctx, psql, database, now)
        found = settings.changes(target, database["settings"], now["settings"] if now else None)
        if found:
            yield settings_step(ctx, psql, "database", name, found)
        yield from _inside(ctx, psql, database, state)


def plan_drops(ctx: Context, psql: Psql, wanted: list[Database], state: State) -> Iterator[Step]:
    """Drop databases, where drop_data permits the loss of their data.

    :raises AgentError: ``postgresql-drop-refused``
    """
    for database in wanted:
        name = database["name"]
        if database["state"] != "absent" or name not in state.databases:
            continue
        if not database["drop_data"]:
            text = (
                f"database {name} exists and would be dropped with all its data: set drop_data: true beside state: absent if that is meant"
            )
            raise AgentError("postgresql-drop-refused", text)
        if name == "postgres" or state.databases[name]["template"]:
            raise AgentError("postgresql-drop-refused", f"database {name} belongs to the server: it cannot be dropped")
        target = f"database {name}"
        diff = difference(ctx, target, {"owner": state.databases[name]["owner"]}, {})
        yield Step("database", target, "remove", "with its data", diff, run(psql, [f"DROP DATABASE {identifier(name)}"]))


def settled(wanted: list[Database], state: State) -> set[str]:
    """Databases that the plan drops, or whose owner it changes: what depends on a role only there is no reason to keep the role."""
    gone = {item["name"] for item in wanted if item["state"] == "absent"}
    moved = {item["name"] for item in wanted if item["owner"] and state.databases.get(item["name"], item)["owner"] != item["owner"]}
    return gone | moved


def _create(ctx: Context, psql: Psql, database: Database) -> Step:
    shown = {key: database[key] for key in ("owner", "encoding", "locale", "connection_limit") if database[key] is not None}
    words = [f"CREATE DATABASE {identifier(database['name'])}"]
    if database["owner"]:
        words.append(f"OWNER {identifier(database['owner'])}")
    if database["encoding"] or database["locale"]:
        words.append("TEMPLATE template0")  # the only one that may be copied into another encoding or locale
    if database["encoding"]:
        words.append(f"ENCODING {literal(database['encoding'])}")
    if database["locale"]:
        words.append(f"LOCALE {literal(database['locale'])}")
    if database["connection_limit"] is not None:
        words.append(f"CONNECTION LIMIT {int(database['connection_limit'])}")
    target = f"database {database['name']}"
    return Step("database", target, "create", "", difference(ctx, target, {}, shown), run(psql, [" ".join(words)]))


def _update(ctx: Context, psql: Psql, database: Database, now: DatabaseNow) -> Iterator[Step]:
    name, target = database["name"], f"database {database['name']}"
    for option in ("encoding", "locale"):
        asked = database[option]
        if asked and encoding_name(asked) != encoding_name(now[option]):
            text = f"{target} has {option} {now[option]} and {asked} is requested; it cannot be changed"
            raise AgentError("postgresql-database-fixed", f"{text}: dump it and restore it into a new one, or remove the option")
    clauses: dict[Literal["owner", "connection_limit"], str] = {
        "owner": f"OWNER TO {identifier(database['owner'] or '')}",
        "connection_limit": f"CONNECTION LIMIT {database['connection_limit']}",
    }
    for option, clause in clauses.items():
        if database[option] is not None and database[option] != now[option]:
            diff = difference(ctx, target, {option: now[option]}, {option: database[option]})
            yield Step("database", target, "update", option, diff, run(psql, [f"ALTER DATABASE {identifier(name)} {clause}"]))


def encoding_name(text: str) -> str:
    """Encodings and locales are written in more than one way: UTF8, UTF-8 and unicode, C.UTF-8 and C.utf8."""
    plain = text.lower().replace("-", "").replace("_", "")
    return _ENCODINGS.get(plain, plain)


def _inside(ctx: Context, psql: Psql, database: Database, state: State) -> Iterator[Step]:
    name = database["name"]
    if not (database["extensions"] or database["schemas"] or database["grants"]):
        return
    now = state.inside.get(name)
    if now is None:
        if name in state.databases:
            raise AgentError(
                "postgresql-database-closed",
                f"database {name} accepts no connections (ALLOW_CONNECTIONS false): nothing can be created in it",
            )
        now = _NEW
    # First, because an extension goes into the first schema of search_path, which may be one of these.
    yield from _schemas(ctx, psql, database, now)
    for extension in database["extensions"]:
        if extension in now["extensions"]:
            continue
        if state.answers and extension not in state.available:
            text = f"database {name}: the extension {extension} is not on this host"
            raise AgentError(
                "postgresql-extension-missing", f"{text}: install its package (postgresql-<version>-...) on every member first"
            )
        statement = f"CREATE EXTENSION IF NOT EXISTS {identifier(extension)} CASCADE"
        yield Step("extension", f"database {name}", "create", f"extension {extension}", apply=run(psql, [statement], name))
    yield from _grants(psql, database, state.databases.get(name), now)


def _schemas(ctx: Context, psql: Psql, database: Database, now: Inside) -> Iterator[Step]:
    name, target = database["name"], f"database {database['name']}"
    for schema in database["schemas"]:
        there = now["schemas"].get(schema["name"])
        owner = schema["owner"]
        if there is None:
            statement = f"CREATE SCHEMA {identifier(schema['name'])}" + (f" AUTHORIZATION {identifier(owner)}" if owner else "")
            diff = difference(ctx, f"{target} schema {schema['name']}", {}, {"owner": owner or psql.user})
            yield Step("schema", target, "create", f"schema {schema['name']}", diff, run(psql, [statement], name))
        elif owner and owner != there["owner"]:
            statement = f"ALTER SCHEMA {identifier(schema['name'])} OWNER TO {identifier(owner)}"
            diff = difference(ctx, f"{target} schema {schema['name']}", {"owner": there["owner"]}, {"owner": owner})
            yield Step("schema", target, "update", f"schema {schema['name']}: owner", diff, run(psql, [statement], name))


def _grants(psql: Psql, database: Database, now: DatabaseNow | None, inside: Inside) -> Iterator[Step]:
    name, target = database["name"], f"database {database['name']}"
    coming = {schema["name"]: schema["owner"] or psql.user for schema in database["schemas"]}
    on_database = now["grants"] if now else [[database["owner"] or psql.user, privilege] for privilege in ALL["database"]]
    for grant in database["grants"]:
        kind, schema, role = grant["kind"], grant["schema"], grant["role"]
        there = inside["schemas"].get(schema)
        if schema and there is None and schema not in coming:
            text = f"{target}: a grant on {grant['object']}, and there is no such schema"
            raise AgentError("postgresql-schema-missing", f"{text}: name it in the database's schemas, or correct the grant")
        if kind == "database":
            held = {privilege for grantee, privilege in on_database if grantee == role}
        elif there is None:
            held = set(ALL[kind]) if kind != "schema" or coming[schema] == role else set()
        elif kind == "schema":
            held = {privilege for grantee, privilege in there["grants"] if grantee == role}
        else:
            every = there[kind]
            held = {item[2] for item in there["relations"] if item[0] == kind and item[1] == role and item[3] == every}
            held |= set() if every else set(grant["privileges"])
        missing = [privilege for privilege in grant["privileges"] if privilege not in held]
        if missing:
            objects = {
                "database": f"DATABASE {identifier(name)}",
                "schema": f"SCHEMA {identifier(schema)}",
                "tables": f"ALL TABLES IN SCHEMA {identifier(schema)}",
                "sequences": f"ALL SEQUENCES IN SCHEMA {identifier(schema)}",
            }
            to = "PUBLIC" if role == "public" else identifier(role)
            statement = f"GRANT {', '.join(missing)} ON {objects[kind]} TO {to}"
            detail = f"{', '.join(missing)} on {grant['object']} to {role}"
            yield Step("grant", target, "grant", detail, apply=run(psql, [statement], name))
