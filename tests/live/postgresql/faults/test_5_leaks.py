# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of the site is found anywhere but in the private files that are meant to hold it.

The values are random, so each is its own marker. Runs that change something, and that fail where a secret is available, are made with
``--diff -vvv``, plainly and by ansible-runner, and everything they print and leave is searched. Values that were put there on purpose
(canaries) prove that each search can find something.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.lib import leaks
from tests.live.lib.leak_runs import (
    CANARY,
    by_runner,
    in_outputs,
    in_processes,
    nothing_found,
    on_hosts,
    show_canary,
    stored,
    tails,
    temporary_folders,
    vault,
    watching,
)
from tests.live.postgresql.cluster import Cluster

#: Where secrets belong on a host: path (or folder, with its slash) and the modes it may have.
MEANT = {
    "/etc/patroni/config.yml": {"0600"},
    "/var/lib/postgresql/.vannah_pgpass": {"0600"},
}


@pytest.fixture
def needles(site: Cluster) -> dict[str, str]:
    """The site's secrets by name, and the passwords of two roles that the test declares."""
    found = stored(site)
    assert {"postgresql_superuser", "postgresql_replication", "postgresql_rewind"} <= set(found)
    return {**found, "role_password_vaulted": secrets.token_hex(16), "role_password_in_vaulted_file": secrets.token_hex(16)}


@pytest.fixture
def declared(site: Cluster, needles: dict[str, str], tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    """Arguments that declare roles with passwords, one vaulted by itself and one in a vaulted file; the roles are gone afterwards."""
    single = vault(site, "encrypt_string", "--stdin-name", "leak_password", stdin=needles["role_password_vaulted"])
    whole = vault(site, "encrypt", "--output", "-", "-", stdin=json.dumps({"leak_file_password": needles["role_password_in_vaulted_file"]}))

    def arguments(name: str, more: dict[str, Any], **values: Any) -> list[str]:
        roles = [
            {"name": "leak_probe", "password": "{{ leak_password }}", **more},
            {"name": "leak_probe_of_file", "password": "{{ leak_file_password }}", **more},
        ]
        (tmp_path / f"{name}.yml").write_text(single + yaml.safe_dump({"postgresql_roles": roles, **values}), encoding="utf-8")
        (tmp_path / "whole.yml").write_text(whole, encoding="utf-8")
        return ["-e", f"@{tmp_path / 'whole.yml'}", "-e", f"@{tmp_path / name}.yml"]

    yield {
        "changed": arguments("changed", {}, postgresql_settings={"log_lock_waits": "off"}),
        "changed again": arguments(
            "again", {"settings": {"work_mem": "5MB"}}, postgresql_settings={"log_lock_waits": "off", "log_checkpoints": "off"}
        ),
        # The component that holds the passwords fails; a statement fails behind those that hold a verifier. Settings are tried beforehand.
        "failed component": arguments("component", {}, postgresql_settings={"log_lock_waits": "off", "log_hostname": "on"}),
        "failed statement": arguments("statement", {"member_of": ["pg_database_owner"]}),
    }
    gone = [{"name": "leak_probe", "state": "absent"}, {"name": "leak_probe_of_file", "state": "absent"}]
    site.converge("-e", json.dumps({"postgresql_roles": gone}))


@contextlib.contextmanager
def failing_reload(site: Cluster, host: str) -> Iterator[None]:
    """Patroni on a host does not take over a new configuration."""
    folder = "/run/systemd/system/patroni.service.d"
    site.run(host, "mkdir", "-p", folder)
    site.run(host, "dd", f"of={folder}/fault.conf", stdin="[Service]\nExecReload=\nExecReload=/bin/false\n")
    site.run(host, "systemctl", "daemon-reload")
    try:
        yield
    finally:
        site.run(host, "rm", "-r", folder)
        site.run(host, "systemctl", "daemon-reload")


def test_no_secret_is_found(site: Cluster, needles: dict[str, str], declared: dict[str, list[str]], tmp_path: Path) -> None:
    """See the module's text."""
    site.wait_healthy()
    canary = secrets.token_hex(16)
    hosts = site.hosts("all")
    printed: dict[str, str] = {}
    ended: dict[str, int] = {}
    watched: dict[str, Any] = {}
    with watching({"needles": {**needles, CANARY: canary}, "roots": temporary_folders(site, hosts)}, watched):
        for name in ("changed", "failed component"):
            with failing_reload(site, site.leader()) if name.startswith("failed") else contextlib.nullcontext():
                done = site.playbook(site.main_playbook, *declared[name], "--diff", "-vvv")
            printed[name], ended[name] = done.stdout, done.returncode
        for name in ("changed again", "failed statement"):
            (tmp_path / name).mkdir()
            ended[f"{name} by runner"] = by_runner(site, tmp_path / name, declared[name])
        show_canary(site, hosts, canary)

    # The runs were what they are meant to be.
    failed = {name: status != 0 for name, status in ended.items()}
    wanted = {"changed": False, "failed component": True, "changed again by runner": False, "failed statement by runner": True}
    assert failed == wanted, "\n".join(t[-3000:] for t in printed.values()) + tails(tmp_path)
    private_file = "/etc/patroni/config.yml"
    assert all(private_file in text for text in printed.values()), "the file that holds the passwords was not at stake"
    artifacts = [path for name in ("changed again", "failed statement") for path in leaks.files(str(tmp_path / name))]
    kept = [Path(path).read_text(errors="replace") for path in artifacts]
    assert any("pg_database_owner" in text for text in kept) and any(private_file in text for text in kept)

    # What was printed and kept, what ran, and what lies on the hosts.
    there, private = on_hosts(site, hosts, needles, canary, MEANT, roots=["/"])
    nothing_found(in_outputs(needles, printed, tmp_path, artifacts) | in_processes(watched) | there)

    # The searches can find something.
    find = leaks.finder(needles)
    assert find(f"password={needles['postgresql_superuser']}".encode()) == ["postgresql_superuser"]
    assert private["/etc/patroni/config.yml"] >= {"postgresql_superuser", "postgresql_replication", "postgresql_rewind"}
