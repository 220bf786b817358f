# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the call of the service answers, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict


class Newer(TypedDict):
    """A package of which a newer version is available."""

    name: str
    installed: str
    available: str


class Updates(TypedDict):
    """What is newer."""

    packages: list[Newer]


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class UpdateParams(TypedDict):
    """Of ``packages_update``."""

    names: list[str]
    held: bool
    refresh: bool
