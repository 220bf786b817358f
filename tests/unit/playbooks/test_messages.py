# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each message with which a playbook or a role ends a run says what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
FILES = sorted([*REPOSITORY.glob("playbooks/**/*.yml"), *REPOSITORY.glob("roles/*/tasks/**/*.yml")])
#: A text that a module has made, with its own fixes: nothing but one template of a name.
FROM_A_MODULE = re.compile(r"\s*\{\{ \w+[\w.]*( \| join\('[^']*'\))? \}\}\s*", re.DOTALL)


def messages(tasks: Any) -> Iterator[str]:
    """What the tasks ``assert`` and ``fail`` of a file say, at any depth."""
    if isinstance(tasks, list):
        for item in tasks:
            yield from messages(item)
    if isinstance(tasks, dict):
        for key, value in tasks.items():
            if str(key).rpartition(".")[2] in ("assert", "fail") and isinstance(value, dict):
                yield str(value.get("fail_msg", value.get("msg", "")))
            yield from messages(value)


FOUND = [(path.relative_to(REPOSITORY), said) for path in FILES for said in messages(yaml.safe_load(path.read_text(encoding="utf-8")))]


def complete(said: str) -> bool:
    return "Fix: " in said or bool(FROM_A_MODULE.fullmatch(said))


@pytest.mark.parametrize(("path", "said"), FOUND, ids=[f"{path}-{number}" for number, (path, _said) in enumerate(FOUND)])
def test_a_message_has_a_fix(path: Path, said: str) -> None:
    assert complete(said), f"{path}: the message has no `Fix: `: {said or '(none)'}"


@pytest.mark.parametrize("said", ["", "Write -e postgresql_member=.", "{{ host }} cannot be reached; see above.", "{{ a }} and {{ b }}"])
def test_what_has_none(said: str) -> None:
    assert not complete(said)


def test_messages_are_found_at_any_depth() -> None:
    tasks = [{"block": [{"ansible.builtin.assert": {"that": "a", "fail_msg": "one"}}], "always": [{"fail": {"msg": "two"}}]}]
    assert list(messages(tasks)) == ["one", "two"]
    assert len(FOUND) > 30
