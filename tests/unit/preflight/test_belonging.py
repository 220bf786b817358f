# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the servers are, and whether one is a copy of another: judged for all of them at once."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vannah.healthcloud.plugins.module_utils import effects
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.identity import named
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import formation, host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.belonging import Belonging
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Finding
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.membership import Group

from tests.unit.lib.sites import Judge, codes, points
from tests.unit.lib.sites import site as inventory

FACTS = {"system": "debian", "version": "13", "memory_mb": 2048, "disk": {"size_mb": 20000, "free_mb": 9000}}
CLINIC = {"key": "c", "fingerprint": "CC:CC", "called": "clinic internal CA", "begins": "2026-01-01T00:00:00Z"}
NEWER = {**CLINIC, "fingerprint": "CD:CD", "begins": "2027-01-01T00:00:00Z"}
AGAIN = {"key": "n", "fingerprint": "CN:CN", "called": "clinic internal CA", "begins": "2026-11-01T00:00:00Z"}
DEMO = {"key": "d", "fingerprint": "DD:DD", "called": "demo internal CA", "begins": "2026-11-01T00:00:00Z"}
OWN = {"name": "clinic", "authorities": [CLINIC], "secrets": "b", "known": ["a", "b"]}
RECORD = {**{name: OWN[name] for name in ("name", "authorities", "secrets")}, "since": "2026-02-02T00:00:00Z"}
#: Of a host that an older release converged: nothing but its CA's certificate.
OLD = {"authorities": [CLINIC], "since": "2026-02-02T00:00:00Z"}
ETCD = {"member": "1", "cluster": "2", "name": "db2", "urls": ["https://10.0.0.2:2380"], "directory": "/var/lib/etcd/vannah"}
ETCD_DATA = {"etcd": {"data": ETCD}}


def answer(host: str = "db1", number: int = 1, *, record: Any = RECORD, facts: dict[str, Any] | None = None, **known: Any) -> Answer:
    """A good answer with differences."""
    belonging: dict[str, Any] = {"own": OWN, "address": f"10.0.0.{number}", **known}
    said = {**FACTS, "addresses": [f"10.0.0.{number}"], "machine_id": f"m{number}", "host_key": f"k{number}", "boot_id": "b"}
    found = {**record, "host": record.get("host", host)} if record and record is not OLD else record
    return Answer(host, ("base",), {**said, "site": found, **(facts or {})}, 0.0, belonging=Belonging(**belonging))


def judgement(*answers: Answer) -> list[Finding]:
    report = judge_host_checks(answers)
    return [*report.errors, *report.warnings]


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({}, []),
        ({"record": None}, []),
        ({"record": OLD}, []),
        ({"record": {**RECORD, "secrets": "a"}}, []),
        ({"record": {**RECORD, "authorities": [DEMO]}}, ["contact-other-site"]),
        ({"record": {**RECORD, "authorities": [DEMO], "name": "demo", "host": "x"}}, ["contact-other-site"]),
        ({"record": OLD, "own": {**OWN, "authorities": [DEMO]}}, ["contact-other-site"]),
        ({"own": {**OWN, "authorities": []}}, ["contact-other-site"]),
        ({"record": {**RECORD, "name": "demo"}}, ["contact-other-site"]),
        ({"record": {**RECORD, "host": "db9"}}, ["contact-other-name"]),
        ({"record": {**RECORD, "host": "db9", "name": "demo"}}, ["contact-other-name", "contact-other-site"]),
        ({"record": {**RECORD, "secrets": "c"}}, ["contact-stale-checkout"]),
        ({"record": {**RECORD, "authorities": [NEWER]}}, ["contact-stale-checkout"]),
        ({"own": {**OWN, "secrets": "a", "known": ["a"]}}, ["contact-stale-checkout"]),
        # Taken over: whatever it was, but not its data.
        ({"record": {**RECORD, "authorities": [DEMO]}, "takeover": True}, []),
        ({"record": {**RECORD, "host": "db9"}, "takeover": True}, []),
        ({"record": {**RECORD, "secrets": "c"}, "takeover": True}, []),
        (
            {"record": {**RECORD, "authorities": [DEMO], "name": "demo"}, "takeover": True, "facts": {"found": ["/srv/x"]}},
            ["contact-other-site-data"],
        ),
        (
            {"record": {**RECORD, "name": "demo", "host": "db9"}, "takeover": True, "facts": {"found": ["/srv/x"]}},
            ["contact-other-site-data"],
        ),
        (
            {"record": {**RECORD, "authorities": [DEMO], "host": "db9"}, "takeover": True, "facts": {"found": ["/srv/x"]}},
            ["contact-other-site-data"],
        ),
        ({"record": {"authorities": [DEMO]}, "takeover": True, "facts": {"found": ["/srv/x"]}}, ["contact-other-site-data"]),
        (
            {"record": {**RECORD, "authorities": [DEMO], "name": ""}, "takeover": True, "facts": {"found": ["/srv/x"]}},
            ["contact-other-site-data"],
        ),
        # The site's own data: it has a new authority (docs/day2.md), planned or made already, or another name.
        ({"record": {**RECORD, "authorities": [DEMO]}, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        ({"record": OLD, "own": {**OWN, "authorities": [AGAIN]}, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        ({"record": OLD, "own": {**OWN, "authorities": []}, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        ({"record": {**RECORD, "name": "demo"}, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        ({"record": {**RECORD, "host": "db9"}, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        ({"record": None, "takeover": True, "facts": {"found": ["/srv/x"]}}, []),
        # Data of etcd.
        ({"facts": {"services": ETCD_DATA}}, ["contact-etcd-identity"]),
        ({"facts": {"services": {"etcd": {"data": {**ETCD, "name": "db1"}}}}}, []),
        ({"facts": {"services": {"etcd": {"data": {**ETCD, "urls": ["https://10.0.0.1:12380"]}}}}}, []),
        ({"facts": {"services": {"etcd": {"data": {**ETCD, "name": "", "urls": []}}}}}, []),
        ({"facts": {"services": ETCD_DATA}, "adopted": lambda: frozenset([ETCD["directory"]])}, []),
        ({"record": {**RECORD, "host": "db2"}, "takeover": True, "facts": {"services": ETCD_DATA}}, ["contact-etcd-identity"]),
    ],
)
def test_one_server(given: dict[str, Any], codes: list[str]) -> None:
    assert [finding.code for finding in judgement(answer(**given))] == codes


def test_a_second_checkout_is_told_everything_once() -> None:
    """Both sites, both fingerprints, since when, that what was made here goes first, and the exact switch, for all hosts in one line."""
    apart = {"record": {**RECORD}, "own": {**OWN, "name": "clinic", "authorities": [{**DEMO, "begins": "2026-11-29T10:00:00Z"}]}}
    (finding,) = judgement(answer("db1", 1, **apart), answer("db2", 2, **apart), answer("db3", 3, **apart))
    assert finding.where == "db1,db2,db3"
    for text in ("site clinic", "CC:CC", "DD:DD", "2026-02-02T00:00:00Z"):
        assert text in finding.problem, text
    for text in (
        "move this inventory's pki/ and secrets.yml (CA of 2026-11-29) away",
        "recovery kit",
        "-e site_takeover_hosts=db1,db2,db3",
    ):
        assert text in finding.fix, text


def test_of_a_server_of_another_site_nothing_else_is_said() -> None:
    """Other findings would contradict it: `site_name: demo`, or the other site's port. Those of the site's own servers stay."""
    port = effects.Change("postgresql_port", "postgresql", "5433", "5432", effects.Statement("postgresql_port", "new"))
    peers = {"etcd": [{"name": "db9", "address": "192.0.2.9", "what": "it is a member"}]}  # of the other site
    facts = {"system": "ubuntu", "services": {**ETCD_DATA, "proxy": {"peers": peers}}}
    other = answer("db1", 1, record={**RECORD, "authorities": [DEMO], "name": "demo"}, facts=facts)
    own = dataclasses.replace(answer("db2", 2, facts={"system": "ubuntu"}), changes=(port,))
    other = dataclasses.replace(other, changes=(port,))
    groups = [Group("etcd", "etcd", {"db1": "10.0.0.1"}, "")]
    cluster = formation.Cluster("etcd", "etcd", "etcd", {"db1": None, "db3": "did not answer"}, (False,))
    found = judge_host_checks([other, own], [cluster], groups=groups).errors
    assert [(finding.code, finding.where) for finding in found] == [
        ("contact-other-site", "db1"),
        ("contact-setting-new", "db2"),
        ("contact-system", "db2"),
    ]
    assert judge_host_checks([other, own]).summary() == "host checks: 3 errors, 0 warnings, 2 hosts"


@pytest.mark.parametrize("record", [RECORD, OLD, {**RECORD, "name": ""}])
def test_a_lost_authority_is_replaced(record: dict[str, Any]) -> None:
    """docs/day2.md, "The site's authority", steps 1 to 5: all hosts, stopped, with their data; refused only without the switch."""
    name = str(record.get("name", "clinic"))
    replaced = {"own": {**OWN, "name": name, "authorities": [AGAIN], "secrets": "n", "known": ["a", "b", "n"]}, "record": record}
    data = {"found": ["/var/lib/postgresql/17/vannah", "/var/lib/etcd/vannah", "/srv/minio"]}
    etcd = [{**ETCD, "name": f"db{number}", "urls": [f"https://10.0.0.{number}:2380"]} for number in (1, 2, 3)]
    hosts = [(f"db{number}", number, {**data, "services": {"etcd": {"data": etcd[number - 1]}}}) for number in (1, 2, 3)]
    assert [one.code for one in judgement(*(answer(host, number, **replaced) for host, number, _facts in hosts))] == ["contact-other-site"]
    assert judgement(*(answer(host, number, **replaced, facts=facts, takeover=True) for host, number, facts in hosts)) == []


def test_hosts_of_two_other_sites_are_two_lines() -> None:
    one, two = {**RECORD, "authorities": [DEMO], "name": "demo"}, {**RECORD, "authorities": [{**DEMO, "key": "e", "fingerprint": "EE"}]}
    found = judgement(answer("db1", 1, record=one), answer("db2", 2, record=two), answer("db3", 3, record=one), answer("db4", 4))
    assert sorted(finding.where for finding in found) == ["db1,db3", "db2"]


def test_an_inventory_without_a_ca_has_nothing_to_remove() -> None:
    """A plan from a copy: check mode makes none."""
    (finding,) = judgement(answer(own={**OWN, "authorities": []}))
    assert "away" not in finding.fix and "recovery kit" in finding.fix and "it has no CA" in finding.problem


def test_one_stranger_among_the_servers_of_this_site() -> None:
    """The authority here is the right one: no text says to move it away."""
    found = judgement(answer("db1", 1), answer("db2", 2, record={**RECORD, "authorities": [DEMO], "name": "demo"}))
    (finding,) = found
    assert finding.code == "contact-other-site" and finding.where == "db2"
    assert "pki/" not in finding.fix and "site_takeover_hosts=db2" in finding.fix


# --- one server twice, and clones ---------------------------------------------------------------------------------------------

NEW = {"record": None}


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        ({**NEW}, []),
        ({**NEW, "facts": {"machine_id": "m1", "host_key": "k1"}}, ["contact-clone"]),
        ({**NEW, "facts": {"machine_id": "m1"}}, ["contact-clone"]),
        ({**NEW, "facts": {"host_key": "k1"}}, ["contact-clone"]),
        ({**NEW, "facts": {"machine_id": "", "host_key": ""}}, []),
        ({"facts": {"machine_id": "m1"}}, ["contact-clone-member"]),
        ({"record": OLD, "facts": {"machine_id": "m1"}}, ["contact-clone-member"]),
        ({"record": {**RECORD, "host": "db1"}, "facts": {"machine_id": "m1", "host_key": "k1"}}, ["contact-clone", "contact-other-name"]),
        ({**NEW, "facts": {"machine_id": "m1", "host_key": "k1", "addresses": ["10.0.0.1"]}}, ["contact-same-server"]),
    ],
)
def test_two_servers(second: dict[str, Any], codes: list[str]) -> None:
    found = judgement(answer("db1", 1), answer("db2", 2, **second))
    assert [finding.code for finding in found] == codes and all(finding.where == "db2" for finding in found)


def test_servers_without_an_id_are_no_clones() -> None:
    none = {"facts": {"machine_id": "", "host_key": ""}}
    assert not judgement(answer("db1", 1, **none), answer("db2", 2, **none))


# --- the address --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "addresses", "wrong"),
    [
        ({"address": "10.0.0.9"}, ["10.0.0.1"], True),
        ({"address": "10.0.0.1"}, ["10.0.0.1"], False),
        ({"address": "10.0.0.2"}, ["10.0.0.1", "10.0.0.2"], False),
        ({"address": "fd00:0::0002"}, ["10.0.0.1", "fd00::2"], False),
        ({"address": "fd00::3"}, ["10.0.0.1", "fd00::2"], True),
        # A public address that is translated: right for Ansible, not for what listens.
        ({"address": "203.0.113.7", "variable": "ansible_host"}, ["10.0.0.1"], True),
        ({"address": "203.0.113.7", "users": tuple}, ["10.0.0.1"], False),
        ({"address": "db1.clinic.health"}, ["10.0.0.1"], False),
        ({"address": "127.0.0.1"}, ["10.0.0.1"], False),
        ({"address": ""}, ["10.0.0.1"], False),
        ({"address": "10.0.0.9"}, [], False),
    ],
)
def test_address(known: dict[str, Any], addresses: list[str], wrong: bool) -> None:
    found = judgement(answer(facts={"addresses": addresses}, **{"variable": "site_address", "users": lambda: ("etcd",), **known}))
    assert [finding.code for finding in found] == ["contact-address"] * wrong
    if wrong:
        assert all(text in found[0].line() for text in (known["address"], "10.0.0.1", "site_address:", "etcd"))


@pytest.mark.parametrize(
    ("known_by", "listens", "level"),
    [
        ("", False, "error"),  # new
        ("10.0.0.9", False, "error"),  # the inventory says another one than before
        ("203.0.113.7", True, "error"),
        ("203.0.113.7", False, "warning"),
    ],
)
def test_address_of_a_member(known_by: str, listens: bool, level: str) -> None:
    """A floating or translated address that the site runs with: an upgrade does not refuse it."""
    known = {"variable": "site_address", "address": "203.0.113.7", "users": lambda: ("PostgreSQL",), "listens": lambda: listens}
    report = judge_host_checks([answer(facts={"addresses": ["10.0.0.1"], "known_by": known_by}, **known)])
    assert [finding.code for finding in report.errors] == ["contact-address"] * (level == "error")
    assert [finding.code for finding in report.warnings] == ["contact-address-member"] * (level == "warning")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("192.0.2.1", True),
        ("ipv4@192.0.2.1", True),
        ("[fd00::9]", True),
        ("10.0.0.9", False),
        ("ipv6@fd00::1", False),
        ("fd00:0::1", False),
        ("127.0.0.2", False),
        ("::1", False),
        ("*", False),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("app1.clinic.health", False),
        ("abns@somewhere", False),
    ],
)
def test_an_address_to_listen_on(text: str, refused: bool) -> None:
    """A worker of HAProxy does not start with one that the server does not have, and says nothing of the variable."""
    facts = {"addresses": ["10.0.0.9", "fd00::1"]}
    known = {"address": "10.0.0.9", "binds": lambda: [("haproxy_bind", text)]}
    found = judgement(answer("app1", facts=facts, **known))
    assert [finding.code for finding in found] == ["contact-address-bind"] * refused
    if refused:
        assert all(part in found[0].line() for part in ("app1 haproxy_bind", text, "10.0.0.9, fd00::1", "haproxy_bind: addresses"))
    assert judgement(answer("app1", facts={**facts, "nonlocal_bind": True}, **known)) == []


@pytest.mark.parametrize(
    ("address", "senders", "refused"),
    [
        ("10.0.1.1", {"db1": "10.0.0.9", "db2": "10.0.0.9"}, True),  # an admin network as ansible_host, site_address forgotten
        ("10.0.1.1", {"db1": "10.0.1.1", "db2": "10.0.0.9"}, True),
        ("10.0.1.1", {"db1": "10.0.1.1", "db2": "10.0.1.1"}, False),  # the server was moved
        ("10.0.1.1", {}, False),  # no member of a cluster lets it in
        ("10.0.0.9", {"db1": "10.0.0.9"}, False),
    ],
)
def test_another_address_while_the_old_one_is_used(address: str, senders: dict[str, str], refused: bool) -> None:
    """The firewalls and pg_hba would let in the new address alone."""
    said = {"addresses": ["10.0.0.9", "10.0.1.1"], "known_by": "10.0.0.9", "senders": senders}
    found = judgement(answer("app1", facts=said, address=address, variable="ansible_host"))
    assert [finding.code for finding in found] == ["contact-address-sender"] * refused
    if refused:
        assert all(text in found[0].line() for text in ("app1", "10.0.1.1 (ansible_host)", "site_address: 10.0.0.9", "db2"))
    taken = {**said, "site": {**RECORD, "authorities": [DEMO], "host": "app1"}}
    assert judgement(answer("app1", facts=taken, address=address, takeover=True)) == []  # of another site


def test_every_code_is_declared() -> None:
    assert {code.name for code in host_checks.CODES} >= {"contact-other-site", "contact-clone", "contact-etcd-identity", "contact-address"}


# --- the switch ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "names"),
    [(None, set()), ("", set()), ("db1", {"db1"}), ("db1, db2,", {"db1", "db2"}), (["db1", "db2"], {"db1", "db2"}), ([], set())],
)
def test_the_switch_names_hosts(value: Any, names: set[str]) -> None:
    assert named(value) == names


@pytest.mark.parametrize("value", [True, {"db1": True}, 1, [True]])
def test_the_switch_is_no_blanket_yes(value: Any) -> None:
    with pytest.raises(AnsibleError, match="must name hosts"):
        named(value)


THREE = "etcd: db1 db2 db3"


@pytest.mark.parametrize(
    ("extra", "codes_said"),
    [
        ({"site_takeover_hosts": "db1"}, set()),
        ({"site_takeover_hosts": "db1,db2"}, set()),
        ({"site_takeover_hosts": ["db1"]}, set()),
        ({"site_takeover_hosts": "true"}, {"takeover-unknown-host"}),
        ({"site_takeover_hosts": "all"}, {"takeover-unknown-host"}),
        ({"site_takeover_hosts": "db1,db7"}, {"takeover-unknown-host"}),
        ({"site_takeover_hosts": "etcd"}, {"takeover-unknown-host"}),
        ({"site_data_lost_hosts": "db1,db7"}, {"data-lost-unknown-host"}),
        ({"site_takeover_hosts": True}, {"variable-wrong-type"}),
    ],
)
def test_preflight_of_the_switch(judged: Judge, extra: dict[str, Any], codes_said: set[str]) -> None:
    assert codes(judged(inventory(THREE), extra=extra)) - {"safety-key-only-without-key"} == codes_said


def test_the_switch_is_none_of_the_inventory(judged: Judge) -> None:
    found = points(judged(inventory(THREE, "site_takeover_hosts: [db1]\nsite_data_lost_hosts: [db1]")))
    assert ("takeover-not-a-switch", "all", "site_takeover_hosts") in found
    assert ("data-lost-not-a-switch", "all", "site_data_lost_hosts") in found


def test_a_site_with_another_name_hears_the_rest_too() -> None:
    """The authority is the site's: what else has changed is this site's, and is said in the same report."""
    port = effects.Change("postgresql_port", "postgresql", "5433", "5432", effects.Statement("postgresql_port", "new"))
    renamed = dataclasses.replace(answer("db1", 1, record={**RECORD, "name": "demo"}), changes=(port,))
    assert {finding.code for finding in judge_host_checks([renamed]).errors} == {"contact-other-site", "contact-setting-new"}


def test_exchanged_addresses_are_no_rename() -> None:
    """A takeover would give each server the work of the other one: it is not offered."""
    swapped = [answer("db1", 1, record={**RECORD, "host": "db2"}), answer("db2", 2, record={**RECORD, "host": "db1"})]
    (found,) = [one for one in judgement(*swapped) if one.code == "contact-other-name"]
    assert "Their addresses are exchanged" in found.problem
    assert found.fix == "restore the addresses (ansible_host) of db1, db2 as they were"
    renamed = [answer("db1", 1, record={**RECORD, "host": "db3"}), answer("db2", 2, record={**RECORD, "host": "db1"})]
    (found,) = [one for one in judgement(*renamed) if one.code == "contact-other-name"]
    assert "site_takeover_hosts" in found.fix
