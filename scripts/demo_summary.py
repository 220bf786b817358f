# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what runs where in the demo, how to reach it and where its secrets are. Reads the inventory; asks no host.

.venv/bin/python -m scripts.demo_summary
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.live.lib.values import Values

ROOT = Path(__file__).resolve().parent.parent
SITE = "inventories/demo"
#: group -> what runs there, in a reader's words.
RUNS = {
    "etcd": "etcd (2379, 2380)",
    "postgresql": "PostgreSQL under Patroni (5432, 8008)",
    "postgresql_client": "HAProxy: read-write on 127.0.0.1:{rw}, read-only on 127.0.0.1:{ro}",
    "object_store": "MinIO: S3 on {s3}, console on {console}",
}


def lines(values: Values) -> list[str]:
    """The text, line by line."""
    clients = values.hosts("postgresql_client")
    stores = values.hosts("object_store")
    runs = dict(RUNS)
    endpoint = ""
    if stores and values.get(stores[0], "object_store_backend", "minio") == "s3":
        endpoint = str(values.get(stores[0], "object_store_endpoint"))
        runs["object_store"] = "makes the buckets at the S3 endpoint"
    ports = {"rw": 5000, "ro": 5001, "s3": 9000, "console": 9001}
    if stores:
        ports["s3"] = values.get(stores[0], "minio_port", 9000)
        ports["console"] = values.get(stores[0], "minio_console_port", 9001)
    if clients:
        ports["rw"] = values.get(clients[0], "haproxy_read_write_port", 5000)
        ports["ro"] = values.get(clients[0], "haproxy_read_only_port", 5001)
    text = ["", "The demo runs:", ""]
    groups = values.groups()
    for host in values.hosts():
        what = [words.format(**ports) for group, words in runs.items() if host in groups.get(group, [])]
        text.append(f"  {host:<6} {values.get(host, 'ansible_host'):<14} {'; '.join(what)}")
    text += ["", "Reach a server:"]
    first = values.hosts()[0]
    address = values.get(first, "ansible_host")
    text.append(f"  ssh -i .demo/ssh_key -o UserKnownHostsFile=.demo/known_hosts -o IdentitiesOnly=yes root@{address}")
    databases = values.hosts("postgresql")
    if databases:
        member = values.get(databases[0], "ansible_host")
        text += [
            "Who leads:",
            f"  ssh -i .demo/ssh_key -o UserKnownHostsFile=.demo/known_hosts -o IdentitiesOnly=yes root@{member}"
            " patronictl -c /etc/patroni/config.yml list",
        ]
    if endpoint:
        text += ["The object store, which is not the site's:", f"  {endpoint}, its keys in the secrets"]
    elif stores:
        text += [
            "The object store, from any of its servers (buckets, users: inventories/demo/group_vars/object_store.yml):",
            f"  https://{stores[0]}:{ports['s3']}, authority {SITE}/pki/ca.crt, user imaging, its key in the secrets",
        ]
    text += [
        "Read a secret:",
        f"  .venv/bin/ansible-vault view --vault-password-file {SITE}/.vault_password {SITE}/secrets.yml",
        "",
        f"Secrets: {SITE}/secrets.yml (encrypted), their password: {SITE}/.vault_password, certificates' authority: {SITE}/pki/.",
        "Again: make demo re-converges. Remove everything: make demo-down.",
    ]
    return text


def main() -> int:
    print("\n".join(lines(Values(ROOT / SITE))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
