# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser (Debian's Chromium) opens a site where it has the site's authority, and refuses it where it has not."""

from __future__ import annotations

import pytest

from tests.live.edge.clients import CA, Clients
from tests.live.edge.engines import Edge

NAME = "pacs.edge.vannah.internal"
#: Where Chromium looks for authorities that a person has imported.
TRUST = "/root/.pki/nssdb"
_SET_UP = f"""
test -x /usr/bin/chromium || DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium libnss3-tools >/dev/null
grep -q '{NAME}$' /etc/hosts || echo "$1 {NAME}" >> /etc/hosts
rm -rf {TRUST}; mkdir -p {TRUST}
certutil -N -d sql:{TRUST} --empty-password
"""
_IMPORT = ["certutil", "-A", "-d", f"sql:{TRUST}", "-n", "site", "-t", "C,,", "-i", CA]


@pytest.fixture
def browser(edge: Edge, clients: Clients) -> Clients:
    """Without authorities of its own."""
    edge.site.run(clients.host, "bash", "-euc", _SET_UP, "-", clients.address, timeout=300)
    return clients


def opened(clients: Clients) -> str:
    """What the browser shows; nothing, where it does not trust the site."""
    argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=/tmp/browser"]
    clients.site.run(clients.host, "rm", "-rf", "/tmp/browser")
    return clients.site.run(clients.host, *argv, "--timeout=20000", "--dump-dom", f"https://{NAME}/", check=False, timeout=120).stdout


def test_a_browser(browser: Clients, edge: Edge) -> None:
    """The page of a server behind the edge."""
    refused = opened(browser)
    assert not any(f">{host}\n" in refused for host in edge.behind), refused[-2000:]
    browser.site.run(browser.host, *_IMPORT)
    shown = opened(browser)
    assert any(f">{host}\n" in shown for host in edge.behind), shown[-2000:]
