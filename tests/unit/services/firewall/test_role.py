# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firewall opens, and for which hosts."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleError

PATH = "/etc/vannah/firewall.nft"


def site(**variables: Any) -> dict[str, Any]:
    """Two database servers, one of them a client too, and the variables of db1."""
    return {
        "all": {
            "hosts": {
                "db1": {"ansible_host": "192.0.2.11", **variables},
                "db2": {"ansible_host": "2001:db8::12"},
                "pc": {"ansible_host": "192.0.2.99"},
            },
            "children": {"etcd": {"hosts": {"db1": None, "db2": None}}, "named": {"hosts": {"elsewhere": None}}, "none": {}},
        }
    }


@pytest.fixture
def rules(render: Callable[..., Any]) -> Callable[..., list[str]]:
    """``rules(chain, **variables)``: the accepting lines of a chain, sets put in."""

    def _rules(chain: str = "input", **variables: Any) -> list[str]:
        text = render("firewall", "firewall", site(**variables), "db1")["files"][PATH]
        sets = {}
        for part in text.split("\tset ")[1:]:
            name, _, rest = part.partition(" {")
            sets[name] = rest.partition("elements = { ")[2].partition(" }")[0]
        lines = text.partition(f"chain {chain} {{")[2].partition("\n\t}")[0].splitlines()
        found = []
        for line in (line.strip() for line in lines):
            if " dport " in f" {line}" or "proto-dst" in line or re.search(r"l4proto \d", line):
                for name, elements in sets.items():
                    line = line.replace(f"@{name} ", f"{{{elements}}} ")
                found.append(line)
        return [line for line in found if "DHCP" not in line]

    return _rules


SSH = 'tcp dport 22 accept comment "ssh"'


def test_ports_of_before_stay_open(rules: Callable[..., list[str]]) -> None:
    """While a verb changes a port, the old one is open for the same hosts, and what does not change is there once."""
    now = rules(etcd_client_port=2390)
    both = rules(etcd_client_port=2390, site_before=[{"etcd_client_port": 2379}])
    assert [line.replace("dport 2390", "dport 2379") for line in now if "2390" in line] == [line for line in both if line not in now]
    assert [line for line in now if line not in both] == []


def test_exports_are_opened_for_the_groups_they_name(rules: Callable[..., list[str]]) -> None:
    """The role etcd exports its ports for the groups etcd and postgresql; the second is not in use and opens nothing."""
    assert rules() == [
        SSH,
        'ip saddr {192.0.2.11} tcp dport 2379 accept comment "etcd-client"',
        'ip6 saddr {2001:db8::12} tcp dport 2379 accept comment "etcd-client"',
        'ip saddr {192.0.2.11} tcp dport 2380 accept comment "etcd-peer"',
        'ip6 saddr {2001:db8::12} tcp dport 2380 accept comment "etcd-peer"',
    ]


@pytest.mark.parametrize(
    ("ports", "lines"),
    [
        ([{"name": "web", "port": 443}], ['tcp dport 443 accept comment "web"']),
        ([{"name": "web", "port": 443, "from": "any", "proto": "udp"}], ['udp dport 443 accept comment "web"']),
        (
            [{"name": "r", "port": "8000-8010", "from": ["192.0.2.0/24"]}],
            ['ip saddr {192.0.2.0/24} tcp dport 8000-8010 accept comment "r"'],
        ),
        ([{"name": "host", "port": 1, "from": ["pc"]}], ['ip saddr {192.0.2.99} tcp dport 1 accept comment "host"']),
        ([{"name": "both", "port": 1, "from": ["any", "pc"]}], ['tcp dport 1 accept comment "both"']),
        ([{"name": "six", "port": 1, "from": ["2001:db8::/32"]}], ['ip6 saddr {2001:db8::/32} tcp dport 1 accept comment "six"']),
        ([{"name": "none", "port": 1, "from": []}], []),
        ([{"name": "empty group", "port": 1, "from": ["none"]}], []),
        ([{"name": "vrrp", "proto": "vrrp"}], ['meta l4proto 112 accept comment "vrrp"']),
        ([{"name": "own", "proto": 200}], ['meta l4proto 200 accept comment "own"']),
        (
            [{"name": "esp", "proto": "ESP", "from": ["pc", "2001:db8::/32"]}],
            [
                'ip saddr {192.0.2.99} meta l4proto 50 accept comment "esp"',
                'ip6 saddr {2001:db8::/32} meta l4proto 50 accept comment "esp"',
            ],
        ),
        ([{"name": "sctp", "proto": "sctp", "port": 38412}], ['sctp dport 38412 accept comment "sctp"']),
        ([{"name": "by number", "proto": 17, "port": 53}], ['udp dport 53 accept comment "by number"']),
        ([{"name": 'a"; drop; #', "port": 1}], ['tcp dport 1 accept comment "a__ drop_ _"']),
    ],
)
def test_ports_of_the_inventory(rules: Callable[..., list[str]], ports: list[dict[str, Any]], lines: list[str]) -> None:
    """``firewall_ports``, in every form that its specification knows."""
    assert [line for line in rules(firewall_ports=ports) if "etcd" not in line and line != SSH] == lines


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("dbs", ["dbs", "firewall_ports: x", "not a group"]),
        ("named", ["elsewhere", "site_address"]),
        ("192.0.2.1; accept", ["not a group"]),
    ],
)
def test_a_source_that_is_none_is_refused(rules: Callable[..., list[str]], source: str, words: list[str]) -> None:
    """A misspelt group must not close a port in silence, nor a host's name be looked up when the firewall starts."""
    with pytest.raises(AnsibleError) as caught:
        rules(firewall_ports=[{"name": "x", "port": 1, "from": [source]}])
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"proto": "vvrp"}, ["firewall_ports: x", "'vvrp' is not a protocol", "vrrp"]),
        ({"proto": "vrrp", "port": 1}, ["vrrp has no ports", "without port"]),
        ({"proto": "udp"}, ["udp needs a port"]),
        ({}, ["tcp needs a port"]),
    ],
)
def test_a_protocol_that_is_none_is_refused(rules: Callable[..., list[str]], rule: dict[str, Any], words: list[str]) -> None:
    """Also where a playbook uses the role without preflight."""
    with pytest.raises(AnsibleError) as caught:
        rules(firewall_ports=[{"name": "x", **rule}])
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_ssh_for_administrators_and_on_another_port(rules: Callable[..., list[str]]) -> None:
    """SSH stays open on 22 and on the inventory's port, for the addresses of the administrators alone."""
    found = rules(site_admin_addresses=["192.0.2.99", "2001:db8::/64"], ansible_port=2222)
    assert [line for line in found if '"ssh"' in line] == [
        'ip saddr {192.0.2.99} tcp dport 22 accept comment "ssh"',
        'ip6 saddr {2001:db8::/64} tcp dport 22 accept comment "ssh"',
        'ip saddr {192.0.2.99} tcp dport 2222 accept comment "ssh"',
        'ip6 saddr {2001:db8::/64} tcp dport 2222 accept comment "ssh"',
    ]


def test_published_ports_follow_the_same_list(rules: Callable[..., list[str]]) -> None:
    """What a container publishes is open by the port of the host, whatever the container's own is."""
    assert rules("published", firewall_ports=[{"name": "web", "port": 443}])[-1] == (
        'meta l4proto tcp ct original proto-dst 443 accept comment "web"'
    )


def test_a_protocol_without_ports_is_not_published(rules: Callable[..., list[str]]) -> None:
    """Docker publishes ports; what has none is no business of a container."""
    found = rules("published", firewall_ports=[{"name": "vrrp", "proto": "vrrp"}, {"name": "s", "proto": "sctp", "port": 7}])
    assert not [line for line in found if "112" in line]
    assert found[-1] == 'meta l4proto 132 ct original proto-dst 7 accept comment "s"'


def test_only_our_table(render: Callable[..., Any]) -> None:
    """Nothing of another owner is flushed or deleted, and our table is replaced in the transaction that makes it."""
    text = render("firewall", "firewall", site(), "db1")["files"][PATH]
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert code[:3] == ["table inet vannah", "delete table inet vannah", "table inet vannah {"]
    assert "flush" not in "\n".join(code)
    assert "policy drop" in text
    assert [line for line in code if line.startswith(("table", "delete"))] == code[:3]


@pytest.mark.parametrize(
    ("variables", "word", "there"),
    [
        ({"firewall_published_interfaces": []}, "hook forward", False),
        ({"firewall_published_interfaces": ["podman*"]}, 'oifname "podman*" jump published', True),
        ({"firewall_log": False}, "log prefix", False),
        ({"firewall_extra_rules": ["ip protocol vrrp accept"]}, "\t\tip protocol vrrp accept", True),
    ],
)
def test_options(render: Callable[..., Any], variables: dict[str, Any], word: str, there: bool) -> None:
    """The remaining variables."""
    assert (word in render("firewall", "firewall", site(**variables), "db1")["files"][PATH]) is there


def test_disabled_is_absent(render: Callable[..., Any]) -> None:
    """Without the firewall the component is absent: the table goes with its unit."""
    assert render("firewall", "firewall", site(firewall_enabled=False), "db1")["definition"]["state"] == "absent"


# --- firewall-check -----------------------------------------------------------------------------------------------------


@pytest.fixture
def refusal(
    program: Callable[[str, str], ModuleType],
    render: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """``refusal(settings, **variables)``: what the program says to the role's rules where ``sshd -T`` prints these settings."""

    def _refusal(settings: str, **variables: Any) -> str:
        check, rules = program("firewall", "firewall-check"), tmp_path / "firewall.nft"
        rules.write_text(render("firewall", "firewall", site(**variables), "db1")["files"][PATH], encoding="utf-8")
        monkeypatch.setattr(check, "SSHD", "/bin/sh")
        monkeypatch.setattr(check.os, "makedirs", lambda *_words, **_options: None)
        monkeypatch.setattr(check.subprocess, "run", lambda *_words, **_options: subprocess.CompletedProcess([], 0, settings, ""))
        status, said = check.main([str(rules)]), capsys.readouterr().err
        assert status == (1 if said else 0)
        return str(said)

    return _refusal


@pytest.mark.parametrize(
    ("settings", "variables", "closed"),
    [
        ("port 22\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\n", {}, None),
        ("port 2222\nlistenaddress [::]:2222\nlistenaddress 0.0.0.0:2222\n", {}, "2222"),
        ("port 2222\n", {}, "2222"),
        ("port 22\nport 2222\nlistenaddress 0.0.0.0:22\nlistenaddress 0.0.0.0:2222\n", {}, "2222"),
        ("port 2222\nlistenaddress 0.0.0.0:2222\n", {"firewall_ssh_ports": [2222]}, None),
        ("port 2222\nlistenaddress 0.0.0.0:2222\n", {"ansible_port": 2222}, None),
        ("port 2222\n", {"firewall_ports": [{"name": "ssh for a few", "port": "2200-2300", "from": ["192.0.2.0/24"]}]}, None),
        ("port 2222\n", {"firewall_ports": [{"name": "ssh for nobody", "port": 2222, "from": []}]}, "2222"),
        ("port 2222\n", {"firewall_ports": [{"name": "accept", "port": 2222, "proto": "udp"}]}, "2222"),
        ("port 2222\n", {"firewall_extra_rules": ["ip saddr 192.0.2.1 tcp dport { 443, 2222 } accept"]}, None),
        ("port 2222\n", {"firewall_extra_rules": ['tcp dport 2222 drop comment "not accept"']}, "2222"),
        ("port 22\nlistenaddress 0.0.0.0:22\nlistenaddress 127.0.0.1:2222\nlistenaddress [::1]:2222\n", {}, None),
        ("", {}, None),  # sshd does not take its settings, or is not there
    ],
)
def test_ports_of_sshd_stay_open(refusal: Callable[..., str], settings: str, variables: dict[str, Any], closed: str | None) -> None:
    """Where the next connection comes past the network it proves nothing, and the inventory does not know every port."""
    said = refusal(settings, **variables)
    assert (f"port {closed}," in said and "firewall_ssh_ports" in said) if closed else said == "", said


def test_the_rules_are_checked_before_they_are_loaded(render: Callable[..., Any]) -> None:
    """By a program that the component brings."""
    definition = render("firewall", "firewall", site(), "db1")["definition"]
    (argv,) = definition["validate"]
    assert argv == ["/usr/local/lib/vannah/firewall-check", PATH]
    assert argv[0] in [item["path"] for item in definition["files"]]


#: As nft 1.0.6 prints them; the lines are found in the rules.
ERRORS = """\
{file}:{line}:7-9: Error: syntax error, unexpected string
\t\tfoo bar
\t\t    ^^^
"""


@pytest.mark.parametrize(
    ("line", "variables", "said"),
    [
        ("foo bar", {"firewall_extra_rules": ["ip protocol vrrp accept", "foo bar"]}, "firewall_extra_rules[1]: nft says"),
        ("bar }", {"firewall_extra_rules": ["foo", "tcp dport { 1,\nbar }"]}, "firewall_extra_rules[1]: nft says"),
        ('comment "web"', {"firewall_ports": [{"name": "web", "port": 443}]}, "firewall_ports or a role's port, web: nft says"),
        ("elements = ", {"site_admin_addresses": ["192.0.2.0/24"]}, "site_admin_addresses: nft says"),
        ('"eth 0" accept', {"firewall_published_interfaces": ["eth 0"]}, "firewall_published_interfaces: nft says"),
        ("policy drop", {}, "line {line} of the rules: nft says"),
        ("limit rate", {"firewall_extra_rules": ["tcp dport {"]}, "a bracket or quote that firewall_extra_rules does not close"),
    ],
)
def test_an_error_of_nft_names_the_variable(
    render: Callable[..., Any],
    program: Callable[[str, str], ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    variables: dict[str, Any],
    said: str,
) -> None:
    """Nft names a line of a file that no one wrote."""
    check, rules = program("firewall", "firewall-check"), tmp_path / "firewall.nft"
    rules.write_text(render("firewall", "firewall", site(**variables), "db1")["files"][PATH], encoding="utf-8")
    (number, *_more) = [number for number, text in enumerate(rules.read_text().splitlines(), 1) if line in text]
    error = ERRORS.format(file=rules, line=number)
    monkeypatch.setattr(check.subprocess, "run", lambda *_words, **_options: subprocess.CompletedProcess([], 1, "", error))
    assert check.main(["syntax", str(rules)]) == 1
    printed = capsys.readouterr().err
    assert said.format(line=number) in printed and "Fix: " in printed
    monkeypatch.setattr(check.subprocess, "run", lambda *_words, **_options: subprocess.CompletedProcess([], 0, "", ""))
    assert check.main(["syntax", str(rules)]) == 0 and capsys.readouterr().err == ""


def test_nft_is_asked_before_the_rules_are_there(render: Callable[..., Any]) -> None:
    """By a program that is written before them."""
    files = render("firewall", "firewall", site(), "db1")["definition"]["files"]
    paths = [item["path"] for item in files]
    (validate,) = [item["validate"] for item in files if item.get("validate")]
    assert validate == ["/usr/local/lib/vannah/firewall-check", "syntax", "%s"]
    assert paths.index(validate[0]) < paths.index(PATH)


# --- firewall-learn -----------------------------------------------------------------------------------------------------

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LINE = "   0: {} {} {} 00000000:00000000 00:00000000 00000000     0        0 2001 1 0 100 0 0 10 0\n"
OWN, THEIRS = bytes([192, 0, 2, 11]), bytes([192, 0, 2, 99])
SIX, OTHER = bytes.fromhex("20010db8" + "00" * 11 + "0b"), bytes.fromhex("20010db8" + "00" * 11 + "63")


def written(address: bytes, port: int) -> str:
    """As the kernel writes it on this machine."""
    words = [address[start : start + 4] for start in range(0, len(address), 4)]
    return "".join((word[::-1] if sys.byteorder == "little" else word).hex().upper() for word in words) + f":{port:04X}"


def table(*lines: tuple[bytes, int, bytes, int, str]) -> str:
    """A table of TCP sockets: local address and port, remote ones, state."""
    return HEAD + "".join(LINE.format(written(local, port), written(peer, other), state) for local, port, peer, other, state in lines)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([(OWN, 40000, THEIRS, 2575, "01")], [(OWN, 40000, THEIRS, 2575)]),
        ([(OWN, 40000, THEIRS, 2575, "05")], [(OWN, 40000, THEIRS, 2575)]),  # we have sent all, and still receive
        ([(OWN, 40000, THEIRS, 2575, "06")], []),  # TIME_WAIT
        ([(OWN, 40000, THEIRS, 2575, "02")], []),  # SYN_SENT: the kernel sees the answer, or another attempt
        ([(bytes(4), 22, bytes(4), 0, "0A")], []),
        ([(bytes(4), 22, bytes(4), 0, "0A"), (OWN, 22, THEIRS, 50000, "01")], [(THEIRS, 50000, OWN, 22)]),
        ([(bytes([127, 0, 0, 1]), 40000, bytes([127, 0, 0, 2]), 80, "01")], []),
        ([(SIX, 40000, OTHER, 443, "01")], [(SIX, 40000, OTHER, 443)]),
        ([(bytes(10) + b"\xff\xff" + OWN, 40000, bytes(10) + b"\xff\xff" + THEIRS, 443, "01")], [(OWN, 40000, THEIRS, 443)]),
        ([(bytes(15) + b"\x01", 40000, bytes(15) + b"\x01", 443, "01")], []),
    ],
)
def test_connections_that_are_open(program: Callable[[str, str], Any], lines: list[Any], found: list[Any]) -> None:
    """With other hosts, in the direction of the first packet."""
    assert program("firewall", "firewall-learn").connections([table(*lines)]) == found


def test_what_the_kernel_is_told(program: Callable[[str, str], Any]) -> None:
    """Lengths that add up, both directions, and a state that needs no sequence numbers. Bytes as conntrack(8) sends them."""
    learn = program("firewall", "firewall-learn")
    message = learn.told(7, (OWN, 40000, THEIRS, 2575))
    assert struct.unpack_from("=IHHI", message) == (len(message), 0x100, 0x605, 7) and message[16] == 2
    assert message[20:].count(OWN) == message[20:].count(THEIRS) == 2
    assert learn.attribute(3, struct.pack("!I", 0xE)) in message and len(message) % 4 == 0
    assert learn.told(7, (SIX, 1, OTHER, 2))[16] == 10


def test_it_is_done_before_the_rules_are_loaded_and_never_in_their_way(
    render: Callable[..., Any], program: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At boot there is nothing to tell; where the kernel takes nothing the firewall starts all the same."""
    made = render("firewall", "firewall", site(), "db1")
    unit = made["units"]["vannah-firewall.service"]
    assert unit.index("ExecStartPre=-/usr/local/lib/vannah/firewall-learn\n") < unit.index("ExecStart=/usr/sbin/nft -f")
    assert "/usr/local/lib/vannah/firewall-learn" in [item["path"] for item in made["definition"]["files"]]
    learn = program("firewall", "firewall-learn")
    monkeypatch.setattr(learn.subprocess, "run", lambda *_words, **_options: pytest.fail("ran nft"))
    monkeypatch.setattr(learn, "open_ones", list)
    assert learn.main() == 0

    def refuses(*_words: Any, **_options: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/usr/sbin/nft")

    monkeypatch.setattr(learn, "open_ones", lambda: [(OWN, 1, THEIRS, 2)])
    monkeypatch.setattr(learn.subprocess, "run", refuses)
    assert learn.main() == 1 and "/usr/sbin/nft" in capsys.readouterr().err
