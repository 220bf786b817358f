# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a finding points."""

from __future__ import annotations

from collections.abc import Iterable

from ..findings import Finding
from ..model import Host, Site


def place(site: Site, host: Host, variables: Iterable[str], fallback: str) -> tuple[str, str, str]:
    """(where, variable, file:line) of the definition that gives a host the first of some variables that is set.

    Where none is set the role's default applies: then ``fallback`` (a group or the host) and the first variable are named.
    All hosts that have the value from one place get the same answer, so that their findings become one.
    """
    names = list(variables)
    for name in names:
        for owner, source in site.sources([host], name):
            return owner, name, source
    return fallback, names[0], ""


def finding(site: Site, host: Host, variables: Iterable[str], fallback: str, code: str, problem: str, fix: str) -> Finding:
    """A finding at :func:`place`."""
    where, variable, source = place(site, host, variables, fallback)
    return Finding(code, where, variable, problem, fix, source)
