# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare servers: a run with one of them missing, a run in which one fails, and the runs after. In this order."""

from __future__ import annotations

import re

from tests.live.lib.site import Site
from tests.live.postgresql.cluster import Cluster

MISSING = "db2"
BROKEN = "/etc/apt/apt.conf.d/99-no-mirror"


def refused(site: Site, *arguments: str) -> str:
    """What a run of the site printed that has to fail, without the line breaks of the printed form."""
    done = site.playbook("site.yml", *arguments)
    assert done.returncode != 0, done.stdout[-4000:]
    return " ".join(done.stdout.split())


def started(site: Site) -> dict[str, str]:
    """Units of the clusters that were ever started on a host since it booted."""
    argv = ("systemctl", "show", "--value", "--property=InactiveExitTimestamp", "etcd.service", "patroni.service")
    found = {host: site.run(host, *argv, check=False).stdout.split() for host in site.hosts("all")}
    return {host: " ".join(times) for host, times in found.items() if times}


def changed(site: Site) -> list[str]:
    """Hosts on which something was made."""
    return [host for host in site.hosts("all") if site.run(host, "test", "-e", "/var/lib/vannah", check=False).returncode == 0]


def test_server_that_cannot_be_reached(site: Site) -> None:
    """The host checks refuse to form a cluster without it; no other host is changed."""
    site.run(MISSING, "systemctl", "stop", "ssh.socket", "ssh.service", check=False)
    try:
        said = refused(site)
    finally:
        site.run(MISSING, "systemctl", "start", "ssh.service")
    for group in ("etcd", "postgresql"):
        assert re.search(rf"contact-new-cluster {group} .*{MISSING} cannot be reached.*Fix: make {MISSING} reachable", said)
    assert changed(site) == []


def test_server_that_is_left_out(site: Site) -> None:
    """A limit that leaves out a member of a new cluster is refused before any change."""
    said = refused(site, "--limit", f"all:!{MISSING}")
    assert f"{MISSING} is left out of this run (--limit)" in said
    assert changed(site) == []


def test_server_that_fails_in_the_middle(site: Site) -> None:
    """Its package mirror is away: the others are not started, and the run says who failed and why."""
    site.run(MISSING, "sh", "-c", f"echo 'Acquire::http::Proxy \"http://127.0.0.1:9\";' > {BROKEN}; rm -rf /var/lib/apt/lists/*")
    try:
        said = refused(site)
    finally:
        site.run(MISSING, "rm", BROKEN)
    assert f"{MISSING} has failed" in said or f"because {MISSING} failed" in said, said[-4000:]
    assert "the package mirror cannot be reached" in said
    assert started(site) == {}


def test_next_run_ends_well(site: Site) -> None:
    """Without options, also after a first start that failed on one of them."""
    site.converge()
    Cluster.of(site).wait_members()


def test_cluster_that_exists_continues_without_a_member(site: Site) -> None:
    """As on every later day."""
    said = site.converge("--limit", f"all:!{MISSING}")
    assert "contact-new-cluster" not in said
    assert Cluster.of(site).leader()


def test_again_changes_nothing(site: Site) -> None:
    """The run after it has nothing to do."""
    site.converge_unchanged()
