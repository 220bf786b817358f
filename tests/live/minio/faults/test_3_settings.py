# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the object store changed on a running site: taken over, waiting for all servers, or refused before anything is touched.

`make test` tries those that are refused, `make soak` (VANNAH_SOAK) all of them.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from tests.live.lib.settings_tried import refused, stated, taken_over, tried_on
from tests.live.lib.site import Site
from tests.live.minio.store import Store

#: A minute each.
LONG = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes a minute: `make soak` runs it")
BUCKET = "dicom"
STORE = tried_on("minio")
PORTS = {"minio_port": 9400, "minio_console_port": 9401}


def changed(printed: str) -> dict[str, int]:
    """Each host's number of changed tasks, from the recap."""
    return {host: int(number) for host, number in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE)}


def run(site: Site, playbook: str, values: dict[str, Any]) -> str:
    """A run that has to end well; what it printed."""
    done = site.playbook(playbook, "-e", json.dumps(values))
    assert done.returncode == 0, f"{playbook} {values} exited {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def test_refused_before_anything_is_touched(site: Site, store: Store, objects: dict[str, int]) -> None:
    """Ports and drives: each is named with its verb, no host is changed."""
    values = refused(STORE)
    done = site.playbook("site.yml", "-e", json.dumps(values))
    assert done.returncode != 0
    assert not any(changed(done.stdout).values()), done.stdout[-3000:]
    for name in values:
        judged = stated()[name].judged_with or name
        line = next((line for line in done.stdout.splitlines() if re.match(rf"contact-setting-\w+ [\w, ]+ {judged}: ", line.strip())), "")
        assert line, f"{name} is not refused:\n{done.stdout[-4000:]}"
        assert stated()[name].verb in line
    assert store.different(BUCKET, objects, store.hosts[0]) == []


def test_one_server_that_restarted_with_a_setting_taken_back(site: Site, store: Store, objects: dict[str, int]) -> None:
    """It waits for others with its setting and takes no part. The next run restarts it alone, as the others have nothing to take over."""
    last = store.hosts[-1]
    try:
        printed = run(site, "site.yml", {"minio_settings": {"MINIO_API_REQUESTS_MAX": 1500}})
        assert "MINIO_API_REQUESTS_MAX waits until it is requested" in " ".join(printed.split()), printed[-3000:]
        # As its host's restart would: at once, not waiting for readiness that cannot come.
        site.run(last, "systemctl", "restart", "--no-block", "minio.service")
    finally:
        printed = run(site, "site.yml", {})
    assert "MINIO_API_REQUESTS_MAX waits" not in " ".join(printed.split()), printed[-3000:]
    store.wait_healthy(60)
    assert not any(changed(run(site, "site.yml", {})).values())
    assert store.different(BUCKET, objects, last) == []


@LONG
@pytest.mark.parametrize("name", list(taken_over(STORE)))
def test_taken_over_or_waiting(site: Site, store: Store, objects: dict[str, int], name: str) -> None:
    """A run ends well with it and without it; what all servers have to take together waits, and the store continues."""
    try:
        printed = run(site, "site.yml", {name: STORE[name]})
        assert not stated()[name].waits or f"{stated()[name].waits}, which stops all servers together" in " ".join(printed.split())
        assert store.different(BUCKET, objects, store.hosts[0]) == []
    finally:
        run(site, "site.yml", {})
    store.wait_healthy(60)


@LONG
def test_ports_change_together(site: Site, store: Store, objects: dict[str, int]) -> None:
    """All servers take the new ports and the old ones are closed; and back, with all objects."""
    try:
        run(site, "change_ports.yml", PORTS)
        printed = run(site, "site.yml", PORTS)
        assert not any(changed(printed).values()), printed[-6000:]
        host = store.hosts[0]
        names = [bucket["Name"] for bucket in store.client(host, PORTS["minio_port"]).list_buckets()["Buckets"]]
        assert BUCKET in names
        firewall = site.run(host, "nft", "list", "table", "inet", "vannah").stdout
        assert "dport 9400" in firewall and "dport 9000" not in firewall and "dport 9001" not in firewall
    finally:
        run(site, "change_ports.yml", {})
    store.wait_healthy(60)
    assert store.different(BUCKET, objects, store.hosts[0]) == []
