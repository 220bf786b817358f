# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of test servers, as the fault tests break and watch it.

The servers are containers of this machine, so that a fault can be caused from outside (kill, cut off) and a server that
is cut off from its network can still be asked what it believes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from tests.live.lib.container_exec import READS, LostOutputError, execute
from tests.live.lib.tunnel import forwarded
from tests.live.lib.values import Values
from tests.live.lib.waiting import FaultError, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
#: Services that come and go by themselves: logins, timers' jobs, what D-Bus starts for a question.
_PASSING = (
    "user@|user-runtime-dir@|session-|ssh@|run-|systemd-(tmpfiles|hostnamed|timedated|localed)|apt-|dpkg-|e2scrub|man-db|logrotate|"
    "vannah-guard"
)


@cache
def passing() -> re.Pattern[str]:
    """Beginnings of these names, with those that a service's ``tests/live/<service>/settings.yml`` lists under ``passing``."""
    files = sorted((REPOSITORY / "tests" / "live").glob("*/settings.yml"))
    own = [name for file in files for name in yaml.safe_load(file.read_text(encoding="utf-8")).get("passing") or ()]
    return re.compile("|".join([_PASSING, *map(re.escape, own)]))


def errors_of(output: str) -> str:
    """The lines of a run's output that say what failed: a run continues with other hosts, and its end says nothing of it."""
    found = [line[:1000] for line in output.splitlines() if line.startswith(("[ERROR]", "fatal:", "failed:"))]
    return "".join(f"{line}\n" for line in found[:10])


@dataclass
class Site:
    """The hosts of an inventory that are containers here.

    :param inventory: what ``-i`` is given
    :param arguments: further arguments of every playbook (vault password file, extra variables)
    :param main_playbook: what converges the whole site, below ``playbooks/``
    """

    inventory: Path
    arguments: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    main_playbook: str = "site.yml"

    @classmethod
    def from_environment(cls) -> Self:
        """The site that VANNAH_SITE_INVENTORY names; never guessed, for it will be broken.

        VANNAH_SITE_ARGUMENTS are further arguments of every playbook, VANNAH_SITE_PLAYBOOK stands in for site.yml.

        :raises FaultError: nothing is named.
        """
        inventory = os.environ.get("VANNAH_SITE_INVENTORY")
        if not inventory:
            raise FaultError("these tests change servers and want to be told which: VANNAH_SITE_INVENTORY=PATH pytest ...")
        arguments = shlex.split(os.environ.get("VANNAH_SITE_ARGUMENTS", ""))
        return cls(Path(inventory).resolve(), arguments, main_playbook=os.environ.get("VANNAH_SITE_PLAYBOOK") or "site.yml")

    @cached_property
    def values(self) -> Values:
        """What the inventory says."""
        return Values(self.inventory)

    @property
    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    @staticmethod
    def _program(name: str) -> str:
        return str(Path(sys.executable).with_name(name))

    def hosts(self, group: str) -> list[str]:
        """The hosts of a group, sorted."""
        return self.values.hosts(group)

    def variable(self, host: str, name: str) -> Any:
        """A host's inventory variable."""
        value = self.values.get(host, name)
        if value is None:
            raise FaultError(f"{host} has no variable {name}; the fault tests need an inventory of test servers")
        return value

    def address(self, host: str) -> str:
        """The address the host is reached at."""
        return str(self.values.get(host, "ansible_host", host))

    def container(self, host: str) -> str:
        """The name of the container that is this host."""
        return str(self.variable(host, "server_container"))

    @property
    def network(self) -> str:
        """The network that the servers share."""
        return str(self.variable(self.hosts("all")[0], "server_network"))

    # -- doing ---------------------------------------------------------------------------------------------------

    def docker(self, *argv: str, check: bool = True) -> str:
        """Run the engine's client. What it inspects is never nothing: then it is asked again."""
        for _ in range(READS):
            done = subprocess.run(["docker", *argv], capture_output=True, text=True, check=False)
            if check and done.returncode:
                raise FaultError(f"docker {' '.join(argv[:3])}: {done.stderr.strip()}")
            if done.returncode or done.stdout.strip() or argv[0] != "inspect":
                return done.stdout
            time.sleep(1)
        raise FaultError(f"docker {' '.join(argv[:6])} exited 0 and said nothing, {READS} times")

    def run(
        self, host: str, *argv: str, check: bool = True, stdin: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a host, past its network."""
        try:
            done = execute(self.container(host), argv, stdin=stdin, timeout=timeout)
        except LostOutputError as error:
            if check:
                raise
            return subprocess.CompletedProcess(argv, 75, "", str(error))  # no success, for those who look only at that
        if check and done.returncode:
            raise FaultError(f"{host}: {' '.join(argv)} exited {done.returncode}: {done.stderr.strip()[-500:]}")
        return done

    def read(self, host: str, *argv: str, timeout: float = 60) -> str:
        """The output of a command that changes nothing; asked again where the engine lost it.

        :raises FaultError: the command failed, or its output was lost each time.
        """
        for attempt in range(READS):
            try:
                return self.run(host, *argv, timeout=timeout).stdout
            except LostOutputError:
                if attempt + 1 == READS:
                    raise
            time.sleep(1)
        raise AssertionError("not reached")

    def playbook(self, name: str, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run one of the project's playbooks against the site and return how it ended."""
        with self.start_playbook(name, *arguments) as process:
            out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @contextlib.contextmanager
    def start_playbook(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a playbook in a process group of its own, so that all of it can be killed at once."""
        argv = [self._program("ansible-playbook"), "-i", str(self.inventory), f"playbooks/{name}", *self.arguments, *arguments]
        with subprocess.Popen(
            argv,
            cwd=REPOSITORY,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            yield process

    def converge(self, *arguments: str) -> str:
        """Converge the whole site and return what was printed.

        :raises FaultError: when it failed.
        """
        done = self.playbook(self.main_playbook, *arguments)
        if done.returncode:
            raise FaultError(f"{self.main_playbook} exited {done.returncode}:\n{errors_of(done.stdout)}{done.stdout[-4000:]}")
        return done.stdout

    def module(self, host: str, name: str, arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run one module on a host and return how it ended.

        :param arguments: as JSON; they are on a command line of this machine, so no secret of the site
        """
        argv = [self._program("ansible"), "-i", str(self.inventory), host, "-b", *self.arguments, "-m", name, "-a", arguments]
        return subprocess.run(argv, cwd=REPOSITORY, env=self._env, capture_output=True, text=True, timeout=timeout, check=False)

    # -- comparing -----------------------------------------------------------------------------------------------

    def converge_unchanged(self, *arguments: str) -> None:
        """Converge and see that nothing was to do: 0 changed on every host, no service restarted.

        :param arguments: further ones of the playbook
        :raises FaultError: naming the host and what changed.
        """
        before = self.invocations()
        printed = self.converge(*arguments)
        recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", printed, re.MULTILINE)
        if not recap:
            raise FaultError(f"the run printed no recap:\n{printed[-2000:]}")
        for host, changed, unreachable, failed in recap:
            if (changed, unreachable, failed) != ("0", "0", "0"):
                raise FaultError(
                    f"{host}: changed={changed} unreachable={unreachable} failed={failed} in a run with nothing to do:\n{printed[-6000:]}"
                )
        after = self.invocations()
        for host, units in before.items():
            started = sorted(unit for unit, invocation in units.items() if after[host].get(unit) != invocation)
            if started:
                raise FaultError(f"{host}: started anew by a run with nothing to do: {', '.join(started)}")

    def invocations(self) -> dict[str, dict[str, str]]:
        """InvocationID of every running service of every host, without the services of logins."""
        return {host: self._invocations(host) for host in self.hosts("all")}

    def _invocations(self, host: str, states: str = "running,exited") -> dict[str, str]:
        listed = self.read(host, "systemctl", "list-units", "--type=service", f"--state={states}", "--no-legend", "--plain", "--no-pager")
        names = [line.split()[0] for line in listed.splitlines() if line.strip()]
        names = [n for n in names if not passing().match(n)]
        shown = self.read(host, "systemctl", "show", "-p", "Id,InvocationID", "--", *names)
        blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
        return {block["Id"]: block.get("InvocationID", "") for block in blocks if "Id" in block}

    def running_units(self, host: str) -> set[str]:
        """The services that run on a host now, and managed ones that have done their work; empty while it does not answer.

        What else has done its work may have been of the first boot only.
        """
        try:
            done = {name for name in self._invocations(host, "exited") if name.startswith("vannah-")}
            return set(self._invocations(host, "running")) | done
        except FaultError:
            return set()

    def starts(self, host: str, unit: str) -> int:
        """How often systemd began to start a unit since the host's boot (message id of "Starting ...", systemd.journal-fields(7))."""
        argv = ["journalctl", "-b", "-q", "--no-pager", "-o", "cat", f"UNIT={unit}", "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5"]
        return len(self.read(host, *argv).splitlines())

    def connections(self) -> int:
        """How many logins the hosts' sshd have accepted."""
        return sum(
            self.read(h, "journalctl", "-q", "--no-pager", "-o", "cat", "-t", "sshd", "-t", "sshd-session").count("Accepted ")
            for h in self.hosts("all")
        )

    def fingerprint(self) -> dict[str, dict[str, str]]:
        """What a host was made to be: content, mode and owner of every file of /etc, and which units are enabled and run."""
        return {host: self._fingerprint(host) for host in self.hosts("all")}

    def _fingerprint(self, host: str) -> dict[str, str]:
        find = ["find", "/etc", "-xdev", "-type", "f", "!", "-name", "*-", "!", "-name", "ld.so.cache", "!", "-path", "/etc/ssl/certs/*"]
        files = self.read(host, *find, "-exec", "sha256sum", "{}", "+")
        modes = self.read(host, *find, "-printf", "%m %u %g %p\n")
        enabled = self.read(host, "systemctl", "list-unit-files", "--state=enabled", "--no-legend", "--no-pager")
        units = set(self._invocations(host))
        if self.run(host, "systemctl", "is-active", "--quiet", "ssh.socket", check=False).returncode == 0:
            units.discard("ssh.service")  # the socket starts it with the first connection
        running = "\n".join(sorted(units))
        return {
            "files": "\n".join(sorted(files.splitlines())),
            "modes": "\n".join(sorted(modes.splitlines())),
            "enabled": "\n".join(sorted(enabled.splitlines())),
            "units": running,
        }

    # -- whole hosts ---------------------------------------------------------------------------------------------

    def start(self, host: str) -> None:
        """Power a host on and wait until its systemd has booted."""
        self.docker("start", self.container(host))
        wait_until(
            lambda: self.run(host, "systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"),
            f"{host} boots",
            60,
        )

    def restart(self, host: str) -> None:
        """Restart a host."""
        self.docker("restart", self.container(host))

    @contextlib.contextmanager
    def holding_lease(self) -> Iterator[None]:
        """Another run that is alive and holds the lease of every host."""
        with self.start_playbook("../tests/live/lib/hold_lease.yml") as process:
            try:
                held = lambda: all(self.run(h, "test", "-e", "/run/vannah/lease", check=False).returncode == 0 for h in self.hosts("all"))  # noqa: E731
                wait_until(held, "the other run holds the lease", 60)
                yield
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    # -- the clients' endpoint -----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def tunnel(self, host: str, port: int) -> Iterator[int]:
        """A local port that leads to a port of the host's loopback, as an application there would use it."""
        argv: list[str] = []
        key = self.values.get(host, "ansible_ssh_private_key_file")
        if key:
            argv += ["-i", str(key)]
        argv += ["-p", str(self.values.get(host, "ansible_port", 22))]
        argv += shlex.split(str(self.values.get(host, "ansible_ssh_common_args", "")))
        with forwarded([*argv, f"{self.values.get(host, 'ansible_user', 'root')}@{self.address(host)}"], port, REPOSITORY) as local:
            yield local
