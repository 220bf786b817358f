# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is wrong between the declarations of roles; the form of each is judged by :mod:`.kinds` and :mod:`.role_files`."""

from __future__ import annotations

from collections.abc import Iterator

from . import agreement, contents, details, operations, ownership, references
from .tree import Problem, Role, World


def problems(role: Role, world: World) -> Iterator[Problem]:
    """What is wrong with a role's declarations, beside those of the other roles."""
    for part in (references, agreement, ownership, contents, operations, details):
        yield from dict.fromkeys(part.problems(role, world))
