# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of an object store: their names, lifecycles, retention and encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Code, Finding
from ..model import UNKNOWN, Host, Site
from .endpoint import BACKEND
from .places import place

GROUP = "object_store"
VARIABLE = "minio_buckets"
#: Days of a lifecycle rule that have to be at least one.
_DAYS = ("expiry_days", "noncurrent_days", "transition_days", "noncurrent_transition_days", "abort_incomplete_days")
#: As S3 counts a year of a retention.
_YEAR = 365

CODES = (
    Code(
        "bucket-name-invalid",
        "S3 does not take this name for a bucket, or it stands there twice.",
        "3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit, and no IP address.",
    ),
    Code("bucket-lifecycle-days", "A lifecycle's days are zero or less.", "1 or more days, or leave the key out."),
    Code(
        "bucket-expiry-below-retention",
        "A lifecycle would expire what the bucket's retention keeps: it would not work until that ends.",
        "As many days as the retention, or more.",
    ),
    Code(
        "bucket-retention-invalid",
        "A default retention without a mode or a time, or with none above zero.",
        "mode, and days or years of 1 or more.",
    ),
    Code(
        "bucket-tier-unknown",
        "A lifecycle moves objects to a tier that the site does not have, or does not say when or where to.",
        "The tier in minio_tiers, and transition_days with tier.",
    ),
    Code(
        "bucket-encryption-without-key",
        "A bucket is to be encrypted (SSE-S3), and the server's key is taken away.",
        "Nothing in minio_settings for MINIO_KMS_SECRET_KEY.",
    ),
)


def check_buckets(site: Site) -> Iterator[Finding]:
    """Every bucket of every host of the group, said once."""
    for host in site.members(GROUP):
        where, _variable, source = place(site, host, (VARIABLE,), GROUP)
        seen: set[str] = set()
        for index, bucket in enumerate(_entries(host.known(VARIABLE))):
            at = f"{VARIABLE}[{index}]"
            for code, path, problem, remedy in _bucket(host, bucket, seen):
                yield Finding(code, where, f"{at}.{path}", problem, remedy, source)


def _bucket(host: Host, bucket: Mapping[str, Any], seen: set[str]) -> Iterator[tuple[str, str, str, str]]:
    name = bucket.get("name")
    if isinstance(name, str):
        problem = name_problem(name) or (f"{name} stands there twice." if name in seen else "")
        seen.add(name)
        if problem:
            yield "bucket-name-invalid", "name", problem, "a name of 3 to 63 lower-case letters, digits and hyphens"
    settings = host.known("minio_settings")
    keyless = isinstance(settings, Mapping) and "MINIO_KMS_SECRET_KEY" in settings and settings["MINIO_KMS_SECRET_KEY"] is None
    if bucket.get("encryption") == "sse-s3" and keyless and host.known(BACKEND) != "s3":
        problem = "the bucket is to be encrypted, and the server would have no key."
        yield "bucket-encryption-without-key", "encryption", problem, "nothing for MINIO_KMS_SECRET_KEY in minio_settings"
    kept, problem = retention(bucket.get("object_lock"))
    if problem:
        yield "bucket-retention-invalid", "object_lock", problem, "mode: governance or compliance, and days or years of 1 or more"
    for number, rule in enumerate(_entries(bucket.get("lifecycle"))):
        for code, key, said, remedy in _rule(host, rule, kept):
            yield code, f"lifecycle[{number}].{key}", said, remedy


def _rule(host: Host, rule: Mapping[str, Any], kept: int) -> Iterator[tuple[str, str, str, str]]:
    for key in _DAYS:
        days = rule.get(key)
        if isinstance(days, int) and not isinstance(days, bool) and days <= 0:
            yield "bucket-lifecycle-days", key, f"{days} days.", f"{key}: 1 or more, or nothing"
    for key in ("expiry_days", "noncurrent_days"):
        days = rule.get(key)
        if isinstance(days, int) and not isinstance(days, bool) and 0 < days < kept:
            problem = f"it would expire after {days} days what is kept for {kept}."
            yield "bucket-expiry-below-retention", key, problem, f"{key}: {kept} or more"
    # Elsewhere a tier is a storage class, and each store has its own.
    tiers = UNKNOWN if host.known(BACKEND) == "s3" else host.get("minio_tiers")
    known = {entry.get("name") for entry in _entries(tiers) if entry.get("state", "present") == "present"}
    for key, days in (("tier", "transition_days"), ("noncurrent_tier", "noncurrent_transition_days")):
        tier = rule.get(key)
        if isinstance(tier, str) and tiers is not UNKNOWN and UNKNOWN not in known and tier not in known:
            yield "bucket-tier-unknown", key, f"minio_tiers has no {tier}.", f"an entry for {tier} in minio_tiers"
        elif (tier is None) != (rule.get(days) is None):
            yield "bucket-tier-unknown", key, f"{key} and {days} belong together.", f"both {key} and {days}"


def name_problem(name: str) -> str:
    """Why S3 does not take a bucket's name (AmazonS3/latest/userguide/bucketnamingrules.html); empty where it does."""
    if not 3 <= len(name) <= 63:
        return f"{name} has {len(name)} characters."
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", name):
        return f"{name} has other characters than lower-case letters, digits, dots and hyphens, or begins or ends with one of the latter."
    if ".." in name or ".-" in name or "-." in name:
        return f"{name} has a dot beside a dot or hyphen."
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return f"{name} looks like an IP address."
    if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3")):
        return f"{name} begins or ends with what S3 keeps for itself."
    return ""


def retention(lock: Any) -> tuple[int, str]:
    """Days that a bucket keeps everything by default, and what is wrong with the definition."""
    if not isinstance(lock, Mapping) or not any(lock.get(key) is not None for key in ("mode", "days", "years")):
        return 0, ""
    days, years = lock.get("days"), lock.get("years")
    if UNKNOWN in (days, years, lock.get("mode")):
        return 0, ""
    if not lock.get("mode"):
        return 0, "a time without a mode."
    if (days is None) == (years is None):
        return 0, "either days or years is needed."
    time = days if years is None else years
    if not isinstance(time, int) or isinstance(time, bool):
        return 0, ""  # the type check speaks of it
    if time <= 0:
        return 0, f"nothing is kept for {time} {'days' if years is None else 'years'}."
    return time * (1 if years is None else _YEAR), ""


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


RULES = (check_buckets,)
