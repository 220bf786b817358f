# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public authority: Debian's pebble with its name server, on a host behind the edge. It asks for challenges as Let's Encrypt does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.live.edge.authority import Authority
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

#: Seconds for which its certificates are valid. The first one is renewed in its last third.
SHORT, LONG = 40, 30 * 86400
#: firewall_ports of the host let the edge in.
PORT = 14000
#: Where the edge finds the authority of pebble's own certificate; the unit of the timer sees no home of a user.
CA = "/etc/ssl/pebble-ca.pem"
_SET_UP = """
export DEBIAN_FRONTEND=noninteractive
systemctl stop behind-pebble behind-names 2>/dev/null || true
systemctl reset-failed 'behind-*' 2>/dev/null || true
systemd-run -q --unit=behind-names pebble-challtestsrv -management 127.0.0.1:8055 -dns01 127.0.0.1:8053 -http01 '' -https01 '' \\
  -tlsalpn01 '' -defaultIPv6 '' -defaultIPv4 "$1"
systemd-run -q --unit=behind-pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \\
  pebble -config /srv/pebble/config.json -dnsserver 127.0.0.1:8053
"""
_LISTENS = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2).close()"


@dataclass(frozen=True)
class Pebble:
    """The authority on a host.

    :ivar named: the address that it finds each name at
    """

    site: Site
    host: str
    named: str

    @property
    def directory(self) -> str:
        """URL for clients."""
        return f"https://{self.host}:{PORT}/dir"

    def start(self, authority: Authority, trusted_on: list[str], valid_seconds: int) -> None:
        """Start it, or restart it: then it knows no account. Its certificates are valid for so long."""
        certificate, key = authority.signed(self.host, 7001, [self.host])
        said = {"listenAddress": f"0.0.0.0:{PORT}", "managementListenAddress": "127.0.0.1:15000", "httpPort": 80, "tlsPort": 443}
        said |= {"certificate": "/srv/pebble/cert.pem", "privateKey": "/srv/pebble/key.pem", "ocspResponderURL": ""}
        config: dict[str, Any] = {"pebble": {**said, "certificateValidityPeriod": valid_seconds}}
        self.site.run(self.host, "mkdir", "-p", "/srv/pebble")
        for name, text in (("cert.pem", certificate), ("key.pem", key), ("config.json", json.dumps(config))):
            self.site.run(self.host, "sh", "-c", f"umask 077; cat > /srv/pebble/{name}", stdin=text)
        for host in trusted_on:
            self.site.run(host, "sh", "-c", f"cat > {CA}", stdin=authority.certificate_pem)
        self.site.run(self.host, "bash", "-euc", _SET_UP, "-", self.named, timeout=300)
        listens = ["python3", "-c", _LISTENS, str(PORT)]
        wait_until(lambda: self.site.run(self.host, *listens, check=False).returncode == 0, "pebble listens", ceiling(30))
