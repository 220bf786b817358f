# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of one host as its play will see them, as far as that is known before any host is contacted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.parsing.vault import EncryptedString
from ansible.template import Templar, is_trusted_as_template
from jinja2 import TemplateAssertionError

from ..controller import compiled, rendered
from .model import UNKNOWN
from .nearby import Names
from .texts import Template, Vaulted, is_template, walk

try:
    from ansible._internal._datatag._tags import Origin, SourceWasEncrypted
except ImportError:  # ansible-core moves its internals without notice: findings then carry no file name
    Origin = SourceWasEncrypted = None

#: Not known here, or not run for a check: facts, and lookups (they may read secrets, run programs, ask servers).
_BEYOND = re.compile(r"\bansible_facts\b|\b(?:lookup|query|q)\s*\(")
#: What preflight has less of than the play will have: a part of one of these that is not there says nothing.
_ELSEWHERE = re.compile(_BEYOND.pattern + r"|\b(?:hostvars|groups|vars)\b")
#: Names that a play, a task, a role's vars or a host itself may still give.
_GIVEN_LATER = re.compile(r"ansible_\w+|__\w+|hostvars|groups|vars|item|omit|play_hosts|role_path|role_name")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_WORD = re.compile(r"[A-Za-z_]\w*")


#: How a file begins that is vaulted as a whole.
_VAULT = b"$ANSIBLE_VAULT;"


class VaultClosed(Exception):
    """A vaulted value does not open with the given vault password."""


class HostValues:
    """Variables of one host, evaluated when they are asked for and only once.

    A nested value is evaluated leaf by leaf: one leaf that depends on a fact does not hide the others.
    """

    def __init__(self, variables: Mapping[str, Any], defaults: Mapping[str, Any], loader: Any) -> None:
        """Evaluate nothing yet.

        :param variables: what the inventory gives the host, raw.
        :param defaults: the defaults of the host's roles, raw.
        """
        self._variables = variables
        self._defaults = defaults
        self._loader = loader
        self._templar: Any = None
        self._cache: dict[str, object] = {}
        self._failed: dict[str, AnsibleError] = {}  # template -> why it has no value
        self._names: Names | None = None

    def __call__(self, name: str) -> Any:
        """The value, None when it is not set, UNKNOWN (or UNKNOWN leaves) where it is unknown."""
        if name not in self._cache:
            raw = self._variables.get(name) if name in self._variables else self._defaults.get(name)
            self._cache[name] = self.evaluate(raw)
        return self._cache[name]

    def evaluate(self, value: Any) -> Any:
        """A value that is not a variable (a role's export) with this host's variables; UNKNOWN leaves where it is unknown."""
        if isinstance(value, Mapping):
            return {str(key): self.evaluate(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.evaluate(item) for item in value]
        if isinstance(value, str) and is_template(value) and is_trusted_as_template(value):
            return self._template(value)
        try:
            return untagged(value)
        except VaultClosed:
            return UNKNOWN

    def _template(self, text: str) -> Any:
        if _BEYOND.search(text):
            return UNKNOWN
        if self._templar is None:
            known = {**self._defaults, **self._variables}
            self._templar = Templar(loader=self._loader, variables=known)
            compiled.use(self._templar)
            self._templar.available_variables = rendered.once(self._templar, known)
        try:
            return plain(self._templar.template(text))
        except AnsibleError as problem:
            self._failed[str.__str__(text)] = problem
        except VaultClosed:
            pass
        return UNKNOWN

    def undefined(self, name: str) -> Iterator[tuple[str, str, str]]:
        """(path, problem, the name that was probably meant) of each template in a variable that no play could evaluate either."""
        self(name)
        yield from self.without_value(self._variables.get(name), name)

    def without_value(self, value: Any, path: str) -> Iterator[tuple[str, str, str]]:
        """The same of each template in a value that is not a variable and was evaluated (a role's export)."""
        for where, _key, leaf in walk(value, path):
            problem = self._failed.get(str.__str__(leaf)) if isinstance(leaf, str) else None
            if problem is not None:
                yield from ((where, *said) for said in self._lacking(leaf, problem))

    def _lacking(self, text: str, problem: AnsibleError) -> Iterator[tuple[str, str]]:
        if any(isinstance(link, TemplateAssertionError) for link in causes(problem)):
            yield "the template uses a filter or a test that does not exist.", ""
            return
        if not isinstance(problem, AnsibleUndefinedVariable) and not _recursive(problem):
            return  # a filter that fails or a vaulted value: its value with facts is unknown
        found = _UNDEFINED.search(str(problem)) if isinstance(problem, AnsibleUndefinedVariable) else None
        if found is not None:
            if not _GIVEN_LATER.fullmatch(found[1]):
                if self._names is None:
                    self._names = Names({*self._defaults, *self._variables})
                yield f"the template uses {found[1]}, and there is no such variable.", self._names.closest(found[1], extra=1) or ""
        elif not self._touches(text, set()):
            yield (
                "the template refers to itself." if _recursive(problem) else "the template uses a part of a variable that is not there.",
                "",
            )

    def _touches(self, text: str, seen: set[str]) -> bool:
        """Whether a template, or a variable that it may use, depends on what is only there later. Too often yes rather than no."""
        if _ELSEWHERE.search(text):
            return True
        for word in _WORD.findall(text):
            if word in seen or not (word in self._variables or word in self._defaults):
                continue
            seen.add(word)
            raw = self._variables.get(word, self._defaults.get(word))
            if any(isinstance(leaf, str) and is_template(leaf) and self._touches(leaf, seen) for _path, _key, leaf in walk(raw, word)):
                return True
        return False


def _recursive(problem: BaseException) -> bool:
    return isinstance(problem.__cause__ or problem.__context__, RecursionError)


def _from_encrypted(value: Any) -> bool:
    """Whether a text came from a source that is encrypted. Of a file that is vaulted as a whole ansible-core tags the mapping only."""
    if Origin is None:
        return False
    tag = Origin.get_tag(value)
    return SourceWasEncrypted.is_tagged_on(value) or bool(tag is not None and tag.path and _vaulted_file(tag.path))


@cache
def _vaulted_file(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(_VAULT)) == _VAULT
    except OSError:
        return False


def untagged(value: Any) -> Any:
    """A leaf as a plain Python value; texts from encrypted sources become :class:`Vaulted`, templates :class:`Template`.

    :raises VaultClosed: a vaulted value that does not open.
    """
    if isinstance(value, EncryptedString):
        try:
            return Vaulted(str(value))
        except AnsibleError as problem:
            raise VaultClosed from problem
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        if _from_encrypted(value):
            return Vaulted(text)
        return Template(text) if is_template(text) and is_trusted_as_template(value) else _native(str, text)
    for kind in (int, float):
        if isinstance(value, kind):
            return _native(kind, value)
    return value


def plain(value: Any) -> Any:
    """A whole value without Ansible's tags. Raises VaultClosed like :func:`untagged`."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return untagged(value)


def _native(kind: type, value: Any) -> Any:
    return value if type(value) is kind else kind(value)


def origin_of(value: Any, key: Any, base: str) -> str:
    """file:line of a value, or of its key where the value cannot carry one (true, false); relative to ``base``. Empty when unknown."""
    if Origin is None:
        return ""
    return _place(Origin.get_tag(value) or Origin.get_tag(key), base)


def origin_of_error(problem: BaseException, base: str) -> str:
    """file:line of what an error of ansible-core is about, as far as it or one of its causes still knows; empty when unknown."""
    for link in causes(problem) if Origin is not None else ():
        what = getattr(link, "obj", None)
        place = _place(what if isinstance(what, Origin) else Origin.get_tag(what), base)
        if place:
            return place
    return ""


def causes(problem: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on: ansible-core says the rest of its own errors again without their place."""
    link: BaseException | None = problem
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _place(tag: Any, base: str) -> str:
    if tag is None or not tag.path:
        return ""
    path: str = tag.path.removeprefix(base.rstrip("/") + "/")
    return f"{path}:{tag.line_num}" if tag.line_num else path
