# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store that is not the site's (``object_store_backend: s3``): where it is, who may ask it, and what only a managed store has."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules.places import finding, place

GROUP = "object_store"
BACKEND = "object_store_backend"
ENDPOINT = "object_store_endpoint"
REGION = "object_store_region"
SECRETS_FILE = "secrets.yml"
KEYS = ("object_store_access_key", "object_store_secret_key")
DEFAULT_REGION = "us-east-1"
#: One host asks for all: the others have to mean the same.
_ALIKE = (BACKEND, ENDPOINT, REGION, "object_store_ca", "minio_buckets")
#: What only speaks of an endpoint.
_OF_ENDPOINT = (ENDPOINT, REGION, "object_store_ca")
#: Lists of what only MinIO has, and where it is made instead.
_MINIO_ONLY = {
    "minio_users": "remove it, and create users where the endpoint is administered (AWS: IAM), and "
    "set the rights of others in a bucket with its policy",
    "minio_service_accounts": "remove it, and create further credentials where the endpoint is administered (AWS: access keys of IAM)",
    "minio_policies": "remove it, and create users' policies where the endpoint is administered (AWS: IAM), a bucket's in minio_buckets",
    "minio_tiers": "remove it: a lifecycle's tier is a storage class of the endpoint, such as GLACIER",
}
#: Names of AWS (docs.aws.amazon.com/general/latest/gr/s3.html): a region's endpoint, the first one of all, and a bucket before either.
_AWS_REGION = re.compile(r"s3(?:-fips)?[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?")
_AWS_BUCKET = re.compile(r"(?!s3[.-]).+\.s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")

CODES = (
    Code(
        "object-store-endpoint-missing",
        "The site's objects are stored at an endpoint (object_store_backend: s3), and no endpoint is set.",
        "Set object_store_endpoint: its URL.",
    ),
    Code(
        "object-store-endpoint-invalid",
        "The endpoint is not https://name:port, or has a bucket, a path or credentials in "
        "it. http is accepted for a loopback address only.",
        "Set object_store_endpoint: https://name, the port behind a colon where it is not 443, and nothing else.",
    ),
    Code(
        "object-store-endpoint-keys",
        "The keys for the endpoint are not among the site's secrets. The endpoint's owner issues them: none are generated.",
        "Write object_store_access_key and object_store_secret_key into secrets.yml, with ansible-vault edit (or create,"
        " if the file does not exist).",
    ),
    Code(
        "object-store-endpoint-region",
        "The endpoint is that of another region than the one that requests are signed for.",
        "Set object_store_region: the region in the endpoint's name.",
    ),
    Code(
        "object-store-endpoint-unused",
        "An endpoint is described, and the site would set up servers of its own: object_store_backend is not s3.",
        "Set object_store_backend: s3; or remove the variables of the endpoint.",
    ),
    Code(
        "object-store-endpoint-differs",
        "One host connects to the endpoint for all, and the hosts of the group object_store have different values.",
        "Set the variable once, in group_vars/object_store.yml.",
    ),
    Code(
        "object-store-endpoint-nobody",
        "No host is in the group object_store: no host connects to the endpoint, and no bucket is created there.",
        "Put one host into the group object_store.",
        Level.WARNING,
    ),
    Code(
        "object-store-minio-only",
        "Users, policies, tiers and quotas can be created in MinIO only; create the endpoint's where it is administered.",
        "Remove what the message names.",
    ),
    Code(
        "object-store-setting-idle",
        "A setting of an object store server, where the site has none: it has no effect.",
        "Remove the setting; or set object_store_backend: minio.",
        Level.WARNING,
    ),
)


def foreign(site: Site) -> bool:
    """Whether the site's objects are kept by an endpoint that is not the site's."""
    return any(host.known(BACKEND) == "s3" for host in site.members(GROUP))


def servers(site: Site) -> list[Host]:
    """The servers of the site's own store; none where it is kept by an endpoint."""
    return [] if foreign(site) else site.members(GROUP)


def check_endpoint(site: Site) -> Iterator[Finding]:
    """Where the endpoint is, and in which region."""
    for host in site.members(GROUP):
        if host.known(BACKEND) != "s3":
            continue
        given = host.get(ENDPOINT)
        if given is None or given == "":
            problem = "the site's objects are stored at an endpoint, and no endpoint is set."
            fix = f"set {ENDPOINT}: https://s3.eu-central-1.amazonaws.com, or whichever it is"
            yield finding(site, host, (BACKEND,), GROUP, "object-store-endpoint-missing", problem, fix)
        elif isinstance(given, str):
            yield from _judge(site, host, given)


def _judge(site: Site, host: Host, given: str) -> Iterator[Finding]:
    problem = endpoint_problem(given)
    if problem:
        fix = f"set {ENDPOINT}: https://name or https://name:port"
        yield finding(site, host, (ENDPOINT,), GROUP, "object-store-endpoint-invalid", problem, fix)
        return
    name = (urlsplit(given).hostname or "").lower()
    said = _AWS_REGION.fullmatch(name)
    its = DEFAULT_REGION if name == "s3.amazonaws.com" else said[1] if said else ""
    region = host.get(REGION)
    meant = DEFAULT_REGION if region is None else region
    if its and meant is not UNKNOWN and meant != its:
        problem = f"the endpoint is that of {its}, and requests would be signed for {meant}."
        yield finding(site, host, (REGION, ENDPOINT), GROUP, "object-store-endpoint-region", problem, f"set {REGION}: {its}")


def endpoint_problem(given: str) -> str:
    """Why a text is no endpoint; empty where it is one. Never quotes it: there may be credentials in it."""
    try:
        parts = urlsplit(given)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return "this is not a URL, or its port is invalid."
    if parts.scheme not in ("https", "http") or not name or port == 0 or given != given.strip():
        return "this is not a URL that begins with https://."
    if parts.username is not None or parts.password is not None:
        return "there are credentials in it, which belong among the site's secrets."
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return "there is more behind the name and port: buckets are named in minio_buckets."
    if parts.scheme == "http" and not _is_loopback(name):
        return "with http anyone on the network path can read the objects."
    if _AWS_BUCKET.fullmatch(name.lower()) and ".vpce." not in name.lower():
        return "there is a bucket in its name: buckets are named in minio_buckets, and requested after the name (path style)."
    return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def check_keys(site: Site) -> Iterator[Finding]:
    """Both keys are there. A file that does not open is reported elsewhere."""
    if not foreign(site) or any(not file.opened for file in site.secrets):
        return
    for name in KEYS:
        if not any(str(file.values.get(name) or "").strip() for file in site.secrets):
            problem = "the endpoint's owner issues this key, and it is not among the site's secrets."
            fix = f'set {name}: "...", with ansible-vault edit {SECRETS_FILE} (or create, if the file does not exist)'
            yield Finding("object-store-endpoint-keys", SECRETS_FILE, name, problem, fix)


def check_use(site: Site) -> Iterator[Finding]:
    """A host uses the endpoint, and all hosts have the same values."""
    members = site.members(GROUP)
    for host in members:
        if host.get(BACKEND) not in (None, "minio"):
            continue
        for name in _OF_ENDPOINT:
            if host.get(name) is not None:
                problem = f"{BACKEND} is not s3, so servers would be set up and the endpoint never used."
                fix = f"set {BACKEND}: s3, or remove {name}"
                yield finding(site, host, (name,), GROUP, "object-store-endpoint-unused", problem, fix)
    if not foreign(site):
        if not members and any(host.known(BACKEND) == "s3" for host in site.hosts.values()):
            problem = f"no host is in the group {GROUP}, so no bucket is made at the endpoint."
            host = next(host for host in site.hosts.values() if host.known(BACKEND) == "s3")
            fix = f"put one host in the group {GROUP}"
            yield finding(site, host, (BACKEND,), "all", "object-store-endpoint-nobody", problem, fix)
        return
    for name in _ALIKE:
        if len({repr(value) for host in members if (value := host.get(name)) is not UNKNOWN}) > 1:
            problem = "the hosts have different values, and one of them connects for all."
            yield Finding("object-store-endpoint-differs", GROUP, name, problem, f"set {name} once, in group_vars/{GROUP}.yml")


def check_minio_only(site: Site) -> Iterator[Finding]:
    """What a foreign endpoint does not support, or settings without a server."""
    if not foreign(site):
        return
    for host in site.members(GROUP):
        for name, fix in _MINIO_ONLY.items():
            if host.known(name):
                problem = "this exists in MinIO only, and the site's object store is another one."
                yield finding(site, host, (name,), GROUP, "object-store-minio-only", problem, fix)
        yield from _quotas(site, host)
    members = {host.name for host in site.members(GROUP)}
    for definition in site.definitions:
        option = site.schema.options.get(definition.name)
        idle = (
            option is not None and option.role == "minio" and not option.of_site and definition.name not in ("minio_buckets", *_MINIO_ONLY)
        )
        if idle and members.intersection(definition.hosts):
            problem = "the site has no object store server that this setting applies to."
            fix = f"remove {definition.name}"
            yield Finding("object-store-setting-idle", definition.owner, definition.name, problem, fix, definition.source)


def _quotas(site: Site, host: Host) -> Iterator[Finding]:
    where, _variable, source = place(site, host, ("minio_buckets",), GROUP)
    listed: Any = host.known("minio_buckets")
    for index, bucket in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(bucket, Mapping) and bucket.get("quota") not in (None, "none", "0", 0, UNKNOWN):
            problem = "only MinIO supports quotas, and the site's object store is another one."
            fix = "remove quota; set a limit, if the endpoint supports one, where it is administered"
            yield Finding("object-store-minio-only", where, f"minio_buckets[{index}].quota", problem, fix, source)


RULES = (check_endpoint, check_keys, check_use, check_minio_only)
