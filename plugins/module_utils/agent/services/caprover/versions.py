# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Docker that a version of CapRover works with. Pure; preflight goes by the same table.

CapRover speaks version 1.44 of Docker's API (its src/utils/CaptainConstants.ts, ``dockerApiVersion``), which Docker 25 is the first to
have; Docker 29 dropped the versions of the API that CapRover before 1.14.1 spoke.
"""

from __future__ import annotations

import re

Version = tuple[int, ...]

#: The first Docker with the API that CapRover speaks, and the first that dropped the older ones.
FIRST, BREAKING = (25,), (29,)
CAPROVER = (1, 14, 1)


def parse(text: str) -> Version | None:
    """``26.1.5`` as numbers; None for what is not a version."""
    return tuple(int(part) for part in text.split(".")) if re.fullmatch(r"\d+(?:\.\d+){0,3}", text) else None


def of_engine(text: str) -> Version | None:
    """The same of what an engine says of itself, such as ``26.1.5+dfsg1`` and ``28.5.1-rc.1``."""
    found = re.match(r"\d+(?:\.\d+){0,3}", text)
    return parse(found[0]) if found else None


def with_docker(docker: Version, caprover: Version | None) -> str:
    """Why CapRover does not work with a Docker; empty where it does. A CapRover of which nothing is known is a current one."""
    if docker < FIRST:
        return "CapRover needs Docker 25 or newer (API 1.44)"
    if docker >= BREAKING and caprover is not None and caprover < CAPROVER:
        return "CapRover before 1.14.1 does not start with Docker 29 or newer"
    return ""
