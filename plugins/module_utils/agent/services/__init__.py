# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools and APIs of services that are more than files and units: a folder each, named as the service.

A folder's ``calls.py`` has ``CALLS = {"name": function(params, ctx)}``: the module ``<folder>_<name>`` calls it. A function returns
``(steps, result)``; the result may be filled in by the steps. In check mode no step is applied. Only the folder that a call names is sent
to the host, with what it imports. ``restart.py`` and ``rivals.py`` are the parts of a unit's ``driver``.
``host_facts.py`` has ``facts(ctx, asked)``: what the host checks ask of the service's hosts (``host_facts`` of the role's exports).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def part(service: str, name: str) -> Any:
    """A file of a service's folder.

    :raises LookupError: this agent has none
    """
    if not service.isidentifier() or service.startswith("_"):
        raise LookupError(f"{service!r} is not the name of a service")
    full = f"{__package__}.{service}.{name}"
    try:
        return __import__(full, fromlist=["CALLS"])
    except ModuleNotFoundError as error:
        if error.name not in (full, full.rpartition(".")[0]):
            raise
        raise LookupError(f"there is no {service}/{name}.py") from error
