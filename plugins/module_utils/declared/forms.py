# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data against a type: ``TypedDict``, ``Literal``, lists, unions, and what ``Annotated`` adds to them with a :class:`Check`.

So that a form is written once: mypy reads the type, and this module holds a role's ``meta/exports.yml`` against it. A text that is a
template counts as anything, because what it gives is not known yet, unless the type says :data:`PLAIN`.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NotRequired


@dataclass(frozen=True)
class Known:
    """What the names in a role's declarations may be.

    :ivar groups: of inventories; empty where they are not looked at: a template's result may hold hosts and groups of a site's own
    :ivar options: the role's public variables; empty where they are not looked at
    """

    groups: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Check:
    """What a value has to be beside its type.

    :ivar what: in a message, behind "must be"
    :ivar accepts: the value, and what names there are
    :ivar plain: whether a template is refused
    """

    what: str
    accepts: Callable[[Any, Known], bool] = field(default=lambda _value, _known: True)
    plain: bool = False


#: Read before any host's variables are known.
PLAIN = Check("a text without a template", plain=True)


def is_template(value: Any) -> bool:
    """Whether what a value will be is not known: a template, or what preflight has for what only the host checks can tell."""
    return isinstance(value, Enum) or (isinstance(value, str) and ("{{" in value or "{%" in value))


def problems(value: Any, form: Any, path: str, known: Known) -> Iterator[str]:
    """What of a value is not of a form, each with its path. No text quotes a value, which may be a secret.

    :param form: a type, as in an annotation
    """
    checks = [check for check in getattr(form, "__metadata__", ()) if isinstance(check, Check)]
    whole = form
    while getattr(form, "__metadata__", None):
        form = form.__origin__
    if is_template(value):
        yield from (f"{path} must be {check.what}" for check in checks if check.plain)
        return
    found = list(_of_type(value, form, path, known))
    yield from [f"{path} must be {described(whole)}"] if found and checks else found
    if not found:
        yield from [f"{path} must be {check.what}" for check in checks if not check.accepts(value, known)][:1]


def described(form: Any) -> str:
    """A form for a person."""
    checks = [check for check in getattr(form, "__metadata__", ()) if isinstance(check, Check) and not check.plain]
    if checks:
        return checks[-1].what
    while getattr(form, "__metadata__", None):
        form = form.__origin__
    origin, arguments = typing.get_origin(form), typing.get_args(form)
    if origin is typing.Literal:
        return ("one of " if len(arguments) > 1 else "") + ", ".join(map(str, arguments))
    if origin in (typing.Union, UnionType):
        return " or ".join(described(one) for one in arguments)
    if origin is list:
        return "a list"
    if origin is dict or typing.is_typeddict(form):
        return "a mapping"
    return {str: "a text", int: "a whole number", bool: "true or false", NoneType: "nothing"}.get(form, "something else")


def kind_of(value: Any) -> str:
    """What a value is, for a person: the names of Python's and Ansible's types mean nothing in YAML."""
    for kind, said in (
        (bool, "true or false"),
        (str, "a text"),
        (int | float, "a number"),
        (Mapping, "a mapping"),
        (list | tuple, "a list"),
    ):
        if isinstance(value, kind):
            return said
    return "nothing" if value is None else "another value"


@cache
def keys(form: Any) -> dict[str, tuple[Any, bool]]:
    """Key of a ``TypedDict`` -> its form, and whether it has to be there."""
    found = {}
    for name, hint in typing.get_type_hints(form, include_extras=True).items():
        optional = typing.get_origin(hint) is NotRequired
        found[name] = (typing.get_args(hint)[0] if optional else hint, form.__total__ and not optional)
    return found


def _of_type(value: Any, form: Any, path: str, known: Known) -> Iterator[str]:
    """As :func:`problems`, of a form without checks and a value that is no template."""
    origin, arguments = typing.get_origin(form), typing.get_args(form)
    if form is Any:
        return
    if origin in (typing.Union, UnionType):
        yield from _of_any(value, arguments, path, known)
    elif origin is typing.Literal:
        if value not in arguments or isinstance(value, bool) != any(value is one for one in arguments if isinstance(one, bool)):
            yield f"{path} must be {described(form)}"
    elif origin is list and isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from problems(item, arguments[0], f"{path}[{number}]", known)
    elif origin is dict and isinstance(value, Mapping):
        for name, item in value.items():
            yield from problems(str(name), arguments[0], f"{path}: the key {name}", known)
            yield from problems(item, arguments[1], f"{path}.{name}", known)
    elif typing.is_typeddict(form) and isinstance(value, Mapping):
        yield from _of_keys(value, form, path, known)
    elif not (isinstance(form, type) and not typing.is_typeddict(form) and _is_a(value, form)):
        yield f"{path} must be {described(form)}"


def _of_any(value: Any, forms: tuple[Any, ...], path: str, known: Known) -> Iterator[str]:
    tried = [list(problems(value, form, path, known)) for form in forms]
    if all(tried):
        # Of a mapping or a list it is said what is wrong within it, by the form that it is nearest to.
        deep = [found for found in tried if found[0] != f"{path} must be {described(forms[tried.index(found)])}"]
        yield from (
            min(deep, key=len)
            if deep and isinstance(value, Mapping | list | tuple)
            else [f"{path} must be {' or '.join(map(described, forms))}"]
        )


def _of_keys(value: Mapping[Any, Any], form: Any, path: str, known: Known) -> Iterator[str]:
    expected = keys(form)
    for name in value:
        if name not in expected:
            yield f"{path} has the key {name}: it may have {', '.join(expected)}"
    for name, (hint, required) in expected.items():
        if name in value:
            yield from problems(value[name], hint, f"{path}.{name}", known)
        elif required:
            yield f"{path} has no {name}"


def _is_a(value: Any, form: type) -> bool:
    """``True`` is no number here."""
    return isinstance(value, form) and (form is bool or not isinstance(value, bool))
