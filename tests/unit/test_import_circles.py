# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No module imports itself through others, also not where the import stands in a function. Imports for types alone do not count."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.vannah.healthcloud."


def modules(root: Path) -> dict[str, Path]:
    """Every module below ``root``/plugins by its name."""
    found = {}
    for path in (root / "plugins").rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports of a module that are done when it runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            yield from imports(node)


def imported(name: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of the collection that a module imports."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in imports(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix(COLLECTION) for alias in node.names}
            continue
        base = (node.module or "").removeprefix(COLLECTION)
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([node.module] if node.module else [])])
        found |= {inner if (inner := f"{base}.{alias.name}") in known else base for alias in node.names}
    return (found & set(known)) - {name}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Modules that reach each other, each circle sorted."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        left = list(graph[start])
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left += graph[name]
        reach[start] = seen
    found = {tuple(sorted({start, *(name for name in reach[start] if start in reach[name])})) for start in graph if start in reach[start]}
    return sorted(map(list, found))


def graph_of(root: Path) -> dict[str, set[str]]:
    known = modules(root)
    return {name: imported(name, path, known) for name, path in known.items()}


def test_there_is_no_circle() -> None:
    """Of a circle no part can be understood, tested or loaded alone: move what both need into a module of its own."""
    graph = graph_of(REPOSITORY)
    assert len(graph["plugins.module_utils.agent.core.main"]) > 5, "imports are not found"
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("there", "back", "is_circle"),
    [
        ("from . import b", "from .a import x", True),
        ("from .b import y", "def f():\n    from . import a", True),
        ("from .b import y", "if TYPE_CHECKING:\n    from .a import x", False),
        (f"from {COLLECTION}plugins.b import y", f"import {COLLECTION}plugins.a", True),
        ("from .b import y", "", False),
    ],
)
def test_circles_are_seen(tmp_path: Path, there: str, back: str, is_circle: bool) -> None:
    """However an import is written."""
    (tmp_path / "plugins").mkdir()
    for name, text in {"__init__": "", "a": there, "b": back, "c": "from . import a"}.items():
        (tmp_path / "plugins" / f"{name}.py").write_text(text + "\n", encoding="utf-8")
    assert circles(graph_of(tmp_path)) == ([["plugins.a", "plugins.b"]] if is_circle else [])
