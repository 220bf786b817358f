# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge against the same program with a bare configuration, and a site list of hundreds; `make bench BENCH=edge`.

  molecule converge -s edge
  python -m tests.benchmarks.edge [--engine nginx] [--pairs 5] [--seconds 5] [--sites 500]

Both sides run on one host with the same certificate, the same servers behind them, connections to those
that are kept, and an access log each (the bare one in the engine's own format). The load is Debian's wrk on that host, one side after the
other. Above 1 the role's is the faster one. What else the machine does changes the rates and hardly the processor's time for each request:
that of the engine, and with the role's nginx that of mtail, which makes its metrics. Figures are for people; nothing is asserted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
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
#: Which processes the role's side has.
UNITS = {"nginx": ["nginx.service", "mtail.service"], "traefik": ["traefik.service"]}
_BUSY = """
import os, subprocess, sys
total = 0
for unit in sys.argv[1:]:
    group = subprocess.run(["systemctl", "show", "-p", "ControlGroup", "--value", unit], capture_output=True, text=True).stdout.strip()
    for root in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup"):
        if os.path.exists(f"{root}{group}/cgroup.procs"):
            for pid in open(f"{root}{group}/cgroup.procs").read().split():
                total += sum(map(int, open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11:13]))
            break
    else:
        sys.exit(f"{unit} has no processes")
print(total / os.sysconf("SC_CLK_TCK"))
"""
_TOOLS = (
    f"test -x /usr/bin/wrk || {{ apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends wrk "
    f">/dev/null; }}; grep -q {NAME} /etc/hosts || echo 127.0.0.1 {NAME} >> /etc/hosts"
)


@dataclass(frozen=True)
class Load:
    """What wrk has measured: requests each second, the time within which 99 of 100 were answered, in ms; microseconds of the processor."""

    rate: float
    p99: float
    cost: float


def busy(site: Site, host: str, units: Sequence[str]) -> float:
    """Seconds of the processor that the processes of units have had."""
    return float(site.read(host, "python3", "-c", _BUSY, *units))


def load(site: Site, host: str, url: str, seconds: int, units: Sequence[str]) -> Load:
    """Run wrk once.

    :param units: whose processes answer
    :raises SystemExit: an answer was wrong
    """
    before = busy(site, host, units)
    said = site.run(host, "wrk", "-t2", "-c32", f"-d{seconds}s", "--latency", url, timeout=seconds + 60).stdout
    wrong = re.search(r"Socket errors:.*|Non-2xx.*", said)
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if wrong or rate is None or p99 is None:
        sys.exit(f"{url}: {wrong[0] if wrong else said}")
    requests = float(rate[1]) * seconds
    cost = (busy(site, host, units) - before) / requests * 1e6
    return Load(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]], cost)


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
    p99, cost = statistics.median(one.p99 for one in loads), statistics.median(one.cost for one in loads)
    spread = f"[{rates[0]:.0f}-{rates[-1]:.0f}]"
    print(f"  {name:<22} {statistics.median(rates):8.0f} requests/s {spread}, p99 {p99:.1f} ms, {cost:.0f} us of the processor each")


def throughput(site: Site, host: str, engine: str, options: argparse.Namespace) -> None:
    """The engine of the role against the one that was started by hand, in pairs."""
    servers = [f"{site.address(behind)}:{upstreams.WEB}" for behind in site.hosts("behind")]
    with by_hand(site, host, engine, servers):
        for path, what in PATHS.items():
            role_url, bare = f"https://{NAME}{path}", f"https://{NAME}:{PORT}{path}"
            sides: list[tuple[str, list[str], list[Load]]] = [(role_url, UNITS[engine], []), (bare, ["bare.service"], [])]
            for url, units, _found in sides:
                load(site, host, url, 1, units)
            for number in range(options.pairs):
                # Each side goes first in turn: what else the machine does changes slowly.
                for url, units, found in sides[:: 1 if number % 2 else -1]:
                    found.append(load(site, host, url, options.seconds, units))
            first, second = sides[0][2], sides[1][2]
            print(f"{engine}, {what}")
            side("through the role", first)
            side("configured by hand", second)
            pairs = list(zip(first, second, strict=True))
            rate, p99, cost = (
                statistics.median(ratios)
                for ratios in ([a.rate / b.rate for a, b in pairs], [a.p99 / b.p99 for a, b in pairs], [b.cost / a.cost for a, b in pairs])
            )
            print(f"  ratio, median of {options.pairs} pairs: {rate:.2f} of the requests, {p99:.2f} of the p99; for the same time of the")
            print(f"  processor {cost:.2f} of the requests. Load of the machine: {os.getloadavg()[0]:.1f}\n", flush=True)


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
