# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a running cluster, in the order of these tests: reported, rotated, revoked, and signed by a new CA."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.lib.site import Site, errors_of
from tests.live.lib.waiting import ceiling
from tests.live.pki.conftest import Clients
from tests.live.postgresql.writer import Writers

Measured = Callable[[str], None]
Found = dict[tuple[str, str], dict[str, object]]

LONG = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes a run of the site: `make soak` runs it")
OLD, NEW = "pki internal CA", "pki internal CA 2"


def verb(site: Site, name: str, *arguments: str, **values: object) -> str:
    """Run a verb that has to end well; what it printed."""
    done = site.playbook(f"pki/{name}.yml", *arguments, *(["-e", json.dumps(values)] if values else []), timeout=1500)
    assert done.returncode == 0, f"pki/{name}.yml exited {done.returncode}:\n{errors_of(done.stdout)}{done.stdout[-6000:]}"
    return done.stdout


def reported(site: Site, folder: Path) -> Found:
    """Every certificate of the site, by host and name."""
    file = folder / "report.json"
    verb(site, "certificate_report", certificate_report_file=str(file))
    rows = json.loads(file.read_text(encoding="utf-8"))["certificates"]
    return {(row["host"], row["name"]): row for row in rows}


def leaves(found: Found) -> dict[tuple[str, str], object]:
    """The serial numbers of the services' certificates."""
    return {key: row["serial"] for key, row in found.items() if key[0] != "controller"}


def keys(site: Site, found: Found) -> dict[tuple[str, str], str]:
    """A digest of each key, as the host has it."""
    digests = {}
    for host, name in leaves(found):
        folder = os.path.dirname(str(found[host, name]["path"]))
        digests[host, name] = site.read(host, "sha256sum", f"{folder}/key.pem").split()[0]
    return digests


def started(site: Site, unit: str, group: str) -> dict[str, str]:
    """The InvocationID of a unit on each host of a group."""
    return {host: site.read(host, "systemctl", "show", "-p", "InvocationID", "--value", unit).strip() for host in site.hosts(group)}


@contextlib.contextmanager
def gap_of(writers: Writers, measured: Measured, what: str, most: float) -> Iterator[None]:
    """The longest time without an acknowledged row while something is done."""
    began = time.monotonic()
    yield
    writers.wait_for_rows(20)
    gap = writers.record.longest_gap(began, time.monotonic())
    measured(f"{what}: write gap {gap:.2f} s (ceiling {most:g} s), {time.monotonic() - began:.0f} s in all")
    assert gap <= ceiling(most)


def test_report_has_every_certificate_as_the_hosts_have_it(site: Site, tmp_path: Path) -> None:
    """And nothing else; what it says is what openssl reads on the host."""
    found = reported(site, tmp_path)
    expected = {("app1", "registry"), ("controller", OLD)} | {
        (host, name) for host in site.hosts("etcd") for name in ("etcd", "postgresql")
    }
    assert set(found) == expected
    assert all(row["state"] == "ok" and row["issuer"] in (OLD, "itself") for row in found.values())
    assert all(row["days"] in (89, 90) for key, row in found.items() if key[0] != "controller")
    assert found["db1", "postgresql"]["units"] == ["patroni.service"] and found["db1", "etcd"]["units"] == ["etcd.service"]
    said = site.read("db1", "openssl", "x509", "-noout", "-serial", "-in", "/etc/vannah/pki/etcd/cert.pem")
    assert said.strip() == f"serial={found['db1', 'etcd']['serial']}"


def test_rotation_of_all_certificates(site: Site, tmp_path: Path, writers: Writers, measured: Measured) -> None:
    """Check mode changes nothing. Every key and certificate is another one, no member is restarted, the registry is."""
    before = reported(site, tmp_path)
    old_keys = keys(site, before)
    shown = verb(site, "rotate_certificates", "--check")
    assert "db3: etcd (/etc/vannah/pki/etcd/cert.pem), used by etcd.service" in shown
    assert leaves(reported(site, tmp_path)) == leaves(before) and keys(site, before) == old_keys
    members = started(site, "etcd", "etcd"), started(site, "patroni", "postgresql"), started(site, "haproxy", "postgresql_client")
    registry = started(site, "docker-registry", "registry")
    with gap_of(writers, measured, "rotation of all certificates", 2):
        verb(site, "rotate_certificates")
    after = reported(site, tmp_path)
    new_keys = keys(site, after)
    assert [key for key in leaves(before) if leaves(after)[key] == leaves(before)[key] or new_keys[key] == old_keys[key]] == []
    assert members == (started(site, "etcd", "etcd"), started(site, "patroni", "postgresql"), started(site, "haproxy", "postgresql_client"))
    assert started(site, "docker-registry", "registry") != registry, "it reads its certificate at its start"
    site.converge_unchanged()
    # The database shows the new one to clients.
    served = site.read(
        "db1",
        "sh",
        "-c",
        "openssl s_client -starttls postgres -connect 127.0.0.1:5432 </dev/null 2>/dev/null | openssl x509 -noout -serial",
    )
    assert served.strip() == f"serial={after['db1', 'postgresql']['serial']}"


@LONG
def test_rotation_of_one_component(site: Site, tmp_path: Path) -> None:
    """The others keep their certificates."""
    before = leaves(reported(site, tmp_path))
    verb(site, "rotate_certificates", certificate_components="etcd")
    after = leaves(reported(site, tmp_path))
    assert {key for key in before if before[key] != after[key]} == {(host, "etcd") for host in site.hosts("etcd")}


def test_revoked_certificate_is_replaced_and_on_every_hosts_list(site: Site, tmp_path: Path) -> None:
    """Only that one is replaced, and openssl refuses the old one with the list that each host has."""
    before = reported(site, tmp_path)
    serial = str(before["db1", "etcd"]["serial"])
    old = site.read("db1", "cat", "/etc/vannah/pki/etcd/cert.pem")
    shown = verb(site, "revoke_certificate", "--check", certificate_host="db1", certificate_name="etcd")
    assert f"revoked: {serial.lstrip('0')}" in shown
    assert leaves(reported(site, tmp_path)) == leaves(before)
    verb(site, "revoke_certificate", certificate_host="db1", certificate_name="etcd")
    after = reported(site, tmp_path)
    assert {key for key in leaves(before) if leaves(after)[key] != leaves(before)[key]} == {("db1", "etcd")}
    for host in site.hosts("all"):
        site.run(host, "tee", "/tmp/old.pem", stdin=old)
        argv = ["openssl", "verify", "-crl_check", "-CAfile", "/etc/vannah/pki/ca.crt", "-CRLfile", "/etc/vannah/pki/ca.crl"]
        done = site.run(host, *argv, "/tmp/old.pem", check=False)
        assert "certificate revoked" in done.stderr, host
        if host in site.hosts("etcd"):
            assert site.run(host, *argv, "/etc/vannah/pki/etcd/cert.pem", check=False).returncode == 0
        site.run(host, "rm", "/tmp/old.pem")
    site.converge_unchanged()


def authorities(site: Site, host: str) -> list[str]:
    """What a host's record says of its authorities, sorted."""
    return sorted(one["called"] for one in json.loads(site.read(host, "cat", "/var/lib/vannah/site.json"))["authorities"])


def test_ca_is_not_rotated_without_a_host(site: Site) -> None:
    """A host that misses a step would be refused afterwards; check mode makes no authority."""
    done = site.playbook("pki/rotate_ca.yml", "--limit", "db1,db2,db3")
    assert done.returncode != 0 and "app1 cannot be asked" in done.stdout, done.stdout[-3000:]
    shown = verb(site, "rotate_ca", "--check")
    assert all(f"{number}. " in shown for number in (1, 2, 3)) and NEW in shown
    assert not (site.inventory / "pki" / "next.key").exists()


@pytest.fixture
def behind(site: Site) -> Iterator[Site]:
    """A checkout as the site is now."""
    # Where the keys of the test servers are is told by the inventory's folder.
    place = site.inventory.parent.with_name(f".second-{site.inventory.parent.name}")
    shutil.copytree(site.inventory, place / "inventory")
    arguments = [*site.arguments, "-e", f"server_scenario={site.inventory.parent.name}"]
    yield Site(place / "inventory", arguments, main_playbook=site.main_playbook)
    shutil.rmtree(place)


def test_ca_is_rotated_with_clients_attached(
    site: Site, tmp_path: Path, clients: Clients, behind: Site, writers: Writers, measured: Measured
) -> None:
    """Held after the first step, killed in the second, continued: no acknowledged row is lost, and the old CA is trusted nowhere."""
    pki = site.inventory / "pki"
    before = reported(site, tmp_path)
    shutil.copy(pki / "ca.crt", tmp_path / "old.crt")
    etcd = started(site, "etcd", "etcd")

    with gap_of(writers, measured, "both authorities are trusted", 5):
        said = verb(site, "rotate_ca", certificate_ca_hold=True)
    assert "both authorities are trusted everywhere" in said
    assert all(authorities(site, host) == [OLD, NEW] for host in site.hosts("all"))
    assert not set(started(site, "etcd", "etcd").items()) & set(etcd.items()), "each member was restarted, although the policy is manual"
    assert leaves(reported(site, tmp_path)) == leaves(before), "the old one signs"
    site.converge_unchanged()
    clients.trust(pki / "ca.crt", pki / "next.crt")

    with site.start_playbook("pki/rotate_ca.yml") as process:
        printed = ""
        while not (pki / "previous.key").exists():
            line = process.stdout.readline() if process.stdout else ""
            assert line, f"it ended before the second step:\n{printed[-3000:]}"
            printed += line
        time.sleep(8)
        os.killpg(process.pid, signal.SIGKILL)
    assert (pki / "previous.key").exists() and not (pki / "next.key").exists()

    with gap_of(writers, measured, "the new authority alone", 5):
        said = verb(site, "rotate_ca")
    assert "a rotation that was begun is continued" in said and "recovery kit" in said
    assert sorted(path.name for path in pki.iterdir() if path.suffix in (".key", ".crt")) == ["ca.crt", "ca.key"]
    clients.trust(pki / "ca.crt")
    after = reported(site, tmp_path)
    assert {row["issuer"] for key, row in after.items() if key[0] != "controller"} == {NEW}
    for host in site.hosts("all"):
        assert authorities(site, host) == [NEW]
        assert site.read(host, "cat", "/etc/vannah/pki/ca.crt").strip() == (pki / "ca.crt").read_text().strip()
        assert (
            site.run(host, "openssl", "verify", "-CAfile", "/etc/ssl/certs/ca-certificates.crt", "/etc/vannah/pki/ca.crt").returncode == 0
        )
        site.run(host, "tee", "/tmp/old.crt", stdin=(tmp_path / "old.crt").read_text())
        old = site.run(host, "openssl", "verify", "-CAfile", "/etc/ssl/certs/ca-certificates.crt", "/tmp/old.crt", check=False)
        assert old.returncode != 0, f"{host} trusts the old authority"
        site.run(host, "rm", "/tmp/old.crt")
    site.converge_unchanged()

    # A checkout from before is not this site's any more.
    done = behind.playbook("site.yml")
    assert done.returncode != 0 and "contact-other-site" in re.sub(r"\s+", " ", done.stdout), done.stdout[-3000:]
