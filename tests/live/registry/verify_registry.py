# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of images on a converged site, as its own host and the Docker hosts see it."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

SERVER = "/usr/local/lib/vannah/registry-server"
ETC = "/etc/docker/registry"
#: The number behind `addr: :` is the registry's port.
PORT = f"sed -n 's/^  addr: *[\"'\\'']*:\\([0-9]*\\).*/\\1/p' {ETC}/config.yml"
METRICS = f"sed -n 's/^    addr: *[\"'\\'']*\\([^\"'\\'']*\\).*/\\1/p' {ETC}/config.yml"
ASK = 'python3 -c \'import sys, urllib.request as r; print(r.urlopen("http://" + sys.argv[1] + "/metrics", timeout=10).read(60000))\''
#: Whether each registry that is trusted by the site's CA lets root's client in, and no one without a password where the client has one.
TRUSTED = """python3 - <<'END'
import json, os, ssl, sys, urllib.error, urllib.request
try:
    known = json.load(open("/root/.docker/config.json")).get("auths", {})
except FileNotFoundError:
    known = {}
def ask(name, auth):
    request = urllib.request.Request(f"https://{name}/v2/", headers={"Authorization": f"Basic {auth}"} if auth else {})
    context = ssl.create_default_context(cafile=f"/etc/docker/certs.d/{name}/ca.crt")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        return opener.open(request, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)
wrong = []
site = open("/etc/vannah/pki/ca.crt").read().strip()
there = [name for name in os.listdir("/etc/docker/certs.d") if os.path.exists(f"/etc/docker/certs.d/{name}/ca.crt")]
names = sorted(name for name in there if open(f"/etc/docker/certs.d/{name}/ca.crt").read().strip() == site)
for name in names:
    auth = known.get(name, {}).get("auth")
    found = [ask(name, auth), ask(name, "")]
    if found not in ([200, 401], [200, 200] if not auth else None, [401, 401] if not auth else None):
        wrong.append(f"{name} answers {found[0]} to the client and {found[1]} to who has no password")
print(f"{len(names)} trusted", *wrong, sep="; ")
sys.exit(bool(wrong))
END
"""


@pytest.fixture
def hosts(reached: Site) -> list[str]:
    """The hosts of the group, of which there is at least one."""
    return required(reached, "registry", "servers with a registry of images")


def test_it_lets_in_its_users_and_nobody_else(hosts: list[str], servers: dict[str, Server]) -> None:
    """The package's own configuration has none of these users."""
    for name in hosts:
        answer = servers[name].shell(f"{SERVER} ready https://127.0.0.1:$({PORT}) {ETC}/vannah-users.json")
        assert answer.status == 0, f"{name}: {answer.text}"


def test_it_takes_pushes(hosts: list[str], servers: dict[str, Server]) -> None:
    """Garbage collection has given it back, and ended well the last time."""
    for name in hosts:
        state = servers[name].shell("systemctl show -p ActiveState --value vannah-registry-gc.service").text.strip()
        assert state != "failed", f"{name}: see journalctl -u vannah-registry-gc"
        if state == "inactive":
            answer = servers[name].shell("test ! -e /run/vannah-registry-gc/read-only.env")
            assert answer.status == 0, f"{name}: the registry is read-only, and no garbage is collected"


def test_its_metrics(hosts: list[str], servers: dict[str, Server]) -> None:
    """On the address that its configuration says."""
    for name in hosts:
        answer = servers[name].shell(f"{ASK} $({METRICS})")
        assert answer.status == 0 and "registry_http" in answer.text, f"{name}: {answer.text}"


def test_docker_hosts_trust_it(hosts: list[str], reached: Site, servers: dict[str, Server]) -> None:
    """With the site's CA, and root's client is logged in."""
    for name in required(reached, "docker", "servers with Docker, which would use the registry"):
        answer = servers[name].shell(TRUSTED)
        assert answer.status == 0, f"{name}: {answer.text}"
        assert int(answer.text.split()[0]) >= len(hosts), f"{name} does not trust every registry of the site: {answer.text}"
