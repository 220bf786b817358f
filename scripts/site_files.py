#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files of a site are UTF-8 and YAML, each mistake in one line with its file, before Ansible reads them.

    site_files.py inventories/<site>

Ansible tries its parsers one after the other and shows what each says, and of files in group_vars it may not even name the file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

#: In a site's folder, and no inventory (ansible.cfg leaves them out).
OTHERS = {"secrets.yml", "containers.yml"}
#: The one of C is ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VAULT = b"$ANSIBLE_VAULT;"


def files_of(site: Path) -> Iterator[Path]:
    """The YAML files that Ansible reads of a site."""
    for folder, pattern in ((site, "*"), (site / "group_vars", "**/*"), (site / "host_vars", "**/*")):
        for path in sorted(folder.glob(pattern)):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix in (".yml", ".yaml") and path.is_file() and not hidden and not (folder == site and path.name in OTHERS):
                yield path


def problem_of(path: Path) -> tuple[int, str, str] | None:
    """Line, what is wrong and what to do, of the first mistake of a file. The text of the file is not quoted: it may be secret."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return 0, f"it cannot be read ({error.strerror})", "a file that you can read"
    if data.startswith(VAULT):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return line, "it is not UTF-8 (an editor has saved it as Latin-1 or the like)", "the file saved as UTF-8"
    try:
        for node in yaml.compose_all(text, LOADER):
            twice = next(doubles(node), None) if node is not None else None
            if twice is not None:
                return twice.start_mark.line + 1, f"the key {twice.value} is there twice", "one of the two lines away"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        if line and "\t" in text.split("\n")[line - 1].partition("#")[0]:
            return line, "it is no YAML: there is a tab, and YAML is indented with blanks", "blanks instead of the tab"
        return line, f"it is no YAML: {error.problem or error.context}", "a line as YAML has it"
    except yaml.YAMLError:
        return 0, "it is no YAML: there is a character that YAML does not allow", "the file without control characters"
    return None


def doubles(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Keys that a mapping has twice: Ansible is told to refuse them, as the first value would be lost."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.value != "<<":
                    yield key
                seen.add(key.value)
            yield from doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from doubles(item)


def main(arguments: Sequence[str]) -> int:
    """The script."""
    (site,) = arguments
    found = [(path, problem) for path in files_of(Path(site)) if (problem := problem_of(path)) is not None]
    for path, (line, what, remedy) in found:
        print(f"inventory-unreadable {path}{f':{line}' if line else ''}: {what}. Fix: {remedy}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
