# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts answered to the host checks: the input of all checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import effects
from . import changes as running
from . import closed
from .belonging import Belonging


@dataclass(frozen=True)
class Answer:
    """What one host answered."""

    host: str
    roles: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # as agent/host/facts.py gives them; empty where the host did not answer
    offset: float | None = None  # seconds its clock is ahead of the controller's
    bare: bool = False  # it has no python3, and check mode installs none: it was reached, and nothing more is known of it
    failure: str = ""  # why it did not answer
    reached: bool = False  # it failed although it was reached
    values: Callable[[str], Any] = lambda _name: None  # a variable of the host, defaults of its roles included; UNKNOWN without its facts
    survey: Mapping[str, Any] = field(default_factory=dict)  # where it was looked at more closely, with what its roles need
    ports: tuple[closed.Port, ...] | None = None  # that the firewall knows; None where the host is to have none
    admins: tuple[str, ...] | None = None  # addresses and networks for which its firewall opens SSH; None: any, or unknown
    belonging: Belonging = field(default_factory=Belonging)
    changes: tuple[effects.Change, ...] = ()  # what runs there and is not the inventory's
    left: tuple[running.Left, ...] = ()
    taken: tuple[running.Taken, ...] = ()  # ports of its services that another program has, where the host was asked who listens
    unrecorded: tuple[running.Unrecorded, ...] = ()  # what an older release made without recording its values

    def of_service(self, name: str) -> Mapping[str, Any]:
        """What the host said of one of its services (``host_facts`` of the role's exports); empty where it was not asked."""
        found = (self.facts.get("services") or {}).get(name)
        return found if isinstance(found, Mapping) else {}
