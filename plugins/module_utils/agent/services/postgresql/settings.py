# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a role or a database: ``ALTER ... SET``, compared as the catalogue keeps them."""

from __future__ import annotations

from ...core.model import AgentError
from .psql import literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .psql import Psql

#: Settings that are lists of names: the catalogue quotes each name on its own (GUC_LIST_QUOTE in PostgreSQL's source, guc_tables.c).
LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")


def changes(where: str, wanted: Mapping[str, Any], stored: Sequence[str] | None) -> dict[str, tuple[str | None, str | None]]:
    """Settings that differ: name -> (value now, value wanted); None is not set. What is not wanted by name stays.

    :raises AgentError: ``bad-setting``
    """
    # The catalogue keeps a name as PostgreSQL spells it (TimeZone, DateStyle); case does not tell settings apart.
    now = {name.lower(): value for name, value in (entry.split("=", 1) for entry in stored or ())}
    found = {}
    for given, value in wanted.items():
        name = given.lower()
        if not name.replace("_", "").replace(".", "").isalnum() or not name.isascii():
            raise AgentError("bad-setting", f"{where}: {given!r} is not the name of a setting")
        text = None if value is None else _text(where, name, value)
        if _key(name, now.get(name)) != _key(name, text):
            found[name] = (now.get(name), text)
    return found


def statements(what: str, found: Mapping[str, tuple[str | None, str | None]]) -> list[str]:
    """The statements for :func:`changes`.

    :param what: ``ROLE "x"`` or ``DATABASE "x"``
    """
    made = []
    for name, (_before, text) in found.items():
        quoted = ".".join(f'"{part}"' for part in name.split("."))
        if text is None:
            made.append(f"ALTER {what} RESET {quoted}")
        else:
            values = ", ".join(literal(item) for item in names(text)) if name in LISTS else ""
            made.append(f"ALTER {what} SET {quoted} = {values or literal(text)}")
    return made


def try_all(psql: Psql, wanted: Sequence[tuple[str, str, Mapping[str, tuple[str | None, str | None]]]]) -> None:
    """Have the server that leads judge settings that will be set, before anything is: every error at once.

    PostgreSQL judges a value when it is set, so it is set and rolled back: for the session's own role, or the database ``postgres``.
    Its owner makes no difference to a value, and what it is for may not be there yet.

    :param wanted: (``role x`` or ``database x``, ``role`` or ``database``, :func:`changes`)
    :raises AgentError: ``postgresql-setting-refused``
    """
    whose = {"role": "ROLE CURRENT_USER", "database": 'DATABASE "postgres"'}
    tried = [(where, statement) for where, kind, found in wanted for statement in statements(whose[kind], found)]
    if not tried:
        return
    refusals = zip(tried, psql.attempt([statement for _where, statement in tried]), strict=True)
    said = [f"{where}: {why}" for (where, _statement), why in refusals if why]
    if said:
        text = "Nothing was changed. Correct settings in postgresql_roles and postgresql_databases, and run again"
        raise AgentError("postgresql-setting-refused", f"PostgreSQL refuses settings: {'; '.join(said)}. {text}")


def _text(where: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join('"' + item.replace('"', '""') + '"' for item in value) if name in LISTS else ", ".join(value)
    if not isinstance(value, str) or "\x00" in value:
        raise AgentError("bad-setting", f"{where}: the value of {name} is not a text, number, list of texts or null")
    return value


def _key(name: str, text: str | None) -> Any:
    if text is None or name not in LISTS:
        return text
    found = names(text)
    return [] if found == [""] else found  # an empty list is kept as one empty name


def names(text: str) -> list[str]:
    """A list of names as a setting writes it: ``"$user", public``. Quoted names stay as they are, others are lower-cased."""
    found, current, quoted, was_quoted = [], "", False, False
    position = 0
    while position < len(text):
        char = text[position]
        if quoted and char == '"' and text[position + 1 : position + 2] == '"':
            current += '"'
            position += 1
        elif char == '"':
            quoted, was_quoted = not quoted, True
        elif char == "," and not quoted:
            found.append(current if was_quoted else current.strip().lower())
            current, was_quoted = "", False
        elif quoted or not was_quoted or not char.isspace():
            current = "" if char.isspace() and not quoted and not current else current + char
        position += 1
    last = current if was_quoted else current.strip().lower()
    return [*found, last] if last or found or was_quoted else []
