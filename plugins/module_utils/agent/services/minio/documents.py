# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents a bucket has, read from and written to the XML of S3's interface.

Reading gives the same form that :mod:`.minio_wanted` makes of what is asked for, so that two of them are equal or differ.
Elements: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html.
"""

from __future__ import annotations

from .s3 import parse_xml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .types import Lock, Option, Rule, Rules

_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
#: Option of a rule -> where its number or text stands, in the order S3 wants the elements.
PLACES: dict[Option, str] = {
    "expiry_days": "Expiration/Days",
    "expired_delete_markers": "Expiration/ExpiredObjectDeleteMarker",
    "transition_days": "Transition/Days",
    "tier": "Transition/StorageClass",
    "noncurrent_transition_days": "NoncurrentVersionTransition/NoncurrentDays",
    "noncurrent_tier": "NoncurrentVersionTransition/StorageClass",
    "noncurrent_days": "NoncurrentVersionExpiration/NoncurrentDays",
    "newer_noncurrent_versions": "NoncurrentVersionExpiration/NewerNoncurrentVersions",
    "abort_incomplete_days": "AbortIncompleteMultipartUpload/DaysAfterInitiation",
}
_TEXTS = ("tier", "noncurrent_tier")


def escape(text: str) -> str:
    """Text between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# --- versioning, lock, encryption, tags -------------------------------------------------------------------------------------


def read_versioning(data: bytes) -> str:
    """``enabled``, ``suspended`` or ""."""
    return str(parse_xml(data).findtext("Status") or "").lower()


def write_versioning(status: str) -> bytes:
    """The body for ``PUT ?versioning``."""
    return f"<VersioningConfiguration {_XMLNS}><Status>{status.capitalize()}</Status></VersioningConfiguration>".encode()


def read_lock(data: bytes) -> Lock | None:
    """None without a lock; ``{}`` with a lock and no default retention; else ``mode`` and one of ``days`` and ``years``."""
    root = parse_xml(data)
    if root.findtext("ObjectLockEnabled") != "Enabled":
        return None
    found: Lock = {}
    retention = root.find("Rule/DefaultRetention")
    if retention is not None:
        found["mode"] = (retention.findtext("Mode") or "").lower()
        days, years = (int(retention.findtext(unit) or 0) for unit in ("Days", "Years"))
        if days:
            found["days"] = days
        if years:
            found["years"] = years
    return found if found.get("mode") else {}


def write_lock(lock: Lock) -> bytes:
    """The body for ``PUT ?object-lock``."""
    rule = ""
    if lock:
        unit = "days" if "days" in lock else "years"
        number = f"<{unit.capitalize()}>{lock.get(unit)}</{unit.capitalize()}>"
        rule = f"<Rule><DefaultRetention><Mode>{lock['mode'].upper()}</Mode>{number}</DefaultRetention></Rule>"
    text = f"<ObjectLockConfiguration {_XMLNS}><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
    return text.encode()


def read_encryption(data: bytes) -> str:
    """``none``, ``sse-s3``, or what else it is."""
    root = parse_xml(data)
    algorithm = root.findtext(".//SSEAlgorithm") or ""
    key = root.findtext(".//KMSMasterKeyID") or ""
    return {"": "none", "AES256": "sse-s3"}.get(algorithm, f"{algorithm} {key}".strip())


def write_encryption() -> bytes:
    """The body for ``PUT ?encryption``: SSE-S3."""
    rule = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
    return f"<ServerSideEncryptionConfiguration {_XMLNS}>{rule}</ServerSideEncryptionConfiguration>".encode()


def read_tags(data: bytes) -> dict[str, str]:
    """Tags by name."""
    return {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in parse_xml(data).iter("Tag")}


def write_tags(tags: dict[str, str]) -> bytes:
    """The body for ``PUT ?tagging``."""
    said = "".join(f"<Tag><Key>{escape(name)}</Key><Value>{escape(value)}</Value></Tag>" for name, value in sorted(tags.items()))
    return f"<Tagging {_XMLNS}><TagSet>{said}</TagSet></Tagging>".encode()


def write_location(region: str) -> bytes:
    """The body that makes a bucket in a region; the first one of all must not be named."""
    if region == "us-east-1":
        return b""
    where = f"<LocationConstraint>{escape(region)}</LocationConstraint>"
    return f"<CreateBucketConfiguration {_XMLNS}>{where}</CreateBucketConfiguration>".encode()


# --- lifecycle --------------------------------------------------------------------------------------------------------------


def read_lifecycle(data: bytes) -> Rules:
    """Rules by their id. What has no option here is kept under ``other``, so that such a rule equals none of the wanted ones."""
    return {rule.findtext("ID") or f"rule {number}": _read_rule(rule) for number, rule in enumerate(parse_xml(data).iter("Rule"), 1)}


def _read_rule(rule: Any) -> Rule:
    found: Rule = {"enabled": rule.findtext("Status") == "Enabled"}
    found["prefix"] = rule.findtext("Prefix") or rule.findtext("Filter/Prefix") or rule.findtext("Filter/And/Prefix") or ""
    known = {"ID", "Status", "Prefix", "Filter", "Filter/Prefix", "Filter/And", "Filter/And/Prefix", *PLACES.values()}
    known |= {place.partition("/")[0] for place in PLACES.values()}
    for option, place in PLACES.items():
        text = (rule.findtext(place) or "").strip()
        if option in _TEXTS:
            if text:
                found[option] = text
        elif option == "expired_delete_markers":
            if text == "true":
                found[option] = True
        elif text and (int(text) or "transition" in option):
            found[option] = int(text)
    for days, tier in (("transition_days", "tier"), ("noncurrent_transition_days", "noncurrent_tier")):
        if tier in found:
            found.setdefault(days, 0)  # MinIO does not write out a zero
    other = sorted(_unknown(rule, "", known))
    if other:
        found["other"] = ", ".join(other)
    return found


def _unknown(element: Any, where: str, known: set[str]) -> Iterable[str]:
    for child in element:
        place = f"{where}{child.tag}"
        if place not in known:
            said = "".join(child.itertext()).strip()
            if said and said not in ("false", "0"):  # MinIO writes out some that say nothing
                yield f"{place}={said}"
        else:
            yield from _unknown(child, f"{place}/", known)


def write_lifecycle(rules: Rules) -> bytes:
    """The body for ``PUT ?lifecycle``."""
    inside = "".join(_write_rule(name, rules[name]) for name in sorted(rules))
    return f"<LifecycleConfiguration {_XMLNS}>{inside}</LifecycleConfiguration>".encode()


def _write_rule(name: str, rule: Rule) -> str:
    status = "Enabled" if rule["enabled"] else "Disabled"
    parts = [f"<ID>{escape(name)}</ID><Status>{status}</Status><Filter><Prefix>{escape(rule['prefix'])}</Prefix></Filter>"]
    inside: dict[str, str] = {}
    for option, place in PLACES.items():
        if option in rule:
            outer, _slash, inner = place.partition("/")
            value = "true" if rule[option] is True else escape(str(rule[option]))
            inside[outer] = inside.get(outer, "") + f"<{inner}>{value}</{inner}>"
    parts += [f"<{outer}>{text}</{outer}>" for outer, text in inside.items()]
    return f"<Rule>{''.join(parts)}</Rule>"
