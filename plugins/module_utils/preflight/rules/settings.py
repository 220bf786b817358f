# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dicts of settings that are rendered whole: their values as numbers, and what no line of a file can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Code, Finding
from ..model import Site
from ..texts import has_control
from .places import place

CODES = (
    Code(
        "setting-line-break",
        "A name or a value in a dict of settings has a line break or another control character, and would become a line of its own in the"
        " service's file.",
        "Write the name or value on one line.",
    ),
)


def whole(value: Any) -> int | None:
    """A setting as a number: servers take 5 and "5" alike."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()) else None


def check_lines(site: Site) -> Iterator[Finding]:
    """Names and values of settings (``etcd_settings``, ``minio_settings`` and the like) that would end the line they are written to."""
    free = [name for name, option in site.schema.options.items() if option.type == "dict" and not option.options]
    for host in site.hosts.values():
        for variable in free:
            given = host.known(variable)
            for name, value in given.items() if isinstance(given, Mapping) else ():
                for text in (name, *(value if isinstance(value, list | tuple) else (value,))):
                    if isinstance(text, str) and has_control(text):
                        where, _name, source = place(site, host, (variable,), host.name)
                        path = f"{variable}.{_shown(name)}"
                        problem = "there is a line break or another control character in it, which would begin another setting."
                        yield Finding("setting-line-break", where, path, problem, f"set {path}: a text on one line", source)
                        break


def _shown(name: object) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in str(name))


RULES = (check_lines,)
