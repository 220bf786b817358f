# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers: remote stores that a lifecycle moves objects to. Each remote answers before anything is declared."""

from __future__ import annotations

from ...core.model import AgentError, Step
from .documents import read_lifecycle
from .s3 import S3, Refused, Silent, check_endpoint, parse_xml, refusal, unreachable
from .seal import seal
from .state import read_tiers
from .wanted import bucket_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal

    from ...core.model import Context
    from .types import Fixed, Sealed, Tier, TierNow, TiersParams

#: What a tier keeps for its life: MinIO changes credentials only.
FIXED: tuple[Fixed, ...] = ("type", "endpoint", "bucket", "prefix", "region", "storage_class")
_RESERVED = ("STANDARD", "REDUCED_REDUNDANCY")
_KEYS: dict[Sealed, str] = {
    "endpoint": "Endpoint",
    "access_key": "AccessKey",
    "secret_key": "SecretKey",
    "bucket": "Bucket",
    "prefix": "Prefix",
}


def wanted(item: Tier) -> Tier:
    """A tier, checked.

    :raises AgentError: ``bad-tier``, ``bad-endpoint``, ``bad-bucket-name``
    """
    name = item["name"]
    if not name or name != name.upper() or name in _RESERVED or not name.isprintable():
        raise AgentError("bad-tier", f"tier {name!r}: a tier's name is in capitals and not {' or '.join(_RESERVED)}")
    if item["state"] == "absent":
        return item
    missing = [option for option in ("endpoint", "bucket", "access_key", "secret_key") if not item[option]]
    if missing:
        raise AgentError("bad-tier", f"tier {name}: {', '.join(missing)} is missing")
    if item["storage_class"] and item["type"] != "s3":
        raise AgentError("bad-tier", f"tier {name}: only type s3 has a storage_class")
    prefix = item["prefix"].strip("/")
    return {
        **item,
        "endpoint": check_endpoint(item["endpoint"], f"tier {name}: endpoint"),
        "bucket": bucket_name(item["bucket"]),
        "prefix": prefix,
    }


def plan(s3: S3, tiers: list[Tier], params: TiersParams) -> tuple[list[Step], list[str]]:
    """The steps, and the names of all tiers that will be there.

    :raises Silent: the store itself does not answer
    :raises AgentError: ``tier-silent``, ``tier-refused``, ``tier-fixed``, ``tier-in-use``, ``minio-refused``
    """
    try:
        known = read_tiers(s3)
        steps = [step for tier in tiers for step in _tier(s3, tier, known.get(tier["name"]), params)]
    except Refused as error:
        raise refusal(s3, "list the tiers", error) from error
    names = set(known) | {tier["name"] for tier in tiers if tier["state"] == "present"}
    return steps, sorted(names - {tier["name"] for tier in tiers if tier["state"] == "absent"})


def plan_unseen(s3: S3, tiers: list[Tier]) -> list[Step]:
    """What would be done where no store answers yet, in check mode."""
    return [_add(s3, tier) for tier in tiers if tier["state"] == "present"]


def _tier(s3: S3, tier: Tier, now: TierNow | None, params: TiersParams) -> list[Step]:
    name = tier["name"]
    if tier["state"] == "absent":
        if now is None:
            return []
        _refuse_used(s3, name)
        return [Step("tier", f"tier {name}", "remove", "", _diff(s3.ctx, name, now, {}), _remove(s3, name))]
    if now is None:
        _probe(s3.ctx, tier, params, empty=True)
        return [_add(s3, tier)]
    fixed = [option for option in FIXED if (tier[option] or option != "region") and _same(tier[option]) != _same(now[option])]
    if fixed:
        said = ", ".join(f"{option} is {now[option]!r}, asked for is {tier[option]!r}" for option in fixed)
        raise AgentError(
            "tier-fixed", f"tier {name} exists and cannot be moved: {said}. Objects are in it: declare another tier with another name"
        )
    # An access key has one secret: where the given one fits and the store gets in with what it has, they are the same.
    try:
        _probe(s3.ctx, tier, params, empty=False)
    except AgentError as error:
        if error.code != "tier-silent" or tier["access_key"] != now["access_key"]:
            raise
        # It is declared as asked for, and what else is asked of the store does not wait for its remote.
        said = error.msg.partition(": nothing was declared")[0]
        s3.ctx.warn(f"{said}: objects in it cannot be read until it does, and a new secret_key of it is applied only then.")
        return []
    if tier["access_key"] == now["access_key"] and _works(s3, name):
        return []
    shown = {"access_key": now["access_key"], "secret_key": "(set)"}, {"access_key": tier["access_key"], "secret_key": "(another)"}
    return [Step("tier", f"tier {name}", "update", "credentials", _diff(s3.ctx, name, *shown), _edit(s3, tier))]


def _same(text: str) -> str:
    return text.strip("/")


def _works(s3: S3, name: str) -> bool:
    """Whether the store gets at the remote with the credentials it has; the secret itself cannot be read back."""
    try:
        s3.admin("GET", f"tier/{name}")
    except Refused:
        return False
    return True


def _probe(ctx: Context, tier: Tier, params: TiersParams, empty: bool) -> None:
    """Ask the remote with the tier's credentials: it answers, they are valid, the bucket exists and contains no foreign objects."""
    where = f"tier {tier['name']}: {tier['endpoint']}"
    remote = S3(
        ctx, tier["endpoint"], tier["access_key"], tier["secret_key"], params["ca"] or "", tier["region"], params["timeout"], system=True
    )
    query = {"list-type": "2", "max-keys": "1", **({"prefix": f"{tier['prefix']}/"} if tier["prefix"] else {})}
    try:
        answer = remote.ask("GET", f"/{tier['bucket']}", query)
    except Silent as error:
        raise _silent(where, error) from error
    except Refused as error:
        if error.status >= 500:
            raise _silent(where, error) from error
        if ctx.check and error.code == "NoSuchBucket":
            ctx.warn(f"{where} has no bucket {tier['bucket']} yet: this is refused unless a task before this one makes it.")
            return
        hints = {"NoSuchBucket": f"there is no bucket {tier['bucket']}: create it there first"}
        hint = hints.get(error.code, "correct access_key, secret_key, bucket or region")
        raise AgentError(
            "tier-refused", f"{where} refused to list bucket {tier['bucket']} ({error}): nothing was declared; {hint}"
        ) from error
    finally:
        remote.close()
    if empty and parse_xml(answer.data).find("Contents") is not None:
        text = f"{where}: bucket {tier['bucket']} has objects under {tier['prefix'] or 'its top'}"
        raise AgentError("tier-in-use", f"{text}: a new tier needs a place of its own, give another prefix")


def _silent(where: str, error: Exception) -> AgentError:
    text = f"{where} does not answer ({error}): nothing was declared. Start it, or correct endpoint, and run again"
    return AgentError("tier-silent", text)


def _refuse_used(s3: S3, name: str) -> None:
    import io
    import zipfile

    users = []
    with zipfile.ZipFile(io.BytesIO(s3.admin("GET", "export-bucket-metadata").data)) as archive:
        for entry in archive.namelist():
            if entry.endswith("/lifecycle.xml"):
                rules = read_lifecycle(archive.read(entry)).values()
                if any(name in (rule.get("tier"), rule.get("noncurrent_tier")) for rule in rules):
                    users.append(entry.partition("/")[0])
    if users and s3.ctx.check:
        s3.ctx.warn(
            f"tier {name} is named by the lifecycle of {', '.join(sorted(users))}: it is not "
            f"removed unless an earlier task removes those rules."
        )
    elif users:
        raise AgentError("tier-in-use", f"tier {name} is named by the lifecycle of {', '.join(sorted(users))}: remove those rules first")


def _diff(ctx: Context, name: str, before: Mapping[str, object], after: Mapping[str, object]) -> Any:
    if not ctx.diff:
        return None
    texts = ["".join(f"{key}: {value}\n" for key, value in values.items()) for values in (before, after)]
    return {"before_header": f"tier {name}", "after_header": f"tier {name}", "before": texts[0], "after": texts[1]}


def _add(s3: S3, tier: Tier) -> Step:
    options: tuple[Literal[Fixed, "access_key"], ...] = (*FIXED, "access_key")
    shown = {option: tier[option] for option in options if tier[option]} | {"secret_key": "(set)"}

    def apply(_ctx: Context) -> None:
        name, kind = tier["name"], {"minio": "MinIO", "s3": "S3"}[tier["type"]]
        inside = {key: tier[option] for option, key in _KEYS.items()} | {"Name": name, "Region": tier["region"]}
        if tier["storage_class"]:
            inside["StorageClass"] = tier["storage_class"]
        body = {"Version": "v1", "Type": tier["type"], "Name": name, kind: inside}
        s3.insist(f"make tier {name}", "PUT", "/minio/admin/v3/tier", {"force": "false"}, seal(s3.secret_key, body))

    return Step("tier", f"tier {tier['name']}", "create", tier["type"], _diff(s3.ctx, tier["name"], {}, shown), apply)


def _edit(s3: S3, tier: Tier) -> Callable[[Context], None]:
    def apply(_ctx: Context) -> None:
        body = {"access": tier["access_key"], "secret": tier["secret_key"]}
        path = f"/minio/admin/v3/tier/{tier['name']}"
        s3.insist(f"change the credentials of tier {tier['name']}", "POST", path, None, seal(s3.secret_key, body))

    return apply


def _remove(s3: S3, name: str) -> Callable[[Context], None]:
    def apply(_ctx: Context) -> None:
        try:
            s3.admin("DELETE", f"tier/{name}")
        except Refused as error:
            if error.code != "XMinioAdminTierNotFound":
                made = refusal(s3, f"remove tier {name}", error)
                raise AgentError("tier-in-use", f"{made.msg}; it cannot be removed while it contains objects") from error
        except Silent as error:
            raise unreachable(s3, error) from error

    return apply
