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
from tests.live.edge.pebble import CA, Pebble
from tests.live.lib.site import Site

UNITS = {"nginx": "nginx.service", "traefik": "traefik.service"}
LOGS = {"nginx": "/var/log/nginx/vannah-access.log", "traefik": "/var/log/traefik/access.log"}
#: A name that a public authority would issue for. No server outside of the scenario is asked: pebble has a name server of its own.
PUBLIC = "pacs.vannah.health"
#: The high-water marks of the memory of all processes of a unit, in kB.
_PEAKS = "cat $(sed 's#.*#/proc/&/status#' {0}/cgroup.procs) 2>/dev/null | awk '/VmHWM/ {{sum += $2}} END {{print sum}}'"


@dataclass
class Edge:
    """The hosts of the edge.

    :ivar behind: hosts with services
    :ivar sites: those of the inventory, and what the tests add
    :ivar pebble: the public authority
    """

    site: Site
    engine: str
    behind: list[str]
    sites: list[dict[str, Any]]
    authority: Authority
    pebble: Pebble
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
            "edge_acme_challenge_servers": [f"{self.hosts[0]}:8402"],
            "acme_certificates": [{"name": "public", "names": [PUBLIC], "units": [self.unit]}],
            "acme_directory": self.pebble.directory,
            "acme_ca": CA,
            "acme_email": "it@vannah.health",
            "acme_accept_terms": True,
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

    def obtain(self) -> None:
        """What the timer of the obtaining host does."""
        self.site.run(self.hosts[0], "systemctl", "start", "vannah-acme.service", timeout=180)

    def forget(self) -> None:
        """Remove the certificates of the public authority and the account from the hosts."""
        for host in self.hosts:
            self.site.run(host, "sh", "-c", "rm -rf /etc/vannah/acme/public /etc/vannah/acme/.public /var/lib/vannah-acme/*")

    def obtained(self, host: str) -> str:
        """The SHA-256 of the certificate of the public authority that a host has; empty where there is none."""
        done = self.site.run(host, "sh", "-c", "openssl x509 -in /etc/vannah/acme/public/fullchain.pem -outform der | sha256sum")
        return "" if done.stderr else done.stdout.split()[0]

    def state(self) -> str:
        """What the obtaining host says of it."""
        rows = json.loads(self.site.read(self.hosts[0], "/usr/local/lib/vannah/acme-certificates", "status"))
        return str(rows[0]["state"])

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
