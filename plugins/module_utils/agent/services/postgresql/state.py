# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server has of what is asked about: one session, a line of JSON for the server and one for each database."""

from __future__ import annotations

from .psql import connect, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ...definition import Json
    from .psql import Psql
    from .types import Database, DatabaseNow, Dependent, Inside, Role, RoleNow

#: An entry of an access list names a role, or PUBLIC.
_GRANTEE = "CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END"
_SERVER = """\
SELECT jsonb_build_object(
  'recovery', pg_is_in_recovery(),
  'version', current_setting('server_version_num')::int,
  'roles', (SELECT coalesce(jsonb_object_agg(r.rolname, jsonb_build_object(
      'login', r.rolcanlogin, 'superuser', r.rolsuper, 'createdb', r.rolcreatedb, 'createrole', r.rolcreaterole,
      'replication', r.rolreplication, 'connection_limit', r.rolconnlimit, 'password', r.rolpassword, 'bootstrap', r.oid = 10,
      'settings', (SELECT s.setconfig FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0),
      'member_of', (SELECT coalesce(jsonb_agg(DISTINCT g.rolname), '[]')
                    FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
    )), '{{}}') FROM pg_authid r WHERE r.rolname IN ({roles})),
  'known_roles', (SELECT coalesce(jsonb_agg(rolname), '[]') FROM pg_roles WHERE rolname IN ({mentioned})),
  'dependents', (SELECT coalesce(jsonb_agg(d), '[]') FROM (
      SELECT r.rolname AS role, coalesce(b.datname, '') AS database, coalesce(o.datname, '') AS is_database,
             s.deptype AS how, count(*) AS number
      FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
      LEFT JOIN pg_database b ON b.oid = s.dbid LEFT JOIN pg_database o ON s.classid = 'pg_database'::regclass AND o.oid = s.objid
      WHERE r.rolname IN ({leaving}) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4) d),
  'databases', (SELECT coalesce(jsonb_object_agg(d.datname, jsonb_build_object(
      'owner', pg_get_userbyid(d.datdba), 'encoding', pg_encoding_to_char(d.encoding), 'locale', d.datcollate,
      'connection_limit', d.datconnlimit, 'template', d.datistemplate, 'connectable', d.datallowconn,
      'settings', (SELECT s.setconfig FROM pg_db_role_setting s WHERE s.setdatabase = d.oid AND s.setrole = 0),
      'grants', (SELECT coalesce(jsonb_agg(jsonb_build_array({grantee}, a.privilege_type)), '[]')
                 FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a)
    )), '{{}}') FROM pg_database d WHERE d.datname IN ({databases})),
  'available', (SELECT coalesce(jsonb_agg(name), '[]') FROM pg_available_extensions WHERE name IN ({extensions})));
"""
_DATABASE = """\
SELECT EXISTS(SELECT FROM pg_database WHERE datname = {name} AND datallowconn) AS found \\gset
\\if :found
{connect}SELECT jsonb_build_object(
  'database', current_database(),
  'extensions', (SELECT coalesce(jsonb_agg(extname), '[]') FROM pg_extension),
  'schemas', (SELECT coalesce(jsonb_object_agg(n.nspname, jsonb_build_object(
      'owner', pg_get_userbyid(n.nspowner),
      'grants', (SELECT coalesce(jsonb_agg(jsonb_build_array({grantee}, a.privilege_type)), '[]')
                 FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a),
      'tables', (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'f', 'p')),
      'sequences', (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'S'),
      'relations', (SELECT coalesce(jsonb_agg(jsonb_build_array(g.kind, g.grantee, g.privilege_type, g.number)), '[]') FROM (
          SELECT CASE c.relkind WHEN 'S' THEN 'sequences' ELSE 'tables' END AS kind,
                 {grantee} AS grantee, a.privilege_type,
                 count(DISTINCT c.oid) AS number
          FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END,
                                                                    c.relowner))) a
          WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') GROUP BY 1, 2, 3) g)
    )), '{{}}') FROM pg_namespace n WHERE n.nspname IN ({schemas})));
\\endif
"""


class State:
    """What is there. ``answers`` is false where no server was to be asked (check mode on a bare host): nothing is there then.

    Attributes: ``roles`` and ``databases`` by name, ``inside`` (database -> its extensions and schemas), ``known_roles`` (those
    of the mentioned roles that exist), ``dependents`` of the roles that are to go, ``available`` extensions, ``version`` as 170005.
    """

    def __init__(self, lines: list[Json] | None = None) -> None:
        server: Json = lines[0] if lines else {}
        self.answers = bool(lines)
        self.leader: bool | None = not server["recovery"] if lines else None
        self.version: int = server.get("version", 0)
        self.roles: dict[str, RoleNow] = server.get("roles", {})
        self.known_roles: set[str] = set(server.get("known_roles", ()))
        self.dependents: list[Dependent] = server.get("dependents", [])
        self.databases: dict[str, DatabaseNow] = server.get("databases", {})
        self.available: set[str] = set(server.get("available", ()))
        self.inside: dict[str, Inside] = _inside((lines or [])[1:])


def _inside(lines: list[Any]) -> dict[str, Inside]:
    return {line["database"]: line for line in lines}


def read(psql: Psql, roles: list[Role], databases: list[Database]) -> State:
    """Ask the server once.

    :raises Absent: it is not there
    :raises AgentError: ``postgresql-failed``
    """
    script = _SERVER.format(
        grantee=_GRANTEE,
        roles=_list(role["name"] for role in roles),
        mentioned=_list(mentioned(roles, databases)),
        leaving=_list(role["name"] for role in roles if role["state"] == "absent"),
        databases=_list(database["name"] for database in databases),
        extensions=_list(name for database in databases for name in database["extensions"]),
    )
    for database in databases:
        if database["state"] == "present" and (database["extensions"] or database["schemas"] or database["grants"]):
            names = {schema["name"] for schema in database["schemas"]} | {"public"}
            names |= {grant["schema"] for grant in database["grants"] if grant["schema"]}
            name = database["name"]
            script += _DATABASE.format(name=literal(name), connect=connect(name), schemas=_list(names), grantee=_GRANTEE)
    return State(psql.read(script))


def mentioned(roles: list[Role], databases: list[Database]) -> set[str]:
    """Every role that has to exist by the end."""
    names: set[str | None] = {group for role in roles if role["state"] == "present" for group in role["member_of"]}
    for database in databases:
        if database["state"] == "present":
            names |= {database["owner"], *(schema["owner"] for schema in database["schemas"])}
            names |= {grant["role"] for grant in database["grants"]}
    return {name for name in names if name and name != "public"}


def _list(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in sorted(set(names))) or "NULL"
