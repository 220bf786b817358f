# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's CA: nothing that it signs outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ...agent.lib.plural import counted
from ..findings import Code, Finding, Level
from ..model import Site

#: Two lives of a host's certificate, and time to plan.
WARNED = timedelta(days=180)
CERTIFICATE = "pki/ca.crt"
_RENEWAL = (
    "run playbooks/pki/rotate_ca.yml, which replaces the CA while everything runs (docs/day2.md, The site's authority)."
    " After it expires this requires an outage of the whole site"
)
_OUTAGE = (
    "plan an outage of the whole site (docs/day2.md, The site's authority): stop its services on all hosts,"
    " move pki/ca.crt away, leave pki/ca.key, converge all hosts"
)

CODES = (
    Code(
        "ca-expires-soon",
        f"The site's CA certificate expires within {WARNED.days} days. No certificate of a host outlives it, and after it expires "
        f"none is accepted.",
        "Run playbooks/pki/rotate_ca.yml in time, which replaces the CA while everything runs (docs/day2.md).",
        Level.WARNING,
    ),
    Code(
        "ca-expired",
        "The site's CA certificate has expired: no certificate is accepted any longer, and none can be signed.",
        "Plan an outage of the whole site: stop its services on all hosts, move pki/ca.crt away, converge all hosts (docs/day2.md).",
    ),
)


def check_end(site: Site) -> Iterator[Finding]:
    """How long the CA lives."""
    end = site.authority_end
    if end is None:
        return
    left = end - site.controller.now
    if left <= timedelta(0):
        yield Finding("ca-expired", CERTIFICATE, "-", f"the site's CA certificate expired on {end:%Y-%m-%d}.", _OUTAGE)
    elif left <= WARNED:
        problem = (
            f"the site's CA certificate expires on {end:%Y-%m-%d}, in {counted(left.days, 'day')}, and no certificate of a "
            "host outlives it."
        )
        yield Finding("ca-expires-soon", CERTIFICATE, "-", problem, _RENEWAL)


RULES = (check_end,)
