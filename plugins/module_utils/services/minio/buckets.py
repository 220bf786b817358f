# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of an object store: their names, lifecycles, retention and encryption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ... import documented
from ...agent.lib.plural import counted
from ...agent.services.minio import wanted as minio_wanted
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules.entries import Entry, entries, filled, is_open, refusal, shape, taken
from ...preflight.rules.places import place
from ...preflight.schema import option_of
from ...preflight.texts import Vaulted
from . import entries as store_entries
from .endpoint import BACKEND
from .entries import INVALID

GROUP = "object_store"
VARIABLE = "minio_buckets"
_BUCKET = documented.entry("minio_buckets", "buckets")
_LIFECYCLE_RULE = _BUCKET["lifecycle"]["options"]
_OPTION = option_of(VARIABLE, {"type": "dict", "options": _BUCKET})
#: Days of a lifecycle rule: at least one, of a transition none too.
_DAYS = ("expiry_days", "noncurrent_days", "transition_days", "noncurrent_transition_days", "abort_incomplete_days")
#: What to write for an attribute that the module refuses.
_FIXES = {
    "object_lock": "set mode: governance or compliance, and days or years of 1 or more",
    "versioning": "remove versioning: an object lock brings it",
    "quota": "write a whole number with KiB, MiB, GiB or TiB, as 500GiB, or none",
    "tags": "write at most 50 tags of letters, digits, spaces and + - = . _ : / @",
    "policy": "write none, download, upload, public, or a document: each statement with Effect, Principal, Action, Resource of this bucket",
}

CODES = (
    Code(
        "bucket-name-invalid",
        "S3 does not accept this name for a bucket, or it is listed twice.",
        "Write 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit, and no IP address.",
    ),
    Code(
        "bucket-lifecycle-days",
        "A lifecycle's days are below zero, or zero for a rule that is not a transition.",
        "Write 1 or more days, for a transition also 0, or remove the key.",
    ),
    Code(
        "bucket-expiry-below-retention",
        "A lifecycle would expire what the bucket's retention keeps: it would not work until that ends.",
        "Write as many days as the retention has, or more.",
    ),
    Code(
        "bucket-retention-invalid",
        "A default retention without a mode or a time, or with none above zero.",
        "Set mode, and days or years to 1 or more.",
    ),
    Code(
        "bucket-tier-unknown",
        "A lifecycle moves objects to a tier that the site does not have, or does not say when or where to.",
        "Add the tier to minio_tiers, and set transition_days with tier.",
    ),
    Code(
        "bucket-encryption-without-key",
        "A bucket is to be encrypted (SSE-S3), and the server's key is removed.",
        "Remove MINIO_KMS_SECRET_KEY from minio_settings.",
    ),
    *store_entries.CODES,
)


def check_buckets(site: Site) -> Iterator[Finding]:
    """Every bucket of every host of the group, said once."""
    judged: list[tuple[Any, ...]] = []
    for host in site.members(GROUP):
        where, _variable, source = place(site, host, (VARIABLE,), GROUP)
        asked = (where, source, *(host.get(name) for name in (VARIABLE, "minio_settings", "minio_tiers", BACKEND)))
        if asked in judged:
            continue  # one list for the whole group
        judged.append(asked)
        seen: set[str] = set()
        for index, given in enumerate(entries(host.known(VARIABLE))):
            at = f"{VARIABLE}[{index}]"
            bucket = taken(_BUCKET, given)
            wrong = list(shape(_OPTION, bucket, at))
            found = [(code, f"{at}.{path}", said, fix) for code, path, said, fix in _bucket(host, bucket, seen, usable=not wrong)]
            for code, path, problem, fix in (*wrong, *found):
                yield Finding(code, where, path, problem, fix, source)


def _bucket(host: Host, bucket: Entry, seen: set[str], usable: bool) -> Iterator[tuple[str, str, str, str]]:
    name = bucket.get("name")
    if isinstance(name, str):
        shown = "the name" if isinstance(name, Vaulted) else name
        problem = name_problem(name) or (f"{shown} is listed twice." if name in seen else "")
        seen.add(name)
        if problem:
            yield "bucket-name-invalid", "name", problem, "use a name of 3 to 63 lower-case letters, digits and hyphens"
    if bucket.get("state") == "absent":
        return  # nothing else is asked of it
    settings = host.known("minio_settings")
    keyless = isinstance(settings, Mapping) and "MINIO_KMS_SECRET_KEY" in settings and settings["MINIO_KMS_SECRET_KEY"] is None
    if bucket.get("encryption") == "sse-s3" and keyless and host.known(BACKEND) != "s3":
        problem = "the bucket is to be encrypted, and the server would have no key."
        yield "bucket-encryption-without-key", "encryption", problem, "remove MINIO_KMS_SECRET_KEY from minio_settings"
    refused = set()
    for path, said in _attributes(bucket) if usable else ():
        refused.add(path)
        yield ("bucket-retention-invalid" if path == "object_lock" else INVALID), path, said, _FIXES[path]
    lock = bucket.get("object_lock")
    kept = {} if not usable or is_open(lock) or "object_lock" in refused else lock
    ids: set[str] = set()
    for number, rule in enumerate(entries(bucket.get("lifecycle"))):
        judged = [*_rule(host, rule)]
        judged += _rule_together(name, rule, kept, alone=not judged) if usable else []
        if rule.get("id") in ids:
            judged.append((INVALID, "id", "bad-lifecycle: another rule of the bucket has this id.", "give each rule an id of its own"))
        ids.add(str(rule.get("id")))
        for code, key, said, fix in judged:
            yield code, f"lifecycle[{number}]{key and '.'}{key}", said, fix


def _attributes(bucket: Entry) -> Iterator[tuple[str, str]]:
    """Attributes that the module refuses, each by itself, with what it says."""
    known = {key: value for key, value in bucket.items() if key in minio_wanted.ATTRIBUTES and not is_open(value)}
    good = isinstance(bucket.get("name"), str) and not name_problem(bucket["name"])
    name = bucket["name"] if good else "unknown"
    if not good:
        known.pop("policy", None)  # which names the bucket
    known.pop("lifecycle", None)
    refused: set[str] = set()
    for path, others in (("object_lock", ()), ("versioning", ("object_lock",)), ("quota", ()), ("tags", ()), ("policy", ())):
        if path not in known:
            continue
        part = {key: known[key] for key in (path, *others) if key in known and key not in refused}
        said = refusal({**part, "name": name}, minio_wanted.bucket, filled(_BUCKET, {"name": name, **part}))
        if said:
            refused.add(path)
            yield path, said


def _rule(host: Host, rule: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """What is known of a rule even where parts of it are not."""
    for key in _DAYS:
        days, least = rule.get(key), int(not key.endswith("transition_days"))
        if isinstance(days, int) and not isinstance(days, bool) and days < least:
            yield "bucket-lifecycle-days", key, f"{counted(days, 'day')}.", f"set {key}: {least} or more, or remove it"
    # Elsewhere a tier is a storage class, and each store has its own.
    tiers = UNKNOWN if host.known(BACKEND) == "s3" else host.get("minio_tiers")
    names = [entry.get("name") for entry in entries(tiers) if entry.get("state", "present") == "present"]
    known = {name for name in names if name is UNKNOWN or isinstance(name, str)}
    for key, days in (("tier", "transition_days"), ("noncurrent_tier", "noncurrent_transition_days")):
        tier = rule.get(key)
        if isinstance(tier, str) and tiers is not UNKNOWN and UNKNOWN not in known and tier not in known:
            yield "bucket-tier-unknown", key, f"minio_tiers has no {tier}.", f"add an entry for {tier} to minio_tiers"
        elif (tier is None) != (rule.get(days) is None):
            yield "bucket-tier-unknown", key, f"{key} and {days} belong together.", f"set both {key} and {days}"


def _rule_together(name: Any, rule: Mapping[str, Any], lock: Any, alone: bool) -> Iterator[tuple[str, str, str, str]]:
    """What a rule does as a whole, and what it does to the retention.

    :param alone: no finding about the rule yet
    """
    shown = name if isinstance(name, str) else "unknown"
    if alone and not is_open(rule):
        said = refusal([name, rule], minio_wanted.lifecycle, shown, [filled(_LIFECYCLE_RULE, rule)])
        if said:
            yield (
                INVALID,
                "",
                said,
                "write actions that go together, in the order transition_days before expiry_days, and an id of 1 to 255 characters",
            )
    enabled = rule.get("enabled", True)
    for key in ("expiry_days", "noncurrent_days", "newer_noncurrent_versions"):
        number = rule.get(key)
        if not isinstance(number, int) or number < 1 or (key.startswith("newer") and rule.get("noncurrent_days") is not None):
            continue
        rules = {str(rule.get("id")): {"enabled": enabled is not False, key: number}}
        said = refusal([name, rule], minio_wanted.check_retention, shown, lock, rules)
        if said:
            least = minio_wanted.retention_days(lock)
            needed = f"set {'noncurrent_days' if key.startswith('newer') else key}: {least} or more"
            yield "bucket-expiry-below-retention", key, said, needed


def name_problem(name: str) -> str:
    """Why no store takes a bucket's name; empty where it is good."""
    return refusal(name, minio_wanted.bucket_name, name)


RULES = (check_buckets, *store_entries.RULES)
