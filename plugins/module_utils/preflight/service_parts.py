# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of preflight that stand in the services' folders: ``services/<service>/<part>.py``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

#: The folders of the services.
SERVICES = Path(__file__).absolute().parent.parent / "services"


def modules(part: str) -> tuple[ModuleType, ...]:
    """A part of all services that have it, in the order of their names.

    :param part: ``preflight`` (``AREA``: rules for an inventory), ``host_checks`` (``CODES``, ``findings(answers)``: what hosts answered)
    """
    parent = __name__.rpartition(".preflight.")[0]
    found = sorted(path.parent.name for path in SERVICES.glob(f"*/{part}.py"))
    return tuple(import_module(f"{parent}.services.{name}.{part}") for name in found)
