# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another controller, with Debian 12's Python and the older ansible-core of the lock, finds nothing to change on the converged site."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from testbed import controller as testbed

from tests.live.lib.site import REPOSITORY, Site
from tests.live.lib.waiting import FaultError

NAME = "vannah-test-second-controller"
PROJECT = "/project"
PLAYBOOK = f"{testbed.VENV}/bin/ansible-playbook"
#: Not copied: what no controller needs.
LEFT_OUT = (".git", ".venv*", ".cache", ".demo", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ansible", ".test/reports")


def docker(*argv: str, stdin: bytes | None = None, timeout: float = 600) -> str:
    """Run the engine's client; its output, or an error with the end of it."""
    done = subprocess.run(["docker", *argv], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise FaultError(f"docker {' '.join(argv[:6])} exited {done.returncode}:\n{text[-4000:]}")
    return text


@pytest.fixture
def controller() -> Iterator[str]:
    """A container on this machine's network with a copy of the checkout and a virtual environment by the lock."""
    with testbed.running(NAME, testbed.OLDER.name, environment={}):
        excluded = [f"--exclude=./{name}" for name in LEFT_OUT]
        tree = subprocess.run(["tar", "-C", str(REPOSITORY), *excluded, "-c", "."], capture_output=True, check=True).stdout
        docker("exec", NAME, "mkdir", PROJECT)
        docker("exec", "-i", NAME, "tar", "-C", PROJECT, "--no-same-owner", "-x", stdin=tree)
        yield NAME


def test_second_controller_changes_nothing(site: Site, controller: str) -> None:
    """Its run with nothing to do ends well, changes nothing and restarts nothing."""
    version = docker("exec", controller, PLAYBOOK, "--version").splitlines()[0]
    number = tuple(map(int, re.findall(r"\d+", version)[:2]))
    assert number < (2, 20), f"{version} is not the older ansible-core of the lock"
    inside = str(site.inventory).replace(str(REPOSITORY), PROJECT)
    arguments = [argument.replace(str(REPOSITORY), PROJECT) for argument in site.arguments]
    before = site.invocations()
    playbook = [PLAYBOOK, "-i", inside, *arguments, f"playbooks/{site.main_playbook}"]
    printed = docker("exec", "-w", PROJECT, "-e", "LC_ALL=C.UTF-8", controller, *playbook)
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE)
    assert recap, printed[-4000:]
    assert all(changed == "0" for _, changed in recap), printed[-6000:]
    assert site.invocations() == before
