# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge bare servers in one run."""

from __future__ import annotations

from tests.live.lib.site import Site
from tests.live.postgresql.cluster import Cluster


def test_converge(site: Site) -> None:
    """One run from nothing ends well."""
    site.converge()
    failed = {
        host: site.run(host, "systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout.strip() for host in site.hosts("all")
    }
    assert not any(failed.values()), failed


def test_cluster_is_healthy(site: Site) -> None:
    """Where there is a database cluster, it has one leader and every standby streams."""
    if site.hosts("postgresql"):
        Cluster.of(site).wait_members()
