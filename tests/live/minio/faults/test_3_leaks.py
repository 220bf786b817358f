# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of the object store is found anywhere but in the private files that are meant to hold it.

The secrets are root's, the KMS key, those of users, of a service account and of a tier. As tests/live/postgresql/faults/test_5_leaks.py
does it for the database.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until
from tests.live.minio.store import DRIVE, ERRORS, Store

PLAYBOOK = "minio/converge.yml"
#: Root's credentials for minio-mc: a file of the component whose change asks for no restart.
CLIENT = "/etc/minio/mc/config.json"
#: What the store has, as the role wrote it down on each server.
RECORDED = "/var/lib/vannah-minio/layout.json"
#: Of a second store, which a tier leads to.
REMOTE_UNIT, REMOTE_ENVIRONMENT, REMOTE_PORT = "vannah-test-leak", "/run/vannah-test-leak.env", 9100
#: Where secrets belong on a host, and the modes they may have.
MEANT = {"/etc/minio/secrets.env": {"0640"}, CLIENT: {"0600"}, REMOTE_ENVIRONMENT: {"0600"}}
ROOTS = {"minio_root_user", "minio_root_password", "minio_kms_key"}


@pytest.fixture
def needles(site: Site) -> dict[str, str]:
    """The site's secrets by name, and those of what the test declares."""
    found = stored(site)
    assert ROOTS | {"minio_user_imaging"} <= set(found)
    return found | {name: secrets.token_hex(16) for name in ("leak_user", "leak_account", "leak_tier", "leak_other_tier")}


@pytest.fixture
def remote(site: Site, store: Store, needles: dict[str, str]) -> Iterator[str]:
    """A second store beside the last server, with a bucket; its host. Its environment names a file with the secret, as the role's does."""
    host, own = store.hosts[-1], dataclasses.replace(store, key="cold", secret=needles["leak_tier"])
    text = f"MINIO_ROOT_USER={own.key}\nMINIO_ROOT_PASSWORD={own.secret}\n"
    site.run(host, "install", "-m", "0600", "-o", "minio", "/dev/stdin", REMOTE_ENVIRONMENT, stdin=text)
    unit = [f"--unit={REMOTE_UNIT}", "--collect", "--property=User=minio", f"--property=StateDirectory={REMOTE_UNIT}"]
    unit += ["--setenv=MINIO_CI_CD=1", f"--setenv=MINIO_CONFIG_ENV_FILE={REMOTE_ENVIRONMENT}"]
    server = ["/usr/local/bin/minio", "server", f"--address=:{REMOTE_PORT}", "--certs-dir=/etc/minio/certs", f"/var/lib/{REMOTE_UNIT}"]
    site.run(host, "systemd-run", *unit, *server)
    client = own.client(host, REMOTE_PORT)

    def answers() -> bool:
        with contextlib.suppress(*ERRORS):
            client.list_buckets()
            return True
        return False

    try:
        wait_until(answers, "the second store answers", 40, interval=0.5)
        store.bucket(client, "cold")
        yield host
    finally:
        site.run(host, "systemctl", "stop", f"{REMOTE_UNIT}.service", check=False)
        site.run(host, "rm", "-rf", REMOTE_ENVIRONMENT, f"/var/lib/{REMOTE_UNIT}")


@contextlib.contextmanager
def other_layout(site: Site, host: str) -> Iterator[None]:
    """A server whose store is recorded with one more pool than the inventory has: a change of its component is refused."""
    text = site.run(host, "cat", RECORDED).stdout
    recorded = json.loads(text)
    more = {**recorded["pools"][0], "hosts": ["gone"], "drives": {"gone": ["/srv/minio/gone"]}}
    site.run(host, "tee", RECORDED, stdin=json.dumps({**recorded, "pools": [*recorded["pools"], more]}))
    try:
        yield
    finally:
        site.run(host, "tee", RECORDED, stdin=text)


@pytest.fixture
def declared(site: Site, store: Store, needles: dict[str, str], remote: str, tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    """Arguments that declare a user, a service account and a tier; they are gone afterwards.

    Some secrets are vaulted by themselves, and some are in a vaulted file.
    """
    given = tmp_path / "given"
    given.mkdir()
    single = "".join(vault(site, "encrypt_string", "--stdin-name", name, stdin=needles[name]) for name in ("leak_user", "leak_tier"))
    file = json.dumps({name: needles[name] for name in ("leak_account", "leak_other_tier")})
    (given / "whole.yml").write_text(vault(site, "encrypt", "--output", "-", "-", stdin=file), encoding="utf-8")
    # Without Ansible's tags, which YAML cannot write.
    kept: list[dict[str, Any]] = json.loads(json.dumps(site.values.get(store.hosts[0], "minio_users", [])))
    user = {"name": "leak-probe", "secret": "{{ leak_user }}", "policies": ["readwrite"]}
    account = {"access_key": "leak-probe-key", "user": "leak-probe", "secret_key": "{{ leak_account }}"}
    tier = {"name": "LEAK", "endpoint": f"https://{remote}:{REMOTE_PORT}", "bucket": "cold", "access_key": "cold"}

    def arguments(name: str, secret: str) -> list[str]:
        wanted = {"minio_users": [*kept, user], "minio_service_accounts": [account], "minio_tiers": [{**tier, "secret_key": secret}]}
        (given / f"{name}.yml").write_text(single + yaml.safe_dump(wanted), encoding="utf-8")
        return ["-e", f"@{given / 'whole.yml'}", "-e", f"@{given / name}.yml"]

    yield {
        "changed": arguments("changed", "{{ leak_tier }}"),
        "failed component": arguments("component", "{{ leak_tier }}"),
        # The tier's remote refuses another secret.
        "failed tier": arguments("tier", "{{ leak_other_tier }}"),
    }
    gone = {
        "minio_users": [*kept, {"name": "leak-probe", "state": "absent"}],
        "minio_service_accounts": [{"access_key": "leak-probe-key", "state": "absent"}],
        "minio_tiers": [{"name": "LEAK", "state": "absent"}],
    }
    done = site.playbook(PLAYBOOK, "-e", json.dumps(gone))
    assert done.returncode == 0, done.stdout[-4000:]


def test_no_secret_is_found(site: Site, store: Store, needles: dict[str, str], declared: dict[str, list[str]], tmp_path: Path) -> None:
    """See the module's text."""
    canary = secrets.token_hex(16)
    printed: dict[str, str] = {}
    ended: dict[str, int] = {}
    watched: dict[str, Any] = {}
    runner = tmp_path / "failed tier"
    runner.mkdir()

    def change_the_private_file() -> None:
        site.run(store.hosts[0], "tee", "-a", CLIENT, stdin="\n")

    with watching({"needles": {**needles, CANARY: canary}, "roots": temporary_folders(site, store.hosts)}, watched):
        for name in ("changed", "failed component"):
            change_the_private_file()
            # The component that holds root's credentials and the key is refused.
            with other_layout(site, store.hosts[0]) if name == "failed component" else contextlib.nullcontext():
                done = site.playbook(PLAYBOOK, *declared[name], "--diff", "-vvv")
            printed[name], ended[name] = done.stdout, done.returncode
        change_the_private_file()
        ended["failed tier"] = by_runner(site, runner, declared["failed tier"], PLAYBOOK)
        show_canary(site, store.hosts, canary)

    # The runs were what they are meant to be.
    failed = {name: status != 0 for name, status in ended.items()}
    wanted = {"changed": False, "failed component": True, "failed tier": True}
    assert failed == wanted, "\n".join(text[-3000:] for text in printed.values()) + tails(runner)
    assert CLIENT in printed["changed"] and "tier LEAK" in printed["changed"], printed["changed"][-6000:]
    # Ansible breaks long lines.
    assert "refuses it (exit status 1)" in " ".join(printed["failed component"].split()), printed["failed component"][-6000:]
    artifacts = list(leaks.files(str(runner)))
    kept = [Path(path).read_text(errors="replace") for path in artifacts]
    assert any("refused to list bucket cold" in text for text in kept) and any(CLIENT in text for text in kept), tails(runner)

    # The objects are not searched; what the servers keep beside them on the drives (users, tiers) is.
    roots = ["/", f"{DRIVE}/.minio.sys"]
    there, private = on_hosts(site, store.hosts, needles, canary, MEANT, roots=roots, skipped=["/srv"])
    nothing_found(in_outputs(needles, printed, tmp_path, artifacts) | in_processes(watched) | there)

    # The searches can find something.
    assert private["/etc/minio/secrets.env"] >= ROOTS
    assert private[CLIENT] >= {"minio_root_user", "minio_root_password"}
    assert private[REMOTE_ENVIRONMENT] == {"leak_tier"}
