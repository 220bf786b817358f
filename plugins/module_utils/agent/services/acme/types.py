# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's program says and the calls answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict


class Status(TypedDict):
    """A certificate as ``acme-certificates status`` has it; ``waits``: it failed a short time ago and is asked for ``again`` later."""

    name: str
    state: str
    reason: str
    digest: str
    waits: bool
    failed: str
    again: str


class Given(TypedDict):
    """A certificate with its key, as ``acme-certificates export`` prints it and ``install`` reads it."""

    name: str
    fullchain: str
    private_key: str
    directory: str


class Shown(TypedDict):
    """A certificate in an answer."""

    name: str
    state: str
    reason: str


class Answer(TypedDict):
    """The certificates of the host."""

    certificates: list[Shown]


class Export(TypedDict):
    """Valid certificates with their keys."""

    certificates: list[Given]


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class CertificatesParams(TypedDict):
    """Of ``acme_certificates``."""

    obtains: bool
    retry: bool
    given: list[Given] | None
