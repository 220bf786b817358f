# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser (Debian's Chromium) opens a site where it has the site's authority, and refuses it where it has not."""

from __future__ import annotations

from tests.live.edge.clients import CA, Clients
from tests.live.edge.engines import Edge
from tests.live.lib.browser import Browser

NAME = "pacs.edge.vannah.internal"


def test_a_browser(edge: Edge, clients: Clients) -> None:
    """The page of a server behind the edge."""
    site, host = edge.site, clients.host
    browser = Browser(lambda argv, given: site.run(host, *argv, stdin=given, timeout=300).stdout)
    browser.set_up(f"{clients.address} {NAME}")
    refused = browser.opened(f"https://{NAME}/")
    assert not any(f">{one}\n" in refused for one in edge.behind), refused[-2000:]
    browser.trust(site.read(host, "cat", CA))
    shown = browser.opened(f"https://{NAME}/")
    assert any(f">{one}\n" in shown for one in edge.behind), shown[-2000:]
