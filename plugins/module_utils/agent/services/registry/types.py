# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of the service answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict

from ...definition import State


class Item(TypedDict):
    """An image that is listed, with every option of the module ``registry_images``."""

    name: str
    tag: str
    digest: str
    source: str
    state: State


class Health(TypedDict):
    """Whether a registry answers, and what is wrong with it."""

    answers: bool
    problems: list[str]


class Images(TypedDict):
    """The images that will be there, as ``name@digest``."""

    answers: bool
    images: list[str]


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class Login(TypedDict):
    """How a registry is reached."""

    url: str
    user: str
    password: str
    ca: str
    timeout: int


class HealthParams(Login):
    """Of ``registry_health``."""

    wait: int


class ImagesParams(Login):
    """Of ``registry_images``."""

    images: list[Item]
    wait: int
