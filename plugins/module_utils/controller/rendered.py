# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that are templated once for all templates that read them.

Ansible's engine wraps all variables again for each template, and for each template inside a variable, and forgets what they became
(``_flatten_and_lazify_vars`` in https://github.com/ansible/ansible/blob/devel/lib/ansible/_internal/_templating/_jinja_bits.py).
A role's variables build on each other, so one of them is templated a dozen times for one file. What is wrapped already is taken as it is.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any


def once(templar: Any, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wrap variables so that each is templated when it is first read, and keeps its value.

    :param templar: what templates them; they have to be the same for as long as it is used
    :param variables: a dictionary, or a chain of them
    :return: the same variables; as they were where ansible-core is not as it is known here
    """
    try:
        from ansible._internal._templating import _engine, _jinja_bits, _utils

        options = _engine.TemplateOptions.DEFAULT
        with _utils.TemplateContext(template_value="", templar=templar._engine, options=options):
            return ChainMap(*_jinja_bits._flatten_and_lazify_vars(variables))
    except (ImportError, AttributeError, TypeError, NotImplementedError):
        return variables


__all__ = ["once"]
