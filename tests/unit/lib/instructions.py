# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what stands after ``Fix:`` is an instruction, also where a text is put together when it is needed.

Each text that a unit test sees is looked at: findings of preflight and of the host checks, and errors of the agent and of the secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: What a person is told to do. A fix that begins with a noun leaves open whether it is to be written, removed or looked at.
VERBS = frozenset(
    (
        "add allow apply ask back begin bring call change check choose clear close comment compare configure connect converge "
        "copy correct create decide delete describe disable do download drain empty enable encrypt end enlarge ensure export "
        "fetch find fix follow forget free get give identify ignore include increase indent install keep leave let list load log "
        "look lower make mark merge mount move name open pass pause pin plan point prepare provide push put raise reach "
        "read rebuild reduce remove rename renew repair replace report rerun restart restore return revoke run save see "
        "send serve set sign start stop store take tell touch try turn type unset update upgrade use verify wait write"
    ).split()
)


def is_instruction(fix: str) -> bool:
    """Whether a text begins with an imperative verb. A colon behind the first word makes it a name: ``name: text``."""
    first = re.match(r"([A-Za-z]+)(?![\w:.=/])", fix)
    return first is not None and first[1].lower() in VERBS


def of_message(text: str) -> list[str]:
    """What stands after ``Fix:`` in a message."""
    return [found.strip() for found in re.split(r"\bFix: ", text)[1:]]


@contextmanager
def watched() -> Iterator[list[str]]:
    """Fixes that are no instructions, of everything that is made meanwhile."""
    # Not before Ansible's plugin loader is set up, which every test waits for.
    from ansible.errors import AnsibleError
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Finding

    wrong: list[str] = []

    def finding(made: Any, *_given: Any) -> None:
        wrong.extend([] if is_instruction(made.fix) else [f"{made.code}: {made.fix}"])

    def error(made: Any, *given: Any) -> None:
        texts = [fix for text in given if isinstance(text, str) for fix in of_message(text)]
        wrong.extend(f"{type(made).__name__}: {fix}" for fix in texts if not is_instruction(fix))

    undo = [_after(Finding, finding), _after(AgentError, error), _after(AnsibleError, error)]
    try:
        yield wrong
    finally:
        for one in undo:
            one()


def _after(kind: type, look: Callable[..., None]) -> Callable[[], None]:
    """Have what is made looked at; the result undoes that."""
    before = kind.__init__  # type: ignore[misc]

    def init(made: Any, *given: Any, **named: Any) -> None:
        before(made, *given, **named)
        look(made, *given, *named.values())

    kind.__init__ = init  # type: ignore[misc]

    def undo() -> None:
        kind.__init__ = before  # type: ignore[misc]

    return undo
