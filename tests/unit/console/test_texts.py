# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console says, by tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import texts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import beat

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("seconds", "expected", "text"),
    [
        (0, None, "0:00"),
        (42.9, None, "0:42"),
        (61, 240, "1:01 of about 4:00"),
        (3723, None, "1:02:03"),
        (60, 60, "1:00 of about 1:00"),
        (120, 60, "2:00 of about 1:00, longer than expected"),
        (5, 2, "0:05 of about 0:02"),
        (12, 2, "0:12 of about 0:02, longer than expected"),
    ],
)
def test_elapsed(seconds: float, expected: float | None, text: str) -> None:
    assert texts.elapsed(seconds, expected) == text


@pytest.mark.parametrize(
    ("said", "running", "short"),
    [
        ({"what": "systemctl start x.service", "elapsed": 0.0, "seconds": 300.0, "reason": ""}, 20.0, True),
        ({"what": "package postgresql-17: install", "elapsed": 9.4, "seconds": None, "reason": "waiting for apt"}, 20.0, True),
        ({"what": "package postgresql-17: install", "elapsed": 82.0, "seconds": None, "reason": ""}, 90.0, False),
        ({"what": "x", "elapsed": 10.0, "seconds": 5.0, "reason": ""}, 90.0, False),
        (None, 10.0, False),
    ],
)
def test_a_wait_of_a_few_seconds(said: beat.Said | None, running: float, short: bool) -> None:
    line = beat.text("db1", said, running)
    assert texts.is_short_wait(f"\x1b[0;33m{line}\x1b[0m\n") is short, line


def test_other_lines_are_no_waits() -> None:
    assert not texts.is_short_wait("  db1: postgresql: changed\n") and not texts.is_short_wait("\n")


STEPS = [f"file /etc/{number}: create" for number in range(5)]


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"changed": True}, ["Task"]),
        ({"changed": True, "steps": STEPS[:1]}, ["Task: file /etc/0: create"]),
        ({"changed": True, "results": [{"changed": True}, {"changed": False}, {"changed": True}]}, ["Task (2 items)"]),
        ({"changed": True, "censored": "hidden", "steps": ["secret"]}, ["Task"]),
        (
            {"components": [{"name": "etcd", "changed": True, "steps": STEPS}, {"name": "ssh", "changed": False}]},
            ["etcd: file /etc/0: create; file /etc/1: create; file /etc/2: create; and 2 more"],
        ),
        (
            {"components": [{"name": name, "changed": True, "steps": STEPS[:2]} for name in "abcde"]},
            ["10 steps: a, b, c, d, e"],
        ),
    ],
)
def test_changes(result: dict[str, Any], lines: list[str]) -> None:
    assert texts.changes("Task", result) == lines


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"msg": "component x: broken"}, "component x: broken"),
        ({"msg": "non-zero return code", "stderr": "a\nb: no such file\n"}, "non-zero return code: b: no such file"),
        ({"msg": "MODULE FAILURE", "module_stderr": "Traceback\nValueError: x"}, "MODULE FAILURE: ValueError: x"),
        ({"censored": "hidden", "msg": "secret"}, "failed; its output is hidden, as it may hold secrets (no_log)"),
        (
            {"msg": "One or more items failed", "results": [{"failed": True, "msg": "a"}, {"msg": "b"}, {"failed": True, "msg": "c"}]},
            "a\nc",
        ),
        ({}, "failed without a message"),
    ],
)
def test_message(result: dict[str, Any], text: str) -> None:
    assert texts.message(result) == text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("broken", ["FAILED  db1: Task: broken"]),
        ("broken. Fix: mend it", ["FAILED  db1: Task: broken.", "        Fix: mend it"]),
        ("broken\njournal\nFix: mend it", ["FAILED  db1: Task: broken", "        Fix: mend it"]),
        ("broken\nline 1 of a journal\nline 2", ["FAILED  db1: Task: broken"]),
        ("2 errors\na x: y. Fix: z\nb x: y. Fix: z", ["FAILED  2 errors", "  a x: y. Fix: z", "  b x: y. Fix: z"]),
    ],
)
def test_failure(text: str, lines: list[str]) -> None:
    assert texts.failure("db1", "Task", text) == lines


FINDING, BACKUPS = "a x: y. Fix: z", ("Backups:", "  registry, images (app1): no backup")


@pytest.mark.parametrize("rest", [(), (FINDING,), (FINDING, "without what to do"), (FINDING, *BACKUPS), (*BACKUPS, FINDING), BACKUPS])
def test_of_a_report_every_line_is_shown(rest: tuple[str, ...]) -> None:
    """Whatever its lines are: one without a fix hides none of the others."""
    shown = texts.failure("db1", "Task", "\n".join(["preflight: 2 errors", *rest]), whole=True)
    assert shown == ["FAILED  preflight: 2 errors", *(f"  {line}" for line in rest)]


@pytest.mark.parametrize(
    ("hosts", "check", "line"),
    [
        ({"a": {}, "b": {}}, False, "Done: 2 hosts, 2 ok, nothing changed in 0:07"),
        ({"a": {"changed": 1}}, False, "Done: 1 host, 1 ok, 1 changed (a) in 0:07"),
        ({"a": {"changed": 1}}, True, "Done: 1 host, 1 ok, 1 would change (a) in 0:07"),
        ({"a": {"failures": 1}, "b": {"unreachable": 1}, "c": {}}, False, "Failed: 3 hosts, 1 ok, 2 failed (a, b) in 0:07"),
    ],
)
def test_recap(hosts: dict[str, dict[str, int]], check: bool, line: str) -> None:
    assert texts.recap(hosts, {}, 7, check) == line


@pytest.mark.parametrize(
    ("hosts", "controller", "line"),
    [
        ({}, {"failures": 1, "changed": 0}, "Failed: 1 failed (controller) in 0:07"),
        ({}, {}, "Done: nothing changed in 0:07"),
        ({"a": {"changed": 1}, "b": {}}, {"changed": 2}, "Done: 2 hosts, 2 ok, 2 changed (controller, a) in 0:07"),
    ],
)
def test_recap_of_the_controller(hosts: dict[str, dict[str, int]], controller: dict[str, int], line: str) -> None:
    """It is not a host of the site."""
    assert texts.recap(hosts, controller, 7, False) == line


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [(["localhost:all"], True), ("localhost:all", True), ("localhost", True), (["all"], False), (["a:b"], False), ([], False)],
)
def test_plays_of_the_controller(hosts: Any, expected: bool) -> None:
    assert texts.is_of_controller(hosts) is expected


@pytest.mark.parametrize(
    ("hosts", "judged", "line"),
    [
        # Host checks: one host is asked to judge all, and two are at fault.
        (
            {"a": {"failures": 1}, "b": {}, "c": {}, "localhost": {}},
            {"asked": {"a"}, "blamed": {"b", "c"}, "stopped": {"a", "b", "c"}},
            "Failed: 4 hosts, 1 ok, 2 failed (b, c), 1 stopped (a) in 0:07",
        ),
        # The fault is not theirs.
        (
            {"a": {"failures": 1}, "b": {}},
            {"asked": {"a"}, "blamed": set(), "stopped": {"a", "b"}},
            "Failed: 2 hosts, 0 ok, 2 stopped (a, b) in 0:07",
        ),
        # The one that is asked has failed itself, too; another one is unreachable.
        (
            {"a": {"failures": 2}, "b": {"unreachable": 1, "changed": 1}},
            {"asked": {"a"}, "blamed": {"b"}, "stopped": {"a", "b"}},
            "Failed: 2 hosts, 0 ok, 2 failed (a, b), 1 changed (b) in 0:07",
        ),
    ],
)
def test_recap_of_a_run_that_is_refused(hosts: dict[str, dict[str, int]], judged: dict[str, set[str]], line: str) -> None:
    assert texts.recap(hosts, {}, 7, False, **judged) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Failed to connect to the host via ssh: Host key verification failed.", "log in once by hand (ssh -p 2222 admin@192.0.2.7)"),
        ("@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@ ... Host key verification failed.", "(ssh-keygen -R '[192.0.2.7]:2222')"),
        ("root@192.0.2.1: Permission denied (publickey,password).", "ansible_ssh_private_key_file of db1"),
        ("ssh: Could not resolve hostname db1: Name or service not known", "ansible_host of db1"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection refused", "start sshd"),
        ("Unable to execute ssh command line on a controller: [Errno 2] No such file or directory: b'ssh'", "openssh-client"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out", "check that db1 runs"),
    ],
)
def test_what_to_do_about_a_connection(text: str, expected: str) -> None:
    first, fix = texts.unreachable("db1", text, texts.Login("192.0.2.7", "admin", 2222))
    assert first.startswith("FAILED  db1: no connection: ") and fix.startswith("        Fix: ") and expected in fix


def test_a_connections_own_fix_is_told_once() -> None:
    assert texts.unreachable("db1", "host db1: no address is known of it. Fix: set ansible_host: the server's address") == [
        "FAILED  db1: no connection: host db1: no address is known of it.",
        "        Fix: set ansible_host: the server's address",
    ]


@pytest.mark.parametrize(
    ("login", "command", "known"),
    [
        (texts.Login("db1"), "ssh db1", "db1"),
        (texts.Login("192.0.2.7", "root"), "ssh root@192.0.2.7", "192.0.2.7"),
        (texts.Login("2001:db8::7", "a", 2222), "ssh -p 2222 a@2001:db8::7", "'[2001:db8::7]:2222'"),
    ],
)
def test_a_login_by_hand(login: texts.Login, command: str, known: str) -> None:
    """No placeholder where the inventory says it."""
    assert (login.command, login.known) == (command, known)
