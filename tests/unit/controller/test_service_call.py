# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One action for all modules that call a service: who is routed to it, what it sends, what it refuses."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.action import minio_heal, service_call
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import scrub, transport
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.action import ServiceAction

REPOSITORY = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.vannah.healthcloud.plugins"
RUNTIME = yaml.safe_load((REPOSITORY / "meta" / "runtime.yml").read_text())
ROUTED = RUNTIME["plugin_routing"]["modules"]
MODULES = {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
ACTIONS = {path.stem: importlib.import_module(f"{PLUGINS}.action.{path.stem}") for path in (REPOSITORY / "plugins/action").glob("*.py")}
CALLS = sorted({*ROUTED, *(name for name, action in ACTIONS.items() if issubclass(action.ActionModule, ServiceAction))} - {"service_call"})


def test_every_module_has_one_action() -> None:
    """Its own, or the shared one. A module without either would be run on the host as it lies there, which is documentation only."""
    assert set(ROUTED) | (set(ACTIONS) - {"service_call"}) == MODULES
    assert set(ROUTED) & set(ACTIONS) == set()
    assert {tuple(entry.items()) for entry in ROUTED.values()} == {(("action_plugin", "vannah.healthcloud.service_call"),)}
    assert len(CALLS) > 15


@pytest.mark.parametrize("name", CALLS)
def test_the_host_knows_the_call(name: str) -> None:
    domain, call = documented.service_call(name)
    assert call in importlib.import_module(f"{PLUGINS}.module_utils.agent.services.{domain}.calls").CALLS


def test_only_who_looks_takes_no_lease() -> None:
    looking = {
        "acme_export",
        "caprover_info",
        "docker_health",
        "docker_tokens",
        "etcd_health",
        "minio_health",
        "minio_info",
        "minio_running",
        "patroni_guard",
        "patroni_info",
        "pgbackrest_info",
        "pgbackrest_target",
        "pki_certificates",
        "registry_health",
        "restic_info",
    }
    assert {name for name in CALLS if not documented.takes_lease(name)} == looking
    assert not [name for name in CALLS if "lease" not in documented.documentation(name)["attributes"]]


def test_groups_of_defaults() -> None:
    """A group holds the modules that take all of its arguments, no fewer: a default that one of them does not know fails its task."""
    # Each service whose modules share a fragment that says where it is asked, and as which user.
    shared = {path.stem for path in (REPOSITORY / "plugins" / "doc_fragments").glob("*.py")} - {"service_call"}
    assert set(RUNTIME["action_groups"]) == shared
    for name, members in RUNTIME["action_groups"].items():
        fragment = f"vannah.healthcloud.{name}"
        assert set(members) == {module for module in MODULES if fragment in (_fragments(module))}


def _fragments(module: str) -> list[str]:
    found: list[str] = documented.documentation(module).get("extends_documentation_fragment") or []
    return found


class Task:
    """What the action asks of Ansible."""

    def __init__(self, module: str, args: dict[str, Any]) -> None:
        self.action = f"vannah.healthcloud.{module}"
        self.resolved_action = self.action
        self.args = args
        self.check_mode, self.diff, self.delegate_to, self.async_val = False, False, None, 0


def made(monkeypatch: pytest.MonkeyPatch, module: str, args: dict[str, Any], answer: Any = None) -> tuple[Any, list[dict[str, Any]]]:
    """A task's result, and what was sent."""
    sent: list[dict[str, Any]] = []

    def call(_action: Any, payload: dict[str, Any], _variables: Any) -> Any:
        sent.append(payload)
        return {"protocol": 1, "error": None, "domain": answer or {"result": {}}}

    monkeypatch.setattr(transport, "call", call)
    monkeypatch.setattr(scrub, "site_values", lambda *_about: set())
    kind = minio_heal.ActionModule if module == "minio_heal" else service_call.ActionModule
    action = kind.__new__(kind)
    action._task = Task(module, args)
    action._load_name = "vannah.healthcloud.service_call"
    action._loader = None
    action._templar = SimpleNamespace(template=lambda value: value)
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None), ismodule=False)
    action._discovered_interpreter_key = None
    action._low_level_execute_command = lambda *_words, **_more: {}
    return action.run(None, {"inventory_hostname": "h"}), sent


STORE = {"access_key": "root", "secret_key": "a-long-secret"}


@pytest.mark.parametrize(
    ("module", "args", "domain", "call", "lease"),
    [
        ("minio_info", STORE, "minio", "info", "none"),
        ("minio_buckets", {**STORE, "buckets": [{"name": "b"}]}, "minio", "buckets", "take"),
        ("etcd_health", {}, "etcd", "health", "none"),
        ("packages_update", {"names": ["x"]}, "packages", "update", "take"),
        ("postgresql_objects", {}, "postgresql", "objects", "take"),
        ("minio_heal", {**STORE, "wait": 1}, "minio", "heal", "take"),
    ],
)
def test_what_is_sent(monkeypatch: pytest.MonkeyPatch, module: str, args: dict[str, Any], domain: str, call: str, lease: str) -> None:
    result, sent = made(monkeypatch, module, args)
    assert not result.get("failed"), result
    assert (sent[0]["op"], sent[0]["domain"], sent[0]["call"], sent[0]["lease"]["action"]) == ("domain", domain, call, lease)
    assert set(documented.spec(module)) <= set(sent[0]["params"])  # every option is there, with its default


@pytest.mark.parametrize(
    ("module", "args", "message"),
    [
        ("minio_info", {**STORE, "bogus": 1}, "Unsupported parameters for (vannah.healthcloud.minio_info) module: bogus"),
        ("minio_info", {"access_key": "root"}, "missing required arguments: secret_key"),
        ("minio_info", {**STORE, "timeout": "soon"}, "timeout"),
        ("minio_tiers", {**STORE, "tiers": [{"name": "A", "type": "gcs"}]}, "value of type must be one of: minio, s3"),
        ("minio_tiers", {**STORE, "tiers": [{"name": "A", "typ": "s3"}]}, "tiers.typ"),
        (
            "postgresql_objects",
            {"databases": [{"name": "d", "grants": [{"role": "r"}]}]},
            "object, privileges found in databases -> grants",
        ),
        ("service_call", {}, "the collection has no module service_call"),
    ],
)
def test_what_is_refused(monkeypatch: pytest.MonkeyPatch, module: str, args: dict[str, Any], message: str) -> None:
    """Before anything is sent."""
    result, sent = made(monkeypatch, module, args)
    assert result["failed"] and message in result["msg"], result
    assert sent == []


def test_a_secret_of_the_task_is_in_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it came from: these are not among the site's secrets. The host's text may quote them, and so does a message about types."""
    error = {"code": "minio-refused", "msg": "a-long-secret is wrong, and so is another-secret"}
    args = {**STORE, "users": [{"name": "u", "secret": "another-secret"}]}
    result, _sent = made(monkeypatch, "minio_users", args, {"error": error})
    assert "secret is wrong" not in str(result) and "another-secret" not in str(result)
    assert "******** is wrong" in result["msg"]
    wrong = [{"secret": "third-secret", "enabled": "third-secret"}]
    result, sent = made(monkeypatch, "minio_users", {**STORE, "users": wrong})
    assert result["failed"] and sent == [] and "third-secret" not in str(result)


PLAY = """\
- hosts: all
  gather_facts: false
  module_defaults:
    group/vannah.healthcloud.minio: "{{ login }}"
  vars:
    login: {access_key: "{{ 'ro' ~ 'ot' }}", secret_key: a-long-secret}
  tasks:
    - name: The group's defaults are there, and the routed action validates before it contacts anything
      vannah.healthcloud.minio_info: {bogus: 1}
      register: one
      ignore_errors: true
    - name: An own action takes the group's defaults too
      vannah.healthcloud.minio_heal: {bogus: 1}
      register: two
      ignore_errors: true
    - name: By its short name
      minio_tiers: {tiers: [], bogus: 1}
      collections: [vannah.healthcloud]
      register: three
      ignore_errors: true
    - ansible.builtin.debug:
        msg: "{{ [one, two, three] | map(attribute='msg') | map('truncate', 80) | list }}"
"""


def test_routing_through_ansible(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "h,", "-c", "local", str(tmp_path / "play.yml")]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    told = done.stdout.rpartition("TASK [ansible.builtin.debug]")[2]
    assert done.returncode == 0, done.stdout + done.stderr
    for module in ("minio_info", "minio_heal", "minio_tiers"):
        assert f"{module}) module: bogus" in told, done.stdout + done.stderr
