# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second legal value of every public variable, for the tests that change each of them on a running site.

What a change does is not written here but read from the roles' statements (``effects`` in ``meta/exports.yml``). A unit test fails where a
variable has neither a value here nor a reason why it is not tried.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.effects import Statement, statements

REPOSITORY = Path(__file__).resolve().parents[3]


#: Tried on the site of the scenario ``postgresql``. A template is of the host's own variables.
DATABASE: dict[str, Any] = {
    "base_hostname": "{{ inventory_hostname_short }}-x",
    "base_hosts_manage": False,
    "base_hosts_extra": [{"address": "192.0.2.10", "names": ["pacs.example.org"]}],
    "base_ssh_key_only": False,
    "base_ssh_password_users": ["nobody"],
    "base_ssh_settings": {"LoginGraceTime": "50"},
    "base_time_sync": False,
    "base_sysctls": {"net.ipv4.tcp_syncookies": None},
    "base_journal": {"SystemMaxUse": "800M"},
    "base_packages": ["tree"],
    "base_updates": False,
    "base_updates_exclude": ["tree"],
    "base_updates_settings": {"MailReport": "only-on-error"},
    "etcd_client_port": 2389,
    "etcd_peer_port": 2390,
    "etcd_data_directory": "/var/lib/etcd/other",
    "etcd_heartbeat_interval": 60,
    "etcd_election_timeout": 700,
    "etcd_quota_mb": 1024,
    "etcd_compaction_retention": "2h",
    "etcd_settings": {"snapshot-count": 50000},
    "etcd_adopt": True,
    "etcd_restart_policy": "manual",
    "etcd_ready_timeout": 200,
    "firewall_enabled": False,
    "firewall_ssh_ports": [22, 2222],
    "firewall_ports": [{"name": "tried", "port": 9999, "from": "any"}],
    "firewall_published_interfaces": ["docker*"],
    "firewall_extra_rules": ["tcp dport 9998 accept"],
    "firewall_log": False,
    "haproxy_bind": ["127.0.0.1", "127.0.0.2"],
    "haproxy_read_write_port": 5010,
    "haproxy_read_only_port": 5011,
    "haproxy_allowed_from": ["192.0.2.0/24"],
    "haproxy_replica_max_lag": "16MB",
    "haproxy_settings": {"timeout connect": "4s"},
    "haproxy_global": {"maxconn": "3000"},
    "haproxy_check": {"inter": "900ms"},
    "haproxy_adopt": True,
    "postgresql_cluster": "other",
    "postgresql_port": 5433,
    "postgresql_rest_port": 8009,
    "postgresql_data_directory": "/var/lib/postgresql/other",
    "postgresql_adopt": True,
    "postgresql_ttl": 24,
    "postgresql_loop_wait": 3,
    "postgresql_retry_timeout": 7,
    "postgresql_synchronous": False,
    "postgresql_synchronous_strict": False,
    "postgresql_synchronous_nodes": 2,
    "postgresql_failsafe": True,
    "postgresql_maximum_lag_on_failover": 2097152,
    "postgresql_max_connections": 150,
    "postgresql_max_wal_senders": 12,
    "postgresql_memory_mb": 1024,
    "postgresql_settings": {"work_mem": "5MB"},
    "postgresql_archive_timeout": 50,
    "postgresql_rpo": 120,
    "postgresql_client_addresses": ["192.0.2.20"],
    "postgresql_hba": ["hostssl all all 192.0.2.21/32 scram-sha-256"],
    "postgresql_slots": {"tried": {"type": "physical"}},
    "postgresql_databases": [{"name": "tried"}],
    "postgresql_roles": [{"name": "tried", "login": False}],
    "postgresql_watchdog": "automatic",
    "postgresql_initdb": {"encoding": "UTF8", "locale": "C"},
    "postgresql_restart_policy": "manual",
    "postgresql_ready_timeout": 200,
    "site_name": "other",
    "site_domain": "other.vannah.internal",
    "site_admin_addresses": ["any"],
    "site_container_subnets": ["192.0.2.128/25"],
    "site_maintenance_windows": ["Sun 03:00-04:00"],
    "site_alert_receivers": ["ops@example.org"],
    "site_own_variables": ["tried_*"],
}
#: Tried on the site of the scenario ``object_store``.
STORE: dict[str, Any] = {
    "minio_port": 9400,
    "minio_console_port": 9401,
    "minio_drives": ["/srv/minio/drive9"],
    "minio_pools": [{"hosts": ["store1", "store2", "store3", "store4"], "drives": ["/srv/minio/drive8"]}],
    "minio_console": False,
    "minio_format_drives": True,
    "minio_parity": 1,
    "minio_encrypt_all": False,
    "minio_settings": {"MINIO_API_REQUESTS_MAX": 1500},
    "minio_metrics_public": False,
    "minio_client_addresses": ["192.0.2.20/32"],
    "minio_adopt": True,
    "minio_restart_policy": "manual",
    "minio_update_policy": "window",
    "minio_ready_timeout": 100,
    "minio_policies": [
        {"name": "tried", "policy": {"Statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::tried/*"]}}}
    ],
}
#: Not tried, and why.
NOT_TRIED: dict[str, str] = {
    "component_retry": "a switch of one run",
    "takeover": "a switch of one run",
    "site_takeover_hosts": "a switch of one run",
    "minio_allow_root_disk": "the drives of the scenario are file systems of their own; with it, whether that holds is not asked",
    "minio_distribution": "the other one is a binary that the site brings; tests/live/minio/faults/test_3_update.py takes another version",
    "minio_buckets": "tests/live/minio/faults changes buckets",
    "minio_tiers": "tests/live/minio/faults changes tiers",
    "minio_users": "tests/live/minio/faults changes users",
    "minio_service_accounts": "tests/live/minio/faults changes service accounts",
    "object_store_backend": "an endpoint needs keys that the site brings; refusing it is a unit test",
    "object_store_ca": "only for an endpoint that is not the site's",
    "object_store_endpoint": "only for an endpoint that is not the site's",
    "object_store_region": "only for an endpoint that is not the site's",
    "postgresql_version": "each Debian release carries one; refusing another one is a unit test",
    "site_address": "another address of a container is another container; refusing it is a unit test",
    "site_artifact_cache": "a folder of the controller: no host sees it",
    "site_artifacts": "tests/live/minio/faults/test_3_update.py takes another version",
    "site_time_servers": "a container's clock is its machine's, so there is no time service to change",
}
#: Seconds without an acknowledged row that a change may cost: what docs/day2.md says of its effect.
GAPS = {"live": 3.0, "reload": 3.0, "rolling": 5.0, "together": 5.0}


@cache
def stated() -> dict[str, Statement]:
    """The statement of every public variable of the roles and of the site."""
    files = [*sorted((REPOSITORY / "roles").glob("*/meta/exports.yml")), REPOSITORY / "playbooks" / "vars" / "site_variables.yml"]
    found: dict[str, Statement] = {}
    for file in files:
        found.update(statements(yaml.safe_load(file.read_text(encoding="utf-8")).get("effects") or {}, str(file)))
    return found


def refused(tried: dict[str, Any]) -> dict[str, Any]:
    """Those that ``site.yml`` refuses on a running site."""
    return {name: value for name, value in tried.items() if stated()[name].recorded or stated()[name].judged_with}


def taken_over(tried: dict[str, Any]) -> dict[str, Any]:
    """Those that it takes over."""
    gone = refused(tried)
    return {name: value for name, value in tried.items() if name not in gone}
