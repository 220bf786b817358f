# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of a PostgreSQL server: attributes, passwords, settings, memberships, removal."""

from __future__ import annotations

from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import settings as settings
from .psql import identifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from ...core.model import Context, Diff
    from .psql import Psql
    from .state import State
    from .types import Attribute, Role, RoleNow

#: Option -> the word that sets it; with NO before it, it is removed.
FLAGS: dict[Attribute, str] = {
    "login": "LOGIN",
    "superuser": "SUPERUSER",
    "createdb": "CREATEDB",
    "createrole": "CREATEROLE",
    "replication": "REPLICATION",
}
ATTRIBUTES: tuple[Attribute, ...] = (*FLAGS, "connection_limit")


def difference(ctx: Context, header: str, before: Mapping[str, object], after: Mapping[str, object]) -> Diff | None:
    """A diff of attributes, one line each."""
    if not ctx.diff:
        return None
    texts = ["".join(f"{key}: {value}\n" for key, value in values.items()) for values in (before, after)]
    return {"before_header": header, "after_header": header, "before": texts[0], "after": texts[1]}


def run(psql: Psql, statements: list[str], database: str = "postgres") -> Callable[[Context], None]:
    """What a step does: these statements."""

    def apply(_ctx: Context) -> None:
        psql.write(statements, database)

    return apply


def circle(member_of: dict[str, list[str]]) -> list[str]:
    """Roles that would be members of themselves, by way of others or not, which PostgreSQL refuses: each a member of the next.

    The first is the last, too; empty where there are none.
    """
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(member_of).prepare()
    except CycleError as error:
        return [str(name) for name in reversed(error.args[1])]
    return []


def plan_roles(ctx: Context, psql: Psql, wanted: list[Role], state: State) -> Iterator[Step]:
    """Make the roles that are to be: first all of them, then their memberships."""
    present = [role for role in wanted if role["state"] == "present"]
    for role in present:
        now = state.roles.get(role["name"])
        if now is None:
            yield _create(ctx, psql, role)
        else:
            yield from _update(ctx, psql, role, now)
        found = settings.changes(f"role {role['name']}", role["settings"], now["settings"] if now else None)
        if found:
            yield settings_step(ctx, psql, "role", role["name"], found)
    for role in present:
        there = state.roles.get(role["name"])
        now_in = there.get("member_of", ()) if there else ()
        for group in role["member_of"]:
            if group not in now_in:
                statement = f"GRANT {identifier(group)} TO {identifier(role['name'])}"
                yield Step("membership", f"role {role['name']}", "grant", f"member of {group}", apply=run(psql, [statement]))


def settings_step(ctx: Context, psql: Psql, kind: str, name: str, found: dict[str, tuple[str | None, str | None]]) -> Step:
    """The step that changes the settings of a role or a database."""
    target = f"{kind} {name}"
    before = {key: value[0] for key, value in found.items() if value[0] is not None}
    after = {key: value[1] for key, value in found.items() if value[1] is not None}
    statements = settings.statements(f"{kind.upper()} {identifier(name)}", found)
    return Step("setting", target, "update", ", ".join(found), difference(ctx, target, before, after), run(psql, statements))


def _clauses(values: Mapping[str, Any]) -> str:
    words = [word if values[name] else f"NO{word}" for name, word in FLAGS.items() if name in values]
    if "connection_limit" in values:
        words.append(f"CONNECTION LIMIT {int(values['connection_limit'])}")
    return " ".join(words)


def _alter(psql: Psql, verb: str, name: str, clauses: str, password: str | None) -> Callable[[Context], None]:
    def apply(_ctx: Context) -> None:
        from . import scram as scram
        from .psql import literal

        secret = "" if password is None else f" PASSWORD {literal(scram.new(password))}"
        psql.write([f"{verb} ROLE {identifier(name)} {clauses}{secret}"])

    return apply


def _create(ctx: Context, psql: Psql, role: Role) -> Step:
    values: dict[str, object] = {name: role[name] for name in ATTRIBUTES if role[name] is not None}
    target = f"role {role['name']}"
    shown = values | ({} if role["password"] is None else {"password": "(set)"})
    diff = difference(ctx, target, {}, shown)
    return Step("role", target, "create", "", diff, _alter(psql, "CREATE", role["name"], _clauses(values), role["password"]))


def _update(ctx: Context, psql: Psql, role: Role, now: RoleNow) -> Iterator[Step]:
    values: dict[str, object] = {name: role[name] for name in ATTRIBUTES if role[name] is not None and role[name] != now[name]}
    password = role["password"]
    if password is not None:
        from . import scram as scram

        if scram.matches(now["password"], password):
            password = None
    if not values and password is None:
        return
    if now["bootstrap"] and ("superuser" in values or "login" in values):
        raise AgentError(
            "postgresql-bootstrap-role", f"role {role['name']} is the server's own superuser: it cannot lose superuser or login"
        )
    target = f"role {role['name']}"
    before: dict[str, object] = {name: now[name] for name in ATTRIBUTES if name in values}
    after = dict(values)
    if password is not None:
        before["password"], after["password"] = "(set)" if now["password"] else "(none)", "(another)"
    diff = difference(ctx, target, before, after)
    yield Step("role", target, "update", ", ".join(after), diff, _alter(psql, "ALTER", role["name"], _clauses(values), password))


def plan_removal(ctx: Context, psql: Psql, wanted: list[Role], state: State, settled: set[str]) -> Iterator[Step]:
    """Remove roles that nothing depends on.

    :param settled: databases that this plan drops or gives another owner
    :raises AgentError: ``postgresql-role-in-use``, ``postgresql-bootstrap-role``
    """
    for role in wanted:
        name = role["name"]
        if role["state"] != "absent" or name not in state.roles:
            continue
        if state.roles[name]["bootstrap"]:
            raise AgentError("postgresql-bootstrap-role", f"role {name} is the server's own superuser: it cannot be removed")
        held = _held(name, state, settled)
        if held:
            quoted = identifier(name)
            text = (
                f"role {name} cannot be removed: {'; '.join(held)}. If that is meant, run `REASSIGN OWNED BY {quoted} TO another; "
                f"DROP OWNED BY {quoted}` in each of these databases, give a database another owner, then run again"
            )
            raise AgentError("postgresql-role-in-use", text)
        target = f"role {name}"
        diff = difference(ctx, target, {key: state.roles[name][key] for key in ATTRIBUTES}, {})
        yield Step("role", target, "remove", "", diff, run(psql, [f"DROP ROLE {identifier(name)}"]))


def _held(name: str, state: State, settled: set[str]) -> list[str]:
    words = {"o": "owns", "a": "has privileges on", "r": "is named in policies of", "i": "has initial privileges on"}
    held = []
    for item in state.dependents:
        if item["role"] != name or item["database"] in settled:
            continue
        verb = words.get(item["how"], "is used by")
        if not item["is_database"]:
            held.append(f"it {verb} {counted(item['number'], 'object')} in database {item['database']}")
        elif item["is_database"] not in settled:
            held.append(f"it {verb} database {item['is_database']}")
    return held
