# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and databases as they are wanted and as they are, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ...definition import State
from ...facts import Peer

Attribute = Literal["login", "superuser", "createdb", "createrole", "replication", "connection_limit"]
Kind = Literal["database", "schema", "tables", "sequences"]


class Role(TypedDict):
    """An entry of ``roles`` with every option, see the module ``postgresql_objects``."""

    name: str
    state: State
    password: str | None
    login: bool
    superuser: bool | None
    createdb: bool | None
    createrole: bool | None
    replication: bool | None
    connection_limit: int | None
    settings: dict[str, object]
    member_of: list[str]


class RoleNow(TypedDict):
    """A role of the server."""

    login: bool
    superuser: bool
    createdb: bool
    createrole: bool
    replication: bool
    connection_limit: int
    password: str | None
    bootstrap: bool
    settings: list[str] | None
    member_of: list[str]


class Schema(TypedDict):
    """A schema that is wanted."""

    name: str
    owner: str | None


class GivenGrant(TypedDict):
    """A grant as it is written."""

    role: str
    object: str
    privileges: list[str]


class Grant(GivenGrant):
    """A grant that was resolved, see :func:`.databases.parse_grant`."""

    kind: Kind
    schema: str


class _Database(TypedDict):
    name: str
    state: State
    owner: str | None
    encoding: str | None
    locale: str | None
    connection_limit: int | None
    extensions: list[str]
    schemas: list[Schema]
    settings: dict[str, object]
    drop_data: bool


class GivenDatabase(_Database):
    """An entry of ``databases`` with every option."""

    grants: list[GivenGrant]


class Database(_Database):
    """The same with its grants resolved."""

    grants: list[Grant]


class DatabaseNow(TypedDict):
    """A database of the server; grants are pairs of role and privilege."""

    owner: str
    encoding: str
    locale: str
    connection_limit: int
    template: bool
    connectable: bool
    settings: list[str] | None
    grants: list[list[str]]


class SchemaNow(TypedDict):
    """A schema of a database: numbers of its tables and sequences, and how many of them are granted (kind, role, privilege, number)."""

    owner: str
    grants: list[list[str]]
    tables: int
    sequences: int
    relations: list[list[Any]]


class Inside(TypedDict):
    """What is inside a database."""

    extensions: list[str]
    schemas: dict[str, SchemaNow]


class Dependent(TypedDict):
    """What depends on a role that is to go: ``is_database`` is the database that depends on it itself, else empty."""

    role: str
    database: str
    is_database: str
    how: str
    number: int


class Answer(TypedDict):
    """Whether the server leads, None where none was asked, and its version."""

    leader: bool | None
    version: str


class Position(TypedDict):
    """How far the data of a stopped member are."""

    timeline: int
    lsn: str


class Member(TypedDict, total=False):
    """The role's member on a host: whether it runs, and of a stopped one its data's position. Empty where there is none."""

    runs: bool
    newest: bool
    wal: Position | None


class Facts(TypedDict, total=False):
    """What the host checks get."""

    clusters: list[str]
    peers: dict[str, list[Peer]]
    leader: str | None
    member: Member
    watchdog: str


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class ObjectsParams(TypedDict):
    """Of ``postgresql_objects``."""

    port: int
    socket: str
    user: str
    wait: int
    roles: list[Role]
    databases: list[GivenDatabase]
