# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of a converged site: each of its hosts serves what its configuration says, with certificates that last."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

SERVER = "/usr/local/lib/vannah/edge-server"
#: The engine's own word on what it runs.
RUNS = (
    f"if systemctl -q is-active traefik; then {SERVER} runs traefik /etc/traefik/vannah.yml $(sed -n 's/.*127.0.0.1:\\([0-9]*\\)$/\\1/p' "
    f"/etc/traefik/traefik.yml | head -n 1); else {SERVER} runs nginx /etc/nginx/vannah.conf; fi"
)
#: Each certificate that is served ends in more than a week.
LASTS = (
    "found=0; for file in /var/lib/vannah-edge/*/fullchain.pem; do test -e $file || continue; found=$((found + 1)); "
    "openssl x509 -in $file -noout -checkend 604800 >/dev/null || { echo $file ends within a week; exit 1; }; done; "
    "echo $found certificates"
)


@pytest.fixture
def hosts(reached: Site) -> list[str]:
    """The hosts of the group, of which there is at least one."""
    return required(reached, "edge", "hosts of the edge")


def test_it_runs_its_configuration(hosts: list[str], servers: dict[str, Server]) -> None:
    """After a failed reload an engine is active with an older one."""
    for name in hosts:
        answer = servers[name].shell(RUNS)
        assert answer.status == 0, f"{name}: {answer.text}"


def test_certificates_last(hosts: list[str], servers: dict[str, Server]) -> None:
    """Renewal is a month before the end."""
    for name in hosts:
        answer = servers[name].shell(LASTS)
        assert answer.status == 0, f"{name}: {answer.text}"


#: Asks sites with the site's own authority from their host, and prints what was wrong.
_ASK = """
import http.client, socket, ssl, sys
context = ssl.create_default_context(cafile="/etc/vannah/pki/ca.crt")
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
def ask(port, name):
    plain = socket.create_connection((sys.argv[1], int(port)), 10)
    link = http.client.HTTPConnection(name)
    link.sock = context.wrap_socket(plain, server_hostname=name)
    link.request("GET", "/", headers={"Host": name})
    link.getresponse()
for site in sys.argv[2:]:
    try:
        ask(*site.split(",", 1))
    except (OSError, http.client.HTTPException) as error:
        print(f"https://{site.split(',', 1)[1]}: {error!r}")
"""


def own_sites(site: Site, host: str) -> list[str]:
    """``port,name`` of the sites with a certificate of the site's authority that any client of HTTP can ask."""
    port = site.values.setting(host, "edge_https_port")
    found = []
    for entry in site.values.setting(host, "edge_sites"):
        own = (entry.get("certificate") or {}).get("source", "internal") == "internal" and entry.get("tls", "terminate") == "terminate"
        if own and entry.get("protocol", "http") == "http" and not entry.get("client_certificates"):
            found.append(f"{entry.get('port') or port},{entry['names'][0].replace('*', 'any')}")
    return found


def test_sites_answer_over_https(reached: Site, hosts: list[str], servers: dict[str, Server]) -> None:
    """With a certificate that clients accept which trust the site's authority. Whether its server is well, its own service says."""
    for host in hosts:
        bind = str(reached.values.setting(host, "edge_bind")[0])
        address = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}.get(bind, bind)
        answer = servers[host].ask("python3", "-c", _ASK, address, *own_sites(reached, host))
        assert answer.status == 0 and not answer.text.strip(), f"{host}: {answer.text}"
