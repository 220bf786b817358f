# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throughput through the role's endpoint against the same binary, started by hand with a bare command line on drives beside the role's.

  molecule converge -s minio_single
  python -m tests.benchmarks.minio_throughput [--inventory molecule/minio_single/inventory] [--pairs 5] [--files 8] [--mib 64]

Both servers speak TLS with the same certificate. The client is Debian's mc on the same host; files come from and go to memory.
Figures are for people; nothing is asserted. Above 1 the role's server is the faster one.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import compare
from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until

PORT, DRIVES = 9300, "/srv/bare/drive{1...4}"
#: The tmpfs of the test servers.
FILES, BACK, CLIENT, ENVIRONMENT, LOG = "/tmp/bench-in", "/tmp/bench-out", "/tmp/bench-mc", "/tmp/bench.env", "/tmp/bench.log"


def like_the_roles(site: Site, host: str) -> None:
    """Give the server by hand drives of the same kind as the role's: XFS on devices, where the server has them, else they are volumes."""
    for number in range(1, 5):
        device, path = f"/dev/disk/by-id/test-bare{number}", f"/srv/bare/drive{number}"
        if site.run(host, "test", "-e", device, check=False).returncode == 0 and site.run(host, "mountpoint", path, check=False).returncode:
            site.run(host, "mkfs.xfs", "-q", "-f", device)
            site.run(host, "mkdir", "-p", path)
            site.run(host, "mount", "-o", "noatime", device, path)


def room_for(site: Site, host: str, mib: int, pairs: int) -> None:
    """See that what is written fits: a server keeps an overwritten object for minutes before it gives the space back.

    :raises SystemExit: with what to ask for instead.
    """
    # Of four drives two hold parity, so each takes half of what is written; both comparisons write to the role's, with a round to warm up.
    needed = 2 * (pairs + 1) * mib // 2
    free = int(site.run(host, "df", "--output=avail", "--block-size=1M", "/srv/minio/drive1").stdout.split()[-1])
    if needed > free * 0.8:
        sys.exit(f"{host}: /srv/minio/drive1 has {free} MiB free, this takes {needed} MiB: fewer --pairs, --files or --mib")


@contextlib.contextmanager
def by_hand(site: Site, host: str, encrypted: bool) -> Iterator[None]:
    """The same binary with nothing but root's credentials, and with ``encrypted`` the key; its drives are emptied before."""
    site.run(host, "sh", "-c", "rm -rf /srv/bare/drive?/* /srv/bare/drive?/.minio.sys")
    names = "MINIO_ROOT" if not encrypted else "MINIO_ROOT|MINIO_KMS"
    site.run(host, "sh", "-c", f"umask 077; grep -E '{names}' /etc/minio/secrets.env >{ENVIRONMENT}")
    server = f"exec /usr/local/bin/minio server --address :{PORT} --certs-dir /etc/minio/certs '{DRIVES}' >{LOG} 2>&1"
    automatic = ["env", "MINIO_KMS_AUTO_ENCRYPTION=on"] if encrypted else []
    site.docker(
        "exec",
        "-d",
        "-e",
        f"MINIO_CONFIG_ENV_FILE={ENVIRONMENT}",
        site.container(host),
        *automatic,
        "sh",
        "-c",
        f"echo $$ >{LOG}.pid; {server}",
    )
    try:
        asked = ["/usr/bin/minio-client", "--config-dir", CLIENT, "--quiet", "ls", "hand"]
        wait_until(lambda: site.run(host, *asked, check=False).returncode == 0, "the server that was started by hand answers", 60)
        yield
    finally:
        site.run(host, "sh", "-c", f"kill $(cat {LOG}.pid); rm -f {ENVIRONMENT} {LOG} {LOG}.pid", check=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inventory", default="molecule/minio_single/inventory", help="a site of test servers with drives at /srv/bare")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--mib", type=int, default=64)
    options = parser.parse_args()
    site = Site(Path(options.inventory).resolve())
    host = site.hosts("object_store")[0]
    room_for(site, host, options.files * options.mib, options.pairs)
    like_the_roles(site, host)
    mc = ["/usr/bin/minio-client", "--config-dir", CLIENT, "--quiet"]
    make = 'mkdir -p "$1" && for n in $(seq "$2"); do head -c "$3"M /dev/urandom >"$1/$n"; done'
    site.run(host, "sh", "-c", make, "sh", FILES, str(options.files), str(options.mib), timeout=300)
    # The alias of the role for its server, and a second one that differs in the port only.
    site.run(host, "sh", "-c", f"umask 077; mkdir -p {CLIENT} && cp /etc/minio/mc/config.json {CLIENT}/")
    alias = (
        "import json,sys; f=sys.argv[1]+'/config.json'; c=json.load(open(f)); "
        "c['aliases']['hand']={**c['aliases']['site'], 'url': 'https://127.0.0.1:'+sys.argv[2]}; json.dump(c, open(f,'w'))"
    )
    site.run(host, "python3", "-I", "-c", alias, CLIENT, str(PORT))
    total = options.files * options.mib
    try:
        site.run(host, *mc, "mb", "--ignore-existing", "site/vannah-bench")
        for encrypted in (True, False):
            with by_hand(site, host, encrypted):
                site.run(host, *mc, "mb", "--ignore-existing", "hand/vannah-bench")
                print(f"{options.files} x {options.mib} MiB, by hand {'with the same key' if encrypted else 'without encryption'}")
                for what, argv in (
                    ("written", [FILES + "/", "{}/vannah-bench/"]),
                    ("read", ["{}/vannah-bench/", BACK + "/"]),
                ):
                    role, hand = (
                        ["docker", "exec", site.container(host), *mc, "cp", "--recursive", *[text.format(alias) for text in argv]]
                        for alias in ("site", "hand")
                    )
                    found = compare(what, hand, role, options.pairs)
                    by, own = (total / statistics.median(s.wall for s in side) for side in (found.first, found.second))
                    print(f"  {what:<8} the role's {own:6.0f} MiB/s   by hand {by:6.0f} MiB/s   ratio {found.ratio():5.2f}", flush=True)
    finally:
        site.run(host, *mc, "rb", "--force", "site/vannah-bench", check=False)
        site.run(host, "rm", "-rf", FILES, BACK, CLIENT)


if __name__ == "__main__":
    main()
