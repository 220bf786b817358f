# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of alerts."""

from __future__ import annotations

from collections.abc import Iterator

from ...preflight.findings import Code, Finding, Level
from ...preflight.model import Site
from ...preflight.rules import Area

CODES = (
    Code(
        "safety-no-alert-receiver",
        "The site is monitored, and no receiver of alerts is defined.",
        "Set site_alert_receivers: at least one address.",
        Level.WARNING,
    ),
)


def check_alerts(site: Site) -> Iterator[Finding]:
    """Monitoring without a receiver of alerts."""
    monitors = site.members("monitoring")
    if monitors and all(host.get("site_alert_receivers") in (None, "", []) for host in monitors):
        yield Finding(
            "safety-no-alert-receiver",
            "monitoring",
            "site_alert_receivers",
            "no receiver of alerts is defined.",
            "set site_alert_receivers: addresses",
        )


AREA = Area("Monitoring", CODES, (check_alerts,))
