# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real services behind the edge, of Debian's packages: a web server that takes uploads, a websocket, gRPC, TLS of its own, DICOM."""

from __future__ import annotations

from functools import partial

from tests.live.edge.authority import Authority
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

#: nginx with the dav module, websockify in front of an echo, storescp; curl, dcmtk and python3 are the clients.
PACKAGES = ["nginx", "websockify", "socat", "dcmtk", "curl", "python3-grpcio"]
#: For the host with the clients: a public authority, a scanner of TLS, and promtool.
TOOLS = ["pebble", "testssl.sh", "prometheus"]
WEB, WEBSOCKET, SECURE, RPC, DICOM = 8042, 6080, 8443, 50051, 11112
#: Bytes of /payload, so many that an answer that was cut off is seen.
PAYLOAD = 200_000
_NGINX = """
user www-data;
pid /run/nginx-behind.pid;
error_log /var/log/nginx/behind.log;
include /etc/nginx/modules-enabled/*.conf;
events {}
http {
    access_log off;
    client_max_body_size 0;
    server {
        listen 8042;
        root /srv/behind;
        add_header X-Removed here;
        add_header X-Frame-Options ALLOWALL;
        location = / { return 200 "$hostname\\n"; }
        location = /new { return 200 "new\\n"; }
        location = /headers { return 200 "$http_host|$http_x_forwarded_proto|$http_x_forwarded_for\\n"; }
        location = /given { return 200 "$http_x_from_the_edge|$http_authorization\\n"; }
        location /uploads/ { dav_methods PUT; create_full_put_path on; client_body_temp_path /srv/behind/temp; }
    }
    server {
        listen 8443 ssl;
        ssl_certificate /srv/behind-tls/cert.pem;
        ssl_certificate_key /srv/behind-tls/key.pem;
        location / { return 200 "behind\\n"; }
    }
    include /srv/behind-tls/more*.conf;
}
"""
#: Answers every call with its own bytes, backwards.
_RPC = """
import concurrent.futures, grpc
class Backwards(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request[::-1])
server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((Backwards(),))
server.add_insecure_port("0.0.0.0:50051")
server.start()
server.wait_for_termination()
"""
_SET_UP = f"""
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update; apt-get -qq install -y --no-install-recommends {" ".join(PACKAGES)} "$@" >/dev/null
rm /usr/sbin/policy-rc.d
for unit in nginx prometheus; do systemctl disable --now $unit.service >/dev/null 2>&1 || true; done
mkdir -p /srv/behind/uploads /srv/behind/temp /srv/behind-tls /srv/dicom
head -c {PAYLOAD} /dev/zero | tr '\\0' x > /srv/behind/payload
chown -R www-data /srv/behind
cd /srv/behind-tls
test -f cert.pem || openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=behind -keyout key.pem -out cert.pem 2>/dev/null
systemctl reset-failed 'behind-*' 2>/dev/null || true
run() {{ systemctl is-active -q "$1" || systemd-run -q --unit="$1" -p Restart=no "${{@:2}}"; }}
systemctl is-active -q behind-web && systemctl kill --kill-whom=main -s HUP behind-web
run behind-web /usr/sbin/nginx -c /srv/behind.conf -g 'daemon off;'
run behind-echo socat TCP-LISTEN:7000,fork,reuseaddr,bind=127.0.0.1 EXEC:cat
run behind-websocket websockify {WEBSOCKET} 127.0.0.1:7000
run behind-rpc python3 /srv/rpc.py
run behind-dicom storescp -od /srv/dicom {DICOM}
"""
_LISTENS = "import socket, sys; [socket.create_connection(('127.0.0.1', int(port)), 2).close() for port in sys.argv[1:]]"


def start(site: Site, hosts: list[str]) -> None:
    """Install and start them where they do not run yet."""
    for host in hosts:
        site.run(host, "sh", "-c", "mkdir -p /srv && cat > /srv/behind.conf", stdin=_NGINX)
        site.run(host, "sh", "-c", "cat > /srv/rpc.py", stdin=_RPC)
        site.run(host, "bash", "-euc", _SET_UP, "-", *(TOOLS if host == hosts[-1] else ()), timeout=300)
    asked = ["python3", "-c", _LISTENS, *map(str, (WEB, WEBSOCKET, SECURE, RPC, DICOM))]
    for host in hosts:
        wait_until(partial(_succeeds, site, host, asked), f"the services on {host} listen", ceiling(30))


def secure(site: Site, host: str, authority: Authority) -> None:
    """Servers with TLS on one port, told apart by name: one as it should be, one with another name's certificate, an expired one."""
    known = {"good": (["good.behind"], 30), "wrong": (["other.behind"], 30), "expired": (["expired.behind"], -1)}
    for index, (name, (names, days)) in enumerate(known.items()):
        certificate, key = authority.signed(name, 8001 + index, names, days)
        block = f"server {{ listen 8443 ssl; server_name {name}.behind; ssl_certificate /srv/behind-tls/more-{name}.pem; "
        block += f'ssl_certificate_key /srv/behind-tls/more-{name}.pem; location / {{ return 200 "behind\\n"; }} }}'
        for file, text in ((f"more-{name}.pem", certificate + key), (f"more-{name}.conf", block)):
            site.run(host, "sh", "-c", f"umask 077; mkdir -p /srv/behind-tls; cat > /srv/behind-tls/{file}", stdin=text)


def _succeeds(site: Site, host: str, argv: list[str]) -> bool:
    return site.run(host, *argv, check=False).returncode == 0


def web(site: Site, host: str, verb: str) -> None:
    """Stop the web server of a host in the middle of its work, or start it again."""
    if verb == "kill":
        site.run(host, "systemctl", "kill", "--signal=KILL", "behind-web.service")
        wait_until(lambda: site.run(host, "systemctl", "is-active", "behind-web", check=False).stdout.strip() != "active", "it ends", 10)
    else:
        start(site, [host])
