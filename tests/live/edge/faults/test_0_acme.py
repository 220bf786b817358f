# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public authority asks through the edge for what proves a name, and its certificate is served."""

from __future__ import annotations

from tests.live.edge.clients import Clients
from tests.live.edge.engines import PUBLIC, Edge
from tests.live.edge.faults.conftest import ENGINES
from tests.live.lib.waiting import ceiling, wait_until


def test_a_certificate_is_issued(edge: Edge, clients: Clients) -> None:
    """By the first engine in the run that configured it, and both hosts serve it. The second engine took it over and has another issued."""
    first = edge.obtained(edge.hosts[0])
    assert first and all(edge.obtained(host) == first for host in edge.hosts)
    for host in edge.hosts:
        shown = Clients(edge.site, clients.host, host)
        wait_until(lambda shown=shown: shown.certificate(PUBLIC) == first, f"{host} serves the certificate", ceiling(10))  # type: ignore[misc]
    if edge.engine != ENGINES[0]:
        edge.forget()
        edge.obtain()
        # It is due again within half a minute, which a busy machine may take.
        assert edge.state() in ("valid", "due")
        second = edge.obtained(edge.hosts[0])
        assert second not in ("", first)
        wait_until(lambda: clients.certificate(PUBLIC) == second, "the new certificate is served", ceiling(10))
