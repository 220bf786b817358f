# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory forgets and the cluster does not, and an alarm of etcd that nothing but a person took back."""

from __future__ import annotations

import json
import shutil

import yaml

from tests.live.postgresql.cluster import Cluster

ETCD = "/etc/vannah/pki/etcd"
#: Raises the alarm NOSPACE of this host's own member, as a database does that reaches its quota.
RAISE = f"""
import http.client, json, ssl
context = ssl.create_default_context(cafile="{ETCD}/ca.pem")
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
context.load_cert_chain("{ETCD}/cert.pem", "{ETCD}/key.pem")

def post(path, body):
    connection = http.client.HTTPSConnection("127.0.0.1", 2379, timeout=5, context=context)
    connection.request("POST", path, json.dumps(body))
    return json.loads(connection.getresponse().read())

member = post("/v3/maintenance/status", {{}})["header"]["member_id"]
post("/v3/maintenance/alarm", {{"action": "ACTIVATE", "memberID": member, "alarm": "NOSPACE"}})
print(json.dumps(post("/v3/maintenance/status", {{}}).get("errors")))
"""


def test_a_leader_that_the_inventory_forgets(site: Cluster) -> None:
    """No member is contacted, and HAProxy on the client would lose it: refused, and nothing is changed."""
    site.wait_healthy()
    leader, client = site.leader(), site.hosts("postgresql_client")[0]
    # Beside the scenario's own, whose files name their place by its folder.
    folder = site.inventory.with_name("inventory.forgotten")
    shutil.copytree(site.inventory, folder, symlinks=True, dirs_exist_ok=True)
    try:
        said = yaml.safe_load((folder / "hosts.yml").read_text(encoding="utf-8"))
        del said["all"]["children"]["postgresql"]["hosts"][leader]
        (folder / "hosts.yml").write_text(yaml.safe_dump(said), encoding="utf-8")
        forgotten = Cluster(folder, site.arguments, site.environment)
        before = site.fingerprint()
        for playbook in ("haproxy/converge.yml", "base.yml"):
            done = forgotten.playbook(playbook, "--limit", client)
            assert done.returncode != 0, done.stdout[-4000:]
            assert "contact-member-not-in-group" in done.stdout and leader in done.stdout, done.stdout[-4000:]
        assert site.fingerprint() == before
    finally:
        shutil.rmtree(folder)


def test_an_alarm_of_etcd_is_taken_back(site: Cluster) -> None:
    """While it is raised no one can write, so no leader can lead for long; the next converge ends it and says so."""
    host = site.hosts("etcd")[0]
    raised = site.run(host, "python3", "-c", RAISE)
    assert "NOSPACE" in str(json.loads(raised.stdout)), raised.stdout + raised.stderr
    printed = site.converge()
    assert "contact-etcd-alarm" in printed, printed[-4000:]
    site.wait_healthy()
    site.converge_unchanged()
