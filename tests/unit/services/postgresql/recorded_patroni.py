# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that a real cluster of three gave (Patroni 4.0.7, PostgreSQL 17.12), and a member that gives them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import calls as patroni
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.rest import Kept, Silent

# GET /cluster while max_connections waited for a restart on two members.
CLUSTER = json.loads("""
{"members": [
 {"name": "db1", "role": "leader", "state": "running", "api_url": "https://172.17.0.3:8008/patroni", "host": "172.17.0.3", "port": 5432,
  "timeline": 1, "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}}},
 {"name": "db2", "role": "replica", "state": "streaming", "api_url": "https://172.17.0.5:8008/patroni", "host": "172.17.0.5", "port": 5432,
  "timeline": 1, "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}},
  "lag": 0},
 {"name": "db3", "role": "sync_standby", "state": "streaming", "api_url": "https://172.17.0.6:8008/patroni", "host": "172.17.0.6",
  "port": 5432, "timeline": 1, "lag": 0}], "scope": "vannah"}
""")
# The same a moment after the restart of the synchronous standby was asked for.
RESTARTING = json.loads("""
{"members": [
 {"name": "db1", "role": "leader", "state": "running", "api_url": "https://172.17.0.3:8008/patroni", "host": "172.17.0.3", "port": 5432,
  "timeline": 1},
 {"name": "db2", "role": "replica", "state": "streaming", "api_url": "https://172.17.0.5:8008/patroni", "host": "172.17.0.5", "port": 5432,
  "timeline": 1, "lag": 0},
 {"name": "db3", "role": "replica", "state": "running", "api_url": "https://172.17.0.6:8008/patroni", "host": "172.17.0.6", "port": 5432,
  "tags": {"nosync": true}, "lag": "unknown"}], "scope": "vannah"}
""")
CONFIG = json.loads("""
{"ttl": 20, "loop_wait": 2, "retry_timeout": 8, "maximum_lag_on_failover": 1048576, "primary_start_timeout": 0, "synchronous_mode": true,
 "synchronous_mode_strict": true, "synchronous_node_count": 1, "failsafe_mode": false, "slots": {}, "postgresql": {"use_slots": true,
 "use_pg_rewind": true, "remove_data_directory_on_rewind_failure": true, "remove_data_directory_on_diverged_timelines": true,
 "parameters": {"max_connections": 200, "max_wal_senders": 10, "max_replication_slots": 10, "wal_level": "replica", "wal_log_hints": "on",
 "wal_keep_size": "512MB"}}}
""")
OWN = json.loads("""
{"state": "running", "postmaster_start_time": "2026-11-24 18:27:00.031585+00:00", "role": "primary", "server_version": 170012,
 "xlog": {"location": 100974840}, "timeline": 1, "dcs_last_seen": 1795544915, "database_system_identifier": "7711806277517982998",
 "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}},
 "patroni": {"version": "4.0.7", "scope": "vannah", "name": "db1"}}
""")

COMMON = {"url": "https://127.0.0.1:8008", "members": ["db1", "db2", "db3"], "max_lag": 1048576}


def changed(found: dict[str, Any], name: str, **values: Any) -> dict[str, Any]:
    """A cluster in which one member is otherwise; ``None`` takes a key away."""
    members = [
        {k: v for k, v in {**member, **(values if member["name"] == name else {})}.items() if v is not None} for member in found["members"]
    ]
    return {**found, "members": members}


def without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**found, "members": [member for member in found["members"] if member["name"] not in names]}


class Patroni:
    """A cluster that answers what it is told to, and remembers what was asked of it."""

    def __init__(self, cluster: dict[str, Any] | None = None, name: str = "db1", **own: Any) -> None:
        self.cluster = CLUSTER if cluster is None else cluster
        self.config = CONFIG
        self.own = {**OWN, **own, "patroni": {**OWN["patroni"], "name": name}}
        self.told: list[tuple[str, str, Any]] = []
        self.silent = False
        #: what the member that is said to lead answers to GET /leader; None: nothing
        self.leader: int | None = 200
        self.on_change: Callable[[Patroni], None] = lambda patroni: None
        self.refusal: tuple[int, str] | None = None

    def __call__(self, method: str, url: str, body: bytes | None, timeout: float) -> tuple[int, str]:
        if self.silent:
            raise Silent("[Errno 111] Connection refused")
        path = "/" + url.split("/", 3)[3]
        if path == "/leader":
            if self.leader is None:
                raise Silent("timed out")
            leader = next(member for member in self.cluster["members"] if member["role"] == "leader")
            assert url == leader["api_url"].replace("/patroni", "/leader"), "the one that is said to lead has to say so itself"
            return self.leader, "{}"
        if method == "GET":
            return 200, json.dumps({"/cluster": self.cluster, "/config": self.config, "/patroni": self.own}[path])
        self.told.append((method, path, json.loads(body or b"null")))
        if self.refusal:
            return self.refusal
        self.on_change(self)
        return 200, "done"


def context(real: Patroni, mode: str = "apply", runner: Callable[..., Result] | None = None, root: str = "/") -> Context:
    found = Context(mode, diff=True, runner=runner, root=root)
    kept = found.kept(Kept)
    kept.transport, kept.settle, found.interval = real, 0, 0
    return found


def no_server(argv: list[str], **_more: Any) -> Result:
    """A host on which psql reaches no server (its exit status 2)."""
    return Result(2, "", "connection to server failed")


def do(
    call: str, real: Patroni, mode: str = "apply", runner: Callable[..., Result] = no_server, **params: Any
) -> tuple[list[str], Mapping[str, Any]]:
    """A call as the agent makes it: the steps' details, and the result after they were applied."""
    ctx = context(real, mode, runner)
    steps, result = patroni.CALLS[call]({**COMMON, **params}, ctx)
    for step in steps:
        if mode == "apply" and step.apply:
            step.apply(ctx)
    return [step.detail for step in steps], result


LAST = changed(CLUSTER, "db2", state="stopped", lag="unknown")  # db3 is the only healthy standby
