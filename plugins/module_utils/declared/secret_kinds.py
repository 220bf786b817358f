# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of declarations that are about secrets."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .fields import Option, Plain, SecretKind, SecretName


class Secret(TypedDict):
    """A secret of the site, generated once."""

    name: SecretName
    kind: SecretKind


class NamedSecret(TypedDict):
    """A list whose entries get a secret of their own."""

    variable: Option
    key: Plain
    own: Plain
    prefix: Plain


class GivenSecret(TypedDict):
    """A secret from outside the site."""

    name: Plain
    identifies: NotRequired[bool]


class ForeignSecret(TypedDict):
    """A secret of another role, its owner, that this one uses."""

    name: SecretName
    owner: Plain


class ChosenSecret(TypedDict):
    """Who names secrets of any role for this one to use: the site in a variable, or other roles in a kind of declaration."""

    variable: NotRequired[Plain]
    kind: NotRequired[Plain]
