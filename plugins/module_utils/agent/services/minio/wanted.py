# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of buckets, checked and brought into the form that is compared. Nothing here asks a server."""

from __future__ import annotations

from ...core.model import AgentError
from ...lib.plural import counted
from .documents import PLACES
from .policy import bucket_policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .types import Attribute, Bucket, GivenBucket, GivenLock, GivenRule, Lock, Rule, Rules

#: What a bucket has, in the order in which it is set.
ATTRIBUTES: tuple[Attribute, ...] = ("versioning", "object_lock", "encryption", "quota", "tags", "policy", "lifecycle")
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4, "P": 1000**5}
_UNITS |= {f"{unit}I": 1024**power for power, unit in enumerate("KMGTP", 1)}
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; the first one is MinIO's own.
_RESERVED = ("minio",)
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_TAG_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-=._:/@")
#: A year of a retention, as S3 counts it.
YEAR = 365


def bucket(item: GivenBucket) -> Bucket:
    """A bucket as it is to be: ``name``, ``state``, ``drop_data`` and those of :data:`ATTRIBUTES` that are asked for.

    :raises AgentError: ``bad-bucket-name``, ``bad-bucket``, ``bad-lifecycle``, ``bad-policy``, ``lifecycle-below-retention``
    """
    name = bucket_name(item["name"])
    made: Bucket = {"name": name, "state": item["state"], "drop_data": item["drop_data"]}
    if item["state"] == "absent":
        return made
    if item["versioning"] is not None:
        made["versioning"] = item["versioning"]
    if item["object_lock"] is not None:
        made["object_lock"] = _lock(name, item["object_lock"])
        if item["versioning"] == "suspended":
            raise AgentError("bad-bucket", f"bucket {name}: an object lock needs versioning: remove versioning: suspended")
    if item["encryption"] is not None:
        made["encryption"] = item["encryption"]
    if item["quota"] is not None:
        made["quota"] = size(name, item["quota"])
    if item["tags"] is not None:
        made["tags"] = _tags(name, item["tags"])
    if item["policy"] is not None:
        made["policy"] = bucket_policy(name, item["policy"])
    if item["lifecycle"] is not None:
        made["lifecycle"] = lifecycle(name, item["lifecycle"])
    if "lifecycle" in made:
        check_retention(name, made.get("object_lock"), made["lifecycle"])
    return made


def bucket_name(given: object) -> str:
    """A name that S3 takes.

    :raises AgentError: ``bad-bucket-name``
    """
    name = given if isinstance(given, str) else ""
    why = ""
    if not 3 <= len(name) <= 63:
        why = "a name has 3 to 63 characters"
    elif not all(char in "abcdefghijklmnopqrstuvwxyz0123456789.-" for char in name):
        why = "a name is made of small letters, digits, hyphens and dots"
    elif not (name[0].isalnum() and name[-1].isalnum()):
        why = "a name begins and ends with a letter or a digit"
    elif ".." in name or ".-" in name or "-." in name:
        why = "two dots, or a dot beside a hyphen, are not allowed"
    elif name.count(".") == 3 and name.replace(".", "").isdigit():
        why = "an address is not a name"
    elif name in _RESERVED or name.startswith(_PREFIXES) or name.endswith(_SUFFIXES):
        why = "the store keeps such names for itself"
    if why:
        raise AgentError("bad-bucket-name", f"bucket {given!r}: S3 refuses this name: {why}")
    return name


def size(name: str, text: Any) -> int:
    """Bytes: ``500GiB``, ``2TB``, ``1073741824``; ``none`` and ``0`` are no limit.

    :raises AgentError: ``bad-bucket``
    """
    word = str(text).strip().upper().replace(" ", "")
    if word == "NONE":
        return 0
    digits = word.rstrip("KMGTPIB")
    unit = word[len(digits) :].removesuffix("B")
    if not digits.isascii() or not digits.isdigit() or unit not in _UNITS:
        raise AgentError(
            "bad-bucket", f"bucket {name}: quota {text!r}: write a whole number with KiB, MiB, GiB, TiB (or KB, MB, ...), or none"
        )
    return int(digits) * _UNITS[unit]


def retention_days(lock: Lock | None) -> int:
    """Days for which a default retention keeps a version."""
    if not lock:
        return 0
    return int(lock.get("days") or 0) + YEAR * int(lock.get("years") or 0)


def check_retention(name: str, lock: Lock | None, rules: Rules) -> None:
    """No rule expires what the default retention keeps.

    :raises AgentError: ``lifecycle-below-retention``
    """
    kept = retention_days(lock)
    for rule_id, rule in rules.items():
        if not kept or not rule["enabled"]:
            continue
        found = {option: rule[option] for option in ("expiry_days", "noncurrent_days") if rule.get(option, kept) < kept}
        if "newer_noncurrent_versions" in rule and "noncurrent_days" not in rule:
            found["newer_noncurrent_versions (from the first day)"] = rule["newer_noncurrent_versions"]
        for option, days in found.items():
            text = f"bucket {name}: rule {rule_id} has {option} {days}, but the retention keeps every version {counted(kept, 'day')}"
            raise AgentError("lifecycle-below-retention", f"{text}: expire after {counted(kept, 'day')} or later, or shorten the retention")


def lifecycle(name: str, rules: list[GivenRule]) -> Rules:
    """Rules by their id, without the options that are not given.

    :raises AgentError: ``bad-lifecycle``
    """
    made: Rules = {}
    for item in rules:
        rule_id = item["id"]
        where = f"bucket {name}: lifecycle rule {rule_id!r}"
        if not rule_id or len(rule_id) > 255 or rule_id in made:
            raise AgentError("bad-lifecycle", f"{where}: an id has 1 to 255 characters and is there once")
        rule: Rule = {"enabled": item["enabled"], "prefix": item["prefix"]}
        rule |= {option: item[option] for option in PLACES if item[option] not in (None, "") and item[option] is not False}
        made[rule_id] = rule
        for option, value in rule.items():
            low = 0 if option in ("transition_days", "noncurrent_transition_days") else 1
            if isinstance(value, int) and not isinstance(value, bool) and value < low:
                raise AgentError("bad-lifecycle", f"{where}: {option} is {value}; write {low} or more")
        for days, tier in (("transition_days", "tier"), ("noncurrent_transition_days", "noncurrent_tier")):
            if (days in rule) != (tier in rule):
                raise AgentError("bad-lifecycle", f"{where}: {days} and {tier} belong together: give both or none")
        if "expiry_days" in rule and "expired_delete_markers" in rule:
            raise AgentError("bad-lifecycle", f"{where}: expired_delete_markers does not go with expiry_days: make two rules")
        for later, earlier in (("expiry_days", "transition_days"), ("noncurrent_days", "noncurrent_transition_days")):
            if later in rule and rule.get(earlier, -1) >= rule[later]:
                text = f"{where}: {earlier} {rule[earlier]} is not before {later} {rule[later]}: nothing would ever be moved"
                raise AgentError("bad-lifecycle", text)
        if len(rule) == 2:
            raise AgentError(
                "bad-lifecycle", f"{where} does nothing: give it expiry_days, noncurrent_days, transition_days or another action"
            )
    return made


def _lock(name: str, given: GivenLock) -> Lock:
    set_options: Any = {key: value for key, value in given.items() if value is not None}
    lock: Lock = set_options
    if not lock:
        return {}
    if "mode" not in lock or ("days" in lock) == ("years" in lock):
        text = f"bucket {name}: object_lock takes mode with one of days and years, or nothing ({{}}) for a lock without a default retention"
        raise AgentError("bad-bucket", text)
    unit: Literal["days", "years"] = "days" if "days" in lock else "years"
    if not 1 <= lock[unit] <= (36500 if unit == "days" else 100):
        raise AgentError("bad-bucket", f"bucket {name}: object_lock: {unit} is {lock[unit]}; a retention lasts from a day to 100 years")
    return lock


def _tags(name: str, given: dict[str, object]) -> dict[str, str]:
    tags = {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in given.items()}
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.startswith("aws:") or not set(key + value) <= _TAG_LETTERS:
            text = f"bucket {name}: tag {key!r}: a name has 1 to 128 characters and does not begin with aws:, a value at most 256"
            raise AgentError("bad-bucket", f"{text}; letters, digits, spaces and + - = . _ : / @ are allowed")
    if len(tags) > 50:
        raise AgentError("bad-bucket", f"bucket {name}: {counted(len(tags), 'tag')}: at most 50 are allowed")
    return tags
