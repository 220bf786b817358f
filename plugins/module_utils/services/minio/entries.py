# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object store is to hold, entry by entry: the modules' own specs and checks, asked before there is a server to ask.

The checks are those of the agent's domain (pure functions, standard library only), so there is one set of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ... import documented
from ...agent.services.minio import tiers as minio_tiers
from ...agent.services.minio import users as minio_users
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules.entries import Entry, entries, filled, is_open, refusal, shape, taken
from ...preflight.rules.places import place
from ...preflight.schema import Option, option_of
from ...preflight.texts import Vaulted
from .endpoint import GROUP, foreign

INVALID, UNDECLARED = "object-store-entry-invalid", "object-store-entry-undeclared"
CODES = (
    Code(
        "object-store-entry-invalid",
        "The module would refuse an entry of minio_buckets, minio_tiers, minio_policies, minio_users or minio_service_accounts. "
        "The message begins with the module's own code, such as bad-tier.",
        "Correct what the message names.",
    ),
    Code(
        "object-store-entry-undeclared",
        "A user is given a policy that is neither in minio_policies nor MinIO's own, or a service account's user is not in minio_users.",
        "Add the policy to minio_policies or the user to minio_users, or use the name of one that is there.",
    ),
)

#: What stands for a policy that is not known yet.
_DOCUMENT: Entry = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
_STAND_IN_SECRET = "unknown-unknown"


@dataclass(frozen=True)
class Kind:
    """One list: what the module takes of it, its check, and what to write where that refuses.

    :ivar stand_ins: values for what is not known yet, with which the check finds nothing
    """

    variable: str
    key: str
    spec: Mapping[str, Any]
    check: Callable[[Any], Any]
    stand_ins: Entry
    fix: str


KINDS = (
    Kind(
        "minio_tiers",
        "name",
        documented.entry("minio_tiers", "tiers"),
        minio_tiers.wanted,
        {
            "name": "UNKNOWN",
            "state": "absent",
            "type": "s3",
            "endpoint": "https://unknown",
            "bucket": "unknown",
            "access_key": "unknown",
            "secret_key": _STAND_IN_SECRET,
        },
        "write name in capitals, endpoint: https://name:9000, bucket, access_key and secret_key; storage_class only with type: s3",
    ),
    Kind(
        "minio_policies",
        "name",
        documented.entry("minio_users", "policies"),
        minio_users.check_policy,
        {"name": "unknown", "state": "absent", "document": _DOCUMENT},
        f"write name, without a comma and none of {', '.join(minio_users.BUILT_IN)}; document, each statement with Effect, Action and"
        " Resource",
    ),
    Kind(
        "minio_users",
        "name",
        documented.entry("minio_users", "users"),
        minio_users.check_user,
        {"name": "unknown", "state": "absent", "enabled": True},
        "write name of 3 or more characters without = and , and spaces around it; secret of 8 or more characters, or none",
    ),
    Kind(
        "minio_service_accounts",
        "access_key",
        documented.entry("minio_users", "service_accounts"),
        minio_users.check_account,
        {"access_key": "unknown", "state": "absent", "user": "unknown", "secret_key": _STAND_IN_SECRET},
        "write access_key of 3 to 20 characters, user, and secret_key of 8 to 40 characters or none",
    ),
)


def check_entries(site: Site) -> Iterator[Finding]:
    """Tiers, policies, users and service accounts. Where there is no managed server, all of them are refused elsewhere."""
    for host in [] if foreign(site) else site.members(GROUP):
        for kind in KINDS:
            where, _variable, source = place(site, host, (kind.variable,), GROUP)
            option = option_of(kind.variable, {"type": "dict", "options": kind.spec})
            seen: set[Any] = set()
            for index, given in enumerate(entries(host.known(kind.variable))):
                at = f"{kind.variable}[{index}]"
                entry = taken(kind.spec, given)
                for code, path, problem, fix in (*_entry(kind, option, entry, at, seen), *_references(host, kind.variable, entry, at)):
                    yield Finding(code, where, path, problem, fix, source)


def _entry(kind: Kind, option: Option, entry: Entry, at: str, seen: set[Any]) -> Iterator[tuple[str, str, str, str]]:
    wrong = list(shape(option, entry, at))
    yield from wrong
    name = entry.get(kind.key)
    if isinstance(name, str) and name in seen:
        shown = "an entry" if isinstance(name, Vaulted) else name
        yield INVALID, f"{at}.{kind.key}", f"listed-twice: {shown} is listed twice.", "merge both into one entry"
    if isinstance(name, str):
        seen.add(name)
    if wrong:
        return
    ready = filled(kind.spec, {key: stand_in(kind, key) if is_open(value) else value for key, value in entry.items()})
    if kind.variable == "minio_service_accounts" and ready["secret_key"] is None:
        ready["secret_key"] = _STAND_IN_SECRET  # the role gives it one of the site's
    problem = refusal(entry, kind.check, ready)
    if problem:
        yield INVALID, at, problem, kind.fix


def stand_in(kind: Kind, key: str) -> Any:
    """What an unknown value is checked as."""
    return kind.stand_ins.get(key, kind.spec[key].get("default"))


def _references(host: Host, variable: str, entry: Entry, at: str) -> Iterator[tuple[str, str, str, str]]:
    if entry.get("state", "present") != "present":
        return
    if variable == "minio_users" and isinstance(entry.get("policies"), list):
        known = _names(host.get("minio_policies"), minio_users.BUILT_IN)
        for index, policy in enumerate(entry["policies"]):
            if known is not None and isinstance(policy, str) and policy not in known:
                shown = "that policy" if isinstance(policy, Vaulted) else policy
                problem = f"{shown} is neither in minio_policies nor one of MinIO's own."
                yield UNDECLARED, f"{at}.policies[{index}]", problem, f"use one of {', '.join(sorted(known))}, or add it to minio_policies"
    if variable == "minio_service_accounts" and isinstance(entry.get("user"), str) and entry["user"]:
        known = _names(host.get("minio_users"), ())
        if known is not None and entry["user"] not in known:
            shown = "that user" if isinstance(entry["user"], Vaulted) else entry["user"]
            yield (
                UNDECLARED,
                f"{at}.user",
                f"minio_users has no {shown}.",
                "use a user of minio_users; or root's, by lookup of minio_root_user",
            )


def _names(listed: Any, always: tuple[str, ...]) -> set[str] | None:
    """Names that will be there; None where they are unknown."""
    found = entries(listed)
    parts = [listed, *(listed if isinstance(listed, list) else ()), *(one.get(key) for one in found for key in ("name", "state"))]
    if any(part is UNKNOWN for part in parts):
        return None
    return {str(one.get("name")) for one in found if one.get("state", "present") == "present"} | set(always)


RULES = (check_entries,)
