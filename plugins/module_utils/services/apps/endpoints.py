# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``${service.NAME.KEY}`` stands for: the export ``endpoints`` of the site's roles, and services that the inventory declares. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...task_types import Written


def services(exported: Iterable[Mapping[str, Any]], declared: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Written]:
    """Service -> its values.

    :param exported: ``name`` and ``values`` of each host, in the inventory's order. The values of the first host count; ``hosts`` lists
        all of them as ``host:port,host:port``, as libpq and others accept them.
    :param declared: the inventory's own, which take precedence
    """
    found: dict[str, Written] = {}
    members: dict[str, list[str]] = {}
    for item in exported:
        name, values = str(item["name"]), dict(item["values"])
        found.setdefault(name, values)
        if "host" in values and "port" in values:
            members.setdefault(name, []).append(f"{values['host']}:{values['port']}")
    for name, listed in members.items():
        found[name].setdefault("hosts", ",".join(dict.fromkeys(listed)))
    return found | {str(name): dict(values) for name, values in (declared or {}).items()}
