# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C in a run: one line, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import texts
from testbed import stages

REPOSITORY = Path(__file__).resolve().parents[3]
PLAYBOOK = """\
- name: Long work
  hosts: all
  gather_facts: false
  tasks:
    - name: Sleep
      ansible.builtin.command: {argv: [sh, -c, "touch {{ playbook_dir }}/begun; sleep 60"]}
"""
#: A program that interrupts itself where the test asks for it: in a fork that has only just begun.
FORKED = """\
import os, signal, sys
from ansible_collections.vannah.healthcloud.plugins.callback import console
def parents(number, frame):
    assert False, "can only test a child process"
signal.signal(signal.SIGINT, parents)
console._end_forks_quietly()
child = os.fork()
if not child:
    os.kill(os.getpid(), signal.SIGINT)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def wait(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until it is so, for a minute."""
    for _ in range(600):
        if ready():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    pytest.fail("not within a minute")


@pytest.mark.parametrize(("stage", "said"), [("", 1), ("[6/7] ", 0)])
def test_one_line(tmp_path: Path, stage: str, said: int) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "hosts").write_text("a ansible_connection=local\nb ansible_connection=local\n", encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VANNAH_"))},
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "vannah.healthcloud.console",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "VANNAH_STAGE": stage,
    }
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(tmp_path / "hosts"), str(tmp_path / "play.yml")]
    with subprocess.Popen(
        argv, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        wait((tmp_path / "begun").exists, process)
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert printed.count(texts.STOPPED) == said, printed
    assert "Traceback" not in printed and "interrupted" not in printed, printed


def test_a_fork_that_has_only_begun_ends_in_silence() -> None:
    found = {**os.environ, "PYTHONPATH": str(REPOSITORY / "collections")}
    done = subprocess.run([sys.executable, "-c", FORKED], env=found, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("130", "")


def test_a_program_of_a_stage_may_end_by_itself(tmp_path: Path) -> None:
    """subprocess.run would kill it after a quarter of a second, in the middle of its last words."""
    work = (
        "import time\n"
        f"open({str(tmp_path / 'begun')!r}, 'w').close()\n"
        "try:\n time.sleep(60)\n"
        f"except KeyboardInterrupt:\n time.sleep(1); open({str(tmp_path / 'ended')!r}, 'w').close()\n"
    )
    code = (
        "import sys\nfrom testbed import stages\n"
        f"try:\n stages.program([sys.executable, '-c', {work!r}])\n"
        "except KeyboardInterrupt:\n print('stopped')\n"
    )
    found = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'scripts'}:{REPOSITORY / 'collections'}"}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=found, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        wait((tmp_path / "begun").exists, process)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert printed == "stopped\n" and (tmp_path / "ended").exists()
    assert stages.ENDING >= 5
