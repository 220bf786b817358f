# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules across hosts, one module for each area that all services share; a service's own are in ``services/<service>/preflight.py``.

A rule is a pure function ``rule(site: Site) -> Iterable[Finding]``. An area's module has ``CODES`` and ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..findings import Code, Finding
from ..model import Site

Rule = Callable[[Site], Iterable[Finding]]


@dataclass(frozen=True)
class Area:
    """One chapter of the documentation."""

    title: str
    codes: tuple[Code, ...]
    rules: tuple[Rule, ...]
