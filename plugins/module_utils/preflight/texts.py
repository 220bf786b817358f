# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts with a known origin, which decides what a message may quote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError


class Vaulted(str):
    """A text that came from an encrypted source."""

    __slots__ = ()


class Template(str):
    """A text that Ansible evaluates as a template."""

    __slots__ = ()


def is_template(text: str) -> bool:
    """Whether a text holds a Jinja expression or statement."""
    return "{{" in text or "{%" in text or "{#" in text


def has_control(text: str) -> bool:
    """Whether a text has a line break or another control character, which no line of a file can hold."""
    return any(ord(character) < 32 or ord(character) == 127 for character in text)


#: ``user:password@``, also in a URL. The digest of an image follows an @ too.
_LOGIN = re.compile(r"(?P<user>[^\s:/@'\"(]+):(?!//)(?P<password>\S+)@(?!sha256:)")
#: ``https://token@``
_TOKEN = re.compile(r"://[^\s:/@$]+@")


def masked(text: str) -> str:
    """A text without what looks like the password of a login in it. A reference such as ``${secret.name}`` shows none."""
    return _TOKEN.sub("://***@", _LOGIN.sub(lambda found: f"{found['user']}:***@", text))


def contains_template(value: Any) -> bool:
    """Whether a value, however deep, holds a template."""
    return any(isinstance(leaf, Template) for _path, _key, leaf in walk(value, ""))


@lru_cache(maxsize=4096)
def template_error(text: str) -> str | None:
    """Why a template does not parse, without quoting it; None when it does."""
    try:
        Environment().parse(text)  # nothing is rendered, so there is nothing to escape
    except TemplateSyntaxError as problem:
        return f"the Jinja expression does not parse (its line {problem.lineno})"
    return None


def walk(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """(path, key, leaf) of every leaf of a nested value; the items of a list have the list's own key."""
    yield from _walk(value, path, path)


def _walk(value: Any, path: str, key: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}", str(name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]", key)
    else:
        yield path, key, value
