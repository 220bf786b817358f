#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files of a site are UTF-8, YAML and of an inventory's shape, each mistake in one line, before Ansible reads them.

    site_files.py inventories/<site>

It is started with PYTHONPATH=collections.

Ansible tries its parsers one after the other and shows what each says, and of files in group_vars it may not even name the file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import site_shape
import yaml

#: In a site's folder, and no inventory (ansible.cfg leaves them out).
OTHERS = {"secrets.yml", "containers.yml"}
#: The one of C is ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What the parser says, what that is, and the fix.
SYNTAX = (
    ("',' or '}'", "a brace { is not closed, or a comma is missing", "close the brace that this line opens"),
    ("',' or ']'", "a bracket [ is not closed, or a comma is missing", "close the bracket that this line opens"),
    (
        "expected node content",
        "a bracket [ or brace { is not closed, or a value is missing",
        "close the bracket or brace, or write the value",
    ),
    ("unexpected end of stream", "a quote is not closed", "close the quote that this line opens"),
    (
        "mapping values are not allowed",
        "a value has a colon and a space in it, or the line before is incomplete",
        "write the value in quotes",
    ),
    ("cannot start any token", "a value begins with a character that YAML reserves (@ ` % and others)", "write the value in quotes"),
    ("undefined alias", "a value begins with *, which YAML reserves", "write the value in quotes"),
    ("unknown escape character", "a backslash in double quotes", "write the value in single quotes"),
    ("expected '-' indicator", "the line has another indentation than the list before it", "indent it as the lines that it belongs to"),
    ("could not find expected ':'", "a key without a colon", "write a colon and a space after the key"),
    (
        "expected key",
        "text after a closing quote, or another indentation than the lines before",
        "indent it as the lines that it belongs to, or write the whole value in one pair of quotes",
    ),
)
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
        return 0, f"it cannot be read ({error.strerror})", "make the file readable for you"
    return problem_in(data)


def problem_in(data: bytes) -> tuple[int, str, str] | None:
    """As :func:`problem_of`, of a file's bytes."""
    if data.startswith(VAULT):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return line, "it is not UTF-8 (an editor has saved it as Latin-1 or the like)", "save the file as UTF-8"
    try:
        for node in yaml.compose_all(text, LOADER):
            wrong = next(bad_keys(node), None) if node is not None else None
            if isinstance(wrong, yaml.ScalarNode):
                return wrong.start_mark.line + 1, f"the key {wrong.value} is listed twice", "remove one of the two lines"
            if wrong is not None:
                return wrong.start_mark.line + 1, "a template is not in quotes", 'write it in double quotes: name: "{{ other }}"'
    except yaml.MarkedYAMLError as error:
        return syntax_problem(error, text.split("\n"))
    except yaml.YAMLError:
        return 0, "the YAML is invalid: there is a character that YAML does not allow", "remove control characters from the file"
    return None


#: How the fixes begin of what the parser finds only later: at the end of the file, or of the line after it.
BEGINS = ("close", "write a colon")


def syntax_problem(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[int, str, str]:
    """As :func:`problem_of`, with the line at fault: where the parser stops is one further, or the end of the file."""
    said = error.problem or error.context or ""
    at = error.problem_mark.line + 1 if error.problem_mark else 0
    since = error.context_mark.line + 1 if error.context_mark else at
    # At the end of the file the parser is one line further.
    line = lines[at - 1] if 0 < at <= len(lines) else ""
    if "\t" in line.partition("#")[0]:
        return at, "the YAML is invalid: there is a tab, and YAML is indented with spaces", "replace the tab by spaces"
    for text, what, fix in SYNTAX:
        if text in said:
            return (since if fix.startswith(BEGINS) else at), f"the YAML is invalid: {what}", fix
    return at, f"the YAML is invalid: {said}", "compare the line and the one before it with an example: indentation, quotes, colons"


def bad_keys(node: yaml.Node) -> Iterator[yaml.Node]:
    """Keys that a mapping has twice (Ansible is told to refuse them, as the first value would be lost), and keys that are no text.

    ``name: {{ other }}`` is a mapping whose key is a mapping.
    """
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen and key.value != "<<":
                    yield key
                seen.add(key.value)
            elif isinstance(key, yaml.MappingNode):
                yield key
            yield from bad_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from bad_keys(item)


def problems_of(path: Path, *, is_inventory: bool) -> list[tuple[int, str, str]]:
    """As :func:`problem_of`; all mistakes of the shape where the file is YAML."""
    problem = problem_of(path)
    if problem is not None:
        return [problem]
    data = path.read_bytes()
    if data.startswith(VAULT):
        return []
    node = next(iter(yaml.compose_all(data.decode("utf-8"), LOADER)), None)
    return list(site_shape.inventory(node) if is_inventory else site_shape.variables(node))


def main(arguments: Sequence[str]) -> int:
    """The script."""
    site = Path(arguments[0])
    found = [(path, problem) for path in files_of(site) for problem in problems_of(path, is_inventory=path.parent == site)]
    password = site / ".vault_password"
    if password.is_file() and password.stat().st_mode & 0o077:
        print(f"WARNING {password}: other users of this machine can read it. Fix: run chmod 600 {password}", file=sys.stderr)
    for path, (line, what, fix) in found:
        print(
            f"inventory-unreadable {path}{f':{line}' if line else ''}: {what}{'' if what.endswith('?') else '.'} Fix: {fix}",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
