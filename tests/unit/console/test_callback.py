# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console callback: texts, the log and the live line by tables; real runs of ansible-playbook for what people see."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("seconds", "expected", "text"),
    [(0, None, "0:00"), (42.9, None, "0:42"), (61, 240, "1:01 of about 4:00"), (3723, None, "1:02:03")],
)
def test_elapsed(seconds: float, expected: float | None, text: str) -> None:
    assert texts.elapsed(seconds, expected) == text


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
    """It is no host of the site."""
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
        # The fault is none of theirs.
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
    ("text", "remedy"),
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
def test_what_to_do_about_a_connection(text: str, remedy: str) -> None:
    first, fix = texts.unreachable("db1", text, texts.Login("192.0.2.7", "admin", 2222))
    assert first.startswith("FAILED  db1: no connection: ") and fix.startswith("        Fix: ") and remedy in fix


def test_a_connections_own_remedy_is_told_once() -> None:
    assert texts.unreachable("db1", "host db1: no address is known of it. Fix: ansible_host: the server's address") == [
        "FAILED  db1: no connection: host db1: no address is known of it.",
        "        Fix: ansible_host: the server's address",
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


def test_log_is_private_and_their_number_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(stream.KEPT + 5):
        (folder / f"old-{number}.log").write_text("x", encoding="utf-8")
        os.utime(folder / f"old-{number}.log", (number, number))
    log = stream.Log(folder, "site")
    log.line("\x1b[31mred\x1b[0m")
    log.close()
    assert log.path is not None
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.read_text(encoding="utf-8").endswith(" red\n")
    assert len(list(folder.glob("*.log"))) == stream.KEPT
    assert not (folder / "old-0.log").exists()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    log = stream.Log(tmp_path / "file" / "logs", "site")
    log.line("x")
    assert log.path is None


def test_live_line_goes_before_other_output(tmp_path: Path) -> None:
    out = io.StringIO()
    live = stream.Live(out, threading.RLock(), lambda: "going on", every=0.01)
    log = stream.Log(tmp_path, "site")
    tee = stream.Tee(out, live, log)
    live.start()
    while "going on" not in out.getvalue():
        time.sleep(0.01)
    tee.write("a line\n")
    live.end()
    log.close()
    assert "going on" + stream.ERASE + "a line\n" in out.getvalue()


def test_a_reader_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    """`make converge | head`: the run and its log go on."""
    read, write = os.pipe()
    os.close(read)
    log = stream.Log(tmp_path, "site")
    with os.fdopen(write, "w", buffering=1) as out:
        live = stream.Live(out, threading.RLock(), lambda: "going on", every=0.01)
        live._shown = True
        tee = stream.Tee(out, live, log)
        assert tee.write("a line\n") == 7
        live.end()
        log.close()
        assert log.path is not None and log.path.read_text(encoding="utf-8") == "a line\n"
        with contextlib.suppress(OSError):
            out.close()


@pytest.mark.parametrize(
    ("text", "hushed"),
    [
        ("[WARNING]: Could not match supplied host pattern, ignoring: postgresql\n", True),
        ("\x1b[1;35m[WARNING]: Could not match supplied host pattern, ignoring:\npostgresql\x1b[0m\n", True),
        ("[WARNING]: Could not match supplied host pattern, ignoring: site_forming_etcd\n", True),
        ("[WARNING]: Could not match supplied host pattern, ignoring: db7\n", False),  # of --limit
        ("[WARNING]: something else about postgresql\n", False),
        ("\n", False),
    ],
)
def test_a_group_that_a_site_leaves_out_is_no_warning(tmp_path: Path, text: str, hushed: bool) -> None:
    """A site without databases is told nothing of them in each run."""
    assert texts.is_of_a_group(text, {"postgresql", "etcd"}) is hushed
    out, log = io.StringIO(), stream.Log(tmp_path, "site")
    stream.Tee(out, None, log, lambda said: texts.is_of_a_group(said, {"postgresql"})).write(text)
    log.close()
    assert out.getvalue() == ("" if hushed else text)
    assert log.path is not None and log.path.read_text(encoding="utf-8") == stream.COLORS.sub("", text)


def test_without_a_terminal_the_live_line_is_a_line(tmp_path: Path) -> None:
    out = io.StringIO()
    live = stream.Live(out, threading.RLock(), lambda: "going on", plain=True, every=0.01)
    live.start()
    while "going on" not in out.getvalue():
        time.sleep(0.01)
    live.end()
    assert out.getvalue().startswith("  ... going on\n")
    assert "\x1b" not in out.getvalue()


def test_no_wait_is_silent_for_longer_than_10_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The console and the stages of make demo both leave the interval to the line."""
    asked: list[float] = []
    live = stream.Live(io.StringIO(), threading.RLock(), lambda: "going on", plain=True)
    monkeypatch.setattr(live._ended, "wait", lambda seconds: asked.append(seconds) or True)
    live._tick()
    assert asked and asked[0] <= 10


PLAYBOOK = """\
- name: First play
  hosts: all
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: {argv: ["true"]}
    - name: Say something
      ansible.builtin.debug: {msg: "told to a person"}
      run_once: true
    - name: Hidden
      ansible.builtin.command: {argv: [sh, -c, "echo SECRETMARK >&2; exit 1"]}
      no_log: true
      ignore_errors: true
    - name: Change a file
      ansible.builtin.copy: {dest: "{{ playbook_dir }}/made", content: "NEWTEXT\\n"}
      run_once: true
      diff: true
- name: Play without hosts
  hosts: nothing
  tasks: []
- name: A group of the site map that is not there
  hosts: object_store
  tasks: []
- name: Second play
  hosts: a
  gather_facts: false
  tasks:
    - name: Break
      ansible.builtin.fail: {msg: "the thing is broken. Fix: mend LITERALMARK-free things"}
      vars: {literal: SOURCEMARK}
"""


@pytest.fixture
def playbook() -> str:
    return PLAYBOOK


@pytest.fixture
def play(tmp_path: Path, playbook: str) -> Any:
    """Run the playbook on two hosts that are this machine; what was printed, and the log's text."""
    (tmp_path / "play.yml").write_text(playbook, encoding="utf-8")
    (tmp_path / "hosts").write_text("a ansible_connection=local\nb ansible_connection=local\n[nothing]\n", encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "vannah.healthcloud.console",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "VANNAH_STAGE": "[3/7] ",
        "VANNAH_STAGE_EXPECTED": "240",
        "TERM": "xterm",
    }
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts"), str(tmp_path / "play.yml")]

    def run(*more: str, terminal: bool = False) -> tuple[int, str]:
        if not terminal:
            done = subprocess.run(
                [*argv, *more], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            return done.returncode, done.stdout
        ours, theirs = pty.openpty()
        process = subprocess.Popen([*argv, *more], cwd=REPOSITORY, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        read = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            read += part
        os.close(ours)
        return process.wait(), read.decode()

    return run


def log_of(printed: str) -> str:
    found = re.search(r"Details: (\S+\.log)", printed)
    assert found, printed
    path = REPOSITORY / found[1]
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    return text


def test_plain_output(play: Any) -> None:
    status, printed = play()
    assert status == 2
    log = log_of(printed)
    lines = printed.splitlines()
    assert "  a: Change something" in lines
    assert "  b: Change something" in lines
    assert lines.count("  told to a person") == 1
    assert lines.count("FAILED  a: Break: the thing is broken.") == 1
    assert lines.count("        Fix: mend LITERALMARK-free things") == 1
    assert printed.count("the thing is broken") == 1, "a failure is said once"
    assert "SOURCEMARK" not in printed, "no excerpt of the source"
    assert "+NEWTEXT" in printed, "differences are shown"
    assert "Play without hosts" not in printed
    assert "Could not match" not in printed
    assert "ignoring: object_store" in log
    assert re.search(r"^\[3/7\] First play: 2 hosts; changed: a, b; \d:\d\d$", printed, re.MULTILINE), printed
    assert re.search(r"^Failed: 2 hosts, 1 ok, 1 failed \(a\), 2 changed \(a, b\) in \d:\d\d$", printed, re.MULTILINE), printed
    assert "\x1b" not in printed
    assert "SECRETMARK" not in printed + log
    assert "the thing is broken" in log


def test_terminal_output(play: Any) -> None:
    status, printed = play(terminal=True)
    assert status == 2
    log_of(printed)
    assert "FAILED  a: Break: the thing is broken." in printed
    assert stream.ERASE + "[3/7] First play" in printed, "the live line"
    assert "of about 4:00" in printed
    assert "SECRETMARK" not in printed


def test_full_output_with_v(play: Any) -> None:
    status, printed = play("-v")
    assert status == 2
    assert "PLAY RECAP" in printed
    assert "TASK [Break]" in printed
    assert "SECRETMARK" not in printed


def test_a_failure_that_names_no_fix_names_the_log(play: Any, tmp_path: Path) -> None:
    text = (tmp_path / "play.yml").read_text(encoding="utf-8")
    (tmp_path / "play.yml").write_text(text.replace(" Fix: mend LITERALMARK-free things", ""), encoding="utf-8")
    status, printed = play()
    assert status == 2
    assert re.search(r"^FAILED  a: Break: the thing is broken\.\n        Details: \.cache/logs/\S+\.log$", printed, re.MULTILINE), printed
    assert "Fix:" not in printed
    log_of(printed)


GATE = """\
- name: First play
  hosts: all
  gather_facts: false
  tasks:
    - name: Break
      ansible.builtin.fail: {msg: "port taken"}
      when: inventory_hostname == 'b'
- name: Gate
  hosts: all
  gather_facts: false
  tasks:
    - name: End the run where a member has failed
      vannah.healthcloud.cluster_gate:
        clusters: [{name: etcd, group: etcd, members: [a, b]}]
        step: prepared
      run_once: true
"""


@pytest.mark.parametrize("playbook", [GATE])
def test_who_is_asked_is_not_who_failed(play: Any) -> None:
    """A task that judges all hosts runs on one of them, which need not be at fault."""
    status, printed = play()
    assert status == 2
    log_of(printed)
    lines = printed.splitlines()
    assert any(line.startswith("FAILED  b: End the run where a member has failed: The run ends here, because b failed") for line in lines)
    assert "        Fix: repair b and run again, and the run goes on from here; or take b out of the group etcd." in lines
    assert re.search(r"^Failed: 2 hosts, 0 ok, 1 failed \(b\), 1 stopped \(a\) in", printed, re.MULTILINE), printed


ON_CONTROLLER = """\
- name: Preflight
  hosts: localhost:all
  gather_facts: false
  tasks:
    - name: Create secrets
      ansible.builtin.command: {argv: ["true"]}
      changed_when: true
      run_once: true
- name: Base
  hosts: all
  gather_facts: false
  tasks:
    - name: Break
      ansible.builtin.fail: {msg: "broken"}
      when: inventory_hostname == 'b'
"""


@pytest.mark.parametrize("playbook", [ON_CONTROLLER])
def test_what_the_controller_does_is_no_hosts(play: Any) -> None:
    status, printed = play()
    assert status == 2
    log_of(printed)
    assert "  controller: Create secrets" in printed.splitlines()
    assert re.search(r"^\[3/7\] Preflight: changed: controller; \d:\d\d$", printed, re.MULTILINE), printed
    assert re.search(r"^Failed: 2 hosts, 1 ok, 1 failed \(b\), 1 changed \(controller\) in", printed, re.MULTILINE), printed
