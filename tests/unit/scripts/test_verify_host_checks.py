# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make verify` asks each server first, and says in plain words which ones it cannot judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.lib import reachability

OWN = reachability.digest("-----BEGIN CERTIFICATE-----\nown\n-----END CERTIFICATE-----\n")
THEIRS = reachability.digest("theirs")
#: As ansible-core 2.19 and 2.20 print it.
TEXT = f"""\
db1 | CHANGED | rc=0 >>
Welcome to db1 => {{}}
{reachability.MARK}{OWN}

[WARNING]: something else
db2 | CHANGED | rc=0 >>
{reachability.MARK}{THEIRS}

db3 | UNREACHABLE! => {{
    "changed": false,
    "msg": "Failed to connect to the host via ssh: ssh: connect to host 10.0.0.3 port 22: No route to host",
    "unreachable": true
}}
[ERROR]: Task failed
{{'action': 'ansible.builtin.raw', 'args': {{'_raw_params': 'printf \'{reachability.MARK}%s [...]
db4 | FAILED! => {{
    "changed": false,
    "msg": "Task failed: Timeout (12s) waiting for privilege escalation prompt: "
}}
db5 | CHANGED | rc=0 >>
{reachability.MARK}{reachability.digest("")}

db6 | UNREACHABLE! =>
    changed: false
    msg: 'Task failed: no route'
    unreachable: true
"""


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("db2", ["belongs to another site", "pki/", "docs/day2.md"]),
        ("db3", ["cannot be reached", "10.0.0.3 port 22: No route to host. Check that it runs"]),
        ("db4", ["was reached", "privilege escalation", "sudo"]),
        ("db5", ["make converge"]),
        ("db6", ["cannot be reached", "no route"]),
        ("db7", ["did not answer within"]),
    ],
)
def test_each_host_that_cannot_be_judged_is_told(host: str, words: list[str]) -> None:
    found = reachability.judged(TEXT, ["db1", "db2", "db3", "db4", "db5", "db6", "db7"], OWN)
    assert set(found) == {"db2", "db3", "db4", "db5", "db6", "db7"}
    for word in words:
        assert word in found[host]
    assert "\n" not in found[host]


def test_a_run_without_any_answer_shows_what_ansible_said() -> None:
    found = reachability.judged("ERROR! Decryption failed (no vault secrets were found that could decrypt)", ["db1"], OWN)
    assert found["db1"].startswith("was not asked: ERROR! Decryption failed")


def test_a_site_without_an_authority_is_told_before_a_host_is_asked(tmp_path: Path) -> None:
    assert "pki" in reachability.refused(tmp_path, ["db1"])["db1"]


def test_what_hosts_have_in_common_is_said_once() -> None:
    assert reachability.without({"a": "is away.", "b": "is away.", "c": "was not asked."}) == ["a, b: each is away.", "c was not asked."]


def test_all_is_said_within_a_minute() -> None:
    assert max(reachability.CONNECT, reachability.ANSWER) < reachability.ALL < 60


def test_hosts_that_cannot_be_judged_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("etcd: {hosts: {db1: {}, db2: {}}}\nall: {hosts: {app1: {}}}\n", encoding="utf-8")
    values = reachability.Reached(tmp_path / "hosts.yml", ["db2"])
    assert values.hosts() == ["app1", "db1"]
    assert values.hosts("etcd") == ["db1"]
    assert values.groups()["etcd"] == ["db1"]


def test_an_error_without_any_answer_is_told_without_its_place() -> None:
    """Ansible 2.19 adds where the error is from, and all of the task."""
    said = (
        "[ERROR]: Task failed: Unable to execute ssh command line on a controller: [Errno 2] No such file or directory: b'ssh'\n"
        "Origin: <adhoc 'ansible.builtin.raw' task>\n\n{'action': 'ansible.builtin.raw'}\n"
    )
    (why,) = reachability.judged(said, ["db1"], "x").values()
    assert why == (
        "was not asked: Task failed: Unable to execute ssh command line on a controller: [Errno 2] No such file or directory: b'ssh'."
        " Check the inventory, the login user, and the passwords that ARGS gives."
    )
