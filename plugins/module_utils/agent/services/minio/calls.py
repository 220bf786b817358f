# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store: buckets, tiers, users, and how it is. MinIO wholly; of any other store that speaks S3, the buckets.

What is there is read at once, what is asked for is checked against it, and only then does anything change: the same steps are the
report, the diff and what is done.
"""

from __future__ import annotations

from ...core.model import AgentError
from .s3 import S3, Refused, Silent, connect, refusal, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...core.model import Context, Step
    from ...definition import Params, Result
    from .types import Bucket, Buckets, BucketsParams, Info, InfoParams, Tier, Tiers, TiersParams, Users, UsersParams

#: Seconds between two looks.
INTERVAL = 1.0


def unseen(s3: S3, error: Silent) -> None:
    """No store answers: in check mode everything is reported as to be created.

    :raises AgentError: ``minio-unreachable``, where this is no check
    """
    if not s3.ctx.check:
        raise unreachable(s3, error) from error
    s3.ctx.warn(f"The object store does not answer at {s3.endpoint} ({error}): everything is reported as to be created.")


def buckets(params: BucketsParams, ctx: Context) -> tuple[list[Step], Buckets]:
    """Make the store have the buckets that are listed; what is not listed stays as it is.

    :param params: as the module ``minio_buckets`` documents them, every option present
    :return: steps, and ``{answers, buckets}``: the names of all that will be there
    :raises AgentError: ``minio-unreachable``, ``minio-refused``, or why something that is listed cannot be
    """
    from . import buckets as minio_buckets
    from .state import Store, read
    from .wanted import bucket

    wanted = [bucket(item) for item in params["buckets"]]
    _once("bucket", wanted)
    tiers = any(rule.get("tier") or rule.get("noncurrent_tier") for item in wanted for rule in item.get("lifecycle", {}).values())
    s3 = connect(ctx, params)
    try:
        store = read(s3, params["backend"], [item["name"] for item in wanted], tiers)
    except Silent as error:
        unseen(s3, error)
        store = Store()
        store.minio = params["backend"] != "s3"
    minio_buckets.refuse(s3, wanted, store)
    names = store.names | {item["name"] for item in wanted if item["state"] == "present"}
    result: Buckets = {"answers": store.answers, "buckets": sorted(names - {item["name"] for item in wanted if item["state"] == "absent"})}
    return list(minio_buckets.plan(s3, wanted, store)), result


def tiers(params: TiersParams, ctx: Context) -> tuple[list[Step], Tiers]:
    """Make the store have the tiers that are listed.

    :param params: as the module ``minio_tiers`` documents them
    :return: steps, and ``{answers, tiers}``: the names of all that will be there
    :raises AgentError: ``minio-unreachable``, ``minio-refused``, ``bad-tier``, or why a tier cannot be
    """
    from . import tiers as minio_tiers

    wanted = [minio_tiers.wanted(item) for item in params["tiers"]]
    _once("tier", wanted)
    s3 = connect(ctx, params)
    try:
        steps, names = minio_tiers.plan(s3, wanted, params)
    except Silent as error:
        unseen(s3, error)
        return minio_tiers.plan_unseen(s3, wanted), {"answers": False, "tiers": []}
    return steps, {"answers": True, "tiers": names}


def users(params: UsersParams, ctx: Context) -> tuple[list[Step], Users]:
    """Make the store have the policies, users and service accounts that are listed.

    :param params: as the module ``minio_users`` documents them
    :return: steps, and ``{answers, users}``: the names of all users that will be there
    :raises AgentError: ``minio-unreachable``, ``minio-refused``, or why something that is listed cannot be
    """
    from . import users as minio_users

    s3 = connect(ctx, params)
    made = minio_users.check(s3, params)
    answers = True
    try:
        known = minio_users.read(s3)
    except Silent as error:
        unseen(s3, error)
        known, answers = minio_users.Known(), False
    minio_users.refuse(s3, made, known)
    names = set(known.users) | {user["name"] for user in made["users"] if user["state"] == "present"}
    names -= {user["name"] for user in made["users"] if user["state"] == "absent"}
    return list(minio_users.plan(s3, made, known)), {"answers": answers, "users": sorted(names)}


def info(params: InfoParams, ctx: Context) -> tuple[list[Step], Info]:
    """How the store is.

    :param params: as the module ``minio_info`` documents them; ``wait``: seconds until nothing is wrong, with ``drive`` with that drive
    :return: no steps; ``answers``, ``error``, and what :func:`.minio_info.summary` gives
    :raises AgentError: ``not-in-time``
    """
    import time

    from ...core import waiting
    from . import info as minio_info

    s3 = connect(ctx, params)
    wait = 0 if ctx.check else params["wait"]
    begun = time.monotonic()
    deadline = begun + wait
    while True:
        try:
            result: Info = {"answers": True, "error": "", **minio_info.read(s3), "before": s3.before}
        except (Silent, Refused) as error:
            said = unreachable(s3, error) if isinstance(error, Silent) else refusal(s3, "report its state", error)
            result = {"answers": False, "error": said.msg, **minio_info.summary({}), "before": False}
            result.update({"problems": [said.msg], "lasting_problems": [said.msg]})
        found_wrong = minio_info.problems_of(result, params["drive"])
        if not found_wrong or time.monotonic() >= deadline:
            break
        waiting.tell(ctx, "the object store to be complete", begun, wait, "; ".join(found_wrong))
        time.sleep(ctx.pause(INTERVAL))
    if wait and found_wrong:
        what = f"drive {params['drive']}" if params["drive"] else "the object store"
        raise AgentError("not-in-time", f"{what} was not healthy within {wait} s: {'; '.join(found_wrong)}")
    return [], result


def _once(kind: str, items: Sequence[Bucket] | Sequence[Tier]) -> None:
    names = [item["name"] for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AgentError("listed-twice", f"{kind} {', '.join(twice)} is listed twice: merge the entries")


def _of(module: str, call: str) -> Any:
    """A call that another file of this domain has, loaded when it is made."""

    def made(params: Params, ctx: Context) -> tuple[list[Step], Result]:
        from importlib import import_module

        found: tuple[list[Step], Result] = getattr(import_module(f".{module}", __package__), call)(params, ctx)
        return found

    return made


CALLS = {
    "buckets": buckets,
    "info": info,
    "tiers": tiers,
    "users": users,
    "health": _of("cluster", "health"),
    "running": _of("cluster", "running"),
    "stop": _of("cluster", "stop"),
    "heal": _of("cluster", "heal"),
    "devices": _of("devices", "devices"),
}
