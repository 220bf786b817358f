# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that stand in the kinds of declarations: names, paths, ports, what a role may name."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from .. import ip_protocols
from ..secrets import generate
from .forms import PLAIN, Check, Known


def _matches(pattern: str, what: str) -> Check:
    return Check(what, lambda value, _known: re.fullmatch(pattern, value) is not None)


def _is_port(value: Any, _known: Known) -> bool:
    """A port, a range of ports, or nothing for a protocol without ports."""
    numbers = str(value).split("-")
    if value == "":
        return True
    good = len(numbers) <= 2 and all(text.isdecimal() and 0 < int(text) < 65536 for text in numbers)
    return good and int(numbers[0]) <= int(numbers[-1])


def _is_source(value: str, known: Known) -> bool:
    """A group, an address or a network. Hosts are a site's: a role names none."""
    if not known.groups or value == "any" or value in known.groups:
        return True
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _is_choice(choices: Any, what: str) -> Check:
    return Check(f"{what}: one of {', '.join(choices)}", lambda value, _known: value in choices)


Text = Annotated[str, _matches(r"(?s).*\S.*", "a text")]
Plain = Annotated[str, _matches(r"\S+", "a name"), PLAIN]
Path = Annotated[str, _matches(r"(?!.*/\.\.(?:/|$))/[^\x00-\x1f\x7f]*", "an absolute path")]
Amount = Annotated[int, Check("a whole number, 0 or more", lambda value, _known: value >= 0)]
Port = Annotated[int | str, Check("a port from 1 to 65535, a range such as 8000-8010, or empty without ports", _is_port)]
Proto = Annotated[int | str, Check("a protocol of IP, such as tcp", lambda value, _known: ip_protocols.protocol(value) is not None)]
Source = Annotated[str, Check("a group of the site map, an address or a network", _is_source)]
Unit = Annotated[str, _matches(r"[A-Za-z0-9:_.@\\-]+\.(?:service|socket|timer|path|mount)", "the full name of a unit, such as x.service")]
Duration = Annotated[str, _matches(r"(?:\d+(?:ms|[smhdwy]))+", "a duration of Prometheus, such as 5m")]
SecretKind = Annotated[str, _is_choice(generate.KINDS, "a kind of secret")]
SecretName = Annotated[str, _matches(r"[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and underscores")]
#: A public variable of the role; another name would never have a value.
Option = Annotated[
    str, Check("a variable in the role's argument_specs.yml", lambda value, known: not known.options or value in known.options)
]
#: A group of the site map.
Group = Annotated[Plain, Check("a group of the site map", lambda value, known: not known.groups or value in known.groups)]
