# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second checkout of the site's inventory: refused without the site's authority, and as good as the first one with the recovery kit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lib.site import Site
from tests.live.lib.untouched import server

PASSWORD = "another vault password of the tests"  # of a copy that is deleted
PASSPHRASE = "the passphrase of a kit of the tests"
#: What a refused run may not touch, beside what is compared of a bare server.
RECORD = "/var/lib/vannah/site.json"


@pytest.fixture(scope="module")
def second(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another clone of the repository with the inventory: what git does not keep is not in it."""
    folder = tmp_path_factory.mktemp("second")
    # Where the keys of the test servers are is told by the inventory's folder.
    place = site.inventory.parent.with_name(f".second-{site.inventory.parent.name}")
    copy = place / "inventory"
    shutil.copytree(site.inventory, copy, ignore=shutil.ignore_patterns("pki", "secrets.yml", ".vault_password"))
    (folder / "password").write_text(PASSWORD)
    arguments = ["--vault-password-file", str(folder / "password"), "-e", f"server_scenario={site.inventory.parent.name}"]
    yield Site(copy, arguments, main_playbook=site.main_playbook)
    shutil.rmtree(place)


def test_without_the_authority_nothing_is_touched(site: Site, second: Site) -> None:
    """The run ends at the host checks, with both fingerprints and the ways out; a playbook without host checks is refused by the hosts."""
    hosts = site.hosts("all")
    before, started = {host: server(site, host) for host in hosts}, site.invocations()
    done = second.playbook(second.main_playbook)
    text = done.stdout
    assert done.returncode != 0 and "contact-other-site" in text, text[-4000:]
    assert (second.inventory / "pki" / "ca.crt").exists(), "preflight has made an authority, which no host has"
    for folder in (site.inventory, second.inventory):
        shown = subprocess.run(
            ["openssl", "x509", "-in", str(folder / "pki" / "ca.crt"), "-noout", "-fingerprint", "-sha256"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shown.strip().partition("=")[2] in text
    assert f"site_takeover_hosts={','.join(hosts)}" in text and "recovery kit" in text
    for playbook, code in (
        ("base.yml", "contact-other-site"),
        ("firewall/converge.yml", "contact-other-site"),
        ("etcd/update.yml", "contact-other-site"),
        ("postgresql/switchover.yml", "[other-site]"),
    ):
        refused = second.playbook(playbook)
        assert refused.returncode != 0, playbook
        assert code in refused.stdout, f"{playbook}: {refused.stdout[-3000:]}"
    wrong = second.playbook(second.main_playbook, "-e", "site_takeover_hosts=true")
    assert wrong.returncode != 0 and "takeover-unknown-host" in wrong.stdout
    for host in hosts:
        after = server(site, host)
        differing = sorted(path for path in {*before[host], *after} if before[host].get(path) != after.get(path))
        assert not differing, f"a refused run changed {host}: {differing[:20]}"
        assert RECORD in after
    assert site.invocations() == started


def test_with_the_recovery_kit_it_is_the_site(site: Site, second: Site, tmp_path: Path) -> None:
    """The kit's folder over the copy, after what the copy had made: nothing is changed by a run from there, nor from the first checkout."""
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    kit = tmp_path / "site.kit"
    given = ["-e", f"recovery_kit_path={kit}", "-e", f"recovery_kit_passphrase_file={tmp_path / 'passphrase'}"]
    written = site.playbook("recovery_kit.yml", *given)
    assert written.returncode == 0, written.stdout[-3000:]
    # As it is printed, in lines as wide as the terminal.
    (opening,) = re.findall(r"openssl enc -d [^#]*? -out kit\.tar\.gz", " ".join(written.stdout.split()))
    opened = subprocess.run(
        ["/bin/sh", "-ec", f"{opening} -pass stdin"], input=PASSPHRASE.encode(), cwd=tmp_path, check=False, capture_output=True
    )
    assert opened.returncode == 0, opened.stderr
    (tmp_path / "kit").mkdir()
    subprocess.run(["tar", "-xzf", "kit.tar.gz", "-C", "kit"], cwd=tmp_path, check=True)
    shutil.rmtree(second.inventory / "pki")
    (second.inventory / "secrets.yml").unlink()
    shutil.copytree(tmp_path / "kit" / site.inventory.name, second.inventory, dirs_exist_ok=True)
    restored = Site(
        second.inventory,
        ["--vault-password-file", str(tmp_path / "kit" / "vault_password.default"), *second.arguments[2:]],
        main_playbook=second.main_playbook,
    )
    started = site.invocations()
    done = restored.playbook(restored.main_playbook)
    assert done.returncode == 0, done.stdout[-4000:]
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.MULTILINE)
    assert recap and all(changed == "0" for _host, changed in recap), done.stdout[-4000:]
    assert site.invocations() == started
    site.converge_unchanged()
