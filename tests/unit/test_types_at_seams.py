# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What parts of the collection give each other has a type of its own. ``dict[str, Any]`` is written only where an alias names it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNTYPED = re.compile(r"\bdict\[\s*str,\s*Any\s*\]")
#: File -> lines with ``dict[str, Any]``, which may only become fewer, and why. One with none leaves the list; nothing is added.
LEFT = {
    "plugins/module_utils/agent/definition.py": (3, "names JSON of foreign programs, parameters and results of services' calls"),
    "plugins/module_utils/agent/services/minio/types.py": (1, "names a lifecycle rule, whose options are read and written by a table"),
    "plugins/module_utils/component_spec.py": (1, "names Ansible's argument specifications, which have no types"),
    "plugins/module_utils/task_types.py": (4, "names what Ansible gives a plugin and takes from it, which has no types"),
}


def counted(folder: Path) -> dict[str, int]:
    """File -> its lines with ``dict[str, Any]``; only those that have some."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        lines = len([line for line in file.read_text(encoding="utf-8").splitlines() if UNTYPED.search(line)])
        if lines:
            found[file.relative_to(ROOT).as_posix()] = lines
    return found


def test_seams_have_types() -> None:
    """A ``TypedDict``, or one of the aliases: TypedDicts are in the files ``types.py`` of services and in ``agent/*.py``."""
    found = counted(ROOT / "plugins")
    assert found, "the files of the plugins are not found"
    assert {name: lines for name, lines in found.items() if name not in LEFT} == {}


def test_the_exceptions_become_fewer() -> None:
    """Each is still needed, and none has more lines."""
    found = counted(ROOT / "plugins")
    grown = {name: found.get(name, 0) for name, (most, _why) in LEFT.items() if found.get(name, 0) != most}
    assert not grown, f"give what has more lines a type; correct the number in LEFT, or remove the file, where it has fewer: {grown}"


def test_the_search_finds_what_it_looks_for() -> None:
    """The forms in which it is written."""
    for text in ("x: dict[str, Any] = {}", "Item = dict[str, Any]", "-> tuple[list[Step], dict[str,Any]]:", "NotRequired[dict[str, Any]]"):
        assert UNTYPED.search(text), text
    for text in ("dict[str, object]", "Mapping[str, Any]", "mydict[str, Any]"):
        assert not UNTYPED.search(text), text
