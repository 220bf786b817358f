# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, addresses, ports and names."""

from __future__ import annotations

import pytest

from tests.unit.lib.sites import Judge, codes, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("groups", "variables", "code", "where", "variable"),
    [
        (THREE, "[@db2]\nansible_host: 10.1.0.1", "host-address-twice", "db2", "ansible_host"),
        (THREE, "[@db2]\nsite_address: 10.1.0.1", "host-address-twice", "db2", "site_address"),
        (THREE, "[@db1]\nsite_address: 10.9.0.1\n[@db2]\nsite_address: 10.9.0.1", "host-address-twice", "db2", "site_address"),
        (THREE, "[@db1]\nansible_host: fd00::1\n[@db2]\nansible_host: fd00:0:0::0001", "host-address-twice", "db2", "ansible_host"),
        (THREE, "[@db1]\nsite_address: fd00::a\n[@db2]\nsite_address: 'FD00:0::000A'", "host-address-twice", "db2", "site_address"),
        (THREE + " app1.clinic.health", "", "host-two-names", "app1.clinic.health", "-"),
        (THREE + " APP1", "", "host-two-names", "APP1", "-"),
        (THREE, "[@app1]\nansible_host: db1", "host-two-names", "app1", "-"),
        ("etcd: localhost db2 db3\npostgresql: db2", "", "host-is-localhost", "localhost", "-"),
        (THREE, "[@db2]\nsite_address: 127.0.0.1", "host-is-localhost", "db2", "site_address"),
        (THREE, "[@db2]\nansible_host: '::1'", "host-is-localhost", "db2", "ansible_host"),
        (THREE, "[@db2]\nansible_host: https://db2", "host-address-invalid", "db2", "ansible_host"),
        (THREE, "[@db2]\nansible_host: 10.0.0.1:22", "host-address-invalid", "db2", "ansible_host"),
        (THREE + " app_2", "", "host-name-invalid", "app_2", "-"),
        (THREE, "[@app1]\nansible_host: 192.0.2.7", "host-address-documentation", "app1", "ansible_host"),
        (THREE + "\ncaprover: app2\nedge: app2", "", "host-exclusive-groups", "app2", "-"),
        (THREE + "\nbackup: db1", "", "host-exclusive-groups", "db1", "-"),
        (THREE, "[postgresql]\npostgresql_port: 2379", "host-port-twice", "postgresql", "postgresql_port"),
        (THREE, "[postgresql]\npostgresql_rest_port: 5432", "host-port-twice", "postgresql", "postgresql_rest_port"),
        # sshd is a service too.
        (THREE, "haproxy_read_write_port: 22", "host-port-twice", "all", "haproxy_read_write_port"),
        (THREE, "[postgresql]\npostgresql_port: 22", "host-port-twice", "postgresql", "postgresql_port"),
        ("object_store: s1", "minio_console_port: 22", "host-port-twice", "all", "minio_console_port"),
        (THREE, "[@db2]\nansible_port: '2379'", "host-port-twice", "db2", "etcd_client_port"),
        (THREE, "ansible_port: 22a", "variable-port-invalid", "all", "ansible_port"),
        (THREE, "ansible_port: 99999", "variable-port-invalid", "all", "ansible_port"),
        (THREE, "ansible_port: '99999'", "variable-port-invalid", "all", "ansible_port"),
        (THREE, "[@db1]\nansible_ssh_port: 0", "variable-port-invalid", "db1", "ansible_ssh_port"),
        (THREE, "[@db1]\nansible_port: '{{ ssh_prot }}'\nssh_port: 22", "variable-undefined", "db1", "ansible_port"),
        (THREE, "ansible_port:", "variable-empty", "all", "ansible_port"),
        (THREE, "[@db2]\netcd_peer_port: 8008", "host-port-twice", "db2", "etcd_peer_port"),
        (
            "etcd: a\npostgresql: a\npostgresql_client: a",
            "haproxy_read_write_port: 5432",
            "host-port-twice",
            "all",
            "haproxy_read_write_port",
        ),
        (THREE, "site_container_subnets: [172.17.0.0/16, 10.1.0.0/24]", "host-in-container-subnet", "all", "site_container_subnets"),
        (THREE, "[@db2]\nansible_host: 224.0.0.1", "host-address-invalid", "db2", "ansible_host"),
        (THREE, "[@db2]\nansible_host: 255.255.255.255", "host-address-invalid", "db2", "ansible_host"),
        (THREE, "[@db2]\nansible_host: 0.0.0.0", "host-address-invalid", "db2", "ansible_host"),
        (THREE, "[@db2]\nsite_address: ff02::1", "host-address-invalid", "db2", "site_address"),
        (THREE, "[@db2]\nansible_host: 10.0.0.300", "host-address-invalid", "db2", "ansible_host"),
        ("object_store: s1 s2 s3 s4", "minio_client_addresses: [10.0.0.300]", "host-network-invalid", "all", "minio_client_addresses[0]"),
        ("object_store: s1 s2 s3 s4", "minio_client_addresses: [hello]", "host-network-invalid", "all", "minio_client_addresses[0]"),
        (THREE, "haproxy_bind: [127.0.0.1, 127.0.0.300]", "host-network-invalid", "all", "haproxy_bind[1]"),
        (THREE, "haproxy_bind: [10.0.0.0/24]", "host-network-invalid", "all", "haproxy_bind[0]"),
        (THREE, "base_hosts_extra: [{address: 10.0.0.300, names: [x]}]", "host-network-invalid", "all", "base_hosts_extra[0].address"),
        (THREE, "haproxy_allowed_from: {postgresql: true}", "host-network-invalid", "all", "haproxy_allowed_from[0]"),
        (THREE, "haproxy_allowed_from: 7", "host-network-invalid", "all", "haproxy_allowed_from[0]"),
        (THREE, "haproxy_allowed_from: [etcd, [10.0.0.300]]", "host-network-invalid", "all", "haproxy_allowed_from[1][0]"),
        (THREE, "firewall_ports: [{name: x, port: 1, from: [7]}]", "host-network-invalid", "all", "firewall_ports[0].from[0]"),
        (THREE, "site_admin_addresses: [10.0.0.0/33]", "host-network-invalid", "all", "site_admin_addresses[0]"),
        (THREE, "firewall_ports: [{name: x, port: 1, from: [etc]}]", "host-network-invalid", "all", "firewall_ports[0].from[0]"),
        (
            THREE,
            "[postgresql]\npostgresql_client_addresses: [etcd]",
            "host-network-invalid",
            "postgresql",
            "postgresql_client_addresses[0]",
        ),
        (THREE + "\nmessaging: m1 m2", "", "host-messaging-two", "messaging", "-"),
    ],
)
def test_hosts(judged: Judge, groups: str, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    assert (code, where, variable) in points(judged(site(groups, variables)))


HOSTS = (
    "all:\n  vars: {site_name: clinic, site_domain: clinic.health}\n  hosts: {a: {ansible_host: 10.1.0.1}, b: {ansible_host: 10.1.0.2}}\n"
)


@pytest.mark.parametrize(
    ("hosts", "files", "expected"),
    [
        # The key children misspelt: Ansible warns, and the hosts are in no group.
        (
            HOSTS + "  childern: {etcd: {hosts: {a: }}, postgresql: {hosts: {a: }}}\n",
            {"group_vars/postgresql.yml": "postgresql_ttl: 20\n"},
            {("group-without-hosts", "postgresql"), ("inventory-without-groups", "all")},
        ),
        (HOSTS, {"group_vars/all.yml": "etcd_client_port: 2379\n"}, {("inventory-without-groups", "all")}),
        (HOSTS, {"group_vars/all.yml": "object_store_region: eu-1\n"}, {("inventory-without-groups", "all")}),
        (HOSTS + "  children: {berlin: {hosts: {a: , b: }, vars: {minio_console: false}}}\n", {}, {("inventory-without-groups", "all")}),
        # Base and firewall alone are a sane thing to want.
        (HOSTS, {"group_vars/all.yml": "base_hostname: ''\nfirewall_log: false\n"}, {("inventory-base-only", "all")}),
        (HOSTS + "  children: {berlin: {hosts: {a: , b: }}}\n", {}, {("inventory-base-only", "all")}),
        # Some groups are right and one is not.
        (site(THREE), {"group_vars/object_store/drives.yml": "minio_drives: [/srv/a]\n"}, {("group-without-hosts", "object_store")}),
        (site(THREE + "\nminio: s1"), {}, {("group-misspelt", "minio")}),
        (site(THREE + "\nstore: s1"), {}, {("group-misspelt", "store")}),
        (site("etcd: a b c\npostgres: a b c"), {}, {("group-misspelt", "postgres")}),
        (site("etc: a b c\npostgresql: a b c"), {}, {("group-misspelt", "etc")}),
        (site("etcd: a b c\npostgresql: a b c\nhaproxy: d"), {}, {("group-misspelt", "haproxy")}),
        # Groups and files of one's own, a host that is named as a group is.
        (
            site(THREE + "\npostgres: db1 db2 db3\nberlin: app1"),
            {"group_vars/berlin.yml": "x: 1\n", "group_vars/all/x.yml": "y: 1\n"},
            set(),
        ),
        (site("etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: object_store"), {}, set()),
    ],
)
def test_groups_without_hosts(judged: Judge, hosts: str, files: dict[str, str], expected: set[tuple[str, str]]) -> None:
    """Hosts without a service get a firewall that closes its ports."""
    found = {(code, where) for code, where, _variable in points(judged(hosts, files=files)) if code.startswith(("group-", "inventory-"))}
    assert found == expected


def test_the_port_that_was_written_is_the_one_to_change(judged: Judge) -> None:
    """Not the other service's, which has its default."""
    found = [finding for finding in judged(site(THREE, "postgresql_port: 8008")).errors if finding.code == "host-port-twice"]
    assert {(finding.variable, finding.fix) for finding in found} == {("postgresql_port", "set postgresql_port: a free port")}


def test_two_forwarded_ports_of_one_address_are_two_hosts(judged: Judge) -> None:
    """Virtual machines behind one address, each with its own port of SSH and its own address in the site."""
    variables = "[@db1]\nansible_host: 10.9.9.9\nansible_port: 2201\nsite_address: 10.5.0.1\n"
    variables += "[@db2]\nansible_host: 10.9.9.9\nansible_port: 2202\nsite_address: 10.5.0.2"
    assert judged(site(THREE, variables)).errors == ()


@pytest.mark.parametrize(
    "variables",
    [
        "haproxy_bind: ['*', '::', '::1', '[::1]', ipv6@fd00::1, app1.clinic.health, '{{ ansible_facts.x }}']",
        "haproxy_allowed_from: any",
        "haproxy_allowed_from: [etcd, [10.0.0.0/8, postgresql]]",
        "base_hosts_extra: [{address: 10.0.0.3, names: [x]}, {address: 'fd00::3', names: [y]}]",
        "[@db1]\nansible_host: fe80::1%eth0\nsite_address: 10.5.0.1\n[@db2]\nansible_host: fe80::1%eth1\nsite_address: 10.5.0.2",
    ],
)
def test_addresses_that_are_some(judged: Judge, variables: str) -> None:
    """All the forms that the roles take."""
    assert [finding.line() for finding in judged(site(THREE, variables)).errors] == []


def test_one_address_for_many(judged: Judge) -> None:
    """Each host that has it too is said once, not each pair."""
    names = [f"app{number}" for number in range(30)]
    report = judged(
        site(
            "postgresql_client: " + " ".join(names) + "\n" + THREE.partition("\npostgresql_client")[0],
            "".join(f"[@{name}]\nansible_host: 10.1.9.9\n" for name in names),
        )
    )
    found = [finding for finding in report.errors if finding.code == "host-address-twice"]
    assert [finding.where for finding in found] == sorted(names[1:])
    assert {finding.problem for finding in found} == {"app0 has the address 10.1.9.9 too."}


def test_one_line_for_hosts_alike(judged: Judge) -> None:
    """What all hosts of a group have alike is said once."""
    many = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: " + " ".join(f"app{number}" for number in range(40))
    report = judged(site(many, "[postgresql_client]\nhaproxy_read_only_port: 5000"))
    assert points(report) == {("host-port-twice", "postgresql_client", "haproxy_read_only_port")}


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("''", "domain-missing"),
        ("https://clinic.health", "domain-invalid"),
        ("clinic.health/app", "domain-invalid"),
        ("clinic.health:8443", "domain-invalid"),
        ("10.0.0.1", "domain-invalid"),
        ("my_clinic.health", "domain-invalid"),
        ("'*.clinic.health'", "domain-invalid"),
        ("clinic", "domain-invalid"),
        ("clinic.example.org", "domain-example"),
        ("Example.com", "domain-example"),
    ],
)
def test_domain(judged: Judge, domain: str, code: str) -> None:
    """Domains that are none."""
    report = judged(site(THREE, f"site_domain: {domain}"))
    assert points(report) == {(code, "all", "site_domain")}


def test_no_domain(judged: Judge) -> None:
    """It is not there at all."""
    text = site(THREE).replace("    site_domain: clinic.health\n", "")
    assert codes(judged(text)) == {"domain-missing"}


NAME = "server1.mine.health"


@pytest.mark.parametrize(
    ("groups", "variables", "expected"),
    [
        # Whose certificate or rule of access it is.
        ("etcd: a\npostgresql: b", f"firewall_enabled: false\n[@a]\nansible_host: {NAME}", ("a", "ansible_host", "a member of etcd")),
        ("etcd: a\npostgresql: b", f"firewall_enabled: false\n[@b]\nansible_host: {NAME}", ("b", "ansible_host", "a database server")),
        (THREE, f"firewall_enabled: false\n[@app1]\nansible_host: {NAME}", ("app1", "ansible_host", "who may connect")),
        ("object_store: a", f"firewall_enabled: false\n[@a]\nansible_host: {NAME}", ("a", "ansible_host", "the object store")),
        (THREE, f"[@db1]\nsite_address: {NAME}", ("db1", "site_address", NAME)),
        # Forms that neither a certificate nor nft takes.
        (THREE, "[@db1]\nsite_address: '[fd00::1]'", ("db1", "site_address", "[fd00::1]")),
        (THREE, "[@db1]\nsite_address: 'fe80::1%eth0'", ("db1", "site_address", "fe80::1%eth0")),
        # The other hosts do not look at it.
        (THREE, "[@db1]\nansible_host: ''\nansible_ssh_host: 10.1.0.1", ("db1", "ansible_host", "the name db1")),
        # For which hosts a firewall opens a port: the store for all, others for which hosts the site says.
        (
            THREE + "\nobject_store: s1 s2 s3 s4\nmonitoring: m1",
            f"[@m1]\nansible_host: {NAME}",
            ("m1", "ansible_host", "the firewall of s1"),
        ),
        (
            THREE + "\nmonitoring: m1",
            f"firewall_ports: [{{name: x, port: 9100, from: [monitoring]}}]\n[@m1]\nansible_host: {NAME}",
            ("m1", "ansible_host", "the firewall of db1"),
        ),
        (
            THREE + "\ncontrol: m1",
            f"site_admin_addresses: [control]\n[@m1]\nansible_host: {NAME}",
            ("m1", "ansible_host", "the firewall of"),
        ),
        (
            THREE + "\ncontrol: m1",
            f"[@app1]\nhaproxy_allowed_from: control\n[@m1]\nansible_host: {NAME}",
            ("m1", "ansible_host", "the firewall of app1"),
        ),
    ],
)
def test_a_name_where_an_address_is_needed(judged: Judge, groups: str, variables: str, expected: tuple[str, str, str]) -> None:
    """Said before the host checks, with the variable that fixes it."""
    report = judged(site(groups, variables))
    found = [finding for finding in report.errors if finding.code == "host-address-name"]
    assert [(finding.where, finding.variable) for finding in found] == [expected[:2]]
    assert expected[2] in found[0].problem and found[0].fix.startswith("set site_address: ")


@pytest.mark.parametrize(
    ("groups", "variables"),
    [
        (THREE, f"[@db1]\nansible_host: {NAME}\nsite_address: 10.5.0.1"),
        (THREE, f"[@db1]\nansible_host: {NAME}\nsite_address: 'fd00::1'"),
        ("etcd: 10.1.0.1\npostgresql: 10.1.0.1", "[@10.1.0.1]\nansible_host: ''"),
        # No one writes it down: no role opens a port for a group of one's own.
        (THREE + "\nwatchers: m1", f"[@m1]\nansible_host: {NAME}"),
        (THREE + "\nwatchers: m1", f"firewall_enabled: false\nsite_admin_addresses: [watchers]\n[@m1]\nansible_host: {NAME}"),
        # The host only speaks to an endpoint that is foreign.
        ("object_store: a", f"object_store_backend: s3\nobject_store_endpoint: https://s3.mine.health\n[@a]\nansible_host: {NAME}"),
        # It is unknown before the host checks.
        (THREE, "[@db1]\nsite_address: '{{ ansible_facts.vannah.address }}'"),
    ],
)
def test_a_name_where_one_will_do(judged: Judge, groups: str, variables: str) -> None:
    """With a site_address, or where nothing needs an address."""
    assert "host-address-name" not in codes(judged(site(groups, variables)))


@pytest.mark.parametrize(
    ("rows", "meant"),
    [
        ({"etcd": "db1 db2 db3", "postgresql": "db1 db22 db3"}, "db2"),
        ({"etcd": "db1 db2 db3", "postgresql": "db1 bd2 db3"}, "db2"),
        ({"etcd": "db1 db2 db3 db4", "postgresql": "db1 db2 db3 db4"}, ""),
        ({"etcd": "db1 db2 db3", "postgresql": "db1 imaging db3"}, ""),
    ],
)
def test_a_misspelt_name_of_a_host(judged: Judge, rows: dict[str, str], meant: str) -> None:
    """It is another host, without an address; the one that is meant is said. A further member is none."""
    text = "all:\n  vars: {site_name: clinic, site_domain: clinic.health}\n  children:\n"
    for group, members in rows.items():
        text += f"    {group}:\n      hosts:\n"
        text += "".join(
            f"        {name}: {{{f'ansible_host: 10.1.0.{name[2]}' if name in ('db1', 'db2', 'db3') else ''}}}\n"
            for name in members.split()
        )
    (found,) = [finding for finding in judged(text).errors if finding.code == "host-address-name"]
    assert (f"Is {meant} meant?" in found.problem, "one name for the server" in found.fix) == (bool(meant), bool(meant))


@pytest.mark.parametrize("address", ["https://db1", "10.0.0.1:22", "localhost"])
def test_what_is_no_name_either_is_said_once(judged: Judge, address: str) -> None:
    """By the code that knows better."""
    assert len([point for point in points(judged(site(THREE, f"[@db1]\nansible_host: {address}"))) if point[1] == "db1"]) == 1


@pytest.mark.parametrize(
    "variables",
    [
        "ansible_port: 2222\nhaproxy_read_write_port: 22",
        'ansible_port: \'{{ lookup("env", "SSH_PORT") }}\'\nhaproxy_read_write_port: 22',
        "ansible_connection: local\nhaproxy_read_write_port: 22",
    ],
)
def test_a_port_that_sshd_leaves_free(judged: Judge, variables: str) -> None:
    """sshd listens elsewhere, or where cannot be told."""
    assert "host-port-twice" not in codes(judged(site("etcd: a\npostgresql: a\npostgresql_client: a", variables)))
