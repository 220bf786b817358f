# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first firewall, and what is served before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.action import host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import closed
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks

SSH = (("tcp", 22, 22),)


@pytest.mark.parametrize(
    ("facts", "known", "codes"),
    [
        ({}, SSH, []),
        ({"listening": ["tcp/22", "udp/68", "udp/546", "tcp/111", "udp/5353"]}, SSH, []),
        ({"listening": ["tcp/22", "tcp/443"]}, SSH, ["contact-firewall-closes"]),
        ({"listening": ["udp/123"], "listeners": {"udp/123": "ntpd"}}, SSH, []),
        ({"listening": ["udp/123", "udp/323"], "listeners": {"udp/123": "chronyd"}}, SSH, ["contact-firewall-closes"]),
        ({"listening": ["udp/123"], "listeners": {"udp/123": "chronyd"}}, (("udp", 123, 123),), []),
        ({"listening": ["tcp/111", "udp/111"], "listeners": {"tcp/111": "systemd"}}, SSH, []),
        ({"listening": ["tcp/111", "tcp/2049"]}, (*SSH, ("tcp", 2049, 2049)), ["contact-firewall-closes"]),
        (
            {"listening": ["tcp/111", "tcp/40001"], "listeners": {"tcp/40001": "ypserv"}},
            (("tcp", 40001, 40001),),
            ["contact-firewall-closes"],
        ),
        ({"listening": ["tcp/22", "tcp/443"]}, None, []),
        ({"listening": ["tcp/2222"]}, SSH, ["contact-firewall-closes"]),
        ({"listening": ["udp/51820"]}, (*SSH, ("tcp", 51820, 51820)), ["contact-firewall-closes"]),
        ({"listening": ["tcp/8005"]}, (("tcp", 8000, 8010),), []),
        ({"listening": ["ip/112"]}, SSH, ["contact-firewall-closes"]),
        ({"listening": ["ip/112"]}, (*SSH, ("ip", 112, 112)), []),
        ({"listening": ["ip/112"]}, (*SSH, ("tcp", 112, 112)), ["contact-firewall-closes"]),
        ({"listening": ["sctp/112"]}, (*SSH, ("ip", 112, 112)), ["contact-firewall-closes"]),
        ({"firewalls": ["ufw"]}, SSH, ["contact-firewall-foreign"]),
        ({"firewalls": ["ufw", "firewalld"], "listening": ["tcp/80"]}, SSH, ["contact-firewall-closes", *["contact-firewall-foreign"] * 2]),
        ({"firewalls": ["ufw"]}, None, []),
    ],
)
def test_one_host(facts: dict[str, Any], known: tuple[closed.Port, ...] | None, codes: list[str]) -> None:
    """What no one has named is refused, unless the host is to have no firewall."""
    good = {"system": "debian", "version": "13"}
    report = judge_host_checks([Answer("db1", ("firewall",), {**good, **facts}, ports=known)])
    assert [finding.code for finding in report.errors] == codes


def test_the_message_says_what_to_write() -> None:
    """The list, and each entry as it is written."""
    facts = {"listening": ["tcp/443", "udp/51821", "ip/112", "ip/200"], "listeners": {"udp/51821": "wg-agent"}}
    (finding,) = closed.findings("db1", facts, SSH)
    assert "tcp 443, udp 51821 (wg-agent), VRRP (IP protocol 112), IP protocol 200 can be reached" in finding.problem
    entries = "{name: NAME, port: 443}, {name: NAME, port: 51821, proto: udp}, {name: vrrp, proto: vrrp}, {name: NAME, proto: 200}"
    assert finding.fix.startswith(f"set firewall_ports: [{entries}] (from: []") and "firewall_enabled: false" in finding.fix
    (finding,) = closed.findings("db1", {"listening": ["udp/51820"]}, SSH)
    assert "{name: NAME, port: 51820, proto: udp}]" in finding.fix


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"listening": ["tcp/21"], "listeners": {"tcp/21": "vsftpd"}}, "passive ports too"),
        ({"listening": ["udp/123"], "listeners": {"udp/123": "chronyd"}}, "'allow' lines in a file of /etc/chrony/conf.d"),
        ({"listening": ["tcp/111", "tcp/2049"]}, "ports of rpc.mountd"),
    ],
)
def test_services_that_need_more_than_the_port(facts: dict[str, Any], words: str) -> None:
    """Without the rest they answer, and do not work."""
    (finding,) = closed.findings("db1", facts, SSH)
    assert words in finding.fix


def test_every_form_of_a_port() -> None:
    """Numbers, texts, ranges, lines of nft; what is no port is none."""
    rules = [{"port": 443}, {"port": "8000-8010", "from": []}, {"port": 500, "proto": "udp"}, {"port": "{{ x }}"}]
    rules += [{"proto": "vrrp"}, {"proto": 89, "from": []}, {"proto": "132", "port": 7}]
    lines = ["ip saddr 192.0.2.1 tcp dport { 80, 9000-9001 } accept", "udp dport 4500 accept", "ip protocol vrrp accept"]
    lines += ["meta l4proto { esp, 47 } accept", "ip6 nexthdr 103 accept"]
    assert closed.ports([22, "2222"], rules, lines) == (
        ("tcp", 22, 22),
        ("tcp", 2222, 2222),
        ("tcp", 443, 443),
        ("tcp", 8000, 8010),
        ("udp", 500, 500),
        ("ip", 112, 112),
        ("ip", 89, 89),
        ("sctp", 7, 7),
        ("tcp", 80, 80),
        ("tcp", 9000, 9001),
        ("udp", 4500, 4500),
        ("ip", 112, 112),
        ("ip", 50, 50),
        ("ip", 47, 47),
        ("ip", 103, 103),
    )


CALLER = {"caller": {"address": "192.0.2.9", "port": 22}}


@pytest.mark.parametrize(
    ("facts", "admins", "refused"),
    [
        (CALLER, ("198.51.100.0/24", "2001:db8::/32"), True),
        (CALLER, ("198.51.100.0/24", "192.0.2.0/28"), False),
        (CALLER, ("192.0.2.9",), False),
        (CALLER, ("192.0.2.1/28",), False),  # bits beyond the network's: nft takes it
        (CALLER, (), True),
        (CALLER, None, False),
        (CALLER, ("gate.example.org",), False),  # who that is cannot be told
        ({}, ("198.51.100.1",), False),
        ({"caller": None}, ("198.51.100.1",), False),
        ({"caller": {"address": "127.0.0.1", "port": 22}}, ("198.51.100.1",), False),
        ({**CALLER, "addresses": ["192.0.2.9"]}, ("198.51.100.1",), False),  # it converges itself
        ({"caller": {"address": "2001:db8::9", "port": 22}}, ("198.51.100.1",), True),
    ],
)
def test_the_firewall_lets_ansible_in(facts: dict[str, Any], admins: tuple[str, ...] | None, refused: bool) -> None:
    """Named with the address, which behind a router is another one than the controller knows of itself."""
    report = judge_host_checks([Answer("db1", ("firewall",), {"system": "debian", "version": "13", **facts}, admins=admins)])
    assert [finding.code for finding in report.errors] == ["contact-admin-address"] * refused
    if refused:
        (line,) = [finding.line() for finding in report.errors]
        assert f"Ansible comes from {facts['caller']['address']}" in line and "Fix: add " in line and "to site_admin_addresses" in line


@pytest.fixture
def known(ansible_plugins: None, tmp_path: Path) -> Any:
    """``known(**variables)``: the ports that the action finds for a member of etcd; with ``admins_of`` who its administrators are."""

    def _known(admins_of: int | None = None, **variables: Any) -> Any:
        source = tmp_path / "hosts.yml"
        inventory = {"all": {"hosts": {"db1": {"ansible_host": "192.0.2.11", **variables}}, "children": {"etcd": {"hosts": {"db1": None}}}}}
        source.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        loader = DataLoader()
        hosts = InventoryManager(loader=loader, sources=[str(source)])
        manager = VariableManager(loader=loader, inventory=hosts)
        hostvars = HostVars(inventory=hosts, variable_manager=manager, loader=loader)
        action = object.__new__(host_checks.ActionModule)
        action._loader, action._templar = loader, Templar(loader=loader)
        if admins_of:
            return action._admins("db1", hostvars, str(tmp_path), {"address": "192.0.2.9", "port": admins_of})
        return action._ports("db1", hostvars, str(tmp_path))

    return _known


def test_exports_and_variables_are_known(known: Any) -> None:
    """What the host's roles export is, whomever it is for."""
    assert {port for _protocol, port, _last in known()} == {22, 2379, 2380}
    more = known(ansible_port=2222, firewall_ports=[{"name": "web", "port": 443, "from": []}], etcd_client_port=12379)
    assert {port for _protocol, port, _last in more} == {22, 2222, 443, 12379, 2380}
    assert known(firewall_enabled=False) is None


@pytest.mark.parametrize(
    ("variables", "admins"),
    [
        ({}, None),
        ({"site_admin_addresses": []}, None),
        ({"site_admin_addresses": ["198.51.100.0/24", "any"]}, None),
        ({"site_admin_addresses": "198.51.100.1"}, ("198.51.100.1",)),
        ({"site_admin_addresses": ["198.51.100.0/24", "etcd", "db1"]}, ("198.51.100.0/24", "192.0.2.11", "192.0.2.11")),
        ({"site_admin_addresses": ["198.51.100.1"], "firewall_enabled": False}, None),
        ({"site_admin_addresses": ["198.51.100.1"], "firewall_extra_rules": ["ip saddr 192.0.2.9 accept"]}, None),
        ({"site_admin_addresses": ["198.51.100.1"], "firewall_ports": [{"name": "ssh", "port": 22}]}, None),
        ({"site_admin_addresses": ["198.51.100.1"], "firewall_ports": [{"name": "ssh", "port": 22, "from": []}]}, ("198.51.100.1",)),
        ({"site_admin_addresses": ["198.51.100.1"], "firewall_ports": [{"name": "web", "port": 443}]}, ("198.51.100.1",)),
    ],
)
def test_who_the_administrators_are(known: Any, variables: dict[str, Any], admins: tuple[str, ...] | None) -> None:
    """Addresses, networks, hosts and groups; not judged where other rules may let Ansible in."""
    assert known(admins_of=22, **variables) == admins
