# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: roles, databases and what is in them, on the server that leads.

State is read in one session; the same plan is the report, the diff and what is done.
"""

from __future__ import annotations

from ...core.model import AgentError
from . import databases as databases
from . import roles as roles
from . import settings as settings
from .psql import Absent, Psql, check_name, unreachable
from .state import State, mentioned, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...core.model import Context, Step
    from .types import Answer, Database, GivenDatabase, ObjectsParams, Role

#: Seconds between two questions to a server that does not answer yet.
INTERVAL = 0.5


def objects(params: ObjectsParams, ctx: Context) -> tuple[list[Step], Answer]:
    """Make the server have the roles and databases that are listed; what is not listed stays as it is.

    :param params: as the module ``postgresql_objects`` documents them, every option present
    :return: steps, and ``{leader, version}``; on a standby no steps and ``leader`` false, under check mode without a server ``leader`` null
    :raises AgentError: ``postgresql-unreachable``, ``postgresql-failed``, ``postgresql-setting-refused``, or why something that is listed
        cannot be
    """
    wanted_roles = [wanted_role(role) for role in params["roles"]]
    wanted_databases = [wanted_database(database) for database in params["databases"]]
    _once("role", wanted_roles)
    _once("database", wanted_databases)
    around = roles.circle({role["name"]: role["member_of"] for role in wanted_roles if role["state"] == "present"})
    if around:
        raise AgentError("membership-circle", f"roles would be members of themselves: {' in '.join(around)}; remove one member_of")
    psql = Psql(ctx, params["port"], params["socket"], params["user"])
    try:
        state = _await(ctx, psql, lambda: read(psql, wanted_roles, wanted_databases), params["wait"])
    except Absent as error:
        if not ctx.check:
            raise unreachable(psql, error) from error
        ctx.warn(f"PostgreSQL does not answer on port {psql.port} ({error}): everything is reported as to be created.")
        state = State()
    result: Answer = {"leader": state.leader, "version": _version(state.version)}
    if state.leader is False:
        return [], result
    _all_known(wanted_roles, wanted_databases, state)
    if state.answers:
        settings.try_all(psql, _settings(wanted_roles, wanted_databases, state))
    steps = list(roles.plan_roles(ctx, psql, wanted_roles, state))
    steps += databases.plan_databases(ctx, psql, wanted_databases, state)
    steps += databases.plan_drops(ctx, psql, wanted_databases, state)
    steps += roles.plan_removal(ctx, psql, wanted_roles, state, databases.settled(wanted_databases, state))
    return steps, result


def _settings(
    wanted_roles: list[Role], wanted_databases: list[Database], state: State
) -> list[tuple[str, str, dict[str, tuple[str | None, str | None]]]]:
    """Settings that will be changed, as :func:`settings.try_all` takes them."""
    found = []
    for kind, items, there in (("role", wanted_roles, state.roles), ("database", wanted_databases, state.databases)):
        for item in items:
            now, where = there.get(item["name"]), f"{kind} {item['name']}"
            if item["state"] == "present":
                found.append((where, kind, settings.changes(where, item["settings"], now["settings"] if now else None)))
    return found


def _await(ctx: Context, psql: Psql, ask: Callable[[], State], seconds: float) -> State:
    """What a server says. One that starts or that Patroni restarts gets some time to answer; check mode does not wait.

    :raises Absent: it did not answer in time
    """
    import time

    from ...core import waiting

    begun = time.monotonic()
    while True:
        try:
            return ask()
        except Absent as error:
            if ctx.check or not error.installed or time.monotonic() - begun >= seconds:
                raise
            waiting.tell(ctx, f"PostgreSQL to answer on port {psql.port}", begun, seconds, str(error))
        time.sleep(INTERVAL)


def wanted_role(role: Role) -> Role:
    """An entry of ``roles`` with every option. Preflight asks this too, before there is a server.

    :raises AgentError: ``bad-name``, ``bad-password``, ``bad-setting``, ``bad-limit``
    """
    name = check_name("role", role["name"])
    if role["state"] == "present" and (name.startswith("pg_") or name in ("public", "none")):
        raise AgentError("bad-name", f"role {name}: names that begin with pg_, public and none are PostgreSQL's own")
    for group in role["member_of"]:
        check_name(f"role {name}: member_of", group)
    if role["password"] is not None and (not role["password"] or "\x00" in role["password"]):
        raise AgentError("bad-password", f"role {name}: its password is empty; leave the option out where there is none")
    _check_limit(f"role {name}", role["connection_limit"])
    settings.changes(f"role {name}", role["settings"], None)
    return role


def wanted_database(database: GivenDatabase) -> Database:
    """An entry of ``databases`` with every option, its grants resolved. Preflight asks this too.

    :raises AgentError: ``bad-name``, ``bad-grant``, ``bad-setting``, ``bad-encoding``, ``bad-limit``
    """
    name = check_name("database", database["name"])
    for extension in database["extensions"]:
        check_name(f"database {name}: extension", extension)
    for schema in database["schemas"]:
        check_name(f"database {name}: schema", schema["name"])
    if database["encoding"] and databases.encoding_name(database["encoding"]) not in databases.SERVER_ENCODINGS:
        text = f"database {name}: {database['encoding']!r} is not an encoding that PostgreSQL supports for a database; write UTF8, LATIN1"
        raise AgentError("bad-encoding", f"{text} or another one of its table 'PostgreSQL Character Sets'")
    _check_limit(f"database {name}", database["connection_limit"])
    settings.changes(f"database {name}", database["settings"], None)
    resolved: Any = {**database, "grants": [databases.parse_grant(name, grant) for grant in database["grants"]]}
    made: Database = resolved
    return made


def _check_limit(where: str, limit: int | None) -> None:
    if limit is not None and limit < -1:
        raise AgentError("bad-limit", f"{where}: connection_limit {limit} is not a number of connections; write -1 for any number")


def _once(kind: str, items: Sequence[Role] | Sequence[Database]) -> None:
    names = [item["name"] for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AgentError("listed-twice", f"{kind} {', '.join(twice)} is listed twice: merge the entries")


def _all_known(wanted_roles: list[Role], wanted_databases: list[Database], state: State) -> None:
    if not state.answers:
        return
    coming = {role["name"] for role in wanted_roles if role["state"] == "present"}
    leaving = {role["name"] for role in wanted_roles if role["state"] == "absent"}
    unknown = mentioned(wanted_roles, wanted_databases) - coming - (state.known_roles - leaving)
    if unknown:
        text = f"no such role: {', '.join(sorted(unknown))}; a database, schema, grant or membership names it"
        raise AgentError("postgresql-role-missing", f"{text}: add it to the roles, or correct the name")


def _version(number: int) -> str:
    """170005 is 17.5."""
    return f"{number // 10000}.{number % 10000}" if number else ""


CALLS = {"objects": objects}
