# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of each port as testssl.sh judges it: the main checks in each run of the scenario, all of them with its grade in `make soak`."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.live.edge.clients import Clients
from tests.live.edge.engines import Edge
from tests.live.edge.scanner import scan

QUICK = "VANNAH_SOAK" not in os.environ
PORTS = [("pacs.edge.vannah.internal", 443), ("dicom.edge.vannah.internal", 4242)]


def test_tls_of_each_port(edge: Edge, clients: Clients, measured: Callable[[str], None]) -> None:
    """No finding of severity high; the certificate is trusted with the site's authority, and the grade is A or better."""
    with ThreadPoolExecutor(len(PORTS)) as pool:
        scans = [(name, port, pool.submit(scan, clients, name, port, quick=QUICK)) for name, port in PORTS]
    for name, port, one in scans:
        found, where = one.result(), f"{name}:{port}"
        assert not found.bad, (where, found.bad)
        assert found.checks["TLS1_3"].startswith("OK") and found.checks["TLS1_2"].startswith("OK"), (where, found.checks)
        assert "not offered" in found.checks["TLS1"] and "not offered" in found.checks["TLS1_1"], (where, found.checks)
        trust = next(text for check, text in found.checks.items() if check.startswith("cert_chain_of_trust"))
        assert trust.startswith("OK"), (where, trust)
        if not QUICK:
            measured(f"{edge.engine}: testssl.sh grades {where} {found.grade}")
            assert found.grade in ("A", "A+"), (where, found.grade)
