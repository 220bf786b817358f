# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site of test servers with a database cluster, as the fault tests watch it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.live.lib.site import Site
from tests.live.lib.waiting import FaultError, ceiling, wait_until


class Cluster(Site):
    """A site, and the state of its database cluster."""

    @classmethod
    def of(cls, site: Site) -> Cluster:
        """The cluster of a site."""
        return cls(site.inventory, site.arguments, site.environment, site.main_playbook)

    def query(self, host: str, sql: str, database: str = "postgres", timeout: float = 10) -> str | None:
        """Ask a host's own PostgreSQL over its socket; None where it does not answer."""
        argv = [
            "timeout",
            str(int(timeout)),
            "runuser",
            "-u",
            "postgres",
            "--",
            "psql",
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-f",
            "-",
        ]
        try:
            done = self.run(host, *argv, check=False, stdin=sql, timeout=timeout + 10)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    def leaders(self) -> list[str]:
        """Hosts whose Patroni answers 200 to ``GET /primary``: what HAProxy sends writers to."""
        return [host for host in self.hosts("postgresql") if self.patroni(host, "/primary")[0] == 200]

    def leader(self) -> str:
        """The one leader.

        :raises FaultError: when there is none within a minute, or more than one at any time.
        """
        found = wait_until(self.leaders, "a leader answers", ceiling(60))
        if len(found) != 1:
            raise FaultError(f"more than one leader: {', '.join(found)}")
        return found[0]

    def patroni(self, host: str, path: str) -> tuple[int, Any]:
        """A GET of the host's own REST API, asked on the host: status (0 where nothing answers) and the JSON answer."""
        program = (
            "import json,ssl,sys,urllib.request,urllib.error\n"
            "c=ssl._create_unverified_context()\n"
            "try:\n r=urllib.request.urlopen(sys.argv[1],timeout=3,context=c)\n"
            "except urllib.error.HTTPError as e: r=e\n"
            "except OSError: print(json.dumps([0,None])); raise SystemExit\n"
            "b=r.read().decode()\n"
            "try: b=json.loads(b)\n"
            "except ValueError: pass\n"
            "print(json.dumps([r.status,b]))\n"
        )
        url = f"https://{self.address(host)}:{self.values.setting(host, 'postgresql_rest_port')}{path}"
        done = self.run(host, "python3", "-I", "-c", program, url, check=False, timeout=20)
        if done.returncode:
            return 0, None
        status, body = json.loads(done.stdout)
        return int(status), body

    def members(self, ask: str | None = None) -> list[dict[str, Any]]:
        """The cluster's members as the leader sees them; none without a leader.

        The leader has to write to etcd to stay one. Another member that was cut off keeps its last known state for a while:
        Patroni reads etcd through a watch that has no timeout.
        """
        for host in [ask] if ask else self.leaders():
            status, body = self.patroni(host, "/cluster")
            if status == 200 and isinstance(body, dict):
                return list(body["members"])
        return []

    def healthy(self) -> bool:
        """One leader, every other member streams and lags by nothing to speak of (less than 64 KiB)."""
        members = self.members()
        leaders = [m for m in members if m.get("role") == "leader" and m.get("state") == "running"]
        standbys = [m for m in members if m.get("role") != "leader"]
        followed = all(m.get("state") == "streaming" and isinstance(m.get("lag"), int) and m["lag"] < 65536 for m in standbys)
        return len(leaders) == 1 and len(members) == len(self.hosts("postgresql")) and followed

    def synchronous(self) -> str | None:
        """The host that is the synchronous standby, by Patroni's word."""
        names = [str(m["name"]) for m in self.members() if m.get("role") == "sync_standby"]
        return names[0] if names else None

    def wait_members(self, timeout: float = 120) -> None:
        """Wait until the cluster is healthy, whatever is synchronous."""
        wait_until(self.healthy, "the cluster is healthy", ceiling(timeout), interval=0.5)

    def wait_healthy(self, timeout: float = 120) -> None:
        """Wait until the cluster is healthy and has a synchronous standby."""
        wait_until(lambda: self.healthy() and self.synchronous() is not None, "the cluster is healthy", ceiling(timeout), interval=0.5)
