# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of a full backup and of a restore against pgBackRest by hand with its best settings for the machine.

  molecule converge -s backup
  python -m tests.benchmarks.backup_speed [--inventory molecule/backup/inventory] [--pairs 3] [--mib 5120]

By hand: a process for each core, zstd, bundles, the same cipher, the same network. Figures are for people; nothing is asserted. Above 1 the
role's is the faster one. Needs three times the size on the backup server's disk.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.benchmarks.measure import Comparison, compare, line
from tests.live.postgresql.cluster import Cluster

JOB, STANZA = "/usr/local/lib/vannah/pgbackrest-job", "vannah"
CONFIG = "/etc/pgbackrest/bench.conf"
PLACE, HAND = "/var/lib/postgresql/vannah-bench", "/var/lib/pgbackrest-bench"
#: Rows of about 1 KiB.
FILL = "create table bench as select g, repeat(md5(g::text), 31) as t from generate_series(1, {}) g"


def room_for(site: Cluster, host: str, mib: int) -> None:
    """See that it fits.

    :raises SystemExit: with what to ask for instead.
    """
    free = int(site.run(host, "df", "--output=avail", "--block-size=1M", "/var/lib").stdout.split()[-1])
    if free < 3 * mib:
        sys.exit(f"{host}: /var/lib has {free} MiB free, this takes {3 * mib} MiB: a smaller --mib")


def by_hand(site: Cluster, host: str, processes: int) -> str:
    """A configuration beside the role's, with a repository of its own; its path."""
    values = {"repo1-path": HAND, "process-max": str(processes), "compress-type": "zst"}
    changes = " ".join(f"-e 's#^{name}=.*#{name}={value}#'" for name, value in values.items())
    left_out = "-e '/^compress-level=/d' -e '/^backup-standby=/d'"
    made = f"sed {changes} {left_out} /etc/pgbackrest/pgbackrest.conf >{CONFIG} && chown postgres {CONFIG} && install -d -o postgres {HAND}"
    site.run(host, "sh", "-c", made)
    return CONFIG


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inventory", default="molecule/backup/inventory")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--mib", type=int, default=5120)
    options = parser.parse_args()
    site, processes = Cluster(Path(options.inventory).resolve()), os.cpu_count() or 1
    (host,) = site.hosts("backup")
    room_for(site, host, options.mib)
    config = by_hand(site, host, processes)
    on_host = ["docker", "exec", "-u", "postgres", site.container(host)]
    hand = ["pgbackrest", f"--stanza={STANZA}", f"--config={config}"]
    try:
        site.query(site.leader(), FILL.format(options.mib << 10), timeout=3600)
        site.run(host, "runuser", "-u", "postgres", "--", *hand, "--no-online", "stanza-create", timeout=120)
        # WAL goes to the role's repository alone, so by hand nothing waits for it.
        backups = [*on_host, *hand, "--type=full", "--no-archive-check", "backup"]
        show(compare("backup", backups, ["docker", "exec", site.container(host), JOB, "backup", "full", "full", "1"], options.pairs))
        empty = f"rm -rf {PLACE} && install -d -m 700 {PLACE} && exec pgbackrest --stanza={STANZA} --pg1-path={PLACE} --type=none"
        best, own = (
            [*on_host, "sh", "-c", f"{empty} --config=/etc/pgbackrest/vannah-restore.conf {more} restore"]
            for more in (f"--process-max={processes}", "")
        )
        show(compare("restore", best, own, options.pairs))
    finally:
        site.run(host, "rm", "-rf", PLACE, HAND, config)
        site.query(site.leader(), "drop table if exists bench", timeout=300)


def show(found: Comparison) -> None:
    """Two rows and their ratio."""
    print(f"{found.name}, ratio {found.ratio():.2f}", line("by hand", found.first), line("the role", found.second), sep="\n", flush=True)


if __name__ == "__main__":
    main()
