# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program answered. A module of its own: the context runs programs, and what runs them gives this back."""

from __future__ import annotations


class Result:
    """What a program answered: exit status, standard output and standard error as text."""

    __slots__ = ("rc", "out", "err")

    def __init__(self, rc: int, out: str = "", err: str = "") -> None:
        self.rc = rc
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"Result({self.rc}, {self.out!r}, {self.err!r})"
