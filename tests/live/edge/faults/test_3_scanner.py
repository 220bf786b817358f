# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of each port as testssl.sh judges it: the main checks in each run of the scenario, all of them with its grade in `make soak`."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.live.edge.clients import Clients
from tests.live.edge.engines import Edge
from tests.live.edge.scanner import scan

QUICK = "VANNAH_SOAK" not in os.environ
PORTS = [("pacs.edge.vannah.internal", 443), ("dicom.edge.vannah.internal", 4242)]


@pytest.mark.parametrize(("name", "port"), PORTS)
def test_tls_of_a_port(edge: Edge, clients: Clients, measured: Callable[[str], None], name: str, port: int) -> None:
    """No finding of severity high; the certificate is trusted with the site's authority, and the grade is A or better."""
    found = scan(clients, name, port, quick=QUICK)
    assert not found.bad, found.bad
    assert found.checks["TLS1_3"].startswith("OK") and found.checks["TLS1_2"].startswith("OK"), found.checks
    assert "not offered" in found.checks["TLS1"] and "not offered" in found.checks["TLS1_1"], found.checks
    trust = next(text for check, text in found.checks.items() if check.startswith("cert_chain_of_trust"))
    assert trust.startswith("OK"), trust
    if not QUICK:
        measured(f"{edge.engine}: testssl.sh grades {name}:{port} {found.grade}")
        assert found.grade in ("A", "A+"), found.grade
