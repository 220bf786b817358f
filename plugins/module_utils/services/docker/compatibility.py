# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Docker that CapRover and Traefik work with. Pure.

CapRover speaks version 1.44 of Docker's API, which Docker 25 is the first to have; Docker 29 dropped the versions of the API that CapRover
before 1.14.1 and Traefik before 3.6.1 spoke.
"""

from __future__ import annotations

import re

Version = tuple[int, ...]

#: What Debian's releases carry (packages.debian.org): release -> Docker's version.
DEBIAN = {"12": "20.10", "13": "26.1"}
#: The first Docker with the API that CapRover speaks, and the first that dropped the older ones.
FIRST, BREAKING = (25,), (29,)
CAPROVER, TRAEFIK = (1, 14, 1), (3, 6, 1)


def parse(text: str) -> Version | None:
    """``26.1.5`` as numbers; None for what is no version."""
    return tuple(int(part) for part in text.split(".")) if re.fullmatch(r"\d+(?:\.\d+){0,3}", text) else None


def fits(asked: str, carried: str) -> bool:
    """Whether a version that is asked for (26, 26.1, 26.1.5) can be the one that a release carries (26.1)."""
    one, other = asked.split("."), carried.split(".")
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def with_caprover(docker: Version, caprover: Version | None) -> str:
    """Why CapRover does not work with a Docker; empty where it does. A CapRover of which nothing is known is a current one."""
    if docker < FIRST:
        return "CapRover needs Docker 25 or newer (API 1.44)"
    if docker >= BREAKING and caprover is not None and caprover < CAPROVER:
        return "CapRover before 1.14.1 does not start with Docker 29 or newer"
    return ""


def with_traefik(docker: Version, traefik: Version | None) -> str:
    """The same of Traefik."""
    if docker >= BREAKING and traefik is not None and traefik < TRAEFIK:
        return "Traefik before 3.6.1 does not see the containers of Docker 29 or newer"
    return ""
