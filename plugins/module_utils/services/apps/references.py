# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References in the environment of an app: to secrets of the site, to what its services export, to other apps. Pure.

${secret.NAME}              a secret of the site
${service.NAME.KEY}         what a service of the site says of itself: ${service.database.host}
${app.NAME.host}            the name under which other apps reach an app; also .port and .url (http://host:port)
${....|url}                 the same with what URLs keep for themselves escaped: a password in one needs it
$${                         a dollar sign and a brace
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_ANY = re.compile(r"\$(?P<kept>\$\{)|\$\{(?P<inside>[^}]*)\}|\$(?P<open>\{)")
_INSIDE = re.compile(r"(?P<kind>secret|service|app)\.(?P<name>[A-Za-z0-9_-]+)(?:\.(?P<key>[a-z0-9_]+))?(?P<url>\|url)?")
APP_KEYS = ("host", "port", "url")


@dataclass(frozen=True)
class Reference:
    """One reference; ``key`` is empty for a secret, ``escaped`` says that it stands in a URL."""

    kind: str
    name: str
    key: str = ""
    escaped: bool = False

    def __str__(self) -> str:
        """As it is written."""
        return ".".join(part for part in (self.kind, self.name, self.key) if part)


class BadReferenceError(ValueError):
    """What stands between the braces is not a reference; the text says so and quotes no more of the value."""


def read(text: str) -> Iterator[Reference]:
    """The references of a value.

    :raises BadReferenceError: one cannot be read
    """
    for found in _ANY.finditer(text):
        if found["kept"]:
            continue
        if found["open"]:
            raise BadReferenceError("a ${ has no }")
        yield _reference(found["inside"])


def _reference(inside: str) -> Reference:
    found = _INSIDE.fullmatch(inside)
    if not found:
        raise BadReferenceError(f"${{{inside}}} is not a reference")
    kind, key = found["kind"], found["key"] or ""
    if (kind == "secret") == bool(key):
        raise BadReferenceError(f"${{{inside}}} {'has a key too much' if key else 'names no key'}")
    if kind == "app" and key not in APP_KEYS:
        raise BadReferenceError(f"${{{inside}}}: an app has {', '.join(APP_KEYS)}")
    return Reference(kind, found["name"], key, bool(found["url"]))


def resolve(text: str, value_of: Callable[[Reference], str]) -> str:
    """A value with its references replaced; what they give is not read again.

    :param value_of: gives the value of one
    :raises BadReferenceError: one cannot be read
    """

    def replaced(found: re.Match[str]) -> str:
        if found["kept"]:
            return "${"
        if found["open"]:
            raise BadReferenceError("a ${ has no }")
        reference = _reference(found["inside"])
        value = value_of(reference)
        return quote(value, safe="") if reference.escaped else value

    return _ANY.sub(replaced, text)


def secret_names(entries: Any) -> list[str]:
    """Secrets that the apps of a catalogue refer to, each once. What cannot be read is left to preflight."""
    found: dict[str, None] = {}
    for entry in entries if isinstance(entries, list | tuple) else ():
        present = isinstance(entry, Mapping) and entry.get("state") != "absent"
        given = [entry.get(key) for key in ("environment", "secret_files", "basic_auth")] if present else []
        for value in (value for one in given if isinstance(one, Mapping) for value in one.values()):
            try:
                found |= dict.fromkeys(one.name for one in read(str(value)) if one.kind == "secret")
            except BadReferenceError:
                continue
    return list(found)
