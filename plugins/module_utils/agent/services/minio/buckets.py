# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets: a step for each one that is to be made, changed or removed."""

from __future__ import annotations

from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import documents as documents
from .s3 import Refused, Silent, parse_xml, refusal, unreachable
from .state import is_empty, new
from .wanted import ATTRIBUTES, check_retention

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from ...core.model import Context, Diff
    from .s3 import S3
    from .state import Store
    from .types import Bucket, BucketNow, Rules

    Changes = dict[str, tuple[Any, Any]]

#: Where the value is empty, the document is taken away with DELETE.
_WORDS = {"encryption": "encryption", "tags": "tagging", "policy": "policy", "lifecycle": "lifecycle"}


def refuse(s3: S3, wanted: list[Bucket], store: Store) -> None:
    """Everything that cannot be, told before anything is changed.

    :raises AgentError: ``object-lock-late``, ``lifecycle-below-retention``, ``unknown-tier``, ``bucket-not-empty``, ``not-minio``,
        ``bad-policy``, ``no-kms-key``
    """
    sealed = False
    for bucket in wanted:
        name, now = bucket["name"], store.buckets.get(bucket["name"])
        if bucket["state"] == "absent":
            if now is not None and not bucket["drop_data"] and not is_empty(s3, name):
                text = (
                    f"bucket {name} has objects and would be removed with them: set drop_data: true beside state: absent if that is meant"
                )
                raise AgentError("bucket-not-empty", text)
            continue
        if now is not None:
            _refuse_change(bucket, now)
        if bucket.get("quota") and store.answers and not store.minio:
            text = f"bucket {name}: only MinIO supports quotas, and this store does not identify itself as MinIO"
            raise AgentError("not-minio", f"{text}: remove quota, or set backend: minio")
        if store.minio and any("Action" not in one or "Principal" not in one for one in (bucket.get("policy") or {}).get("Statement", ())):
            text = f"bucket {name}: MinIO does not accept NotAction and NotPrincipal in a bucket's policy"
            raise AgentError("bad-policy", f"{text}: write Action and Principal in their place")
        _tiers_known(s3, bucket, store)
        sealed = sealed or (bucket.get("encryption") == "sse-s3" and (now or new())["encryption"] != "sse-s3")
    if sealed and store.answers and store.minio:
        _has_key(s3)


def _refuse_change(bucket: Bucket, now: BucketNow) -> None:
    name = bucket["name"]
    if "object_lock" in bucket and now["object_lock"] is None:
        text = f"bucket {name} was created without an object lock, and it cannot be added later"
        raise AgentError("object-lock-late", f"{text}: create another bucket with object_lock and copy the objects, or remove object_lock")
    if bucket.get("versioning") == "suspended" and now["object_lock"] is not None:
        text = f"bucket {name} has an object lock, which needs versioning: it cannot be suspended. Remove versioning: suspended"
        raise AgentError("bad-bucket", text)
    lock = bucket.get("object_lock", now["object_lock"])
    if "lifecycle" in bucket or "object_lock" in bucket:
        rules: Rules = bucket["lifecycle"] if "lifecycle" in bucket else now["lifecycle"]
        check_retention(name, lock, rules)


def _tiers_known(s3: S3, bucket: Bucket, store: Store) -> None:
    if store.tiers is None:
        return
    for rule_id, rule in bucket.get("lifecycle", {}).items():
        for option in ("tier", "noncurrent_tier"):
            tier = rule.get(option)
            if tier and tier not in store.tiers:
                text = f"bucket {bucket['name']}: lifecycle rule {rule_id}: there is no tier {tier}"
                if s3.ctx.check:
                    s3.ctx.warn(f"{text} yet: this is refused unless a task before this one makes it.")
                else:
                    known = ", ".join(sorted(store.tiers)) or "none"
                    raise AgentError("unknown-tier", f"{text}; available: {known}. Make it with minio_tiers first, or correct the name")


def _has_key(s3: S3) -> None:
    try:
        s3.ask("GET", "/minio/kms/v1/status")
    except Refused as error:
        if error.status in (501, 404) or "KMS" in error.code:
            text = f"the server at {s3.endpoint} has no key for SSE-S3: set MINIO_KMS_SECRET_KEY (role minio: minio_kms_key) and restart it"
            raise AgentError("no-kms-key", text) from error
        raise refusal(s3, "report whether it has a key for SSE-S3", error) from error
    except Silent as error:
        raise unreachable(s3, error) from error


def plan(s3: S3, wanted: list[Bucket], store: Store) -> Iterator[Step]:
    """The steps, in the order of the list."""
    for bucket in wanted:
        name, now = bucket["name"], store.buckets.get(bucket["name"])
        target = f"bucket {name}"
        if bucket["state"] == "absent":
            if now is not None:
                diff = _diff(s3.ctx, target, {"state": ("present", "absent")})
                detail = "with its objects" if bucket["drop_data"] else ""
                yield Step("bucket", target, "remove", detail, diff, _remove(s3, bucket, now, store.minio))
            continue
        lock = "object_lock" in bucket
        changes = _changes(s3.ctx, bucket, now if now is not None else new(lock), store)
        if now is None:
            shown = {"state": ("absent", "present"), **({"object_lock": (None, {})} if lock else {}), **changes}
            diff = _diff(s3.ctx, target, shown)
            yield Step("bucket", target, "create", ", ".join(changes), diff, _create(s3, name, lock, changes))
        elif changes:
            yield Step("bucket", target, "update", ", ".join(changes), _diff(s3.ctx, target, changes), _update(s3, name, changes))


def _changes(ctx: Context, bucket: Bucket, now: BucketNow, store: Store) -> Changes:
    found: Changes = {}
    for attribute in ATTRIBUTES:
        if attribute not in bucket:
            continue
        value: Any = bucket[attribute]
        if attribute == "lifecycle" and store.minio:
            value = _without_abort(ctx, bucket["name"], value)
        if value != now[attribute]:
            found[attribute] = (now[attribute], value)
    return found


def _without_abort(ctx: Context, name: str, rules: Rules) -> Rules:
    """MinIO drops this action without a message, and does the same by itself after a day."""
    made = {}
    for rule_id, rule in rules.items():
        kept = {option: value for option, value in rule.items() if option != "abort_incomplete_days"}
        if len(kept) < len(rule):
            ctx.warn(
                f"bucket {name}: lifecycle rule {rule_id}: MinIO does not support abort_incomplete_days, and it is ignored; the"
                " server removes incomplete uploads after its api stale_uploads_expiry (24 h)."
            )
        if len(kept) > 2:
            made[rule_id] = kept
    return made


def _diff(ctx: Context, header: str, changes: Changes) -> Diff | None:
    if not ctx.diff:
        return None
    before, after = (_lines({name: pair[side] for name, pair in changes.items()}) for side in (0, 1))
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _lines(values: Mapping[str, Any]) -> str:
    import json

    lines = []
    for name, value in values.items():
        if name == "lifecycle":
            lines += [f"lifecycle {rule_id}: {json.dumps(rule, sort_keys=True)}" for rule_id, rule in sorted(value.items())]
        elif name == "policy" and value:
            lines += [f"policy: {json.dumps(statement, sort_keys=True)}" for statement in value["Statement"]]
        else:
            shown = value if isinstance(value, (str, int)) else json.dumps(value, sort_keys=True)
            lines.append(f"{name}: {'none' if shown in ('', 'null') else shown}")
    return "".join(f"{line}\n" for line in lines)


# --- what the steps do ------------------------------------------------------------------------------------------------------


def _create(s3: S3, name: str, lock: bool, changes: Changes) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if lock else {}
        try:
            s3.ask("PUT", f"/{name}", None, documents.write_location(s3.region), headers)
        except Refused as error:
            if error.code != "BucketAlreadyOwnedByYou":
                taken = error.code == "BucketAlreadyExists"
                made = refusal(s3, f"make bucket {name}", error)
                raise AgentError("bucket-taken", f"{made.msg}; another account has this name, choose another") if taken else made from error
        except Silent as error:
            raise unreachable(s3, error) from error
        _update(s3, name, changes)(ctx)

    return apply


def _update(s3: S3, name: str, changes: Changes) -> Callable[[Context], None]:
    def apply(_ctx: Context) -> None:
        for attribute, (_before, value) in changes.items():
            _put(s3, name, attribute, value)

    return apply


def _put(s3: S3, name: str, attribute: str, value: Any) -> None:
    import json

    what = f"set {attribute.replace('_', ' ')} of bucket {name}"
    path = f"/{name}"
    if attribute == "quota":
        body = json.dumps({"quota": value, "size": value, "quotatype": "hard" if value else ""}).encode()
        s3.insist(what, "PUT", "/minio/admin/v3/set-bucket-quota", {"bucket": name}, body)
    elif attribute == "versioning":
        s3.insist(what, "PUT", path, {"versioning": ""}, documents.write_versioning(value))
    elif attribute == "object_lock":
        s3.insist(what, "PUT", path, {"object-lock": ""}, documents.write_lock(value))
    elif value in (None, "none", {}):
        s3.insist(what, "DELETE", path, {_WORDS[attribute]: ""})
    else:
        bodies: dict[str, Callable[[], bytes]] = {
            "encryption": documents.write_encryption,
            "tags": lambda: documents.write_tags(value),
            "policy": lambda: json.dumps(value).encode(),
            "lifecycle": lambda: documents.write_lifecycle(value),
        }
        s3.insist(what, "PUT", path, {_WORDS[attribute]: ""}, bodies[attribute]())


def _remove(s3: S3, bucket: Bucket, now: BucketNow, minio: bool) -> Callable[[Context], None]:
    name = bucket["name"]

    def apply(_ctx: Context) -> None:
        headers = {}
        if bucket["drop_data"]:
            if minio and now["object_lock"] is None:
                headers = {"x-minio-force-delete": "true"}
            else:
                _empty(s3, name)
        try:
            s3.ask("DELETE", f"/{name}", headers=headers)
        except Refused as error:
            if error.code != "NoSuchBucket":
                raise refusal(s3, f"remove bucket {name}", error) from error
        except Silent as error:
            raise unreachable(s3, error) from error

    return apply


def _empty(s3: S3, name: str) -> None:
    """Every version and every mark of a deletion, a thousand at a time.

    :raises AgentError: ``retained``: a lock keeps some
    """
    query = {"versions": "", "max-keys": "1000"}
    while True:
        root = parse_xml(s3.insist(f"list bucket {name}", "GET", f"/{name}", query).data)
        found = [(one.findtext("Key") or "", one.findtext("VersionId") or "") for one in root if one.tag in ("Version", "DeleteMarker")]
        if found:
            objects = "".join(
                f"<Object><Key>{documents.escape(key)}</Key><VersionId>{documents.escape(version)}</VersionId></Object>"
                for key, version in found
            )
            body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
            answer = s3.insist(f"empty bucket {name}", "POST", f"/{name}", {"delete": ""}, body)
            errors = parse_xml(answer.data).findall("Error")
            if errors:
                first = f"{errors[0].findtext('Key')}: {errors[0].findtext('Message')}"
                kept = counted(len(errors), "version")
                text = f"bucket {name}: {kept} cannot be deleted ({first}); objects under retention can be deleted when it ends"
                raise AgentError("retained", f"{text}: wait, and leave state: absent out until then")
        if root.findtext("IsTruncated") != "true":
            return
