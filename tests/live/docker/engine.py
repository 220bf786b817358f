# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engines of a site's hosts and the Swarm that they form, as the tests use and break them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

#: An image of one program, made on a host because none can be pulled where the tests run.
IMAGE = "vannah-test-app:1"
#: The port that its web server listens on.
PORT = 8080
SERVICE = "vannah-test-app"


@dataclass(frozen=True)
class Engines:
    """The hosts of the group ``docker``."""

    site: Site

    @property
    def hosts(self) -> list[str]:
        """Their names, sorted."""
        return self.site.hosts("docker")

    def docker(self, host: str, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Run the engine's client on a host."""
        return self.site.run(host, "docker", *argv, check=check, timeout=timeout).stdout.strip()

    def inspect(self, host: str, *argv: str) -> Any:
        """What ``docker ... inspect`` says of one thing."""
        return json.loads(self.site.read(host, "docker", *argv))[0]

    @cached_property
    def image(self) -> str:
        """The ID of the image, which every host has."""
        first, *others = self.hosts
        self.site.run(first, "apt-get", "install", "-y", "-q", "busybox-static", timeout=300)
        make = f"tar -C /usr -c bin/busybox | docker import -c 'ENTRYPOINT [\"/bin/busybox\"]' - {IMAGE}"
        self.site.run(first, "sh", "-ec", make, timeout=120)
        saved = self.site.read(first, "sh", "-ec", f"docker save {IMAGE} | base64 -w0", timeout=120)
        assert base64.b64decode(saved, validate=True)
        for host in others:
            self.site.run(host, "sh", "-ec", "base64 -d | docker load -q", stdin=saved, timeout=120)
        return str(self.inspect(first, "image", "inspect", IMAGE)["Id"])

    def swarm(self) -> None:
        """Make a Swarm of all hosts, of which the first one is the only manager."""
        first, *others = self.hosts
        self.docker(first, "swarm", "init", "--advertise-addr", self.site.address(first), "--default-addr-pool", "10.211.0.0/16")
        token = self.docker(first, "swarm", "join-token", "-q", "worker")
        for host in others:
            self.docker(host, "swarm", "join", "--token", token, f"{self.site.address(first)}:2377")

    def serve(self, replicas: int) -> None:
        """Run the image as a service of the Swarm."""
        assert self.image
        options = ["--detach", "--name", SERVICE, "--replicas", str(replicas), "--no-resolve-image", "--endpoint-mode", "dnsrr"]
        options += ["--stop-grace-period", "1s"]  # as the first process of a container it ignores SIGTERM
        self.docker(self.hosts[0], "service", "create", *options, IMAGE, "httpd", "-f", "-p", str(PORT), "-h", "/")
        self.wait_running(replicas)

    def running(self) -> dict[str, list[str]]:
        """Host -> IDs of the service's tasks that run there."""
        wanted = ["--filter", "desired-state=running", "--no-trunc", "--format", "{{.Node}} {{.ID}} {{.CurrentState}}"]
        found: dict[str, list[str]] = {}
        for line in self.docker(self.hosts[0], "service", "ps", SERVICE, *wanted, check=False).splitlines():
            node, task, state = line.split(None, 2)
            if state.startswith("Running"):
                found.setdefault(node, []).append(task)
        return found

    def wait_running(self, replicas: int) -> None:
        """Wait until so many tasks run."""
        wait_until(lambda: sum(map(len, self.running().values())) == replicas, f"{replicas} tasks of {SERVICE} run", ceiling(60), 1)

    def availability(self) -> dict[str, str]:
        """Host -> whether the Swarm gives it tasks; nothing while the manager does not answer, or its container cannot be entered."""
        listed = self.docker(self.hosts[0], "node", "ls", "--format", "{{.Hostname}} {{.Availability}}", check=False)
        return {name: said.lower() for name, said in (line.split() for line in listed.splitlines() if len(line.split()) == 2)}

    def started(self, host: str) -> str:
        """When systemd started the engine: another value after a restart."""
        return self.site.read(host, "systemctl", "show", "-P", "ExecMainStartTimestampMonotonic", "docker.service").strip()
