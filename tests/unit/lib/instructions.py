# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what stands after ``Fix:`` is an instruction."""

from __future__ import annotations

import re

#: What a person is told to do. A fix that begins with a noun leaves open whether it is to be written, removed or looked at.
VERBS = frozenset(
    "add begin change comment configure correct decide empty encrypt give include install keep list make mount name plan provide put"
    " remove rename report restore return run set stop unset use wait write".split()
)


def is_instruction(fix: str) -> bool:
    """Whether a text begins with an imperative verb."""
    return bool(fix) and re.split(r"[^A-Za-z]", fix, maxsplit=1)[0].lower() in VERBS
