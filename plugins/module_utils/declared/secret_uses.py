# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets a role's files look up, as far as that is written there: in any quotes, by any function, through private variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes

from .tree import Role

#: Any mention of the lookup, and how it begins where a function calls it.
_MENTION = re.compile(r"vannah\.healthcloud\.secret\b(?!\.)")
_CALLED = re.compile(r"(?:lookup|query|q)\s*\(\s*(?P<quote>\\\"|''|'|\")$")
_PLAIN = re.compile(r"(['\"])([A-Za-z_]\w*)\1")
#: The usual form of another one: what parsing would find, at a tenth of its cost.
_PREFIX = re.compile(r"(['\"])([A-Za-z_]\w*)\1\s*~\s*\w+(?:\.\w+)+")
_COMMENT = re.compile(r"(?:^|\s)#")
_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_JINJA = Environment()  # nothing is rendered


@dataclass(frozen=True)
class Use:
    """A secret that is looked up.

    :ivar name: how it begins; empty where nothing is known of it
    :ivar whole: whether that is all of it
    """

    name: str
    whole: bool = True


def uses(role: Role) -> list[Use]:
    """What the role's files look up, each once."""
    found: dict[Use, None] = {}
    for mention in _MENTION.finditer(role.text):
        line = role.text[role.text.rfind("\n", 0, mention.start()) + 1 : mention.start()]
        called = _CALLED.search(role.text, max(0, mention.start() - 60), mention.start())
        # Jinja evaluates a call in a template's comments, too.
        if called or not _COMMENT.search(line):
            found |= dict.fromkeys(_of_call(role, called["quote"] if called else "", mention.end()))
    return list(found)


def _of_call(role: Role, quote: str, end: int) -> Iterator[Use]:
    arguments = _arguments(role.text, end, quote) if quote else None
    if arguments is None:
        yield Use("", whole=False)
        return
    plain, prefix = _PLAIN.fullmatch(arguments.strip()), _PREFIX.fullmatch(arguments.strip())
    if plain or prefix:
        yield Use(plain[2]) if plain else Use(prefix[2] if prefix else "", whole=False)
    else:
        yield from _of_expression(role, f"secret({arguments})", ())


def _arguments(text: str, start: int, quote: str) -> str | None:
    """What stands between the name of the lookup and the bracket that ends the call; nothing where that is not found."""
    if not text.startswith(quote, start):
        return None
    rest = text[start + len(quote) : start + 2000]
    # Quotes within quotes of YAML.
    rest = rest.replace('\\"', '"') if quote == '\\"' else rest.replace("''", "'") if quote == "''" else rest
    depth, inside = 0, ""
    for place, letter in enumerate(rest):
        if inside:
            inside = "" if letter == inside else inside
        elif letter in "'\"":
            inside = letter
        elif letter in ")]}" and depth == 0:
            return rest[:place].strip().removeprefix(",")
        else:
            depth += (letter in "([{") - (letter in ")]}")
    return None


def _of_expression(role: Role, expression: str, seen: tuple[str, ...]) -> Iterator[Use]:
    try:
        parsed = _JINJA.parse("{{ " + expression + " }}").find(nodes.Output)
    except TemplateSyntaxError:
        parsed = None
    node = parsed.nodes[0] if parsed is not None and len(parsed.nodes) == 1 else None
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "secret":
        if node.dyn_args is not None or not node.args:
            yield Use("", whole=False)
        for argument in node.args:
            yield from _values(role, argument, seen)
    else:
        yield from [Use("", whole=False)] if node is None else _values(role, node, seen)


def _values(role: Role, node: nodes.Node, seen: tuple[str, ...]) -> Iterator[Use]:
    """What an expression may give."""
    if isinstance(node, nodes.Const):
        yield Use(str(node.value))
    elif isinstance(node, nodes.TemplateData):
        yield Use(node.data)
    elif isinstance(node, nodes.List | nodes.Tuple):
        for item in node.items:
            yield from _values(role, item, seen)
    elif isinstance(node, nodes.CondExpr):
        for part in (node.expr1, node.expr2):
            yield from _values(role, part, seen) if part is not None else ()
    elif isinstance(node, nodes.Concat | nodes.Add):
        yield from _joined(role, node.nodes if isinstance(node, nodes.Concat) else [node.left, node.right], seen)
    elif isinstance(node, nodes.Filter) and node.name in ("default", "d") and node.node is not None:
        for part in (node.node, *node.args[:1]):
            yield from _values(role, part, seen)
    elif isinstance(node, nodes.Name) and node.name not in seen and isinstance(_written(role, node.name), str):
        yield from _of_text(role, str(_written(role, node.name)), (*seen, node.name))
    else:
        yield Use("", whole=False)


def _written(role: Role, name: str) -> object:
    return role.variables.get(name, role.defaults.get(name))


def _joined(role: Role, parts: list[nodes.Expr], seen: tuple[str, ...]) -> Iterator[Use]:
    begun = [Use("")]
    for part in parts:
        begun = [Use(one.name + more.name, more.whole) if one.whole else one for one in begun for more in _values(role, part, seen)]
    yield from begun


def _of_text(role: Role, text: str, seen: tuple[str, ...]) -> Iterator[Use]:
    """What a variable gives: a text, a template, or a text with one."""
    expression = _EXPRESSION.fullmatch(text.strip())
    if expression and "}}" not in expression[1]:
        yield from _of_expression(role, expression[1], seen)
    elif "{" in text:
        yield Use(text.partition("{")[0].strip(), whole=False)
    else:
        yield Use(text.strip())
