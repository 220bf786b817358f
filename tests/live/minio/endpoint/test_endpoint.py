# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site whose objects are kept by an endpoint that is not its own (``object_store_backend: s3``).

It is a site of its own with one host, and the endpoint is the store of the scenario's site: it is spoken to as S3 and by nothing else, with
the keys of a user that its owner made. No other S3 than MinIO's answers these tests.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.live.lib.site import Site
from tests.live.minio.store import Store

HOST = "speaker"
#: The end of its address, which the scenario's site lets in: inventory/group_vars/all/clients.yml.
END = ".21"
CA = "/etc/ssl/endpoint.crt"
OWNER = "foreign"
READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::s3-exchange/public/*"}
BUCKETS: list[dict[str, Any]] = [
    {
        "name": "s3-archive",
        "object_lock": {"mode": "governance", "days": 30},
        "encryption": "sse-s3",
        "tags": {"class": "phi"},
        "lifecycle": [{"id": "old", "noncurrent_days": 60, "newer_noncurrent_versions": 3}],
    },
    {
        "name": "s3-exchange",
        "versioning": "enabled",
        "policy": {"Statement": [READ]},
        "lifecycle": [{"id": "inbox", "prefix": "inbox/", "expiry_days": 7}, {"id": "marks", "expired_delete_markers": True}],
    },
]
VERBS = (
    "minio/info.yml",
    "minio/heal.yml",
    "minio/replace_drive.yml",
    "minio/add_pool.yml",
    "minio/update.yml",
    "minio/rotate_credentials.yml",
    "minio/rolling_restart.yml",
)


@pytest.fixture(scope="module")
def store(site: Site) -> Store:
    """The endpoint, with the eyes of its owner."""
    return Store.of(site)


@pytest.fixture(scope="module")
def keys(site: Site, store: Store) -> dict[str, str]:
    """Keys of a user that may do everything with buckets and nothing with the server."""
    secret = secrets.token_urlsafe(30)
    site.run(store.hosts[0], "minio-mc", "admin", "user", "add", "site", stdin=f"{OWNER}\n{secret}\n")
    site.run(store.hosts[0], "minio-mc", "admin", "policy", "attach", "site", "readwrite", "--user", OWNER)
    return {"object_store_access_key": OWNER, "object_store_secret_key": secret}


@pytest.fixture(scope="module")
def password(site: Site) -> str:
    """The file with the vault password, which the other site has too."""
    return site.arguments[list(site.arguments).index("--vault-password-file") + 1]


@pytest.fixture(scope="module")
def other(site: Site, store: Store, keys: dict[str, str], password: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The other site: a folder as a person would write it, and a server with nothing on it."""
    folder = tmp_path_factory.mktemp("endpoint")
    keeps = folder / "keys"
    network = site.address(store.hosts[0]).rpartition(".")[0]
    variables = {
        "ansible_host": network + END,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(keeps / "ssh_key"),
        "ansible_ssh_common_args": f'-o IdentitiesOnly=yes -o UserKnownHostsFile="{keeps}/known_hosts"',
        "server_network": site.network,
        "server_container": f"{site.network}-{HOST}",
        "site_name": "endpoint",
        "site_domain": "endpoint.vannah.internal",
        "site_own_variables": ["server_*"],
        "object_store_backend": "s3",
        "object_store_endpoint": f"https://{site.address(store.hosts[0])}:9000",
        "object_store_region": "eu-central-1",
        "object_store_ca": CA,
        "minio_buckets": BUCKETS,
    }
    inventory = folder / "site"
    inventory.mkdir()
    write(inventory / "hosts.yml", {"all": {"vars": variables, "children": {"object_store": {"hosts": {HOST: None}}}}})
    write(inventory / "containers.yml", {"subnet": f"{network}.0/24", "servers": {}})
    vault(inventory / "secrets.yml", keys, password)
    made = Site(inventory, site.arguments)
    try:
        created = made.playbook("../tests/servers/create.yml")
        assert created.returncode == 0, created.stdout[-4000:]
        made.docker("cp", str(site.inventory / "pki" / "ca.crt"), f"{made.container(HOST)}:{CA}")
        yield made
    finally:
        site.docker("rm", "--force", "--volumes", str(variables["server_container"]), check=False)


def write(path: Path, data: Any) -> None:
    """A file of an inventory."""
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def vault(path: Path, values: dict[str, str], password: str) -> None:
    """Secrets as a person brings them: a vault file that the site did not have before."""
    argv = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file", password, "--output", str(path), "-"]
    subprocess.run(argv, input=yaml.safe_dump(values), text=True, check=True, capture_output=True)


def state(store: Store) -> dict[str, dict[str, Any]]:
    """What the endpoint says of each bucket, asked by a client that is not of our making."""
    client = store.client(store.hosts[0])
    asked = {
        "versioning": client.get_bucket_versioning,
        "lock": client.get_object_lock_configuration,
        "encryption": client.get_bucket_encryption,
        "tags": client.get_bucket_tagging,
        "policy": client.get_bucket_policy,
        "lifecycle": client.get_bucket_lifecycle_configuration,
    }
    found: dict[str, dict[str, Any]] = {}
    for bucket in BUCKETS:
        found[bucket["name"]] = {}
        for what, ask in asked.items():
            try:
                answer = ask(Bucket=bucket["name"])
            except ClientError as error:
                answer = {"none": error.response["Error"]["Code"]}
            found[bucket["name"]][what] = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    return found


def names(store: Store) -> set[str]:
    """All buckets of the endpoint."""
    return {bucket["Name"] for bucket in store.client(store.hosts[0]).list_buckets()["Buckets"]}


def test_plan_says_what_would_be_made(other: Site, store: Store, keys: dict[str, str]) -> None:
    """Check mode of the play for the object store alone: each bucket with what belongs to it, and nothing is made."""
    done = other.playbook("minio/converge.yml", "--check", "--diff")
    assert done.returncode == 0, done.stdout[-4000:]
    for said in ("+++ after: bucket s3-archive", "+++ after: bucket s3-exchange", "+versioning: enabled", "governance", "+lifecycle inbox"):
        assert said in done.stdout, done.stdout[-4000:]
    assert keys["object_store_secret_key"] not in done.stdout
    assert not names(store) & {bucket["name"] for bucket in BUCKETS}


def test_converge_makes_buckets_and_no_server(other: Site, store: Store, password: str) -> None:
    """A server with nothing on it becomes the site's; the buckets are there, and no server of an object store is."""
    other.converge()
    found = state(store)
    archive, exchange = found["s3-archive"], found["s3-exchange"]
    assert archive["lock"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 30}
    assert archive["versioning"] == exchange["versioning"] == {"Status": "Enabled"}
    assert "AES256" in str(archive["encryption"]) and archive["tags"] == {"TagSet": [{"Key": "class", "Value": "phi"}]}
    assert "public/*" in str(exchange["policy"])
    assert {rule["ID"] for rule in exchange["lifecycle"]["Rules"]} == {"inbox", "marks"}
    assert other.run(HOST, "systemctl", "cat", "minio.service", check=False).returncode != 0
    for path in ("/usr/local/bin/minio", "/etc/minio", "/var/lib/vannah-minio", "/usr/local/sbin/minio-mc"):
        assert other.run(HOST, "test", "-e", path, check=False).returncode != 0, path
    rules = other.run(HOST, "nft", "list", "ruleset").stdout
    assert "dport" in rules and "9000" not in rules and "9001" not in rules
    argv = [str(Path(sys.executable).with_name("ansible-vault")), "view", "--vault-password-file", password]
    held = subprocess.run([*argv, str(other.inventory / "secrets.yml")], capture_output=True, text=True, check=True).stdout
    assert not [name for name in yaml.safe_load(held) if name.startswith("minio_")]


def test_second_run_changes_nothing(other: Site, store: Store) -> None:
    """0 changed, no service restarted, the endpoint as it was."""
    before = state(store)
    other.converge_unchanged()
    assert state(store) == before


def test_what_a_person_changed_is_put_back(other: Site, store: Store) -> None:
    """Another versioning, retention, set of tags and lifecycle, and a policy that is gone: seen by check mode, put back by a run."""
    before = state(store)
    client = store.client(store.hosts[0])
    client.put_bucket_versioning(Bucket="s3-exchange", VersioningConfiguration={"Status": "Suspended"})
    client.delete_bucket_policy(Bucket="s3-exchange")
    client.delete_bucket_lifecycle(Bucket="s3-exchange")
    client.put_bucket_tagging(Bucket="s3-archive", Tagging={"TagSet": [{"Key": "class", "Value": "public"}]})
    shorter = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket="s3-archive", ObjectLockConfiguration=shorter)
    changed = state(store)
    done = other.playbook("minio/converge.yml", "--check", "--diff")
    assert done.returncode == 0 and "-versioning: suspended" in done.stdout and "+tags: " in done.stdout, done.stdout[-4000:]
    assert state(store) == changed != before
    other.converge()
    assert state(store) == before
    other.converge_unchanged()


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_for_servers_say_that_there_are_none(other: Site, verb: str) -> None:
    """One sentence; nothing is held or asked."""
    done = other.playbook(verb)
    assert done.returncode != 0 and "which this site does not manage" in " ".join(done.stdout.split()), done.stdout[-3000:]


def test_what_only_minio_has_is_refused(other: Site) -> None:
    """Before any host is contacted, all at once."""
    extra = (
        '{"minio_users": [{"name": "imaging"}], "minio_tiers": [{"name": "COLD"}], "minio_buckets": [{"name": "a-b-c", "quota": "1TiB"}]}'
    )
    done = other.playbook("site.yml", "-e", extra)
    told = [line for line in done.stdout.splitlines() if line.startswith("object-store-minio-only")]
    assert done.returncode != 0 and len(told) == 3 and "3 errors" in done.stdout, done.stdout[-4000:]
    assert "Check the hosts" not in done.stdout


def test_wrong_keys_and_an_authority_that_is_not_known(other: Site, keys: dict[str, str], password: str) -> None:
    """Each said in words that help, and no key in any of them."""
    untrusted = other.playbook("minio/converge.yml", "-e", '{"object_store_ca": null}')
    assert untrusted.returncode != 0 and "is not trusted by this system" in " ".join(untrusted.stdout.split())
    wrong = keys | {"object_store_secret_key": secrets.token_urlsafe(30)}
    vault(other.inventory / "secrets.yml", wrong, password)
    refused = other.playbook("minio/converge.yml")
    vault(other.inventory / "secrets.yml", keys, password)
    said = " ".join(refused.stdout.split())
    assert refused.returncode != 0 and "the secret key is not that of the access key" in said, refused.stdout[-3000:]
    assert wrong["object_store_secret_key"] not in refused.stdout
