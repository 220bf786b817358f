# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templating with the task's templar: values in their own types, conditions, and whole template files.

One templar for each role and call; what a template looks like compiled is kept (:mod:`compiled`), and what a variable becomes
(:mod:`rendered`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import trust_as_template

from ..declared.forms import kind_of
from . import compiled, rendered

#: The template module's own defaults, so that a template looks the same wherever it is used.
_OVERRIDES = {"trim_blocks": True, "lstrip_blocks": False}


class Templates:
    """Values and template files under one set of variables.

    :param templar: the task's templar; it is not changed
    :param variables: what templates see
    :param searchpath: folders that ``include`` and ``import`` of template files look in
    """

    def __init__(self, templar: Any, variables: Mapping[str, Any], searchpath: Sequence[str]) -> None:
        self._search = list(searchpath)
        self._templar = templar.copy_with_new_env(available_variables=variables, searchpath=self._search)
        compiled.use(self._templar)
        self._templar.available_variables = rendered.once(self._templar, variables)

    def value(self, raw: Any, where: str) -> Any:
        """A value with everything in it templated, in its own type.

        :raises AnsibleError: it cannot be; ``where`` and the engine's reason say what
        """
        if raw is None or isinstance(raw, bool | int | float):
            return raw
        try:
            return self._templar.template(raw)
        except AnsibleError as error:
            raise AnsibleError(f"{where}: {_reason(error)}") from None

    def condition(self, raw: Any, where: str) -> bool:
        """A ``when``: a boolean, a template that gives one, or an expression as in a task.

        :raises AnsibleError: it is not one of these
        """
        if isinstance(raw, list):
            return all(self.condition(item, where) for item in raw)
        if isinstance(raw, bool):
            return raw
        try:
            if isinstance(raw, str) and not self._templar.is_possibly_template(raw):
                return bool(self._templar.evaluate_conditional(raw)) if raw.lower() not in _WORDS else boolean(raw)
            value = self._templar.template(raw)
            return value if isinstance(value, bool) else bool(boolean(value))
        except (AnsibleError, TypeError) as error:
            raise AnsibleError(f"{where}: {_reason(error)}") from None

    def file(self, path: str, loader: Any, where: str) -> str:
        """A template file's text.

        :raises AnsibleError: it fails, or gives something that is not a text
        """
        if os.path.dirname(path) not in self._search:
            self._search.append(os.path.dirname(path))
        try:
            raw = loader.get_text_file_contents(path)
            compiled.note(path, raw)
            text = self._templar.template(trust_as_template(raw), escape_backslashes=False, overrides=_OVERRIDES)
        except AnsibleError as error:
            raise AnsibleError(f"{where}: {os.path.basename(path)}: {_reason(error)}") from None
        if text is None:
            return ""
        if isinstance(text, dict | list):
            raise AnsibleError(f"{where}: {os.path.basename(path)} gives {kind_of(text)}, not text: use to_nice_yaml or to_nice_json")
        return str(text)


_WORDS = ("true", "false", "yes", "no", "on", "off", "1", "0")


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", error)).strip()
