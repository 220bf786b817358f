# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and documentation in plain English: the phrases that docs/glossary.md replaces do not come back.

Read are the documentation, the recipes of the Makefile, and programs and YAML with their docstrings and comments.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "docs/*.md", "roles/*/README.md")
PROGRAMS = ("plugins/**/*.py", "scripts/**/*.py", "roles/*/files/*")
#: Docstrings and comments only: their other texts are what is compared.
TESTS = ("tests/**/*.py",)
DATA = ("playbooks/**/*.yml", "roles/**/*.yml", "molecule/**/*.yml", "tests/**/*.yml")
#: A word that is a phrase of the list and not used as one: the account, PostgreSQL's SQL, a code, an example in the glossary.
ALLOWED = re.compile(r"object-store-endpoint-nobody|`nobody`|Give a time to somebody|base_ssh_password_users: \[nobody\]")


@cache
def phrases() -> dict[str, str]:
    """Phrase -> what to write, from the table of docs/glossary.md."""
    rows = GLOSSARY.read_text(encoding="utf-8").partition("## Phrases")[2]
    found = {}
    for refused, wanted in re.findall(r"^\| (.+) \| (.+) \|$", rows, flags=re.MULTILINE)[1:]:
        if not refused.startswith("---"):
            found |= dict.fromkeys(refused.split(" / "), wanted)
    return found


def misses(text: str) -> list[str]:
    """The phrases in a text, each with what to write."""
    found = _any_phrase().findall(ALLOWED.sub("", " ".join(text.split())).lower())
    return [f"{phrase!r}: write {phrases()[phrase]!r}" for phrase in found]


#: The name of a value's type in a text: of an exception it may be there, as programs report it.
_TYPE_NAME = re.compile(r"\{type\((?!error|problem)[\w.]+\)\.__name__\}")


def test_errors_name_no_types_of_python() -> None:
    """``_AnsibleTaggedList`` means nothing to a person who writes YAML: forms.kind_of() says what a value is."""
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted(ROOT.glob("plugins/**/*.py"))
        for text in _TYPE_NAME.findall(path.read_text(encoding="utf-8"))
    ]
    assert not found, found
    assert _TYPE_NAME.search('f"not {type(value).__name__}"')


@cache
def _any_phrase() -> re.Pattern[str]:
    """Whole words. "there is no member" is allowed, as it states a fact. The longest of several wins."""
    listed = sorted(phrases(), key=len, reverse=True)
    begun = [(r"(?<![\w-])(?<!there )" if phrase[0].isalpha() else "") + re.escape(phrase) for phrase in listed]
    return re.compile(rf"(?:{'|'.join(begun)})(?![\w-])")


def test_the_glossary_lists_phrases() -> None:
    """The table is read, with several phrases in a cell."""
    assert {"nobody leads", "nobody", "somebody", ", for it is", "mended", "is no member"} <= set(phrases())
    assert len(phrases()) > 40


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("refused: Nobody leads\n  the cluster", 1),
        ("the run goes on with the others", 1),
        ("it waits, for it is not ready", 1),
        ("'x' is no digest, '/y' is no path and this is no list", 3),
        ("the cluster has no leader; the run continues, because it is ready", 0),
        ("there is no member db1 and no host", 0),
        ("object-store-endpoint-nobody, and the password for it is wrong", 0),
    ],
)
def test_phrases_are_found(text: str, found: int) -> None:
    """Whatever their case and line breaks, and only whole words."""
    assert len(misses(text)) == found, misses(text)


def test_documents() -> None:
    """README, guides and changelog."""
    assert _all(DOCUMENTS, lambda path: iter([(1, path.read_text(encoding="utf-8"))]) if path != GLOSSARY else iter(())) == []


def test_programs() -> None:
    """Modules, actions, the agent, scripts and the roles' programs."""
    assert _all(PROGRAMS, _texts) == []
    assert _all(PROGRAMS, _notes) == []


def test_tests() -> None:
    """What the tests say of themselves."""
    assert _all(TESTS, _notes) == []


def test_data() -> None:
    """Names of tasks, messages, descriptions and comments."""
    assert _all(DATA, _lines) == []


def _all(globs: tuple[str, ...], read: Callable[[Path], Iterator[tuple[int, str]]]) -> list[str]:
    found = []
    paths = sorted({path for glob in globs for path in ROOT.glob(glob) if path.is_file() and "collections" not in path.parts})
    assert len(paths) > 5
    for path in paths:
        name = str(path.relative_to(ROOT))
        found += [f"{name}:{line}: {miss}" for line, text in read(path) for miss in misses(text)]
    return found


def _python(path: Path) -> str:
    """The source of a Python program; empty for other files."""
    source = path.read_text(encoding="utf-8")
    return source if path.suffix == ".py" or "python" in source.partition("\n")[0] else ""


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each string of a Python program that is not a docstring."""
    tree = ast.parse(_python(path))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in skipped | inside:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _notes(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each docstring, and of each comment, several lines in one piece."""
    source = _python(path)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
    first, last, words = 0, 0, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string.lstrip("#: ")
        if line == last + 1:
            last, words = line, f"{words} {text}"
            continue
        yield first, words
        first, last, words = line, line, text
    yield first, words


#: Replaced terms that are words of other things, too: a whole path, the turns of a loop.
_OTHER_MEANING = {"whole", "turn", "fake", "this machine"}


def replaced_terms() -> set[str]:
    """Terms of one word that the glossary's first table replaces."""
    rows = re.findall(
        r"^\| [^|]+ \| [^|]+ \| ([^|]+) \|$", GLOSSARY.read_text(encoding="utf-8").partition("## Phrases")[0], flags=re.MULTILINE
    )
    found = {term.strip() for cell in rows[1:] for term in cell.split(",")}
    return {term for term in found if term.isalpha()} - _OTHER_MEANING


def named(tree: ast.AST) -> set[str]:
    """Identifiers of a program: functions, classes, arguments, variables, attributes."""
    return {
        value
        for node in ast.walk(tree)
        for value in (getattr(node, attribute, None) for attribute in ("id", "arg", "attr", "name"))
        if isinstance(value, str)
    }


def keys(given: object) -> set[str]:
    """Keys of YAML data, at any depth: options, exports, variables."""
    if isinstance(given, dict):
        return {str(key) for key in given}.union(*map(keys, given.values()))
    return set().union(*map(keys, given)) if isinstance(given, list) else set()


def test_names_use_the_terms_of_the_glossary() -> None:
    """Identifiers, options, and files."""
    terms = replaced_terms()
    assert {"aside", "remedy", "ours", "contact", "trip"} <= terms
    found = []
    for path in sorted({path for glob in (*PROGRAMS, *TESTS, *DATA) for path in ROOT.glob(glob) if "collections" not in path.parts}):
        if not path.is_file() or path.suffix not in (".py", ".yml"):
            continue
        text = path.read_text(encoding="utf-8")
        names = named(ast.parse(text)) if path.suffix == ".py" else keys(_yaml(text))
        for name in {*names, *path.relative_to(ROOT).parts}:
            if terms & set(re.split(r"[_.-]", name.lower())):
                found.append(f"{path.relative_to(ROOT)}: {name}")
    assert found == []


def _yaml(text: str) -> object:
    class Loader(yaml.SafeLoader):
        """Ansible's tags are of no interest."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.tag)
    return yaml.load(text, Loader)  # noqa: S506 - a safe loader


def test_notes_are_read(tmp_path: Path) -> None:
    """Docstrings, comments over several lines, and no texts."""
    path = tmp_path / "x.py"
    path.write_text('"""Nobody leads."""\nx = "nobody"  # somebody\n#: a comment goes\n#: on here\n', encoding="utf-8")
    found = [miss.partition(":")[0] for _line, text in _notes(path) for miss in misses(text)]
    assert found == ["'nobody leads'", "'somebody'", "'goes on'"]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The text, folded scalars and comments over several lines in one piece."""
    yield 1, re.sub(r"(?m)^\s*#", "", path.read_text(encoding="utf-8"))
