# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Docker that CapRover and Traefik work with. Pure. What concerns CapRover alone its update verb goes by as well."""

from __future__ import annotations

from ...agent.services.caprover.versions import BREAKING, FIRST, Version, parse
from ...agent.services.caprover.versions import with_docker as with_caprover

__all__ = ["BREAKING", "DEBIAN", "FIRST", "TRAEFIK", "Version", "fits", "parse", "with_caprover", "with_traefik"]

#: What Debian's releases carry (packages.debian.org): release -> Docker's version.
DEBIAN = {"12": "20.10", "13": "26.1"}
TRAEFIK = (3, 6, 1)


def fits(asked: str, carried: str) -> bool:
    """Whether a version that is asked for (26, 26.1, 26.1.5) can be the one that a release carries (26.1)."""
    one, other = asked.split("."), carried.split(".")
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def with_traefik(docker: Version, traefik: Version | None) -> str:
    """Why Traefik does not work with a Docker; empty where it does. Docker 29 dropped the API that Traefik before 3.6.1 spoke."""
    if docker >= BREAKING and traefik is not None and traefik < TRAEFIK:
        return "Traefik before 3.6.1 does not see the containers of Docker 29 or newer"
    return ""
