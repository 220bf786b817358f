# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of the service answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict

from ...records import Authority


class Said(TypedDict):
    """What ``openssl x509`` prints beside what :class:`.x509.Certificate` has."""

    issuer: str
    serial: str
    authority: str


class Row(TypedDict, total=False):
    """A certificate of the answer, see :func:`_row`; ``trusted`` are the authorities in the file beside it."""

    component: str
    name: str
    key: str
    path: str
    units: list[str]
    trusted: list[Authority] | None
    problem: str
    common_name: str
    names: list[str]
    addresses: list[str]
    issuer: str
    authority: str
    serial: str
    not_before: float | None
    not_after: float | None
    key_fits: bool | None


class Answer(TypedDict):
    """What the call answers."""

    certificates: list[Row]
    trusted: list[Authority]
    waits: list[str]
    clock: float


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class Also(TypedDict):
    """A certificate that comes from elsewhere."""

    name: str
    path: str
    units: list[str]
    role: str


class CertificatesParams(TypedDict):
    """Of ``pki_certificates``."""

    also: list[Also]
