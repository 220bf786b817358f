# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether YAML has the shape of an inventory: groups with hosts, children and vars. Each mistake with its line and the fix.

Ansible tries three parsers, shows what each says in 25 lines without the line of the file, and skips keys that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.nearby import Names

#: Line, what is wrong, what to do.
Problem = tuple[int, str, str]
SECTIONS = Names(("hosts", "children", "vars"))
#: Of a group, what each of its sections holds.
EXAMPLES = {
    "hosts": "hosts: {name: {ansible_host: 192.0.2.1}}",
    "children": "children: {group: {hosts: {name:}}}",
    "vars": "vars: {name: value}",
}
#: What may be repeated in a message: no secret looks like that.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$")
ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*([.:]+[A-Za-z0-9-]+)+$")
#: ``name:{key``, of ``name:{key: value}``: there is no space after the first colon.
GLUED = re.compile(r"(?P<name>[^:{]+):\{(?P<key>[^{}]*)$")
NULL, TEXT = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str"
KINDS = {yaml.ScalarNode: "text", yaml.SequenceNode: "list", yaml.MappingNode: "mapping"}


def inventory(node: yaml.Node | None) -> Iterator[Problem]:
    """The mistakes of an inventory file."""
    if node is None or _is_empty(node):
        yield 0, "the file is empty", "begin with all: and below it hosts: or children:"
    elif not isinstance(node, yaml.MappingNode):
        yield (
            _line(node),
            f"the file is a {_kind(node)} where a mapping of groups belongs",
            "begin with all: and below it hosts: or children:",
        )
    elif not any(_text(key) == "plugin" for key, _value in node.value):  # the settings of an inventory plugin
        yield from _groups(node)
        yield from _circles(node)


def variables(node: yaml.Node | None) -> Iterator[Problem]:
    """The mistakes of a file of variables."""
    if node is not None and not isinstance(node, yaml.MappingNode) and not _is_empty(node) and not _is_tagged(node):
        yield _line(node), f"the file is a {_kind(node)} where a mapping of variables belongs", "write variables as name: value"


def _circles(node: yaml.MappingNode) -> Iterator[Problem]:
    """A group that is below itself, by one way or another; the first one."""
    children: dict[str, dict[str, int]] = {}
    for group, child, line in _children(node):
        children.setdefault(group, {}).setdefault(child, line)
    for group in children:
        path, ways, seen = [group], [iter(children[group])], {group}
        while ways:
            child = next(ways[-1], "")
            if not child:
                ways.pop()
                path.pop()
            elif child == group:
                said = " above ".join([*path, group])
                fix = f"remove {child} from children of {path[-1]}, or write it only where it belongs"
                yield children[path[-1]][child], f"the group {group} is below itself ({said})", fix
                return
            elif child in children and child not in seen:
                seen.add(child)
                path.append(child)
                ways.append(iter(children[child]))


def _children(node: yaml.Node) -> Iterator[tuple[str, str, int]]:
    """(group, group below it, line), at any depth."""
    for key, value in _pairs(node) if isinstance(node, yaml.MappingNode) else ():
        for section, below in _pairs(value) if isinstance(value, yaml.MappingNode) else ():
            if _text(section) == "children" and isinstance(below, yaml.MappingNode):
                for child, _value in _pairs(below):
                    if NAME.match(_text(key)) and NAME.match(_text(child)):
                        yield _text(key), _text(child), _line(child)
                yield from _children(below)


def _unquoted(key: yaml.Node) -> Problem | None:
    """A name that YAML reads as a number, a date, or true: Ansible shows what each of its parsers says of it."""
    if not isinstance(key, yaml.ScalarNode) or key.tag in (TEXT, NULL) or not NAME.match(key.value):
        return None
    kind = key.tag.rpartition(":")[2]
    said = {"int": "a number", "float": "a number", "timestamp": "a date"}.get(kind, "true or false")
    return _line(key), f"{key.value} is the name of a host or group, and YAML reads it as {said}", f'write "{key.value}": in quotes'


def _groups(node: yaml.MappingNode) -> Iterator[Problem]:
    for key, value in _pairs(node):
        glued = _glued(key, value) or _unquoted(key)
        if glued:
            yield glued
        elif isinstance(value, yaml.MappingNode):
            yield from _group(_text(key), value)
        elif not _is_empty(value) and not _is_tagged(value):
            wanted = f"write {_shown(key)}: {{hosts: {{{_items(value)}}}}}"
            yield _line(key), f"the group {_shown(key)} has a {_kind(value)} where a mapping belongs", wanted


def _group(name: str, node: yaml.MappingNode) -> Iterator[Problem]:
    for key, value in _pairs(node):
        section = _text(key)
        if section not in SECTIONS:
            yield _unknown(name, key, value)
        elif isinstance(value, yaml.MappingNode):
            if section == "hosts":
                yield from _hosts(value)
            elif section == "children":
                yield from _groups(value)
        elif isinstance(value, yaml.SequenceNode):
            first = value.value[0] if value.value else None
            fix = (
                f"write {_shown(first)}: in place of - {_shown(first)}"
                if isinstance(first, yaml.ScalarNode)
                else f"write it as in {EXAMPLES[section]}"
            )
            yield _line(first or key), f"{section} of the group {name} is a list where a mapping belongs", fix
        elif section == "vars" and not _is_empty(value) and not _is_tagged(value):
            # Of hosts and children Ansible takes a single name, too.
            yield _line(key), f"vars of the group {name} has a text where a mapping belongs", f"write it as in {EXAMPLES[section]}"


def _unknown(group: str, key: yaml.Node, value: yaml.Node) -> Problem:
    """A key beside hosts, children and vars, which Ansible skips."""
    glued = _glued(key, value)
    if glued:
        return glued
    name = _shown(key)
    guess = SECTIONS.closest(name, extra=1)
    problem = f"the key {name} of the group {group} is not one of hosts, children and vars"
    if guess:
        return _line(key), f"{problem}. Did you mean {guess}?", f"write {guess} instead of {name}"
    return (
        _line(key),
        problem,
        f"put {name} below vars: if it is a variable, below hosts: if it is a host, below children: if it is a group",
    )


def _hosts(node: yaml.MappingNode) -> Iterator[Problem]:
    for key, value in _pairs(node):
        glued = _glued(key, value) or _unquoted(key)
        if glued:
            yield glued
        elif _text(key) in SECTIONS and isinstance(value, yaml.MappingNode):
            section = _text(key)
            yield (
                _line(key),
                f"{section}: is below hosts:, so Ansible takes it for a host",
                f"write {section}: with the indentation of hosts:",
            )
        elif not isinstance(value, yaml.MappingNode) and not _is_empty(value) and not _is_tagged(value):
            given = _text(value)
            fix = f"write {_shown(key)}: {{ansible_host: {given if ADDRESS.match(given) else '<its address>'}}}"
            yield _line(key), f"{_shown(key)} has a {_kind(value)} where a mapping belongs", fix


def _glued(key: yaml.Node, value: yaml.Node) -> Problem | None:
    """``name:{key: value}``: to YAML that is a key ``name:{key``."""
    found = GLUED.match(_text(key))
    if not found:
        return None
    name, inner, given = found["name"], found["key"].strip(), _text(value).rstrip("}").strip()
    if not NAME.match(name):
        name = "name"
    inside = f"{inner}: {given}" if NAME.match(inner) and ADDRESS.match(given) else "..."
    return _line(key), f"{name} is followed by a colon without a space, so it is not a mapping", f"write {name}: {{{inside}}}"


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Keys and values, without what YAML merges from elsewhere."""
    for key, value in node.value:
        if _text(key) != "<<":
            yield key, value


def _items(node: yaml.Node) -> str:
    """The names of a text or list, as hosts."""
    listed = node.value if isinstance(node, yaml.SequenceNode) else [node]
    names = [_text(item) for item in listed]
    return ", ".join(f"{name}:" for name in names) if names and all(NAME.match(name) for name in names) else "name:"


def _text(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _shown(node: yaml.Node | None) -> str:
    """A key for a person; what may be anything is not repeated."""
    text = _text(node) if node is not None else ""
    return text if NAME.match(text) else "name"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _kind(node: yaml.Node) -> str:
    return next((kind for of, kind in KINDS.items() if isinstance(node, of)), "value")


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and (node.value == "" or node.tag == NULL or node.value in ("null", "~"))


def _is_tagged(node: yaml.Node) -> bool:
    """Whether it is what Ansible makes of it (``!vault``)."""
    return bool(node.tag and node.tag.startswith("!"))
