# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the site's own authority. A key is generated on the host and never leaves it; the controller signs.

The first call makes the key and hands out a signing request (``ctx.csr``); the second one brings the certificate
(``issued``), which is proven against key, names and authority before it is written. What was written is remembered in
the ledger with its hash and its end, so that a run with nothing to change hashes three small files and compares dates:
what a certificate says costs a run of openssl (:mod:`.x509`).

A verb that rotates certificates (``policy["reissue"]``) has new keys generated as well. The new key waits beside the old one until its
certificate is there, and both take their places together.
"""

from __future__ import annotations

import os
import stat

from ..core.model import AgentError, Step
from ..lib import disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ..contract import Certificate as Item
    from ..core.model import Component, Context
    from ..lib.x509 import Certificate
    from ..records import CertificateRecord, WantedCertificate

DAY = 86400
#: The controller lets a certificate begin this long before it is signed (pki/authority.py, BACKDATED).
BACKDATED = 300
ROTATED = "a new key and certificate were requested"
SECTION: Literal["certificates"] = "certificates"
CERT_MODE = 0o644


def plan_certificates(component: Component, ctx: Context) -> list[Step]:
    """Steps for a component's certificates; those that left the definition are removed, with the keys that were generated for them.

    :raises AgentError: ``bad-certificate`` for a definition that cannot be met, ``bad-key`` for a key that cannot be
        read, ``no-authority``, ``certificate-mismatch`` for an issued certificate that is not what was asked for
    """
    items = component["certificates"] if component["state"] == "present" else []
    if not items and not ctx.section(SECTION):
        return []
    steps = []
    for item in items:
        steps += _certificate(item, ctx)
    keep = {path for item in items for path in (item["key"], item["cert"], item["ca"])}
    keep |= {path for space, path in ctx.call.claims if space == "path"} | _of_others(ctx)
    for name in sorted(set(ctx.section(SECTION)) - {item["name"] for item in items}):
        steps.append(_remove(name, keep, ctx))
    return steps


def wanted_of(item: Item) -> WantedCertificate:
    """What a certificate is asked to say, in the form that the ledger remembers."""
    return {
        "common_name": item["common_name"],
        "names": sorted({name.lower() for name in item["names"]}),
        "addresses": sorted(set(item["addresses"])),
        "usages": sorted(set(item["usages"])),
        "issuer": disk.digest(item["ca_pem"].encode()),
        "paths": [item["key"], item["cert"], item["ca"]],
    }


def chain_of(leaf: str, ca_pem: str) -> bytes:
    """The text of the certificate file: the leaf, then the authority."""
    return f"{leaf.strip()}\n{ca_pem.strip()}\n".encode()


def trusted(item: Item) -> bytes:
    """The text of the authority's file: all that the site trusts."""
    return f"{(item.get('trust_pem') or item['ca_pem']).strip()}\n".encode()


def due(not_before: float, not_after: float, renew_before: int) -> float:
    """Seconds since the epoch from which a certificate is renewed.

    One that lives no longer than ``renew_before`` days (the authority itself ends soon) is renewed in its last third:
    it would be asked for by every run otherwise.
    """
    margin: float = renew_before * DAY
    if margin >= not_after - not_before:
        margin = (not_after - not_before) / 3
    return not_after - margin


def _certificate(item: Item, ctx: Context) -> list[Step]:
    name = item["name"]
    if not item["ca_pem"]:
        if not ctx.check:
            raise AgentError("no-authority", f"certificate {name}: the site has no authority yet; preflight makes it")
        return [_ask(item, "would be signed; the site has no authority yet", ctx)]
    known = ctx.section(SECTION).get(name, {})
    wanted = wanted_of(item)
    reason = _known_reason(item, wanted, known, ctx)
    if reason == "" and _rotated(item, known["not_before"], ctx):
        reason = ROTATED
    if reason == "":
        return _attributes(item, ctx)
    from ..lib import x509

    x509.validate(item)
    if item.get("issued"):
        return [*_key_attributes(item, ctx), _issue(item, wanted, ctx)]
    reason, found = _look(item, wanted, known, ctx)
    if found is not None and _rotated(item, found.not_before, ctx):
        reason = ROTATED
    if reason:
        return [_ask(item, reason, ctx), *_key_attributes(item, ctx)]
    return [*_adopt(item, wanted, found), *_attributes(item, ctx)]


def _rotated(item: Item, not_before: float, ctx: Context) -> bool:
    """Whether a verb wants a new key and certificate in place of those of an earlier time.

    Both times are the controller's: the clock of the host plays no part.
    """
    before = ctx.policy.get("reissue")
    only = ctx.policy.get("reissue_of") or ()
    return before is not None and not_before + BACKDATED < before and (not only or ctx.component["name"] in only or item["name"] in only)


def _known_reason(item: Item, wanted: WantedCertificate, known: CertificateRecord, ctx: Context) -> str:
    """Why the ledger does not vouch for the certificate; empty where it does. Runs no program."""
    if known.get("wanted") != wanted:
        return "the definition changed"
    if ctx.now() >= due(known["not_before"], known["not_after"], item["renew_before"]):
        return "it ends soon"
    for part in ("key", "cert"):
        if disk.hash_path(ctx, item[part]) != known[part]:
            return f"{part} is another one"
    return ""


def _look(item: Item, wanted: WantedCertificate, known: CertificateRecord, ctx: Context) -> tuple[str, Certificate | None]:
    """Why a new certificate is needed, from what lies on the host; else what the certificate says."""
    from ..lib import x509

    if known.get("cert") and disk.hash_path(ctx, item["cert"]) not in (known["cert"], disk.ABSENT):
        ctx.drifted(item["cert"])
    if disk.hash_path(ctx, item["key"]) == disk.ABSENT:
        return "there is no key yet", None
    key = x509.public_key(ctx, item["key"])
    if disk.hash_path(ctx, item["cert"]) == disk.ABSENT:
        return "there is no certificate yet", None
    found = x509.read(ctx, item["cert"])
    if found is None:
        return "the existing file is not a certificate", None
    reason = x509.difference(ctx, found, wanted, key, item["ca_pem"])
    if not reason and ctx.now() >= due(found.not_before, found.not_after, item["renew_before"]):
        reason = "it ends on " + x509.date(found.not_after)
    return reason, found


# --- steps --------------------------------------------------------------------------------------------------------------


def _ask(item: Item, reason: str, ctx: Context) -> Step:
    """The request: a key if there is none, and a signing request for the controller."""
    born = disk.hash_path(ctx, item["key"]) == disk.ABSENT
    rotates = reason == ROTATED and not born
    writes: dict[str, str | None] = {path: None for path in (item["cert"], item["ca"]) if path}
    if born or rotates:
        writes[item["key"]] = None

    def apply(ctx: Context) -> None:
        from ..lib import x509

        if disk.digest_file(ctx.path(item["key"])) == disk.ABSENT:
            _make_directory(item["key"], item["name"], ctx)
            entry = ctx.section(SECTION).setdefault(item["name"], {})
            entry["born"] = item["key"]
            _write(ctx, item["key"], x509.new_key(ctx), *_key_owner(item, ctx))
        if rotates:
            _write(ctx, next_key(item["key"]), x509.new_key(ctx), *_key_owner(item, ctx))
        ctx.csr(item["name"], x509.request(ctx, item, next_key(item["key"]) if rotates else item["key"]))

    detail = reason + ("; a key is generated on the host" if born else "")
    return Step("certificate", item["name"], "request", detail, apply=apply, writes=writes, claims=[(SECTION, item["name"])], request=True)


def _issue(item: Item, wanted: WantedCertificate, ctx: Context) -> Step:
    """Write what the controller has signed."""
    from ..lib import x509

    found = x509.parse(ctx, item["issued"])
    if found is None:
        raise AgentError("certificate-mismatch", f"certificate {item['name']}: the controller's answer is not a certificate")
    key = x509.public_key(ctx, item["key"]) if disk.hash_path(ctx, item["key"]) != disk.ABSENT else ""
    rotates = found.key != key and _is_next(item, found, ctx)
    reason = x509.difference(ctx, found, wanted, found.key if rotates else key, item["ca_pem"], item["issued"])
    if reason:
        raise AgentError(
            "certificate-mismatch", f"certificate {item['name']}: the controller signed something else than was requested: {reason}"
        )
    data = chain_of(item["issued"], item["ca_pem"])
    files = {item["cert"]: data}
    if item["ca"]:
        files[item["ca"]] = trusted(item)

    def apply(ctx: Context) -> None:
        for path, content in files.items():
            if disk.read(ctx.path(path)) != content:
                _make_directory(path, item["name"], ctx)
                _write(
                    ctx, path, content, CERT_MODE, *_owner(item, ctx), _take_key(item, ctx) if rotates and path == item["cert"] else None
                )
        _remember(item, wanted, found, ctx)

    old = disk.hash_path(ctx, item["cert"]) != disk.ABSENT
    detail = f"until {x509.date(found.not_after)}" + ("; with a new key" if rotates else "")
    writes: dict[str, str | None] = {path: disk.digest(content) for path, content in files.items()}
    if rotates:
        writes[item["key"]] = None
    return Step(
        "certificate", item["name"], "update" if old else "create", detail, apply=apply, writes=writes, claims=[(SECTION, item["name"])]
    )


def next_key(key: str) -> str:
    """Where a new key waits for its certificate: a hidden file, which no service reads."""
    directory, name = os.path.split(key)
    return os.path.join(directory, f".{name}.next")


def _is_next(item: Item, found: Certificate, ctx: Context) -> bool:
    """Whether a certificate was issued for the key that waits."""
    from ..lib import x509

    return disk.digest_file(ctx.path(next_key(item["key"]))) != disk.ABSENT and x509.public_key(ctx, next_key(item["key"])) == found.key


def _take_key(item: Item, ctx: Context) -> Callable[[str], None]:
    """Called when the certificate is about to take its place: the two renames follow each other at once."""

    def take(_beside: str) -> None:
        disk.forget(ctx, item["key"])
        os.rename(ctx.path(next_key(item["key"])), ctx.path(item["key"]))
        ctx.section(SECTION).setdefault(item["name"], {})["born"] = item["key"]

    return take


def _remember(item: Item, wanted: WantedCertificate, found: Certificate, ctx: Context) -> None:
    known: CertificateRecord = {
        "wanted": wanted,
        "not_before": found.not_before,
        "not_after": found.not_after,
        "key": disk.digest_file(ctx.path(item["key"])),
        "cert": disk.digest_file(ctx.path(item["cert"])),
    }
    ctx.section(SECTION).setdefault(item["name"], {}).update(known)


def _adopt(item: Item, wanted: WantedCertificate, found: Certificate | None) -> list[Step]:
    """A certificate that is as it should be, though the ledger does not know it: remember it, once."""

    def apply(ctx: Context) -> None:
        if found is None:
            raise AssertionError("only a certificate that was found is adopted")
        _remember(item, wanted, found, ctx)

    return [Step("certificate", item["name"], "adopt", "valid; now recorded", apply=apply, claims=[(SECTION, item["name"])])]


def _attributes(item: Item, ctx: Context) -> list[Step]:
    """Mode and owner of key and certificate, and the authority's file, where all is well otherwise."""
    steps = _unused_key(item, ctx) + _key_attributes(item, ctx)
    if not _fits(item["cert"], CERT_MODE, item, ctx):
        steps.append(_set(item, item["cert"], CERT_MODE))
    ca = item["ca"]
    if ca:
        content = trusted(item)
        if disk.hash_path(ctx, ca) != disk.digest(content):

            def apply(ctx: Context) -> None:
                _make_directory(ca, item["name"], ctx)
                _write(ctx, ca, content, CERT_MODE, *_owner(item, ctx))

            steps.append(Step("certificate", ca, "update", "the authority", apply=apply, writes={ca: disk.digest(content)}))
        elif not _fits(ca, CERT_MODE, item, ctx):
            steps.append(_set(item, ca, CERT_MODE))
    return steps


def _key_attributes(item: Item, ctx: Context) -> list[Step]:
    mode = int(item["key_mode"], 8)
    if disk.status(ctx.path(item["key"])) is None or _fits(item["key"], mode, item, ctx):
        return []
    return [_set(item, item["key"], mode)]


def _unused_key(item: Item, ctx: Context) -> list[Step]:
    """A key that a killed run left without a certificate."""
    path = next_key(item["key"])
    if disk.status(ctx.path(path)) is None:
        return []

    def apply(ctx: Context) -> None:
        from ..lib import write

        write.remove(ctx, path)

    return [Step("certificate", path, "remove", "a key without a certificate, of a run that was interrupted", apply=apply)]


def _fits(path: str, mode: int, item: Item, ctx: Context) -> bool:
    found = disk.status(ctx.path(path))
    owner = (ctx.uid(item["owner"]), ctx.gid(item["group"]))
    return found is not None and (stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid)) == (mode, owner)


def _set(item: Item, path: str, mode: int) -> Step:
    def apply(ctx: Context) -> None:
        from ..lib.write import set_attributes

        set_attributes(ctx, path, mode, *_owner(item, ctx))

    return Step("certificate", path, "update", f"mode {mode:04o}, {item['owner']}:{item['group']}", apply=apply)


def _remove(name: str, keep: set[str | None], ctx: Context) -> Step:
    """Remove certificate, authority's file and a key that was generated for it; an older key stays."""
    known = ctx.section(SECTION)[name]
    paths = [path for path in known.get("wanted", {}).get("paths", [])[1:] if path]
    paths = [path for path in [*paths, known.get("born")] if path and path not in keep]

    def apply(ctx: Context) -> None:
        from ..lib import write

        waits = [next_key(key) for key in known.get("wanted", {}).get("paths", [])[:1] if key]
        for path in [*paths, *waits]:
            write.remove(ctx, path)
        for directory in sorted(set(known.get("made", [])), reverse=True):
            write.remove_directory(ctx, directory)  # only where nothing else is in it
        ctx.section(SECTION).pop(name, None)

    writes: dict[str, str | None] = dict.fromkeys(paths)
    return Step("certificate", name, "remove" if paths else "", apply=apply, writes=writes)


def _of_others(ctx: Context) -> set[str]:
    """Paths of certificates that other components have, or have taken over."""
    ledger, name = ctx.call.ledger, ctx.component["name"]
    others = [entry for other, entry in ledger.components.items() if other != name] if ledger is not None else []
    return {
        path for entry in others for known in entry.get(SECTION, {}).values() for path in known.get("wanted", {}).get("paths", ()) if path
    }


# --- writing ------------------------------------------------------------------------------------------------------------


def _owner(item: Item, ctx: Context) -> tuple[int, int]:
    from ..lib.write import ids

    return ids(ctx, item["owner"], item["group"])


def _key_owner(item: Item, ctx: Context) -> tuple[int, int, int]:
    """Mode and owner of a new key. Its owner may come with a package later: until then it is root's alone."""
    uid, gid = ctx.uid(item["owner"]), ctx.gid(item["group"])
    if uid is None or gid is None:
        return 0o600, ctx.uid("root") or 0, ctx.gid("root") or 0
    return int(item["key_mode"], 8), uid, gid


def _write(ctx: Context, path: str, data: bytes, mode: int, uid: int, gid: int, check: Callable[[str], None] | None = None) -> None:
    from ..lib.write import write_file

    write_file(ctx, path, data, mode, uid, gid, check)


def _make_directory(path: str, name: str, ctx: Context) -> None:
    directory = os.path.dirname(path)
    if not os.path.isdir(ctx.path(directory)):
        from ..lib.write import make_directory

        made = make_directory(ctx, directory, 0o755, ctx.uid("root") or 0, ctx.gid("root") or 0)
        ctx.section(SECTION).setdefault(name, {}).setdefault("made", []).extend(made)
