# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of a variable does on a running site: the statements of ``meta/exports.yml`` and ``site_variables.yml``.

A role states the effect of each of its public variables (``effects``). The values of those that a running site must not change by
itself are recorded on each host once they run there (agent/core/values.py), and compared with the inventory before anything is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .task_types import Written

#: Effect -> what it means, as docs/day2.md has it.
EFFECTS = {
    "live": "applied at once; no service is interrupted",
    "reload": "applied by a reload of the service; open connections continue",
    "rolling": "waits for a restart of one member after the other, the leader last",
    "together": "all hosts have to change at the same time: a verb does it, or a maintenance window",
    "new": "read when a cluster or a site is created: refused afterwards",
}
#: A playbook; the action makes a whole command of it (controller/commands.py).
COMMAND = "playbooks/{}"
#: What a role may state beside ``effects``: facts of a host that a cluster knows, and other roles' variables that the role runs with.
IDENTITY, FOLLOWS, MEMBERSHIP = "identity", "follows", "membership"
_KEYS = {"effect", "verb", "waits", "why", "fix", "value", "line", "prefix", "secret", "judged_with"}


class EffectError(ValueError):
    """A statement is not as it must be; the text says which one and why."""


@dataclass(frozen=True)
class Statement:
    """What a role says of one variable.

    :ivar verb: the playbook that changes it on a running site; ``site.yml`` refuses it
    :ivar waits: the playbook that restarts what waits for it; ``site.yml`` puts it in place
    :ivar value: a template of what runs; empty for the variable itself
    :ivar line: path on the host and number of the line that shows the running value, as templates
    :ivar prefix: a list that may grow at its end
    :ivar secret: the value is a fingerprint, and no text shows it
    :ivar judged_with: the variable whose statement judges this one, too
    :ivar follows: a list of what other hosts have, who come and go: it differs where nothing of it is left
    """

    name: str
    effect: str
    verb: str = ""
    waits: str = ""
    why: str = ""
    fix: str = ""
    value: str = ""
    line: tuple[Any, ...] = ()
    prefix: bool = False
    secret: bool = False
    judged_with: str = ""
    follows: bool = False

    @property
    def recorded(self) -> bool:
        """Whether the running value is recorded, and another one refused."""
        return not self.judged_with and (self.effect == "new" or bool(self.verb))


def statements(effects: Mapping[str, Any], where: str = "effects") -> dict[str, Statement]:
    """The statements of a file.

    :raises EffectError: an effect or a key is unknown, or ``together`` does not say how
    """
    found = {}
    for name, said in effects.items():
        given = dict(said) if isinstance(said, Mapping) else {"effect": said}
        if set(given) - _KEYS or given.get("effect") not in EFFECTS:
            raise EffectError(f"{where}: {name}: an effect is one of {', '.join(EFFECTS)}, with {', '.join(sorted(_KEYS))}")
        options: Written = {key: tuple(value) if key == "line" else value for key, value in given.items()}
        statement = Statement(str(name), **options)
        if statement.effect == "together" and not (statement.verb or statement.waits):
            raise EffectError(f"{where}: {name}: together needs a verb, or waits for one")
        found[str(name)] = statement
    return found


def recorded(exports: Mapping[str, Any], where: str = "effects") -> dict[str, Statement]:
    """The statements of a role whose values are recorded, the host's identity and other roles' variables among them.

    A variable of another role that the role runs with is described by its owner: see :func:`described`.

    :param exports: the role's ``meta/exports.yml``
    """
    found = {name: one for name, one in statements(exports.get("effects") or {}, where).items() if one.recorded}
    for name, said in (exports.get(IDENTITY) or {}).items():
        found |= statements({name: {"effect": "new", **said}}, where)
    for name, value in (exports.get(FOLLOWS) or {}).items():
        found |= {name: Statement(str(name), "new", value=value, follows=True)}
    return found


def canonical(value: Any) -> str:
    """A value as it is recorded and compared: ``5432``, ``"5432"`` and ``-e`` text are one, and so are keys in any order."""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return str(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def same(statement: Statement, running: str, wanted: str) -> bool:
    """Whether a host may take the wanted value while the other one runs."""
    if running == wanted:
        return True
    if statement.follows:
        here, there = set(parts(running)), set(parts(wanted))
        return not here or not there or bool(here & there)
    if not statement.prefix:
        return False
    try:
        before, after = json.loads(running), json.loads(wanted)
    except ValueError:
        return False
    return isinstance(before, list) and isinstance(after, list) and after[: len(before)] == before


def parts(value: str) -> list[str]:
    """The texts of a recorded list of texts; of anything else the value itself."""
    try:
        found = json.loads(value) if value.startswith("[") else None
    except ValueError:
        found = None
    return found if isinstance(found, list) and all(isinstance(item, str) for item in found) else [value]


def shown(value: str, longest: int = 160) -> str:
    """A recorded value for a person: a list of one is that one."""
    text = ", ".join(parts(value))
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


@dataclass(frozen=True)
class Change:
    """One value that runs on a host and is not the inventory's."""

    variable: str
    role: str
    running: str
    wanted: str
    statement: Statement


def before(changes: Iterable[Change]) -> list[dict[str, int | str]]:
    """Overlays of variables: each old running value, for what must keep working until the new one runs."""
    found: list[dict[str, int | str]] = []
    for change in sorted(changes, key=lambda one: (one.variable, one.running)):
        for number in parts(change.running):
            overlay: dict[str, int | str] = {change.variable: int(number) if number.isdigit() else number}
            if number not in parts(change.wanted) and overlay not in found:
                found.append(overlay)
    return found


def described(statement: Statement, owner: Statement | None) -> Statement:
    """The statement of a variable that another role owns, with the owner's texts."""
    if owner is None or owner is statement:
        return statement
    return Statement(owner.name, owner.effect, verb=owner.verb, why=owner.why, fix=owner.fix, value=statement.value, follows=True)


def fix(statement: Statement, running: str = "") -> str:
    """What to do about a value that differs."""
    # To be copied: not truncated.
    back = f"set {statement.name}: {shown(running, 4000)}" if running and not statement.secret else "restore the value that runs"
    if statement.verb:
        return f"run {COMMAND.format(statement.verb)}, which changes it on the running site; or {back}"
    return f"{back}{'; ' + statement.fix if statement.fix else ''}"
