# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx on a converged site."""

from __future__ import annotations

import pytest

from tests.live.lib.server import Server
from tests.live.lib.site import Site

ASK = "python3 -c 'import urllib.request; print(urllib.request.urlopen(\"http://127.0.0.1:{}/metrics\", timeout=10).read(200))'"


def test_it_answers(reached: Site, servers: dict[str, Server]) -> None:
    """Metrics, on the port that the inventory says."""
    hosts = reached.hosts("edge")
    if not hosts:
        pytest.skip("the site has no host in the group edge")
    for name in hosts:
        answer = servers[name].shell(ASK.format(reached.values.get(name, "edge_port", 9100)))
        assert answer.status == 0 and "# HELP" in answer.text, f"{name}: {answer.text}"
