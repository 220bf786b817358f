# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of a scenario with one of its engines, as the fault tests change and watch it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tests.live.edge.authority import Authority
from tests.live.lib.site import Site

UNITS = {"nginx": "nginx.service", "traefik": "traefik.service"}
LOGS = {"nginx": "/var/log/nginx/vannah-access.log", "traefik": "/var/log/traefik/access.log"}
#: The high-water marks of the memory of all processes of a unit, in kB.
_PEAKS = "cat $(sed 's#.*#/proc/&/status#' {0}/cgroup.procs) 2>/dev/null | awk '/VmHWM/ {{sum += $2}} END {{print sum}}'"


@dataclass
class Edge:
    """The hosts of the edge.

    :ivar behind: hosts with services
    :ivar sites: those of the inventory, and what the tests add
    """

    site: Site
    engine: str
    behind: list[str]
    sites: list[dict[str, Any]]
    authority: Authority
    brought: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.brought = self.authority.signed("brought", 5001, ["brought.edge.vannah.internal"])

    @property
    def hosts(self) -> list[str]:
        """Names."""
        return self.site.hosts("edge")

    @property
    def unit(self) -> str:
        """The engine's unit."""
        return UNITS[self.engine]

    def arguments(self, **changed: Any) -> list[str]:
        """What a playbook gets."""
        given = {
            "edge_engine": self.engine,
            "edge_sites": self.sites,
            "edge_certificates": {"brought": {"fullchain": self.brought[0] + self.authority.certificate_pem, "key": self.brought[1]}},
            **changed,
        }
        return ["-e", json.dumps(given)]

    def converge(self, **changed: Any) -> str:
        """Converge the site."""
        return self.site.converge(*self.arguments(**changed))

    def try_converge(self, **changed: Any) -> subprocess.CompletedProcess[str]:
        """Converge the edge alone, which may fail."""
        return self.site.playbook("edge/converge.yml", *self.arguments(**changed))

    def with_site(self, name: str, **changed: Any) -> list[dict[str, Any]]:
        """The sites with one changed."""
        return [{**entry, **changed} if entry["name"] == name else entry for entry in self.sites]

    def show(self, host: str, name: str) -> str:
        """A property of the engine's unit."""
        return self.site.read(host, "systemctl", "show", "-p", name, "--value", self.unit).strip()

    def reloads(self, host: str) -> int:
        """How often systemd has reloaded the engine since the host's boot."""
        said = self.site.read(host, "journalctl", "-b", "-q", "--no-pager", "-o", "cat", f"UNIT={self.unit}")
        return sum(line.startswith("Reloaded ") for line in said.splitlines())

    def alive(self, host: str) -> bool:
        """Whether the engine of a host answers, by the word of what keepalived asks."""
        argv = ["/usr/local/lib/vannah/edge-server", "alive", self.engine, "8099"]
        return self.site.run(host, *argv, check=False).returncode == 0

    def memory_mb(self, host: str) -> float:
        """The most memory that the engine's processes have had."""
        pids = self.site.read(host, "systemctl", "show", "-p", "ControlGroup", "--value", self.unit).strip()
        program = (
            f"for root in /sys/fs/cgroup/systemd /sys/fs/cgroup; do test -e $root{pids}/cgroup.procs && break; done; "
            + _PEAKS.format(f"$root{pids}")
        )
        return int(self.site.read(host, "sh", "-c", program).strip()) / 1024

    def password(self, user: str) -> str:
        """A user's password."""
        users = json.loads(self.site.read(self.hosts[0], "cat", f"/etc/{self.engine}/vannah.json"))["users"]
        return str(next(known[user] for known in users.values() if user in known))
