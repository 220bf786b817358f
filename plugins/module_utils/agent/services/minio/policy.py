# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, of buckets and of users: what two documents have in common however a server orders and writes them."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...definition import Json as Document

_VERSION = "2012-10-17"
_LIST, _READ, _LOCATION = "s3:ListBucket", "s3:GetObject", "s3:GetBucketLocation"
#: Of the server itself, in users' policies: they are about no bucket.
_WITHOUT_RESOURCE = ("admin:", "kms:", "sts:")
_WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject")
#: What is allowed without credentials, as ``mc anonymous set`` names it: actions on the bucket, actions on what is in it.
ANONYMOUS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "download": ((_LOCATION, _LIST), (_READ,)),
    "upload": ((_LOCATION, "s3:ListBucketMultipartUploads"), _WRITE),
    "public": ((_LOCATION, _LIST, "s3:ListBucketMultipartUploads"), (_READ, *_WRITE)),
}


def bucket_policy(bucket: str, given: Any) -> Document | None:
    """The document for ``none``, one of :data:`ANONYMOUS`, or a document.

    :return: canonical; None where others have no access
    :raises AgentError: ``bad-policy``
    """
    if given == "none":
        return None
    if given in list(ANONYMOUS):
        on_bucket, inside = ANONYMOUS[given]
        anybody = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
        return canonical(
            f"bucket {bucket}",
            {
                "Version": _VERSION,
                "Statement": [
                    {**anybody, "Action": list(on_bucket), "Resource": [f"arn:aws:s3:::{bucket}"]},
                    {**anybody, "Action": list(inside), "Resource": [f"arn:aws:s3:::{bucket}/*"]},
                ],
            },
        )
    document = canonical(f"bucket {bucket}", given, words=("none", *ANONYMOUS))
    need_resources(f"bucket {bucket}", document)
    for statement in document["Statement"]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise AgentError(
                "bad-policy", f"bucket {bucket}: a statement of its policy has no Principal: name the users that it applies to"
            )
        for text in statement.get("Resource", []):
            if not fnmatchcase(bucket, text.removeprefix("arn:aws:s3:::").partition("/")[0]):
                raise AgentError(
                    "bad-policy", f"bucket {bucket}: its policy applies to {text}: write arn:aws:s3:::{bucket} or arn:aws:s3:::{bucket}/*"
                )
    return document


def canonical(where: str, given: Any, words: tuple[str, ...] = ()) -> Document:
    """A document in the one form that is compared and sent: lists sorted, single values as lists, empty things left away.

    :param given: a mapping, or its JSON text
    :param words: the other valid values, for the error's text
    :raises AgentError: ``bad-policy``
    """
    import json

    document = given
    if isinstance(given, (str, bytes)):
        try:
            document = json.loads(given)
        except ValueError as error:
            also = f"{', '.join(words)} or " if words else ""
            raise AgentError(
                "bad-policy", f"{where}: its policy is invalid: write {also}a document with Statement, as a mapping or JSON"
            ) from error
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements or not all(isinstance(item, dict) for item in statements):
        raise AgentError("bad-policy", f"{where}: its policy has no list Statement of mappings")
    made: list[Document] = []
    for item in statements:
        statement = _statement(where, item)
        if statement not in made:
            made.append(statement)
    made.sort(key=lambda statement: json.dumps(statement, sort_keys=True))
    return {"Version": document.get("Version") or _VERSION, "Statement": made}


def _statement(where: str, item: Document) -> Document:
    made: Document = {}
    for key, value in item.items():
        if value in (None, "", [], {}):
            continue
        if key in ("Principal", "NotPrincipal"):
            made[key] = _principal(where, key, value)
        elif key in ("Action", "NotAction"):
            made[key] = _texts(where, key, value)
        elif key in ("Resource", "NotResource"):
            made[key] = sorted({"*" if one == "**" else one for one in _texts(where, key, value)})  # MinIO makes two of one
        elif key == "Condition":
            made[key] = _condition(where, value)
        else:
            made[key] = value
    if made.get("Effect") not in ("Allow", "Deny") or not (made.get("Action") or made.get("NotAction")):
        raise AgentError("bad-policy", f"{where}: each statement of its policy needs Effect (Allow or Deny) and Action")
    return made


def need_resources(where: str, document: Document) -> None:
    """Every statement says what it is about. Not asked of what a server has: only its own actions (``admin:``) go without.

    :raises AgentError: ``bad-policy``
    """
    for statement in document["Statement"]:
        own = all(action.startswith(_WITHOUT_RESOURCE) for action in statement.get("Action", ["s3:"]))
        if "Resource" not in statement and "NotResource" not in statement and not own:
            raise AgentError(
                "bad-policy",
                f"{where}: a statement of its policy has no Resource: name the resources that it applies to, such as arn:aws:s3:::name/*",
            )


def _principal(where: str, key: str, value: Any) -> dict[str, list[str]]:
    if value == "*":
        return {"AWS": ["*"]}
    if not isinstance(value, dict):
        raise AgentError("bad-policy", f'{where}: {key} of its policy is not a mapping: write "*" for all users, or {{AWS: [...]}}')
    return {str(name): _texts(where, key, one) for name, one in value.items()}


def _condition(where: str, value: Any) -> dict[str, dict[str, list[str]]]:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        text = f"{where}: Condition of its policy is not a mapping of tests: write {{StringEquals: {{key: value}}}}"
        raise AgentError("bad-policy", text)
    return {str(test): {str(name): _values(where, str(test), one) for name, one in keys.items()} for test, keys in value.items()}


def _texts(where: str, key: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, (str, int, float)) for one in values):
        raise AgentError("bad-policy", f"{where}: {key} of its policy is neither a text nor a list of texts")
    return sorted({str(one).lower() if isinstance(one, bool) else str(one) for one in values})


def _values(where: str, test: str, value: Any) -> list[str]:
    """Addresses as networks: MinIO makes a /32 of one without a mask, also of IPv6, which would let 2**96 of them in."""
    values = _texts(where, "Condition", value)
    if test.rpartition(":")[2].removesuffix("IfExists") not in ("IpAddress", "NotIpAddress"):
        return values
    from ipaddress import ip_network

    try:
        return sorted({str(ip_network(one, strict=False)) for one in values})
    except ValueError as error:
        raise AgentError("bad-policy", f"{where}: {error}: write an address, or a network as 192.0.2.0/24") from error
