# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of hosts: a restart, no package mirror, a configuration that its program does not run with."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable

from tests.live.lib.waiting import FaultError, ceiling, wait_until
from tests.live.postgresql.cluster import Cluster

Measured = Callable[[str], None]


def test_fault_19_host_restarts(site: Cluster, measured: Measured) -> None:
    """A host restarts: its units are back and the cluster is healthy within 120 s without a run. Debian has no cluster there."""
    site.wait_healthy()
    host = site.leader()
    units = site.running_units(host)
    began = time.monotonic()
    site.restart(host)
    try:
        wait_until(lambda: units <= site.running_units(host), f"all units of {host} run again", ceiling(120), interval=1)
    except FaultError as late:
        raise FaultError(f"{late}; missing: {', '.join(sorted(units - site.running_units(host)))}") from None
    site.wait_healthy(120)
    measured(f"healthy after {time.monotonic() - began:.1f} s (ceiling 120 s)")
    assert "postgresql-17-cron" in site.run(host, "dpkg-query", "--show", "postgresql-17-cron").stdout
    assert site.run(host, "pg_lsclusters", "-h").stdout == ""
    site.converge_unchanged()


def test_fault_21_package_mirror_gone(site: Cluster, measured: Measured) -> None:
    """The mirror is gone in mid-run: a clear failure, running services untouched, the next run succeeds."""
    host = site.hosts("postgresql")[0]
    before = site.fingerprint()
    wanted = ["-e", '{"base_packages": ["hello"]}']
    rule = "tcp dport { 80, 443, 3142 } reject with tcp reset;"
    site.run(host, "nft", "-f", "-", stdin=f"table inet fault {{\nchain output {{ type filter hook output priority -300; {rule} }}\n}}\n")
    try:
        failed = site.playbook("base.yml", *wanted)
    finally:
        site.run(host, "nft", "delete", "table", "inet", "fault", check=False)
    assert failed.returncode != 0
    assert "hello" in failed.stdout and host in failed.stdout, failed.stdout[-3000:]
    assert {h: p["units"] for h, p in site.fingerprint().items()} == {h: p["units"] for h, p in before.items()}
    done = site.playbook("base.yml", *wanted)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in site.hosts("all"):
        site.run(name, "apt-get", "purge", "-y", "-q", "hello", check=False)
    site.converge()


def test_firewall_that_was_flushed_by_hand_comes_back(site: Cluster) -> None:
    """Its unit stays active and its file is as it was, but the rules are gone: the next run sees that, on this host only."""
    client = site.hosts("postgresql_client")[0]
    before = site.run(client, "nft", "--stateless", "list", "table", "inet", "vannah").stdout
    for argv in (["delete", "table", "inet", "vannah"], ["add", "rule", "inet", "vannah", "input", "tcp", "dport", "1", "accept"]):
        site.run(client, "nft", *argv)
        printed = site.converge()
        assert re.search(rf"^{client} .*changed=1 ", printed, re.MULTILINE), printed[-2000:]
        assert len(re.findall(r"changed=0 ", printed)) >= len(site.hosts("all")) - 1, printed[-2000:]
        assert site.run(client, "nft", "--stateless", "list", "table", "inet", "vannah").stdout == before
    site.converge_unchanged()


def test_fault_22_configuration_that_does_not_run(site: Cluster, measured: Measured) -> None:
    """HAProxy accepts an address where another program listens; the old configuration comes back and is kept.

    An address that the host does not have is refused before.
    """
    client = site.hosts("postgresql_client")[0]
    starts = [site.starts(client, "haproxy.service")]
    refused = site.playbook("haproxy/converge.yml", "-e", '{"haproxy_bind": ["192.0.2.1"]}', "--limit", client)
    assert refused.returncode != 0 and "contact-address-bind" in refused.stdout, refused.stdout[-3000:]
    assert site.starts(client, "haproxy.service") == starts[0]
    bad = ["-e", '{"haproxy_bind": ["127.0.0.1", "127.0.0.2"]}', "--limit", client]
    other = ["python3", "-m", "http.server", "--bind", "127.0.0.2", "5000"]
    site.run(client, "systemd-run", "--quiet", "--unit=other", *other)
    try:
        for attempt in range(3):
            failed = site.playbook("haproxy/converge.yml", *bad)
            assert failed.returncode != 0, f"attempt {attempt}: the run did not fail"
            if attempt == 0:
                assert "cannot bind socket" in " ".join(failed.stdout.split()), failed.stdout[-2000:]
            assert site.run(client, "systemctl", "is-active", "haproxy.service").stdout.strip() == "active"
            starts.append(site.starts(client, "haproxy.service"))
    finally:
        site.run(client, "systemctl", "stop", "other.service")
    measured(f"starts of haproxy.service over three runs: {[b - a for a, b in itertools.pairwise(starts)]}")
    assert starts[2] == starts[1] and starts[3] == starts[1], "a definition that was held back was tried again"
    site.converge_unchanged()
