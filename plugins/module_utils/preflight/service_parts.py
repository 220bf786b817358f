# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of preflight that stand in the services' folders: ``services/<service>/<part>.py``.

A part that cannot be used is left out, and preflight reports it (:data:`BROKEN`): nothing of a site is changed then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from .findings import Code
from .rules import Area

_UTILS = Path(__file__).absolute().parent.parent
#: Part -> the folder of the services that has it, and what its readers use of it.
PARTS: dict[str, tuple[str, Callable[[ModuleType], str]]] = {}
#: (file, what is wrong) of the parts that were left out.
BROKEN: list[tuple[str, str]] = []


def modules(part: str) -> tuple[ModuleType, ...]:
    """A part of all services that have it and with which nothing is wrong, in the order of their names.

    :param part: ``preflight`` (``AREA``: rules for an inventory), ``host_checks`` (``CODES``, ``findings(answers)``: what hosts answered)
    """
    folder, _problem = PARTS[part]
    names = sorted(path.parent.name for path in (_UTILS / folder).glob(f"*/{part}.py"))
    return tuple(module for name in names for module in loaded(name, part, BROKEN))


def host_facts(service: str) -> list[tuple[str, str]]:
    """What is wrong with what a service's hosts are asked."""
    broken: list[tuple[str, str]] = []
    list(loaded(service, "host_facts", broken))
    return broken


def loaded(
    service: str, part: str, broken: list[tuple[str, str]], load: Callable[[str], ModuleType] = import_module
) -> Iterator[ModuleType]:
    """One part of a service; nothing where it cannot be used, which ``broken`` then says."""
    folder, problem = PARTS[part]
    file = f"plugins/module_utils/{folder}/{service}/{part}.py"
    try:
        module = load(f"{__name__.rpartition('.preflight.')[0]}.{folder.replace('/', '.')}.{service}.{part}")
    except Exception as error:  # whatever the file does
        place = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error).partition("\n")[0]
        broken.append((file, f"cannot be imported: {type(error).__name__}: {said}{place}"))
        return
    wrong = problem(module)
    if wrong:
        broken.append((file, wrong))
    else:
        yield module


def _codes(given: object) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(code, Code) for code in given)


def _of_inventory(module: ModuleType) -> str:
    area = getattr(module, "AREA", None)
    if not isinstance(area, Area):
        return "has no AREA that is an Area of preflight.rules"
    good = _codes(area.codes) and isinstance(area.rules, list | tuple) and all(callable(rule) for rule in area.rules)
    return "" if good else "has an AREA whose codes are not all Code, or whose rules are not all functions"


def _of_hosts(module: ModuleType) -> str:
    if not _codes(getattr(module, "CODES", None)):
        return "has no CODES that are a tuple of Code"
    return "" if callable(getattr(module, "findings", None)) else "has no function findings(answers)"


def _of_facts(module: ModuleType) -> str:
    return "" if callable(getattr(module, "facts", None)) else "has no function facts(ctx, asked)"


PARTS |= {
    "preflight": ("services", _of_inventory),
    "host_checks": ("services", _of_hosts),
    "host_facts": ("agent/services", _of_facts),
}
