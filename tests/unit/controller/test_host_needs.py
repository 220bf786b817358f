# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles need of a host, and when it is asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.action import host_facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import host_needs

ROLES = Path(__file__).resolve().parents[3] / "roles"
ALL = sorted(path.name for path in ROLES.iterdir() if (path / "meta/components.yml").is_file())
FACTS = {"container": False, "release": "trixie", "version": "13"}


@pytest.fixture(autouse=True)
def _plugins(ansible_plugins: None) -> None:
    """Rendering uses Ansible's filters and lookups."""


def action(tmp_path: Path, **variables: Any) -> Any:
    """What a task on db1 of a small site knows."""
    source = tmp_path / "hosts.yml"
    groups = {group: {"hosts": {"db1": {}}} for group in ("etcd", "postgresql", "object_store")}
    site = {"all": {"hosts": {"db1": {"ansible_host": "192.0.2.11", **variables}}, "children": groups}}
    source.write_text(yaml.safe_dump(site), encoding="utf-8")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    inventory = InventoryManager(loader=loader, sources=[str(source)])
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory=inventory, variable_manager=manager, loader=loader)
    known = {**manager.get_vars(host=inventory.get_host("db1")), "playbook_dir": str(tmp_path)}
    return SimpleNamespace(vars=known, _loader=loader, _templar=Templar(loader=loader))


@pytest.mark.parametrize("role", ALL)
def test_every_role_says_what_shows_that_it_was_there(role: str) -> None:
    """A role that comes to no host without being asked what it needs; firewall needs nothing worth a word."""
    said = host_needs.declared()[role]
    names = {item["name"] for item in yaml.safe_load((ROLES / role / "meta/components.yml").read_text(encoding="utf-8"))}
    assert role == "firewall" or (said["host"]["component"] in names and said["host"]["memory_mb"] > 0)


def test_memory_adds_up(tmp_path: Path) -> None:
    """A server sold with 512 MiB shows about 460."""
    host = action(tmp_path, minio_drives=["/srv/minio/drive1"])
    assert host_needs.request(host, ["base", "firewall", "etcd", "postgresql"], [], FACTS)["memory_mb"] == 700
    assert host_needs.request(host, ["base", "minio"], [], FACTS)["memory_mb"] == 500


@pytest.mark.parametrize(
    ("made", "new"),
    [
        ([], ["base", "etcd", "haproxy", "postgresql", "minio"]),
        (["ssh"], ["etcd", "haproxy", "postgresql", "minio"]),
        (["ssh", "etcd", "haproxy", "postgresql", "minio", "others"], []),
    ],
)
def test_roles_that_are_still_to_come(made: list[str], new: list[str]) -> None:
    assert host_needs.unmade(["base", "firewall", "etcd", "haproxy", "postgresql", "minio"], made) == new


def test_directories_of_all_roles_and_checks_of_the_new_ones(tmp_path: Path) -> None:
    host = action(tmp_path, etcd_data_directory="/srv/etcd", postgresql_cluster="pacs", minio_drives=["/srv/minio/drive1"])
    asked = host_needs.request(host, ["base", "etcd", "postgresql", "minio"], ["postgresql"], FACTS)
    needs = {need["path"]: need for need in asked["needs"]}
    assert set(needs) == {"/var/lib", "/usr", "/srv/etcd", "/var/lib/postgresql/17/pacs", "/srv/minio/drive1"}
    assert needs["/srv/minio/drive1"]["mounted"] is True and needs["/srv/etcd"]["role"] == "etcd"
    assert all(need["needs_mb"] > 0 for need in asked["needs"]) and asked["checks"] == []


def test_an_endpoint_of_others_needs_neither_drive_nor_memory(tmp_path: Path) -> None:
    host = action(tmp_path, object_store_backend="s3", object_store_endpoint="https://s3.example.org")
    assert host_needs.request(host, ["minio"], ["minio"], FACTS) == {"needs": [], "memory_mb": 0, "checks": [], "ports": []}


@pytest.mark.parametrize(
    ("roles", "variables", "found"),
    [
        (["etcd"], {}, {2379: "etcd_client_port", 2380: "etcd_peer_port"}),
        (["haproxy"], {"haproxy_read_write_port": 6432, "haproxy_allowed_from": trust_as_template("{{ missing }}")}, None),
        (["postgresql", "base", "firewall"], {}, {}),  # Patroni's guard judges both
        (["minio"], {}, {9000: "minio_port", 9001: "minio_console_port"}),
    ],
)
def test_ports_of_the_new_roles(tmp_path: Path, roles: list[str], variables: dict[str, Any], found: dict[int, str] | None) -> None:
    """Asked with the variable that moves them, whomever they are opened for."""
    host = action(tmp_path, minio_drives=["/srv/minio/drive1"])
    host.vars.update(variables)
    asked = host_needs.request(host, roles, roles, FACTS)["ports"]
    expected = {6432: "haproxy_read_write_port", 5001: "haproxy_read_only_port"} if found is None else found
    assert {item["port"]: item["variable"] for item in asked} == expected
    assert all(item["unit"] == f"{item['role']}.service" for item in asked)
    assert host_needs.request(host, roles, [], FACTS)["ports"] == []


@pytest.mark.parametrize(("role", "adopt", "judged"), [("etcd", False, True), ("minio", False, False), ("minio", True, True)])
def test_who_judges_the_unit_that_has_a_port(tmp_path: Path, role: str, adopt: bool, judged: bool) -> None:
    host = action(tmp_path, minio_drives=["/srv/minio/drive1"], minio_adopt=adopt)
    assert {item["judged"] for item in host_needs.request(host, [role], [role], FACTS)["ports"]} == {judged}


@pytest.mark.parametrize("role", ALL)
def test_every_role_that_serves_has_its_ports_asked(role: str) -> None:
    """A port of another program would be found in the middle of the run, and closed before that. Patroni's guard is one of its own."""
    said = host_needs.declared()[role]
    assert not said["firewall_ports"] or role == "postgresql" or ".service" in said["host"]["unit"]


@pytest.mark.parametrize(
    ("role", "words"),
    [("etcd", ["host-check", "/var/lib/etcd/vannah"]), ("haproxy", ["check", "/etc/haproxy/vannah.cfg"])],
)
@pytest.mark.parametrize("adopt", [False, True])
def test_a_foreign_service_is_asked_for_in_the_host_checks(tmp_path: Path, role: str, words: list[str], adopt: bool) -> None:
    """By the role's own program, which the host does not have yet."""
    (check,) = host_needs.request(action(tmp_path, **{f"{role}_adopt": adopt}), [role], [role], FACTS)["checks"]
    assert check["arguments"] == words + ["--adopt"] * adopt
    done = subprocess.run([sys.executable, "-I", "-c", check["program"], *check["arguments"]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ["--proposed", "/etc/ssh/sshd_config.d/01-vannah.conf", "--key-only"]),
        ({"ansible_password": "x"}, ["--proposed", "--password", "/etc/ssh/sshd_config.d/01-vannah.conf"]),
        (
            {"base_ssh_settings": {"AllowUsers": ["ops"]}},
            ["--proposed", "/etc/ssh/sshd_config.d/01-vannah.conf", "--asked", "AllowUsers", "--key-only"],
        ),
    ],
)
def test_the_check_of_sshd_gets_the_drop_in_that_the_role_would_write(tmp_path: Path, variables: dict[str, Any], words: list[str]) -> None:
    facts = {**FACTS, "sshd": {"permitrootlogin": "no", "logingracetime": 120, "clientalive": 0}}
    (check,) = host_needs.request(action(tmp_path, **variables), ["base"], ["base"], facts)["checks"]
    assert check["name"] == "base" and check["arguments"] == words
    assert check["program"] == (ROLES / "base/files/sshd-check").read_text(encoding="utf-8")
    assert "X11Forwarding no" in check["input"] and "PermitRootLogin" not in check["input"]
    assert ("AllowUsers ops" in check["input"]) is ("base_ssh_settings" in variables)


# --- units that hide homes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ALL)
def test_units_that_hide_homes_say_so_with_their_directories(role: str, tmp_path: Path) -> None:
    """ProtectHome= of a unit and unit_hides_homes of the role's directories are the same statement; base's units keep no data."""
    texts = [path.read_text(encoding="utf-8") for path in (ROLES / role / "templates").glob("*.service*")]
    hides = any(re.search(r"^ProtectHome=(yes|true|1|read-only|tmpfs)", text, re.MULTILINE) for text in texts)
    host = action(tmp_path, minio_drives=["/srv/minio/drive1"])
    needs = host_needs.request(host, [role], [], FACTS)["needs"] if role != "base" else []
    assert [bool(need.get("unit_hides_homes")) for need in needs] == [hides] * len(needs)


# --- the action ------------------------------------------------------------------------------------------------------------


class Facts(host_facts.ActionModule):  # type: ignore[misc]
    """The action with answers in place of a host."""

    def __init__(self, known: Any, answers: dict[str, list[Any]], survey: bool = True) -> None:
        self.vars = {**known.vars, "group_names": ["etcd"]}
        self._loader, self._templar = known._loader, known._templar
        self._task = SimpleNamespace(delegate_to=None)
        self.params = {"survey": survey, "plan": False}
        self.answers = answers
        self.sent: list[Any] = []

    def _clusters(self, answer: Any, facts: Any) -> tuple[dict[str, bool], dict[str, list[str]], list[str]]:
        return {}, {}, []  # test_clusters.py

    def _let_services_refuse(self, answer: Any) -> None:
        """See test_site_plan.py."""

    def converse(self, part: Any, lease: str = "take") -> Any:
        self.sent.append(part)
        assert lease == "none"
        return self.answers[part["op"]].pop(0)


SEEN = {"facts": FACTS, "made": []}
IDLE = {"survey": {"cloud_init": False}}
BUSY = {"survey": {"cloud_init": True}}


def test_a_host_with_all_its_roles_costs_one_call(tmp_path: Path) -> None:
    asks = Facts(action(tmp_path), {"facts": [{"facts": FACTS, "made": ["ssh", "etcd"]}]})
    assert "survey" not in asks.perform() and [part["op"] for part in asks.sent] == ["facts"]


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, True),
        ({"firewall_enabled": True}, True),
        ({"firewall_enabled": False}, False),
        ({"firewall_enabled": "no"}, False),
        ({"firewall_enabled": trust_as_template("{{ not outside }}"), "outside": True}, False),
        ({"firewall_enabled": trust_as_template("{{ missing }}")}, True),
    ],
)
def test_a_host_without_a_firewall_is_not_asked_what_it_would_close(tmp_path: Path, variables: dict[str, Any], asked: bool) -> None:
    known = action(tmp_path)
    known.vars.update(variables)
    known._templar.available_variables = known.vars
    asks = Facts(known, {"facts": [{"facts": FACTS, "made": ["ssh", "etcd"]}]})
    asks.perform()
    assert asks.sent[0]["firewall"] is asked


@pytest.mark.parametrize(
    ("groups", "variables", "asked"),
    [
        (["postgresql"], {}, False),
        (["postgresql"], {"postgresql_watchdog": "automatic"}, False),
        (["postgresql"], {"postgresql_watchdog": "required"}, True),
        (["postgresql"], {"postgresql_watchdog": trust_as_template("{{ outside }}"), "outside": "required"}, True),
        (["postgresql"], {"postgresql_watchdog": trust_as_template("{{ missing }}")}, False),
        (["etcd"], {"postgresql_watchdog": "required"}, False),
    ],
)
def test_only_who_requires_a_watchdog_is_asked_for_it(tmp_path: Path, groups: list[str], variables: dict[str, Any], asked: bool) -> None:
    known = action(tmp_path)
    known.vars.update(variables)
    known._templar.available_variables = known.vars
    asks = Facts(known, {"facts": [{"facts": FACTS, "made": ["ssh", "etcd", "postgresql"]}]})
    asks.vars["group_names"] = groups
    asks.perform()
    assert bool(asks.sent[0]["services"].get("postgresql", {}).get("watchdog")) is asked


@pytest.mark.parametrize(
    ("known_by", "address", "asked"),
    [
        ("", "10.0.1.1", None),  # new
        ("10.0.0.1", "10.0.0.1", None),
        ("10.0.0.1", "10.0.1.1", {"db2": "10.0.0.2", "db3": "10.0.0.3"}),
        ("10.0.0.1", trust_as_template("{{ missing }}"), None),
    ],
)
def test_another_address_than_until_now(tmp_path: Path, known_by: str, address: str, asked: dict[str, str] | None) -> None:
    """The members of clusters, by what the others reach them by: a second call, and only then."""
    known = action(tmp_path)
    hosts = {"db1": {}, "db2": {"ansible_host": "10.0.9.2", "site_address": "10.0.0.2"}, "db3": {"ansible_host": "10.0.0.3"}, "db4": {}}
    groups = {"etcd": ["db1", "db2"], "postgresql": ["db1", "db2", "db3", "db4"], "monitoring": ["mon1"]}
    known.vars.update(inventory_hostname="db1", ansible_host=address, groups=groups, hostvars=hosts)
    known._templar.available_variables = known.vars
    facts = {**FACTS, "known_by": known_by}
    senders = {"db2": "10.0.0.1"}
    asks = Facts(known, {"facts": [{"facts": facts, "made": ["ssh", "etcd"]}, {"facts": {"senders": senders}}]}, survey=False)
    found = asks.perform()["ansible_facts"]["vannah"]["senders"]
    assert [part.get("peers") for part in asks.sent[1:]] == [asked] * (asked is not None)
    assert found == (senders if asked else {})


def test_who_does_not_ask_gets_none(tmp_path: Path) -> None:
    asks = Facts(action(tmp_path), {"facts": [SEEN]}, survey=False)
    assert "survey" not in asks.perform()


def test_a_new_host_is_looked_at(tmp_path: Path) -> None:
    asks = Facts(action(tmp_path), {"facts": [SEEN], "survey": [IDLE]})
    found = asks.perform()["survey"]
    assert {need["role"] for need in found["needs"]} == {"base", "etcd"} and found["memory_mb"] == 300
    assert "/var/lib/etcd/vannah" in asks.sent[1]["paths"] and len(asks.sent[1]["checks"]) == 2
    assert asks.sent[1]["ports"] == [2379, 2380] == [item["port"] for item in found["ports"]]


def test_cloud_init_is_waited_for_and_the_facts_are_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    clock = SimpleNamespace(time=lambda: 0.0, monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(host_facts, "time", clock)
    asks = Facts(action(tmp_path), {"facts": [SEEN, {**SEEN, "facts": {**FACTS, "hostname": "named"}}], "survey": [BUSY, BUSY, BUSY, IDLE]})
    result = asks.perform()
    assert result["ansible_facts"]["vannah"]["hostname"] == "named" and result["survey"]["cloud_init"] is False
    assert capsys.readouterr().out.count("waits for cloud-init") == 2
    asks = Facts(action(tmp_path), {"facts": [SEEN, SEEN], "survey": [BUSY] * 100})
    begun = now[0]
    assert asks.perform()["survey"]["cloud_init"] is True and now[0] - begun == host_facts.PATIENCE
