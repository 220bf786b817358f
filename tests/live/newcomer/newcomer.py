# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newcomer's demo, which is killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
NETWORK = "vannah-newcomer"
SUBNET = "172.30.46"
#: What no checkout has: made by runs.
MADE = shutil.ignore_patterns(".git", ".venv*", ".cache", ".demo", ".test", ".ansible", ".*_cache", ".hypothesis", "__pycache__")
MADE_OF_A_SITE = shutil.ignore_patterns("secrets.yml", "pki", ".vault_password")


def left_out(folder: str, names: list[str]) -> set[str]:
    """For copytree."""
    return MADE(folder, names) | (MADE_OF_A_SITE(folder, names) if "inventor" in Path(folder).parent.name else set())


#: Few servers, and clusters all the same: three members of etcd, a database with its standby. The third comes without Python. The first one
#: has the edge.
HOSTS = f"""\
all:
  children:
    etcd:
      hosts:
        db1: {{ansible_host: {SUBNET}.11}}
        db2: {{ansible_host: {SUBNET}.12}}
        db3: {{ansible_host: {SUBNET}.13}}
    postgresql:
      hosts:
        db1:
        db2:
    edge:
      hosts:
        db1:
"""
#: Patroni's own interface stands for a page.
SITES = """\
edge_sites:
  - {name: database, names: ["database.{{ site_domain }}"], servers: ["db1:8008"], upstream: {tls: true}}
"""


@dataclass
class Newcomer:
    """The copy, and `make demo` in it."""

    folder: Path
    output: Path

    def start(self) -> subprocess.Popen[bytes]:
        """Start `make demo` in a process group of its own, as a terminal does."""
        with self.output.open("wb") as stream:
            return subprocess.Popen(
                ["make", "demo"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )

    def printed(self) -> str:
        """What the run has printed so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def kill_when(self, ready: Callable[[], bool], timeout: float = 900, *, may_end: bool = False) -> None:
        """Start it and kill all of its process group with -9 as soon as ``ready()``.

        :param may_end: it may end before, and then has to end well
        """
        process = self.start()
        deadline = time.monotonic() + timeout
        try:
            while not ready():
                if process.poll() is not None:
                    ended = f"make demo exited {process.returncode} before the moment to kill it:\n{self.printed()[-3000:]}"
                    assert may_end and process.returncode == 0, ended
                    return
                assert time.monotonic() < deadline, f"the moment to kill it did not come:\n{self.printed()[-3000:]}"
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ends_well(self, timeout: float = 1500) -> None:
        """Run it to its end."""
        process = self.start()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"make demo did not end within {timeout:.0f} s:\n{self.printed()[-3000:]}") from None
        assert process.returncode == 0, f"make demo exited {process.returncode}:\n{self.printed()[-5000:]}"
        assert "The demo runs:" in self.printed()

    def remove(self) -> None:
        """Remove the servers and what they left; as `make demo-down`, but nothing that other runs on this machine use."""
        names = docker("ps", "--all", "--quiet", "--filter", f"name=^{NETWORK}-").split()
        if names:
            docker("rm", "--force", "--volumes", *names)
        if docker("network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$").split():
            docker("network", "rm", NETWORK)

    def forget(self) -> None:
        """Be fresh again: no servers, no keys, no secrets."""
        self.remove()
        shutil.rmtree(self.folder / ".demo", ignore_errors=True)
        site = self.folder / "inventories" / "demo"
        shutil.rmtree(site / "pki", ignore_errors=True)
        for name in ("secrets.yml", ".vault_password"):
            (site / name).unlink(missing_ok=True)


def docker(*argv: str, given: str = "") -> str:
    """Run the engine's client."""
    return subprocess.run(["docker", *argv], input=given, capture_output=True, text=True, check=True).stdout
