# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of each file of data that a role has, so that a mistake in one is a finding that names the file, the key and the fix.

``meta/exports.yml`` is only read here; :mod:`.kinds` holds its kinds against their forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import yaml
from ansible.errors import AnsibleError

from ..artifacts import lock
from ..task_types import Written
from . import components
from .fields import Option, Plain, Text
from .forms import Check, Known, problems

#: What a file may raise that cannot be read.
UNREADABLE = (yaml.YAMLError, AnsibleError, ValueError, OSError)


def _is_pattern(value: str, _known: Known) -> bool:
    try:
        re.compile(value)
    except re.error:
        return False
    return True


Pattern = Annotated[str, Check("a regular expression", _is_pattern)]
#: Of an argument specification; preflight knows no others.
Type = Literal["str", "int", "float", "bool", "list", "dict", "path", "raw"]


class Spec(TypedDict):
    """An option, or a key of one: Ansible's argument specification, with what preflight checks beside it."""

    type: NotRequired[Type]
    elements: NotRequired[Type]
    description: NotRequired[str | list[str]]
    default: NotRequired[Any]
    choices: NotRequired[list[Any]]
    required: NotRequired[bool]
    no_log: NotRequired[bool]
    options: NotRequired[dict[Plain, Spec]]
    mutually_exclusive: NotRequired[list[list[str]]]
    min: NotRequired[int]
    max: NotRequired[int]
    pattern: NotRequired[Pattern]
    cli: NotRequired[bool]


class EntryPoint(TypedDict):
    """``main`` of a role's argument specification."""

    short_description: NotRequired[Text]
    description: NotRequired[str | list[str]]
    author: NotRequired[str | list[str]]
    options: NotRequired[dict[Plain, Spec] | None]


class EntryPoints(TypedDict):
    """A role has one entry point."""

    main: EntryPoint


class ArgumentSpecs(TypedDict):
    """``meta/argument_specs.yml``."""

    argument_specs: EntryPoints


class Bound(TypedDict, total=False):
    """What preflight checks of a variable beside its type."""

    min: int
    max: int
    pattern: Pattern


class Gone(TypedDict):
    """A variable of an older release."""

    name: Plain
    instead: Text
    since: NotRequired[str | int | float]


class SiteVariables(TypedDict, total=False):
    """``meta/site_variables.yml``; ``effects`` are held against their form by their reader."""

    variables: dict[Plain, Spec | None] | None
    verbs: dict[Plain, Spec | None] | None
    removed: list[Gone] | None
    effects: Written | None


class GoProgram(TypedDict):
    """``go`` of an artifact."""

    module: Text
    version: Text
    package: NotRequired[Text]
    files: NotRequired[Text]
    tags: NotRequired[list[str]]
    variables: NotRequired[dict[str, str | int | float]]


class ArtifactEntry(TypedDict, total=False):
    """An entry of ``meta/artifacts.yml``; the lock's reader judges its texts."""

    version: str | int | float
    arch: str
    url: str
    sha256: str
    member: str
    go: GoProgram
    shows: str
    bring: str


#: File of a role -> its form. Each may be empty, apart from what :mod:`.kinds` requires; the last one must be there.
FILES: dict[str, object] = {
    "meta/argument_specs.yml": ArgumentSpecs,
    "meta/bounds.yml": dict[Option, Bound],
    "meta/site_variables.yml": SiteVariables,
    "meta/exports.yml": Written,
    "defaults/main.yml": Written,
    "vars/main.yml": Written,
    "meta/artifacts.yml": dict[Plain, ArtifactEntry],
    "meta/components.yml": components.COMPONENT,
}


def of_file(file: str, given: Any, options: frozenset[str] = frozenset()) -> Iterator[str]:
    """What is wrong with the content of a file of :data:`FILES`.

    :param options: the role's public variables; empty where they are not known
    """
    if given is None:
        return
    if file == "meta/components.yml":
        yield from components.problems(given)
        return
    found = [problem.lstrip(".: ") for problem in problems(given, FILES[file], "", Known(options=options))]
    yield from found
    if file == "meta/bounds.yml" and not found:
        for name, bound in given.items():
            if bound.get("min") is not None and bound.get("max") is not None and bound["min"] > bound["max"]:
                yield f"{name}.min must not be more than its max"
    if file == "meta/artifacts.yml" and not found:
        yield from _of_artifacts(given)


def _of_artifacts(given: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in given.items():
        try:
            lock.artifact(str(name), entry, str(name))
        except lock.ArtifactError as error:
            yield str(error.message).rstrip(".")


def why_unreadable(error: Exception) -> str:
    """Why a file could not be read, in a sentence without its content, which may be a secret."""
    mark = getattr(error, "problem_mark", None)
    said = str(getattr(error, "problem", None) or getattr(error, "message", None) or error or "").strip()
    lines = said.splitlines() or [type(error).__name__]
    return f"cannot be read: {lines[0].rstrip('.')}" + (f" (line {mark.line + 1})" if mark is not None else "")
