# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every server but the backup server is lost, and what the controller knows: restored from the recovery kit with one command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.lib.site import REPOSITORY, errors_of
from tests.live.postgresql.cluster import Cluster

from .conftest import Backups

PASSPHRASE = "the passphrase of a kit of the tests"


def test_servers_that_are_not_lost(site: Cluster) -> None:
    """Refused before anything is changed, with the list that it needs."""
    done = site.playbook("backup/restore_site.yml", "-e", "restore_in_place=backup/vannah", "-e", "site_data_lost_hosts=db1")
    assert done.returncode != 0 and "-e site_data_lost_hosts=backup1,db1,db2 where that is so" in done.stdout, done.stdout[-3000:]
    assert site.leader()


@pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes five minutes: `make soak` runs it")
def test_the_whole_site_is_lost(site: Cluster, backups: Backups, switched: Callable[[], str], tmp_path: Path) -> None:
    """The kit is opened as its instructions say; nothing else of the site's secrets is left on the controller."""
    site.query(site.leader(), "create table if not exists survives (name text); insert into survives values ('kept')")
    switched()
    (tmp_path / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    kit = tmp_path / "site.kit"
    given = ["-e", f"recovery_kit_path={kit}", "-e", f"recovery_kit_passphrase_file={tmp_path / 'passphrase'}"]
    written = site.playbook("recovery_kit.yml", *given)
    assert written.returncode == 0, written.stdout[-3000:]

    (opening,) = re.findall(r"openssl enc -d [^#]*? -out kit\.tar\.gz", " ".join(written.stdout.split()))

    others = [host for host in site.hosts("all") if host != backups.host]
    for host in others:
        site.docker("rm", "-f", "-v", site.container(host))
    for name in ("secrets.yml", ".vault_password"):
        (site.inventory / name).unlink()
    shutil.rmtree(site.inventory / "pki")
    for folder in (REPOSITORY / ".cache" / "facts").glob("backup-*"):
        shutil.rmtree(folder)

    argv = ["/bin/sh", "-ec", f"{opening} -pass stdin && mkdir kit && tar -xzf kit.tar.gz -C kit"]
    opened = subprocess.run(argv, input=PASSPHRASE, text=True, cwd=tmp_path, check=False, capture_output=True)
    assert opened.returncode == 0, opened.stderr
    for name in ("secrets.yml", "pki", ".vault_password"):
        subprocess.run(["cp", "-r", str(tmp_path / "kit" / site.inventory.name / name), str(site.inventory / name)], check=True)
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(site.inventory), "tests/servers/create.yml"]
    made = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-3000:]

    begun, lost = time.monotonic(), ",".join(dict.fromkeys([*others, *site.hosts("etcd")]))
    done = site.playbook("backup/restore_site.yml", "-e", "restore_in_place=backup/vannah", "-e", f"site_data_lost_hosts={lost}")
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    print(f"MEASURED the whole site after its loss: {time.monotonic() - begun:.0f} s")
    site.wait_members()
    assert site.query(site.leader(), "select name from survives") == "kept"
    site.converge_unchanged()
