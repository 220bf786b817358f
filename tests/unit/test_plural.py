# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number and its noun agree: ``1 bucket``, ``2 buckets``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.plural import counted

ROOT = Path(__file__).resolve().parents[2]
#: Behind a number in a text: the plural of what is counted in messages.
NOUNS = (
    "buckets bytes characters connections days drives errors files hosts items members modules objects packages rules senders servers"
    " standbys steps tags times tries users versions warnings"
).split()
PLURAL = re.compile(rf" (?:[a-z]+ )?(?:{'|'.join(NOUNS)})\b", re.IGNORECASE)
#: Never one: limits of this collection, clusters that are even or of more than one member, and what stands behind more than one.
NEVER_ONE = {
    "plugins/module_utils/agent/services/etcd/remove.py": ["len(voters)", "len(others)"],
    "plugins/module_utils/services/etcd/preflight.py": ["count", "count + 1"],
    "plugins/module_utils/services/minio/preflight.py": ["pool.total", "pool.total + 1", "pool.set_size", "size"],
    "plugins/module_utils/preflight/formation.py": ["len(cluster.members)"],
    "plugins/module_utils/preflight/rules/authority.py": ["WARNED.days"],
    "plugins/module_utils/preflight/rules/safety.py": ["len(members)"],
    "plugins/module_utils/agent/services/minio/seal.py": ["len(data)"],
    "plugins/module_utils/agent/services/minio/users.py": ["_ACCOUNT_SECRET", "_ACCESS_LOW", "_SECRET_LOW"],
    "plugins/module_utils/agent/resources/files.py": ["artifact.get('size', '?')"],
    "plugins/module_utils/artifacts/build.py": ["len(packages)"],
    "plugins/callback/console.py": ["self._task_hosts"],
}
#: A number by its expression; names of constants, and of what is no number, are none.
NUMBER = re.compile(r"len\(|count|number|total|size|\b(?:days|lag|drives|kept|nodes|standbys|modules|restarts|seen)\b|\d")


@pytest.mark.parametrize(("number", "text"), [(0, "0 hosts"), (1, "1 host"), (2, "2 hosts"), (1.0, "1.0 host"), (2.5, "2.5 hosts")])
def test_counted(number: float, text: str) -> None:
    assert counted(number, "host") == text


def test_another_plural() -> None:
    assert [counted(number, "try", "tries") for number in (1, 2)] == ["1 try", "2 tries"]


def numbered(path: Path) -> Iterator[tuple[int, str]]:
    """Numbers in the texts of a file with a plural behind them: line and expression."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant) and PLURAL.match(str(text.value)):
                said = ast.unparse(value.value)
                if NUMBER.search(said):
                    yield node.lineno, said


def test_no_text_counts_without_it() -> None:
    found = []
    for path in sorted(ROOT.glob("plugins/**/*.py")):
        name = str(path.relative_to(ROOT))
        found += [f"{name}:{line}: {said}" for line, said in numbered(path) if said not in NEVER_ONE.get(name, ())]
    assert found == []
