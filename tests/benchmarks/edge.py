# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge against the same program with a bare configuration, and a site list of hundreds; `make bench BENCH=edge`.

  molecule converge -s edge
  python -m tests.benchmarks.edge [--engine nginx] [--pairs 5] [--seconds 5] [--sites 500]

Both sides run on one host with the same certificate and the same server behind them; the load is Debian's wrk on that host, one side after
the other. Above 1 the role's is the faster one. Figures are for people; nothing is asserted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live.edge import upstreams
from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until

INVENTORY = Path(__file__).resolve().parents[2] / "molecule" / "edge" / "inventory"
NAME, PORT = "pacs.edge.vannah.internal", 9443
PAIR = ("/var/lib/vannah-edge/pacs/fullchain.pem", "/var/lib/vannah-edge/pacs/privkey.pem")
#: Path -> what it shows: an answer of a few bytes, and one of PAYLOAD.
PATHS = {"/": "small answers", "/payload": f"{upstreams.PAYLOAD // 1000} kB each"}
_NGINX = f"""
user www-data;
worker_processes auto;
pid /run/nginx-bare.pid;
events {{ worker_connections 8192; }}
http {{
    access_log /var/log/nginx/bare.log;
    upstream behind {{ @SERVERS@ keepalive 32; }}
    server {{
        listen {PORT} ssl;
        http2 on;
        ssl_certificate {PAIR[0]};
        ssl_certificate_key {PAIR[1]};
        location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }}
    }}
}}
"""
_STATIC = f"""
providers: {{file: {{filename: /root/bare-dynamic.yml}}}}
entryPoints: {{bare: {{address: ":{PORT}"}}}}
accessLog: {{filePath: /var/log/traefik/bare.log}}
"""
_DYNAMIC = f"""
http:
  routers: {{bare: {{rule: "PathPrefix(`/`)", service: bare, tls: {{}}}}}}
  services: {{bare: {{loadBalancer: {{servers: [@SERVERS@]}}}}}}
tls: {{certificates: [{{certFile: {PAIR[0]}, keyFile: {PAIR[1]}}}]}}
"""
#: By engine: files, command.
BARE: dict[str, tuple[dict[str, str], list[str]]] = {
    "nginx": ({"/root/bare.conf": _NGINX}, ["/usr/sbin/nginx", "-c", "/root/bare.conf", "-g", "daemon off;"]),
    "traefik": (
        {"/root/bare.yml": _STATIC, "/root/bare-dynamic.yml": _DYNAMIC},
        ["/usr/local/bin/traefik", "--configFile=/root/bare.yml"],
    ),
}
_TOOLS = (
    f"test -x /usr/bin/wrk || {{ apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends wrk "
    f">/dev/null; }}; grep -q {NAME} /etc/hosts || echo 127.0.0.1 {NAME} >> /etc/hosts"
)


@dataclass(frozen=True)
class Load:
    """What wrk has measured: requests each second, and the time within which 99 of 100 were answered, in ms."""

    rate: float
    p99: float


def load(site: Site, host: str, url: str, seconds: int) -> Load:
    """Run wrk once.

    :raises SystemExit: an answer was wrong
    """
    said = site.run(host, "wrk", "-t2", "-c32", f"-d{seconds}s", "--latency", url, timeout=seconds + 60).stdout
    wrong = re.search(r"Socket errors:.*|Non-2xx.*", said)
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if wrong or rate is None or p99 is None:
        sys.exit(f"{url}: {wrong[0] if wrong else said}")
    return Load(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]])


@contextlib.contextmanager
def by_hand(site: Site, host: str, engine: str, servers: list[str]) -> Iterator[None]:
    """The engine with a bare configuration, beside the role's."""
    files, command = BARE[engine]
    listed = "".join(f"server {one};" for one in servers) if engine == "nginx" else ", ".join(f'{{url: "http://{one}"}}' for one in servers)
    for path, text in files.items():
        site.run(host, "sh", "-c", f"cat > {path}", stdin=text.replace("@SERVERS@", listed))
    site.run(host, "systemd-run", "-q", "--unit=bare", *command)
    try:
        asked = ["python3", "-c", f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 2)"]
        wait_until(lambda: site.run(host, *asked, check=False).returncode == 0, "the engine that was started by hand listens", 30)
        yield
    finally:
        site.run(host, "systemctl", "stop", "bare.service", check=False)


def side(name: str, loads: list[Load]) -> None:
    """Print one side."""
    rates = sorted(one.rate for one in loads)
    p99 = statistics.median(one.p99 for one in loads)
    print(f"  {name:<22} {statistics.median(rates):8.0f} requests/s [{rates[0]:.0f}-{rates[-1]:.0f}], p99 {p99:.1f} ms")


def throughput(site: Site, host: str, engine: str, options: argparse.Namespace) -> None:
    """The engine of the role against the one that was started by hand, in pairs."""
    servers = [f"{site.address(behind)}:{upstreams.WEB}" for behind in site.hosts("behind")]
    with by_hand(site, host, engine, servers):
        for path, what in PATHS.items():
            role_url, bare = f"https://{NAME}{path}", f"https://{NAME}:{PORT}{path}"
            load(site, host, role_url, 1), load(site, host, bare, 1)
            first, second = [], []
            for _ in range(options.pairs):
                first.append(load(site, host, role_url, options.seconds))
                second.append(load(site, host, bare, options.seconds))
            print(f"{engine}, {what}")
            side("through the role", first)
            side("configured by hand", second)
            pairs = list(zip(first, second, strict=True))
            rate, p99 = (statistics.median(values) for values in ([a.rate / b.rate for a, b in pairs], [a.p99 / b.p99 for a, b in pairs]))
            print(f"  ratio, median of {options.pairs} pairs: {rate:.2f} of the requests, {p99:.2f} of the p99\n", flush=True)


def converge(site: Site, *values: str) -> float:
    """Seconds of a run of the edge alone."""
    begun = time.monotonic()
    done = site.playbook("edge/converge.yml", *values)
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    return time.monotonic() - begun


def many(site: Site, engine: str, count: int) -> None:
    """So many sites: rendered, validated and taken over in one call of each host, then unchanged."""
    sites = [
        {"name": f"s{number}", "names": [f"s{number}.edge.vannah.internal"], "servers": ["app1:8042", "app2:8042"]}
        for number in range(count)
    ]
    seconds = {}
    for number in (1, count):
        values = ("-e", json.dumps({"edge_engine": engine, "edge_sites": sites[:number]}))
        seconds[number] = converge(site, *values), converge(site, *values)
    print(f"{engine}, both hosts of the edge")
    for number, (first, again) in seconds.items():
        print(f"  {number:4d} sites: {first:6.1f} s with their certificates, {again:.1f} s unchanged")
    print()


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inventory", type=Path, default=INVENTORY)
    parser.add_argument("--engine", choices=[*BARE], action="append")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--sites", type=int, default=500)
    options = parser.parse_args(arguments)
    password = options.inventory / ".vault_password"
    site = Site(options.inventory.resolve(), ["--vault-password-file", str(password)])
    if not password.exists() or site.docker("ps", "-q", "-f", f"name=^{site.container(site.hosts('edge')[0])}$").strip() == "":
        sys.exit("bench: the servers of the scenario edge do not run. Fix: molecule create -s edge; molecule converge -s edge")
    host = site.hosts("edge")[0]
    upstreams.start(site, site.hosts("behind"))
    site.run(host, "sh", "-c", _TOOLS, timeout=300)
    for engine in options.engine or BARE:
        converge(site, "-e", json.dumps({"edge_engine": engine}))
        throughput(site, host, engine, options)
        if options.sites:
            many(site, engine, options.sites)
    converge(site)


if __name__ == "__main__":
    main()
