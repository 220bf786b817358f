# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets, tiers, the state of a store and answers, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ...definition import Json, State

Attribute = Literal["versioning", "object_lock", "encryption", "quota", "tags", "policy", "lifecycle"]


class Lock(TypedDict, total=False):
    """A default retention; empty for an object lock without one."""

    mode: str
    days: int
    years: int


#: The options of a lifecycle rule beside its name, whether it is enabled, and its prefix.
_Days = Literal["expiry_days", "transition_days", "noncurrent_transition_days", "noncurrent_days", "abort_incomplete_days"]
Option = Literal[_Days, "expired_delete_markers", "tier", "noncurrent_tier", "newer_noncurrent_versions"]
#: A lifecycle rule by its options: ``enabled``, ``prefix``, those of :data:`.documents.PLACES` and ``other``.
Rule = dict[str, Any]
Rules = dict[str, Rule]


class BucketNow(TypedDict):
    """A bucket as it is; ``object_lock`` is None without a lock, ``quota`` in bytes, 0 for none."""

    versioning: str
    object_lock: Lock | None
    encryption: str
    quota: int
    tags: dict[str, str]
    policy: Json | None
    lifecycle: Rules


class Bucket(TypedDict):
    """A bucket as it is wanted, with the attributes that are asked for."""

    name: str
    state: State
    drop_data: bool
    versioning: NotRequired[str]
    object_lock: NotRequired[Lock]
    encryption: NotRequired[str]
    quota: NotRequired[int]
    tags: NotRequired[dict[str, str]]
    policy: NotRequired[Json | None]
    lifecycle: NotRequired[Rules]


class TierNow(TypedDict):
    """A tier of MinIO."""

    type: str
    endpoint: str
    bucket: str
    prefix: str
    region: str
    access_key: str
    storage_class: str


class Tier(TierNow):
    """A tier as it is wanted."""

    name: str
    state: State
    secret_key: str


Fixed = Literal["type", "endpoint", "bucket", "prefix", "region", "storage_class"]
Sealed = Literal["endpoint", "access_key", "secret_key", "bucket", "prefix"]


class Account(TypedDict):
    """A service account as it is."""

    user: str
    secret: str
    policy: Json | None
    name: str
    description: str


class User(TypedDict):
    """A user as it is."""

    secret: str
    enabled: bool


Listed = Literal["users", "policies", "service_accounts"]


class GivenPolicy(TypedDict):
    """A policy; its document is canonical once it was checked."""

    name: str
    state: State
    document: Any


class GivenUser(TypedDict):
    """A user that is listed."""

    name: str
    state: State
    secret: str | None
    enabled: bool
    policies: list[str] | None


class GivenAccount(TypedDict):
    """A service account that is listed."""

    access_key: str
    state: State
    user: str
    secret_key: str | None
    policy: Any
    name: str | None
    description: str | None


class Wanted(TypedDict):
    """Policies, users and service accounts that are listed, checked, see the module ``minio_users``."""

    users: list[GivenUser]
    policies: list[GivenPolicy]
    service_accounts: list[GivenAccount]


class Server(TypedDict):
    """A server of the store, as it is reported."""

    endpoint: str
    state: str
    version: str
    uptime: int


class Drive(TypedDict):
    """A drive, sizes in bytes."""

    endpoint: str
    path: str
    state: str
    healing: bool
    pool: int
    set: int
    total: int
    used: int
    available: int


class Set(TypedDict):
    """A set of drives that objects are spread over."""

    pool: int
    set: int
    drives: int
    online: int
    healing: int
    write_quorum: int
    capacity: int
    used: int


class Store(TypedDict):
    """The whole store, see :func:`.info.summary`; ``usage`` are numbers and bytes of what it holds."""

    mode: str
    deployment: str
    versions: list[str]
    servers: list[Server]
    parity: int
    sets: list[Set]
    drives: list[Drive]
    healing: int
    usage: dict[str, int]


class Summary(Store):
    """The store, and what is wrong with it."""

    problems: list[str]
    lasting_problems: list[str]


class Info(Summary):
    """What the call ``info`` answers; ``before``: see :class:`.s3.S3`."""

    answers: bool
    error: str
    before: bool


class Seen(TypedDict):
    """What one server says of the store's health; ``status`` is that of HTTP."""

    answers: bool
    status: int
    healing: int
    quorum: int
    error: str


class Health(TypedDict):
    """What the call ``health`` answers."""

    healthy: bool
    healing: int
    problem: str


class Running(TypedDict):
    """What this host's server runs with, see :func:`.cluster.running`."""

    runs: bool
    serves: bool
    binary: bool
    environment: bool
    settings: list[str]
    together: bool


class Damaged(TypedDict):
    """An object that was damaged: drive -> state."""

    name: str
    drives: dict[str, str]
    healed: bool


class Healed(TypedDict):
    """What the call ``heal`` answers."""

    scanned: int
    healed: int
    unhealed: int
    damaged: list[Damaged]
    finished: bool
    token: str


class Buckets(TypedDict):
    """What the call ``buckets`` answers."""

    answers: bool
    buckets: list[str]


class Tiers(TypedDict):
    """What the call ``tiers`` answers."""

    answers: bool
    tiers: list[str]


class Users(TypedDict):
    """What the call ``users`` answers."""

    answers: bool
    users: list[str]


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class Login(TypedDict):
    """How a store is reached."""

    endpoint: str
    access_key: str
    secret_key: str
    ca: str
    region: str
    timeout: int
    own_server: bool


class GivenLock(TypedDict):
    """An object lock as it is written."""

    mode: str | None
    days: int | None
    years: int | None


class GivenRule(TypedDict):
    """A lifecycle rule as it is written."""

    id: str
    enabled: bool
    prefix: str
    expiry_days: int | None
    expired_delete_markers: bool
    transition_days: int | None
    tier: str | None
    noncurrent_days: int | None
    newer_noncurrent_versions: int | None
    noncurrent_transition_days: int | None
    noncurrent_tier: str | None
    abort_incomplete_days: int | None


class GivenBucket(TypedDict):
    """A bucket as it is written."""

    name: str
    state: State
    drop_data: bool
    versioning: str | None
    object_lock: GivenLock | None
    encryption: str | None
    quota: str | None
    policy: Any
    tags: dict[str, object] | None
    lifecycle: list[GivenRule] | None


class BucketsParams(Login):
    """Of ``minio_buckets``."""

    backend: str
    buckets: list[GivenBucket]


class GivenDrive(TypedDict):
    """A drive that is mounted."""

    path: str
    device: str


class DevicesParams(TypedDict):
    """Of ``minio_devices``."""

    drives: list[GivenDrive]
    format: bool
    lost: bool


class HealParams(Login):
    """Of ``minio_heal``; ``token`` is the action's own: of the heal that it continues."""

    bucket: str
    prefix: str
    deep: bool
    wait: int
    token: NotRequired[str]


class HealthParams(TypedDict):
    """Of ``minio_health``."""

    endpoint: str
    ca: str
    interrupt: bool
    wait: int
    settle: int


class InfoParams(Login):
    """Of ``minio_info``."""

    wait: int
    drive: str


class RunningParams(TypedDict):
    """Of ``minio_running``."""

    binary: str
    environment: str
    endpoint: str
    ca: str


class TiersParams(Login):
    """Of ``minio_tiers``."""

    tiers: list[Tier]


class UsersParams(Login):
    """Of ``minio_users``."""

    policies: list[GivenPolicy]
    users: list[GivenUser]
    service_accounts: list[GivenAccount]
