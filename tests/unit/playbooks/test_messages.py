# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each message with which a playbook or a role ends a run says what to do about it, and each fix anywhere is an instruction."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.lib.instructions import is_instruction

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


#: A text that is put together when it is needed: its parts are looked at where they are written, and all of it where a test makes it.
MADE_LATER = re.compile(r"\{(?!\{)|\$\(|%s|['\"`\\]|\.\.\.|$|\{\{ (?!')")
#: Where such texts are.
PLACES = [REPOSITORY / name for name in ("plugins", "playbooks", "roles", "scripts")]


def written(path: Path) -> Iterator[str]:
    """What stands behind ``Fix: `` in a file, whatever kind of file it is."""
    for found in re.findall(r"\bFix: +(.*)", path.read_text(encoding="utf-8", errors="replace")):
        yield found.removeprefix("{{ '")


def literals(tree: ast.AST, takes: dict[str, set[int]]) -> Iterator[tuple[int, str]]:
    """(line, beginning) of each text in a module that is given as a fix: assigned to ``fix``, or an argument of that name."""
    for node in ast.walk(tree):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "fix" for target in node.targets):
            given.append(node.value)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given += [keyword.value for keyword in node.keywords if keyword.arg == "fix"]
            given += [node.args[number] for number in takes.get(name, ()) if len(node.args) > number]
        for value in given:
            yield from ((leaf.lineno, said) for leaf in leaves(value) if (said := beginning(leaf)))


def leaves(value: ast.expr | None) -> Iterator[ast.expr]:
    """The texts that a value may be."""
    if isinstance(value, ast.IfExp):
        yield from (*leaves(value.body), *leaves(value.orelse))
    elif isinstance(value, ast.BoolOp):
        yield from (leaf for part in value.values for leaf in leaves(part))
    elif isinstance(value, ast.BinOp):
        yield from leaves(value.left)
    elif value is not None:
        yield value


def beginning(value: ast.expr) -> str:
    """The text before its first variable part."""
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def takers(trees: list[ast.AST]) -> dict[str, set[int]]:
    """Function or class -> at which places it takes a fix. ``Code`` is judged with the catalogue."""
    found: dict[str, set[int]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        names: list[str] = []
        if isinstance(node, ast.ClassDef):
            fields = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
            init = next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
            names = [argument.arg for argument in init.args.args[1:]] if init else fields
        elif isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
        private = isinstance(node, ast.FunctionDef) and node.name.startswith("_") and len(trees) > 1
        if "fix" in names and not private and getattr(node, "name", "") not in ("Code", "Kind", "__init__", "_in_ini"):
            found.setdefault(node.name, set()).add(names.index("fix"))  # type: ignore[attr-defined]
    return found


def test_every_fix_in_a_text_is_an_instruction() -> None:
    """In every file of the collection, the programs of roles and alert rules among them."""
    files = [REPOSITORY / "Makefile"]
    files += [path for place in PLACES for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    said = [(path, fix) for path in files if "collections" not in path.parts for fix in written(path)]
    assert len(said) > 250
    wrong = {f"{path.relative_to(REPOSITORY)}: {fix[:60]}" for path, fix in said if not MADE_LATER.match(fix) and not is_instruction(fix)}
    assert not wrong, "\n".join(sorted(wrong))


def test_every_error_of_make_has_a_fix() -> None:
    """What a recipe prints on stderr, and what ends make."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    said = [*re.findall(r"echo '([^\n]*?)' >&2", text), *re.findall(r"\$\(error ([^\n]*)", text)]
    assert len(said) >= 9
    assert [one for one in said if "Fix: " not in one] == []


def test_every_fix_in_the_code_is_an_instruction() -> None:
    """Findings and errors that take their fix apart from what is wrong."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(path for name in ("plugins", "scripts") for path in (REPOSITORY / name).rglob("*.py"))
    }
    takes = takers(list(trees.values()))
    assert {"Finding", "SecretsError", "Problem", "finding"} <= set(takes)
    # A private name is another function in another module.
    said = [(path, line, fix) for path, tree in trees.items() for line, fix in literals(tree, takes | takers([tree]))]
    assert len(said) > 350
    wrong = [f"{path.relative_to(REPOSITORY)}:{line}: {fix}" for path, line, fix in said if not is_instruction(fix)]
    assert wrong == []


@pytest.mark.parametrize(
    ("fix", "instruction"),
    [
        ("use a free port", True),
        ("Set minio_port: 9000", True),
        ("run `make converge`", True),
        ("another port", False),
        ("set: another one", False),
        ("minio_port: 9000", False),
        ("-e minio_port=9000", False),
        ("playbooks/site.yml", False),
        ("", False),
    ],
)
def test_what_an_instruction_is(fix: str, instruction: bool) -> None:
    assert is_instruction(fix) is instruction


def test_fixes_are_found_in_the_code() -> None:
    """As an argument, by its name or its place, and as a variable, also one of two."""
    text = """
class Bad(Exception):
    def __init__(self, code, fix): ...
def one(where, fix): ...
fix = "a" if x else f"b {y}"
Bad("x", "c"); one(1, fix="d"); one(1, "e" + z)
"""
    tree = ast.parse(text)
    assert sorted(fix for _line, fix in literals(tree, takers([tree]))) == ["a", "b ", "c", "d", "e"]
