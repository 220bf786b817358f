# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which words shared code names.

It names no role: tests/unit/test_shared_code.py finds one that it does. A word that it has for something else is not a new role's name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import yaml

#: Folders of Python that belongs to no service. A service's own files there carry its name.
PYTHON = (
    "plugins/module_utils",
    "plugins/action",
    "plugins/lookup",
    "plugins/filter",
    "plugins/callback",
    "scripts",
    "tests/live/lib",
    "tests/unit/lib",
)
#: The same of YAML.
YAML = ("playbooks", "playbooks/tasks", "playbooks/vars", "molecule/_shared", ".config/molecule")
#: Texts for people about a plugin, with examples.
_DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Names, and names of variables that begin with one."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted({*names}))})(?:_\w+)?\b")


def files(root: Path, names: Collection[str]) -> Iterator[Path]:
    """Python, playbooks and steps of scenarios outside the services' own folders and files. The site map is where a role is named.

    :param names: of the services
    """
    for folder in PYTHON:
        for path in sorted((root / folder).rglob("*.py")):
            own = path.relative_to(root / folder).parts
            if "services" not in own and not any(path.stem == name or path.stem.startswith(f"{name}_") for name in names):
                yield path
    for path in sorted(path for folder in YAML for path in (root / folder).glob("*.yml")):
        if path.name != "site_map.yml":
            yield path


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each text, name and attribute of a module, without its comments and documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        elif isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id in _DOCUMENTATION for target in node.targets):
            skipped.update(id(inner) for inner in ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.replace(".", " ")


def named(path: Path, names: re.Pattern[str]) -> list[str]:
    """What of the names a file names: of Python with the line, of YAML outside of comments."""
    if path.suffix == ".py":
        return [f"{line}: {found}" for line, text in texts(path) for found in names.findall(text)]
    return names.findall(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")), width=10**6))
