# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and kinds of variables, names of groups: each slip with its code, its place and what was meant."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultLib

from tests.unit.lib.sites import PASSWORD, Judge, VaultSecret, codes, points, site, vaulted

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        ("[postgresql]\npostgresql_synchronos: true", "variable-misspelt", "postgresql", "postgresql_synchronos"),
        ("[postgresql]\npostgresqlPort: 5432", "variable-misspelt", "postgresql", "postgresqlPort"),
        ("[@db1]\nansible_hots: 10.0.0.9", "variable-misspelt", "db1", "ansible_hots"),
        ("[etcd]\netcd_directory_data: /x", "variable-misspelt", "etcd", "etcd_directory_data"),
        ("sitename: x", "variable-misspelt", "all", "sitename"),
        ("[postgresql]\npostgresql_turbo_mode: 1", "variable-unknown", "postgresql", "postgresql_turbo_mode"),
        ("site_colour_of_walls: red", "variable-unknown", "all", "site_colour_of_walls"),
        ("[@db1]\npostgresql_primary: true\n[@db2]\npostgresql_primary: true", "variable-removed", "db1", "postgresql_primary"),
        ("[@db3]\npostgresql_bootstrap_primary: false", "variable-removed", "db3", "postgresql_bootstrap_primary"),
        ("[postgresql]\npostgresql_failsafe: 'false'", "variable-wrong-type", "postgresql", "postgresql_failsafe"),
        ("[postgresql]\npostgresql_ttl: '30'", "variable-wrong-type", "postgresql", "postgresql_ttl"),
        ("[postgresql]\npostgresql_ttl: true", "variable-wrong-type", "postgresql", "postgresql_ttl"),
        ("[postgresql]\npostgresql_hba: host all all all trust", "variable-wrong-type", "postgresql", "postgresql_hba"),
        ("[postgresql]\npostgresql_version: 17", "variable-wrong-type", "postgresql", "postgresql_version"),
        ("[postgresql]\npostgresql_version: 15.10", "variable-version-unquoted", "postgresql", "postgresql_version"),
        ("site_admin_addresses: 10.0.0.0/8", "variable-wrong-type", "all", "site_admin_addresses"),
        ("base_packages: [vim, 7]", "variable-wrong-type", "all", "base_packages[1]"),
        ("[postgresql]\npostgresql_port: 70000", "variable-port-invalid", "postgresql", "postgresql_port"),
        ("[postgresql]\npostgresql_port: 0", "variable-port-invalid", "postgresql", "postgresql_port"),
        ("[postgresql]\npostgresql_port: '5432'", "variable-port-invalid", "postgresql", "postgresql_port"),
        ("[postgresql_client]\nhaproxy_read_write_port: -1", "variable-port-invalid", "postgresql_client", "haproxy_read_write_port"),
        ("firewall_ports: [{name: x, port: many}]", "variable-port-invalid", "all", "firewall_ports[0].port"),
        ("firewall_ports: [{name: x, port: 9000-8000}]", "variable-port-invalid", "all", "firewall_ports[0].port"),
        ("firewall_ports: [{port: 9000}]", "variable-missing-key", "all", "firewall_ports[0].name"),
        ("firewall_ports: [{name: x, port: 9000, protocol: udp}]", "variable-unknown-key", "all", "firewall_ports[0].protocol"),
        ("firewall_ports: [{name: x, port: 9000, proto: upd}]", "firewall-protocol-unknown", "all", "firewall_ports[0].proto"),
        ("firewall_ports: [{name: x, proto: 300}]", "firewall-protocol-unknown", "all", "firewall_ports[0].proto"),
        ("firewall_ports: [{name: x, proto: true}]", "firewall-protocol-unknown", "all", "firewall_ports[0].proto"),
        ("firewall_ports: [{name: x, proto: vrrp, port: 112}]", "firewall-port-mismatch", "all", "firewall_ports[0].port"),
        ("firewall_ports: [{name: x, proto: sctp}]", "firewall-port-mismatch", "all", "firewall_ports[0].port"),
        ("firewall_ports: [{name: x}]", "firewall-port-mismatch", "all", "firewall_ports[0].port"),
        ("[postgresql]\npostgresql_watchdog: false", "variable-wrong-type", "postgresql", "postgresql_watchdog"),
        ("[postgresql]\npostgresql_watchdog: automatik", "variable-not-a-choice", "postgresql", "postgresql_watchdog"),
        ("site_name: My Clinic", "variable-malformed", "all", "site_name"),
        ("[postgresql]\npostgresql_cluster: '{{ site_name'", "variable-broken-template", "postgresql", "postgresql_cluster"),
        ("[postgresql]\npostgresql_ttl: '{{ \"many\" }}'", "variable-wrong-type", "postgresql", "postgresql_ttl"),
        # No value: a condition on it is false, a text has None in it, a role's default does not come back.
        ("[postgresql]\npostgresql_synchronous:", "variable-empty", "postgresql", "postgresql_synchronous"),
        ("[postgresql]\npostgresql_synchronous_strict: null", "variable-empty", "postgresql", "postgresql_synchronous_strict"),
        ("minio_encrypt_all:", "variable-empty", "all", "minio_encrypt_all"),
        ("[@db1]\npostgresql_port:", "variable-empty", "db1", "postgresql_port"),
        ("[postgresql]\npostgresql_cluster: ~", "variable-empty", "postgresql", "postgresql_cluster"),
        ("firewall_ssh_ports:", "variable-empty", "all", "firewall_ssh_ports"),
        ("firewall_ports:", "variable-empty", "all", "firewall_ports"),
        ("site_address:", "variable-empty", "all", "site_address"),
        # Templates that no play can evaluate.
        ("[postgresql]\npostgresql_cluster: '{{ nope }}'", "variable-undefined", "postgresql", "postgresql_cluster"),
        ("site_domain: '{{ nope }}'", "variable-undefined", "all", "site_domain"),
        ("site_domain: '{{ site_domain }}'", "variable-undefined", "all", "site_domain"),
        ("one: '{{ two }}'\ntwo: '{{ one }}'\nsite_domain: '{{ one }}'", "variable-undefined", "all", "site_domain"),
        ("volume: '{{ nope }}/x'\n[etcd]\netcd_data_directory: '{{ volume }}/etcd'", "variable-undefined", "etcd", "etcd_data_directory"),
        ("volume: {a: /x}\n[etcd]\netcd_data_directory: '{{ volume.b }}/etcd'", "variable-undefined", "etcd", "etcd_data_directory"),
        (
            "[postgresql]\npostgresql_roles: [{name: '{{ nope }}', login: true}]",
            "variable-undefined",
            "postgresql",
            "postgresql_roles[0].name",
        ),
    ],
)
def test_variables(judged: Judge, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    report = judged(site(THREE, variables))
    assert (code, where, variable) in points(report)
    finding = next(found for found in report.errors if found.code == code)
    assert finding.source.startswith("hosts.yml:")
    assert finding.fix


def test_an_undefined_variable_and_what_was_meant(judged: Judge) -> None:
    """The guess is among the variables that the host has; hosts that have the variable are not spoken of."""
    variables = "[postgresql]\npostgresql_data_directory: '{{ pg_volme }}/pg'\n[@db1]\npg_volume: /volume\n[@db2]\npg_volme: /volume"
    report = judged(site(THREE, variables))
    found = {(finding.where, finding.fix) for finding in report.errors if finding.code == "variable-undefined"}
    assert ("db1", "use pg_volume") in found
    assert {where for where, _fix in found} == {"db1", "db3"}


@pytest.mark.parametrize(
    "variables",
    [
        "site_time_servers: ['{{ ansible_facts.vannah.gateway }}']",
        "gateway: '{{ ansible_facts.vannah.gateway }}'\nsite_time_servers: ['{{ gateway }}']",
        "site_time_servers: ['{{ ansible_default_ipv4.gateway }}']",
        "site_time_servers: [\"{{ hostvars['db1'].ansible_host }}\"]",
        "site_time_servers: [\"{{ groups['time'][0] }}\"]",
        "site_time_servers: [\"{{ lookup('env', 'TIME') }}\"]",
        "site_time_servers: [\"{{ nope | default('ntp.clinic.health') }}\"]",
        "site_time_servers: \"{{ ['a.clinic.health'] if nope is defined else ['b.clinic.health'] }}\"",
        # Nothing on app1 reads it.
        "postgresql_data_directory: '{{ volume }}/pg'\n[postgresql]\nvolume: /volume",
        "object_store_region: '{{ nope }}'",
        # Null within a dict takes a setting away.
        "[postgresql]\npostgresql_settings: {work_mem: null}\npostgresql_slots: {old: null}",
        "base_ssh_settings: {MaxSessions: null}",
    ],
)
def test_no_value_that_is_no_error(judged: Judge, variables: str) -> None:
    """What only the play can tell, what has a default, and where null is a way to say something."""
    assert not {"variable-empty", "variable-undefined"} & codes(judged(site(THREE, variables)))


@pytest.mark.parametrize(
    ("group", "meant"),
    [
        ("postgresl", "postgresql"),
        ("postgresql_clients", "postgresql_client"),
        ("etdc", "etcd"),
        ("objectstore", "object_store"),
        ("Backup", "backup"),
    ],
)
def test_misspelt_groups(judged: Judge, group: str, meant: str) -> None:
    """A group that is nearly one of the collection."""
    report = judged(site(f"{THREE}\n{group}: app2"))
    finding = next(found for found in report.errors if found.code == "group-misspelt")
    assert (finding.where, finding.fix) == (group, f"use {meant}")


def test_group_of_a_later_release(judged: Judge) -> None:
    """It is known, and nothing serves it: a warning."""
    report = judged(site(f"{THREE}\nimaging: app2"))
    assert report.errors == ()
    assert codes(report) == {"group-without-role"}


def test_did_you_mean(judged: Judge) -> None:
    """The message names the known name."""
    report = judged(site(THREE, "[etcd]\netcd_cliemt_port: 2379"))
    assert [finding.fix for finding in report.errors] == ["use etcd_client_port"]


def test_extra_vars(judged: Judge) -> None:
    """Text from the command line counts as its type only for the switches of a run."""
    assert judged(site(THREE), extra={"takeover": "true", "component_retry": "yes"}).errors == ()
    report = judged(site(THREE), extra={"takover": "true", "component_retry": "perhaps", "postgresql_failsafe": "true"})
    assert points(report) == {
        ("variable-misspelt", "extra vars", "takover"),
        ("variable-wrong-type", "extra vars", "component_retry"),
        ("variable-wrong-type", "extra vars", "postgresql_failsafe"),
    }


def test_no_value_from_the_command_line(judged: Judge) -> None:
    """The way to unset a variable of the site for one run; a role's default would not come back."""
    report = judged(site(THREE), extra={"object_store_ca": None, "postgresql_synchronous": None, "ansible_port": None})
    assert points(report) == {
        ("variable-empty", "extra vars", "postgresql_synchronous"),
        ("variable-empty", "extra vars", "ansible_port"),
    }


def test_files_beside_the_inventory(judged: Judge) -> None:
    """group_vars and host_vars are read, and the finding says which file and line."""
    files = {"group_vars/postgresql.yml": "# words\npostgresql_ttl: '20'\n", "host_vars/db2.yml": "postgresql_prot: 5432\n"}
    report = judged(site(THREE), files=files)
    assert {(finding.where, finding.source) for finding in report.errors} == {
        ("postgresql", "group_vars/postgresql.yml:2"),
        ("db2", "host_vars/db2.yml:1"),
    }


@pytest.mark.parametrize(
    ("file", "code", "meant"),
    [
        ("group_vars/postgres.yml", "variables-file-misspelt", "group_vars/postgresql.yml"),
        ("group_vars/postgresqll.yml", "variables-file-misspelt", "group_vars/postgresql.yml"),
        ("group_vars/postgres/x.yml", "variables-file-misspelt", "group_vars/postgresql.yml"),
        ("host_vars/db1x.yml", "variables-file-misspelt", "host_vars/db1.yml"),
        ("host_vars/10.1.0.2.yml", "variables-file-misspelt", "host_vars/db2.yml"),
        ("host_vars/10.1.0.2", "variables-file-misspelt", "host_vars/db2.yml"),
        ("host_vars/etcd.yml", "variables-file-misspelt", "group_vars/etcd.yml"),
        ("group_vars/db1.yml", "variables-file-misspelt", "host_vars/db1.yml"),
        ("host_vars/db4.yml", "variables-file-unread", ""),
        ("group_vars/of_last_year.yml", "variables-file-unread", ""),
    ],
)
def test_files_for_nobody(judged: Judge, file: str, code: str, meant: str) -> None:
    """Ansible passes over them silently."""
    report = judged(site(THREE), files={file: "clinic_colour: red\n"})
    path = "/".join(file.split("/")[:2])
    assert points(report) == {(code, path, "-")}
    assert not meant or report.errors[0].fix == f"rename it to {meant}"


@pytest.mark.parametrize(
    "file", ["group_vars/etcd.yaml", "group_vars/all/a.yml", "host_vars/db1", "group_vars/README.md", "host_vars/.x.yml"]
)
def test_files_for_somebody(judged: Judge, file: str) -> None:
    """And what is not a file of variables."""
    assert points(judged(site(THREE), files={file: "clinic_colour: red\n"})) == set()


@pytest.mark.parametrize(
    ("first", "hidden", "into"),
    [
        ("group_vars/etcd/a.yml", "group_vars/etcd.yml", "group_vars/etcd"),
        ("group_vars/etcd.yml", "group_vars/etcd.yaml", "group_vars/etcd.yml"),
        ("host_vars/db1.yaml", "host_vars/db1.json", "host_vars/db1.yaml"),
        ("host_vars/db1", "host_vars/db1.yml", "host_vars/db1"),
    ],
)
def test_files_of_which_one_hides_the_other(judged: Judge, first: str, hidden: str, into: str) -> None:
    """Ansible reads the first one that exists and passes over the other one: only the first one's mistake is found beside it."""
    files = {first: "site_domian: clinic.health\n", hidden: '{"postgresql_prot": 5433}\n'}
    errors = judged(site(THREE), files=files).errors
    (found,) = (error for error in errors if error.code == "variables-file-hidden")
    assert (found.where, found.fix) == (hidden, f"move its variables into {into}, and remove this file")
    assert [error.variable for error in errors if error.code == "variable-misspelt"] == ["site_domian"]


def test_booleans_of_ini(judged: Judge) -> None:
    """There true is a text however it is written, and True is none."""
    ini = "[etcd]\ndb1 ansible_host=10.1.0.1 base_hosts_manage=true\n[all:vars]\nsite_domain=clinic.health\nbase_hosts_manage=False\n"
    found = judged("all:\n", files={"hosts.ini": ini}).errors
    assert [(finding.variable, finding.fix) for finding in found] == [
        ("base_hosts_manage", "set base_hosts_manage: True, with a capital and without quotes")
    ]


def test_an_unquoted_version(judged: Judge) -> None:
    """What is to be written is taken."""
    found = judged(site(THREE, "postgresql_version: 15.10")).errors
    assert [finding.code for finding in found] == ["variable-version-unquoted"]
    assert '"15.1"' not in found[0].fix and '"15"' in found[0].fix


def test_empty_inventory(judged: Judge) -> None:
    """Another inventory than was meant."""
    assert codes(judged("all:\n  hosts: {}\n")) == {"inventory-empty"}


def test_wrong_vault_password(judged: Judge) -> None:
    """A vaulted value that does not open is an error of its own, and the others are reported with it."""
    text = "clinic_token: " + vaulted("Aq7rT0zPq9LmX2cVbN4e")
    report = judged(site(THREE, "site_domain: x_y.health"), files={"group_vars/all/vault.yml": text}, password=VaultSecret(b"another"))
    assert codes(report) == {"secret-file-closed", "domain-invalid"}
    finding = next(found for found in report.errors if found.code == "secret-file-closed")
    assert (finding.where, finding.variable, finding.source) == ("all", "clinic_token", "group_vars/all/vault.yml:1")
    assert "vault password" in finding.fix
    assert PASSWORD.bytes.decode() not in report.text()


def test_broken_file(judged: Judge) -> None:
    """A file of variables that does not parse does not hide the rest of the inventory."""
    report = judged(site(THREE, "site_domain: x_y.health"), files={"group_vars/etcd.yml": "etcd_client_port: [\n"})
    assert {"inventory-unreadable", "domain-invalid"} == codes(report)
    assert "group_vars/etcd.yml" in report.text()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # One line, of whose file it is, not of each group and host that came upon it.
        (
            {"group_vars/postgresql.yml": "# words\npostgresql_ttl: [\n"},
            ("inventory-unreadable", "postgresql", "group_vars/postgresql.yml:3"),
        ),
        ({"group_vars/etcd/ports.yaml": "a: b: c\n"}, ("inventory-unreadable", "etcd", "group_vars/etcd/ports.yaml:1")),
        ({"host_vars/db2.yml": "a: 'b\n"}, ("inventory-unreadable", "db2", "host_vars/db2.yml:2")),
        (
            {"group_vars/etcd.yml": VaultLib().encrypt("a: b\n", secret=VaultSecret(b"another")).decode()},
            ("secret-file-closed", "etcd", "group_vars/etcd.yml"),
        ),
    ],
)
def test_the_file_that_cannot_be_read_is_named(judged: Judge, files: dict[str, str], expected: tuple[str, str, str]) -> None:
    """With its line, and once."""
    report = judged(site(THREE), files=files)
    assert [(finding.code, finding.where, finding.source) for finding in report.errors] == [expected]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ansible_host", "{{ nowhere }}", "uses nowhere"),
        ("ansible_user", "{{ nobody.name }}", "uses nobody"),
        ("ansible_port", "{{ no_port }}", "uses no_port"),
        ("ansible_become_password", "{{ the_word }}", "uses the_word"),
    ],
)
def test_what_ansible_itself_needs_is_defined(judged: Judge, name: str, value: str, problem: str) -> None:
    """A run would end in "Error processing keyword", with neither variable nor file."""
    report = judged(site(THREE, f"[@db2]\n{name}: '{value}'"))
    found = [finding for finding in report.errors if finding.code == "variable-undefined"]
    assert [(finding.where, finding.variable) for finding in found] == [("db2", name)]
    assert problem in found[0].problem and found[0].source.startswith("hosts.yml:")
    assert judged(site(THREE, f"[@db2]\n{name}: '{{{{ ansible_facts.hostname }}}}'")).errors == ()
