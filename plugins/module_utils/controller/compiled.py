# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled templates, kept for a run and for the next runs.

Ansible's engine compiles a template each time that it is rendered, in each fork. Compiling costs far more than rendering, and gives the
same code for the same text and the same syntax. What the code does is decided when it runs: variables, undefined values and the sandbox
are no part of it.

Code is kept between runs in ``.cache/templates``, one file for each version of Python, Ansible, Jinja and the collection's plugins. Only
templates that lie in this collection's roles are written there: texts of an inventory may hold secrets. A file that another user could
have written is not read. Everything here saves time and nothing else; what is missing is compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import jinja2
from ansible.errors import AnsibleError
from ansible.release import __version__ as ansible_version
from jinja2.environment import TemplateExpression

from ..artifacts.cache import COLLECTION

#: With more templates than this those that the run did not use are removed: they belong to old versions of roles.
MOST = 5000

#: What of an environment decides which code a text becomes.
SYNTAX = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "optimized",
    "autoescape",
)

Key = tuple[Any, ...]


class Store:
    """The code of templates by their text and syntax.

    :param folder: where code is kept between runs
    :param plugins: folders whose files decide what code calls: a filter may want the context or not
    """

    def __init__(self, folder: Path, plugins: Iterable[Path] = ()) -> None:
        self._folder = folder
        self._plugins = tuple(plugins)
        self._code: dict[Key, CodeType] | None = None
        self._lasting: set[str] = set()
        self._new = False

    def lasts(self, data: Any) -> None:
        """Say that the texts in some data hold nothing of an inventory, so that their code may be written."""
        if isinstance(data, str):
            self._lasting.add(str.__str__(data))
        elif isinstance(data, dict):
            for item in data.values():
                self.lasts(item)
        elif isinstance(data, list):
            for item in data:
                self.lasts(item)

    def load(self) -> dict[Key, CodeType]:
        """Read what is kept, once."""
        if self._code is None:
            self._code = self._read()
        return self._code

    def get(self, key: Key) -> CodeType | None:
        """The code of a template, if it is known."""
        return self.load().get(key)

    def put(self, key: Key, code: CodeType) -> None:
        """Keep the code of a template."""
        self.load()[key] = code
        self._new = self._new or key[0] in self._lasting

    def write(self) -> None:
        """Keep what is new for the next runs. What another process writes at the same moment may be lost, and is written by a later run."""
        if not self._new or self._code is None:
            return
        self._new = False
        used = {key: code for key, code in self._code.items() if key[0] in self._lasting}
        lasting = {**self._read(), **used}
        if len(lasting) > MOST:
            lasting = used
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._path()
            handle, name = tempfile.mkstemp(dir=self._folder)
            with open(handle, "wb") as file:
                file.write(marshal.dumps(lasting))
            os.replace(name, path)
            for old in self._folder.iterdir():
                if old.name != path.name and old.suffix == path.suffix:
                    old.unlink(missing_ok=True)

    def _read(self) -> dict[Key, CodeType]:
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError), open(self._path(), "rb") as file:
            state = os.fstat(file.fileno())
            folder = os.stat(self._folder)
            if all(_is_own(one) for one in (state, folder)):
                found = marshal.load(file)
                return found if isinstance(found, dict) else {}
        return {}

    def _path(self) -> Path:
        said = [sys.version, importlib.util.MAGIC_NUMBER.hex(), ansible_version, jinja2.__version__, *_files(self._plugins)]
        return self._folder / f"{hashlib.sha256(repr(said).encode()).hexdigest()[:24]}.marshal"


def _is_own(state: os.stat_result) -> bool:
    return state.st_uid == os.geteuid() and not stat.S_IMODE(state.st_mode) & 0o022


def _files(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            state = path.stat()
            yield f"{path} {state.st_mtime_ns} {state.st_size}"


#: The roles as they are found, and as they are where the collection is behind links.
_ROLES = tuple(f"{folder}/roles/" for folder in {Path(__file__).absolute().parents[3], COLLECTION})
STORE = Store(COLLECTION / ".cache" / "templates", [COLLECTION / "plugins" / kind for kind in ("filter", "lookup", "test")])

try:
    from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext, _TemplateConfig

    class Environment(AnsibleEnvironment):  # type: ignore[misc]
        """Ansible's environment for templates, which compiles each text once."""

        _expression: Key | None = None
        filters: Any
        tests: Any
        _plugins: ClassVar[tuple[Any, Any] | None] = None

        def __init__(self, *words: Any, **options: Any) -> None:
            """As the base class. Filters and tests are looked for once: a collection's are found by reading all of its files."""
            super().__init__(*words, **options)
            if Environment._plugins is None:
                Environment._plugins = (self.filters, self.tests)
            self.filters, self.tests = Environment._plugins

        def compile(self, source: Any, name: Any = None, filename: Any = None, raw: bool = False, defer_init: bool = False) -> Any:
            """As the base class, from the store where the text is known."""
            key = self._expression
            if isinstance(source, str):
                plain = name is None and filename is None and not raw and not defer_init
                key = self._key("template", source) if plain else None
                code = STORE.get(key) if key else None
                if code is not None:
                    return code
            made = super().compile(source, name, filename, raw, defer_init)
            if key:
                STORE.put(key, made)
            return made

        def compile_expression(self, source: str, undefined_to_none: bool = True) -> Any:
            """As the base class, from the store where the text is known."""
            key = self._key("expression", source)
            code = STORE.get(key) if key else None
            if code is not None:
                template = self.template_class.from_code(self, code, self.make_globals(None), None)
                return TemplateExpression(template, undefined_to_none)
            self._expression = key
            try:
                return super().compile_expression(source, undefined_to_none)
            finally:
                self._expression = None

        def _key(self, kind: str, source: str) -> Key | None:
            if self._debuggable_template_source:
                return None
            now = _TemplateCompileContext.current(optional=True)  # backslashes mean one thing in a file and another in YAML
            switches = (bool(now and now.escape_backslashes), bool(_TemplateConfig.allow_embedded_templates))
            return (str.__str__(source), kind, *switches, *(getattr(self, name) for name in SYNTAX), *sorted(self.extensions))

except ImportError:  # an internal of ansible-core that may move: templates are compiled each time then
    Environment = None  # type: ignore[assignment,misc]


def note(path: str, data: Any) -> None:
    """Say what a file holds: code of the templates in the collection's own roles is kept for the next runs."""
    if path.startswith(_ROLES):
        STORE.lasts(data)


def warm() -> None:
    """Read what every fork of a run needs. What cannot be read is missed where it is used."""
    STORE.load()
    if Environment is not None:
        known = Environment()
        for path in sorted((COLLECTION / "plugins" / "filter").glob("*.yml")):
            with contextlib.suppress(AnsibleError, KeyError):
                known.filters.get(f"vannah.healthcloud.{path.stem}")
        known.tests.get("defined")


def use_everywhere() -> None:
    """Let Ansible's own engine keep what it compiles too, in this process and its forks: each wave of site.yml has the same templates.

    Where ansible-core is not as it is known here, nothing happens.
    """
    with contextlib.suppress(ImportError):
        from ansible._internal._templating import _engine

        if Environment is not None and getattr(_engine, "AnsibleEnvironment", None) is AnsibleEnvironment:
            _engine.AnsibleEnvironment = Environment


def use(templar: Any) -> None:
    """Let a templar of one's own keep what it compiles. Where ansible-core is not as it is known here, nothing happens."""
    engine = getattr(templar, "_engine", None)
    given: Any = getattr(engine, "environment", None)
    if Environment is None or engine is None or type(given) is not AnsibleEnvironment or not hasattr(engine, "_environment"):
        return
    made = Environment(ansible_basedir=engine.basedir)
    if given.loader is not None:
        made.loader.searchpath = given.loader.searchpath
    engine._environment = made
