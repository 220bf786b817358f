# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Debian's testssl.sh finds on a port of the edge, which it is given the site's authority for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.live.edge.clients import CA, Clients

#: Checks of a minute's part: versions, suites, the certificate with its chain, and headers. Without them all it gives no grade.
QUICK = ["--protocols", "--std", "--server-defaults", "--headers"]
BAD = ("HIGH", "CRITICAL", "FATAL")


@dataclass(frozen=True)
class Found:
    """Identifiers of its checks with their findings.

    :ivar bad: those of a severity that has to be repaired
    :ivar grade: empty where it gives none
    """

    checks: dict[str, str]
    bad: dict[str, str]
    grade: str


def scan(clients: Clients, name: str, port: int, *, quick: bool) -> Found:
    """Run it."""
    file = f"/root/testssl-{port}.json"
    argv = ["testssl", "--quiet", "--warnings", "batch", "--color", "0", "--add-ca", CA, "--ip", clients.address, "--jsonfile", file]
    clients.site.run(clients.host, "rm", "-f", file)
    clients.site.run(clients.host, *argv, *(QUICK if quick else []), f"{name}:{port}", check=False, timeout=900)
    rows = json.loads(clients.site.read(clients.host, "cat", file))
    checks = {row["id"]: f"{row['severity']}: {row['finding']}" for row in rows}
    bad = {row["id"]: row["finding"] for row in rows if row["severity"] in BAD}
    return Found(checks, bad, next((row["finding"] for row in rows if row["id"] == "overall_grade"), ""))
