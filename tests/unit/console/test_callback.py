# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console callback: real runs of ansible-playbook for what people see."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream

REPOSITORY = Path(__file__).resolve().parents[3]


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
        own, other = pty.openpty()
        process = subprocess.Popen([*argv, *more], cwd=REPOSITORY, env=environment, stdin=other, stdout=other, stderr=other)
        os.close(other)
        read = b""
        while True:
            try:
                part = os.read(own, 65536)
            except OSError:
                break
            if not part:
                break
            read += part
        os.close(own)
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
    assert "        Fix: repair b and run again, and the run continues from here; or take b out of the group etcd." in lines
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


WAITS = """\
- name: Waits
  hosts: a
  gather_facts: false
  tasks:
    - {name: Wait, say: }
    - name: Break
      ansible.builtin.fail: {msg: "broken"}
"""
SAY = """\
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        for seconds in (0, 82):
            Display().display(f"a: unit x.service: start, since 04:16:46 ({seconds} s), until 04:21:46 at most (300 s)")
        return {}
"""


@pytest.mark.parametrize("playbook", [WAITS])
@pytest.mark.parametrize("terminal", [False, True])
def test_a_wait_of_a_few_seconds_is_for_the_log_on_a_terminal(play: Any, tmp_path: Path, terminal: bool) -> None:
    (tmp_path / "action_plugins").mkdir()
    (tmp_path / "action_plugins" / "say.py").write_text(SAY, encoding="utf-8")
    status, printed = play(terminal=terminal)
    assert status == 2
    log = log_of(printed)
    assert ["(0 s)" in printed, "(82 s)" in printed] == [not terminal, True], printed
    assert "(0 s)" in log and "(82 s)" in log


DIFFERENCE = """\
- name: A file
  hosts: all
  gather_facts: false
  tasks:
    - name: Change a file
      ansible.builtin.copy: {dest: "{{ playbook_dir }}/made", content: "NEWTEXT\\n"}
"""


@pytest.mark.parametrize("playbook", [DIFFERENCE])
def test_a_difference_of_several_hosts_is_shown_once(play: Any) -> None:
    status, printed = play("--check", "--diff")
    assert status == 0
    assert printed.count("+NEWTEXT") == 1, printed
    assert re.search(r"(?m)^([ab]): Change a file: the same difference as on (?!\1)[ab]$", printed), printed
