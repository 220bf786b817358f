# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, their policies and their service accounts.

All of it, secrets too, comes with one read of MinIO's own export; what is asked for is compared here and no secret leaves.
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from .policy import canonical, need_resources
from .s3 import ADMIN, Refused, Silent, refusal, unreachable
from .seal import seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from ...core.model import Context, Diff
    from ...definition import Json
    from .s3 import S3
    from .types import Account, GivenAccount, GivenPolicy, GivenUser, Listed, User, UsersParams, Wanted

#: MinIO's own limits (internal/auth/credentials.go). A user's secret may be longer than a service account's.
_ACCESS_LOW, _SECRET_LOW = 3, 8
_ACCOUNT_ACCESS, _ACCOUNT_SECRET = 20, 40
#: What stands in check mode for a secret that a run would make: longer than a service account's may be, and never sent.
_PLACEHOLDER = "vannah-check-mode-placeholder-"
#: Policies that every MinIO has.
BUILT_IN = ("consoleAdmin", "diagnostics", "readonly", "readwrite", "writeonly")


class Known:
    """What is there.

    ``policies`` (name -> canonical document), ``users`` (name -> secret, enabled), ``accounts`` (access key -> parent, secret, policy,
    name, description), ``attached`` and ``to_groups`` (name -> names of policies).
    """

    def __init__(self, files: Json | None = None) -> None:
        given = files or {}
        empty: Json = {name: {} for name in BUILT_IN} if files is None else {}
        self.policies: dict[str, Json] = empty | {name: _document(name, value) for name, value in given.get("policies", {}).items()}
        self.users: dict[str, User] = {
            name: {"secret": user.get("secretKey", ""), "enabled": user.get("status") != "disabled"}
            for name, user in given.get("users", {}).items()
        }
        self.accounts = {name: _account(account) for name, account in given.get("svcaccts", {}).items()}
        self.attached = _mapping(given.get("user_mappings", {}))
        self.to_groups = _mapping(given.get("group_mappings", {}))


def read(s3: S3) -> Known:
    """Ask the store.

    :raises Silent: no server answers
    :raises AgentError: ``minio-refused``
    """
    import io
    import json
    import zipfile

    try:
        data = s3.admin("GET", "export-iam").data
    except Refused as error:
        raise refusal(s3, "list the users", error) from error
    files: Json = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.namelist():
            files[entry.rpartition("/")[2].removesuffix(".json")] = json.loads(archive.read(entry)) or {}
    return Known(files)


def _document(name: str, value: Json) -> Json:
    return canonical(f"policy {name}", value) if value.get("Statement") else {}


def _account(account: Json) -> Account:
    policy = account.get("sessionPolicy")
    return {
        "user": account.get("parent", ""),
        "secret": account.get("secretKey", ""),
        "policy": canonical("service account", policy) if policy and policy.get("Statement") else None,
        "name": account.get("name", ""),
        "description": account.get("description", ""),
    }


def _mapping(given: Json) -> dict[str, set[str]]:
    return {name: set(str(entry.get("policy") or "").split(",")) - {""} for name, entry in given.items()}


# --- what is asked for ------------------------------------------------------------------------------------------------------


def check(s3: S3, params: UsersParams) -> Wanted:
    """``policies``, ``users`` and ``service_accounts``, checked and with canonical documents.

    :raises AgentError: ``bad-policy``, ``bad-user``, ``bad-service-account``, ``listed-twice``
    """
    made: Wanted = {
        "users": params["users"],
        "policies": [check_policy(item) for item in params["policies"]],
        "service_accounts": [check_account(item) for item in params["service_accounts"]],
    }
    for user in params["users"]:
        check_user(user, s3.access_key)
    named: dict[Listed, str] = {"policies": "name", "users": "name", "service_accounts": "access_key"}
    for kind, key in named.items():
        names = [str(item.get(key)) for item in made[kind]]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise AgentError("listed-twice", f"{kind}: {', '.join(twice)} is listed twice: merge the entries")
    return made


def check_policy(item: GivenPolicy) -> GivenPolicy:
    """A policy that users can be given; its document canonical.

    :raises AgentError: ``bad-policy``
    """
    name = item["name"]
    if not name or name != name.strip() or "," in name:
        raise AgentError("bad-policy", f"policy {name!r}: a name has no comma and no space around it")
    if item["state"] == "absent" or name in BUILT_IN:
        if name in BUILT_IN:
            raise AgentError("bad-policy", f"policy {name} is MinIO's own: give yours another name")
        return item
    if item["document"] is None:
        raise AgentError("bad-policy", f"policy {name}: document is missing")
    return {**item, "document": _checked_document(f"policy {name}", item["document"])}


def _checked_document(where: str, given: Any) -> Json:
    document = canonical(where, given)
    need_resources(where, document)
    for statement in document["Statement"]:
        if "Principal" in statement or "NotPrincipal" in statement:
            raise AgentError("bad-policy", f"{where}: a user's policy names no Principal: remove it, or set it as a bucket's policy")
        if "Action" not in statement:
            # MinIO of 2026-02 stores it, and then fails to read all policies ("empty actions not allowed").
            raise AgentError("bad-policy", f"{where}: MinIO cannot read a statement without Action back: write Action, not NotAction")
    return document


def check_user(user: GivenUser, caller: str = "") -> None:
    """A user.

    :param caller: the access key that this is done with, where it is known
    :raises AgentError: ``bad-user``
    """
    name, secret = user["name"], user["secret"]
    if len(name) < _ACCESS_LOW or name != name.strip() or any(char in name for char in "=,"):
        raise AgentError("bad-user", f"user {name!r}: a name has at least {_ACCESS_LOW} characters, none of = and , and no space around it")
    if name == caller:
        raise AgentError("bad-user", f"user {name} is the user that this task logs in as: its secret belongs in the server's environment")
    if user["state"] == "present" and secret is not None and len(secret) < _SECRET_LOW:
        raise AgentError("bad-user", f"user {name}: its secret is shorter than {_SECRET_LOW} characters")


def check_account(item: GivenAccount) -> GivenAccount:
    """A service account; its policy canonical.

    :raises AgentError: ``bad-service-account``, ``bad-policy``
    """
    name, secret = item["access_key"], item["secret_key"]
    if not _ACCESS_LOW <= len(name) <= _ACCOUNT_ACCESS or name != name.strip() or any(char in name for char in "=,"):
        text = f"service account {name!r}: an access key has {_ACCESS_LOW} to {_ACCOUNT_ACCESS} characters, none of = and ,"
        raise AgentError("bad-service-account", text)
    if item["state"] == "absent":
        return item
    high = _ACCOUNT_SECRET if secret is None or not secret.startswith(_PLACEHOLDER) else len(secret)
    if not item["user"] or secret is None or not _SECRET_LOW <= len(secret) <= high:
        text = f"service account {name}: it needs user and a secret_key of {_SECRET_LOW} to {_ACCOUNT_SECRET} characters"
        raise AgentError("bad-service-account", text)
    text = item["name"] or "a"
    if not (text[0].isascii() and text[0].isalpha()) or len(text) > 32 or len(item["description"] or "") > 256:
        text = f"service account {name}: its name begins with a letter and has at most 32 characters, its description at most 256"
        raise AgentError("bad-service-account", text)
    policy = None if item["policy"] is None else _checked_document(f"service account {name}", item["policy"])
    return {**item, "policy": policy}


def refuse(s3: S3, made: Wanted, known: Known) -> None:
    """What cannot be, told before anything is changed.

    :raises AgentError: ``unknown-policy``, ``policy-in-use``, ``bad-user``, ``unknown-user``, ``service-account-fixed``
    """
    leaving = {item["name"] for item in made["policies"] if item["state"] == "absent"}
    there = (set(known.policies) | {item["name"] for item in made["policies"]}) - leaving
    users = {item["name"]: item for item in made["users"]}
    attached = dict(known.attached)
    for name, user in users.items():
        if user["state"] == "absent":
            attached.pop(name, None)
            continue
        unknown = set(user["policies"] or ()) - there
        if unknown:
            text = f"user {name}: there is no policy {', '.join(sorted(unknown))}; available: {', '.join(sorted(there))}"
            raise AgentError("unknown-policy", f"{text}. Add it to policies, or correct the name")
        if user["policies"] is not None:
            attached[name] = set(user["policies"])
        if name in known.accounts:
            raise AgentError("bad-user", f"user {name}: a service account has this access key: choose another name")
        if name not in known.users and user["secret"] is None:
            raise AgentError("bad-user", f"user {name} is not there yet and needs a secret")
    for policy in sorted(leaving & set(known.policies)):
        holders = [name for mapping in (attached, known.to_groups) for name, names in mapping.items() if policy in names]
        if holders:
            raise AgentError("policy-in-use", f"policy {policy} is attached to {', '.join(sorted(holders))}: detach it from them first")
    _refuse_accounts(s3, made, users, known)


def _refuse_accounts(s3: S3, made: Wanted, users: dict[str, GivenUser], known: Known) -> None:
    for account in made["service_accounts"]:
        if account["state"] == "absent":
            continue
        name, parent, now = account["access_key"], account["user"], known.accounts.get(account["access_key"])
        if now is not None and now["user"] != parent:
            text = f"service account {name} is of user {now['user']}, not of {parent}: its user cannot be changed"
            raise AgentError("service-account-fixed", f"{text}. Remove it first (state: absent), or choose another access_key")
        user = users.get(parent)
        coming = user["state"] if user is not None else None
        if not (coming == "present" or (coming is None and (parent in known.users or parent == s3.access_key))):
            raise AgentError("unknown-user", f"service account {name}: there is no user {parent}: add it to users, or correct the name")


# --- steps ------------------------------------------------------------------------------------------------------------------


def plan(s3: S3, made: Wanted, known: Known) -> Iterator[Step]:
    """Policies, then users with what is attached to them, then service accounts; removals in the other order."""
    ctx = s3.ctx
    for item in made["policies"]:
        now = known.policies.get(item["name"])
        if item["state"] == "present" and item["document"] != now:
            yield _policy(s3, item, now)
    for user in made["users"]:
        if user["state"] == "present":
            yield from _user(s3, user, known)
    for account in made["service_accounts"]:
        if account["state"] == "present":
            yield from _service_account(s3, account, known.accounts.get(account["access_key"]))
    listed: dict[str, Listed] = {"service account": "service_accounts", "user": "users", "policy": "policies"}
    for kind, key, call, query, there in (
        ("service account", "access_key", "delete-service-account", "accessKey", known.accounts),
        ("user", "name", "remove-user", "accessKey", known.users),
        ("policy", "name", "remove-canned-policy", "name", known.policies),
    ):
        for one in made[listed[kind]]:
            name = str(one.get(key))
            if one["state"] == "absent" and name in there:
                target = f"{kind} {name}"
                diff = _diff(ctx, target, {"state": "present"}, {"state": "absent"})
                apply = _call(s3, f"remove {target}", "DELETE", call, {query: name})
                yield Step(kind.replace(" ", "-"), target, "remove", "", diff, apply)


def _policy(s3: S3, item: GivenPolicy, now: Json | None) -> Step:
    import json

    name, document = item["name"], item["document"]
    target = f"policy {name}"
    before, after = ({"": _statements(value)} if value else {} for value in (now, document))
    apply = _call(s3, f"set {target}", "PUT", "add-canned-policy", {"name": name}, lambda: json.dumps(document).encode())
    return Step("policy", target, "create" if now is None else "update", "", _diff(s3.ctx, target, before, after), apply)


def _statements(document: Json) -> str:
    import json

    return "\n".join(json.dumps(statement, sort_keys=True) for statement in document.get("Statement", []))


def _user(s3: S3, user: GivenUser, known: Known) -> Iterator[Step]:
    name, now = user["name"], known.users.get(user["name"])
    target = f"user {name}"
    status = "enabled" if user["enabled"] else "disabled"
    if now is None or (user["secret"] is not None and user["secret"] != now["secret"]):
        before = {} if now is None else {"secret": "(set)"}
        after = {"secret": "(set)" if now is None else "(another)", "status": status}
        body = {"secretKey": user["secret"], "status": status}
        apply = _call(s3, f"make {target}", "PUT", "add-user", {"accessKey": name}, lambda: seal(s3.secret_key, body))
        action = "create" if now is None else "update"
        yield Step("user", target, action, "" if now is None else "secret", _diff(s3.ctx, target, before, after), apply)
    elif user["enabled"] != now["enabled"]:
        diff = _diff(s3.ctx, target, {"enabled": now["enabled"]}, {"enabled": user["enabled"]})
        apply = _call(s3, f"set the status of {target}", "PUT", "set-user-status", {"accessKey": name, "status": status})
        yield Step("user", target, "update", status, diff, apply)
    attached = known.attached.get(name, set())
    if user["policies"] is not None and set(user["policies"]) != attached:
        wanted = sorted(set(user["policies"]))
        diff = _diff(s3.ctx, target, {"policies": ", ".join(sorted(attached))}, {"policies": ", ".join(wanted)})
        query = {"policyName": ",".join(wanted), "userOrGroup": name, "isGroup": "false"}
        apply = _call(s3, f"attach policies to {target}", "PUT", "set-user-or-group-policy", query)
        yield Step("user", target, "attach", ", ".join(wanted) or "no policy", diff, apply)


def _service_account(s3: S3, account: GivenAccount, now: Account | None) -> Iterator[Step]:
    name = account["access_key"]
    target = f"service account {name}"
    texts = {key: account[key] for key in ("name", "description") if account[key] is not None}
    if now is None:
        body: Json = {"targetUser": account["user"], "accessKey": name, "secretKey": account["secret_key"], **texts}
        if account["policy"] is not None:
            body["policy"] = account["policy"]
        shown = {"user": account["user"], "secret": "(set)", **texts}
        apply = _call(s3, f"make {target}", "PUT", "add-service-account", None, lambda: seal(s3.secret_key, body))
        yield Step("service-account", target, "create", f"of user {account['user']}", _diff(s3.ctx, target, {}, shown), apply)
        return
    keys = {"secret": "newSecretKey", "policy": "newPolicy", "name": "newName", "description": "newDescription"}
    found: Json = {key: value for key, value in texts.items() if value != now.get(key)}
    if account["secret_key"] != now["secret"]:
        found["secret"] = account["secret_key"]
    if account["policy"] is not None and account["policy"] != now["policy"]:
        found["policy"] = account["policy"]
    if not found:
        return
    hidden = {"secret": ("(set)", "(another)"), "policy": (_statements(now["policy"] or {}), _statements(found.get("policy", {})))}
    before, after = ({key: hidden.get(key, (now.get(key), value))[side] for key, value in found.items()} for side in (0, 1))
    changed = {keys[key]: value for key, value in found.items()}
    apply = _call(s3, f"change {target}", "POST", "update-service-account", {"accessKey": name}, lambda: seal(s3.secret_key, changed))
    yield Step("service-account", target, "update", ", ".join(found), _diff(s3.ctx, target, before, after), apply)


def _call(
    s3: S3, what: str, method: str, call: str, query: dict[str, str] | None, body: Callable[[], bytes] = lambda: b""
) -> Callable[[Context], None]:
    def apply(_ctx: Context) -> None:
        try:
            s3.ask(method, ADMIN + call, query, body())
        except Refused as error:
            gone = method == "DELETE" and error.status == 404
            if not gone:
                raise refusal(s3, what, error) from error
        except Silent as error:
            raise unreachable(s3, error) from error

    return apply


def _diff(ctx: Context, header: str, before: Mapping[str, object], after: Mapping[str, object]) -> Diff | None:
    if not ctx.diff:
        return None
    texts = ["".join(f"{key}: {value}\n" if key else f"{value}\n" for key, value in _pairs(values)) for values in (before, after)]
    return {"before_header": header, "after_header": header, "before": texts[0], "after": texts[1]}


def _pairs(values: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    return values.items()
