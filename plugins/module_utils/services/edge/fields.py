# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of an entry of ``edge_sites``, each of its type. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class BadSiteError(ValueError):
    """An entry is not a site. ``path`` is where in it, ``problem`` what is wrong, ``fix`` what to write."""

    def __init__(self, path: str, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem}. Fix: {fix}")
        self.path, self.problem, self.fix = path, problem, fix


def refuse_unknown(where: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """:raises BadSiteError: a key is not known"""
    for key in given:
        if key not in known:
            raise BadSiteError(_at(where, str(key)), "there is no such key", f"use one of {', '.join(known)}")


def text(entry: Mapping[str, Any], key: str, default: str = "", choices: Collection[str] = (), where: str = "") -> str:
    """A text, one of ``choices`` where there are some.

    :raises BadSiteError: it is not
    """
    value = entry.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadSiteError(_at(where, key), "this is not a text", f"set {key}: a text")
    if choices and value not in choices:
        raise BadSiteError(_at(where, key), f"{value!r} is not one of {', '.join(choices)}", f"set {key}: one of {', '.join(choices)}")
    return str(value)


def truth(entry: Mapping[str, Any], key: str, default: bool, where: str = "") -> bool:
    """:raises BadSiteError: the value is neither true nor false"""
    value = entry.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadSiteError(_at(where, key), f"{value!r} is neither true nor false", "write true or false")
    return value


def number(entry: Mapping[str, Any], key: str, low: int, high: int, default: int, where: str = "") -> int:
    """:raises BadSiteError: the value is not a whole number from ``low`` to ``high``"""
    value = entry.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadSiteError(
            _at(where, key), f"{value!r} is not a whole number from {low} to {high}", f"set {key}: a number from {low} to {high}"
        )
    return value


def listed(entry: Mapping[str, Any], key: str, where: str = "") -> list[Any]:
    """:raises BadSiteError: the value is not a list"""
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise BadSiteError(_at(where, key), "this is not a list", f"set {key}: a list")
    return list(value)


def mapping(entry: Mapping[str, Any], key: str, where: str = "") -> Mapping[str, Any]:
    """:raises BadSiteError: the value is not a mapping"""
    value = entry.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadSiteError(_at(where, key), "this is not a mapping", f"set {key}: a mapping")
    return value


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
