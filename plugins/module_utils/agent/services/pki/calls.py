# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a host: which there are, what they say, which units use them. Read from the disk and the ledger, not from definitions."""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...records import Entry
    from .types import Answer, CertificatesParams, Row, Said

#: The authorities that a host trusts as the site's.
TRUSTED = "/etc/vannah/pki/ca.crt"
#: openssl-x509(1), of OpenSSL 3.0 and newer.
SHOW = ("-noout", "-subject", "-issuer", "-serial", "-nameopt", "RFC2253,-esc_msb,utf8", "-dates", "-pubkey", "-ext")
EXTENSIONS = "subjectAltName,extendedKeyUsage,authorityKeyIdentifier"


def certificates(params: CertificatesParams, ctx: Context) -> tuple[list[Step], Answer]:
    """Every certificate that a component of this host has, and those that roles name beside them.

    :param params: ``also``: ``{name, path, units}`` of certificates that come from elsewhere, such as a public authority
    :return: no steps; ``certificates`` (see :func:`_row`), ``trusted`` (fingerprints and keys of the site's authorities as this host has
        them), ``waits`` (units that run with previous certificates or authorities), ``clock`` (seconds since the epoch)
    :raises AgentError: ``program-missing``
    """
    from ...core import ledger
    from ...lib.der import outlines

    entries = ledger.peek(ctx)
    rows: list[Row] = []
    files = {TRUSTED}
    for component, entry in sorted(entries.items()):
        for name, known in sorted((entry.get("certificates") or {}).items()):
            paths = (known.get("wanted") or {}).get("paths") or []
            if len(paths) < 2:  # a run was killed after it had made the key
                paths = [known.get("born") or "", "", ""]
            users = using(entries, component, [path for path in paths if path])
            row: Row = {"component": component, "name": name, "key": paths[0] or "", "path": paths[1] or "", "units": users}
            row["trusted"] = outlines(_text(ctx, paths[2])) if paths[2] else None
            rows.append(_row(ctx, row))
            files |= {path for path in paths[1:] if path}
    known_paths = {row["path"] for row in rows}
    for item in params["also"]:
        if item["path"] not in known_paths:
            users = sorted({*(item.get("units") or ()), *using(entries, "", [item["path"]])})
            one: Row = {"component": "", "name": item["name"], "key": "", "path": item["path"], "units": users, "trusted": None}
            rows.append(_row(ctx, one))
    trusted = outlines(_text(ctx, TRUSTED))
    return [], {"certificates": rows, "trusted": trusted, "waits": waiting(ctx, entries, files), "clock": ctx.now()}


def _text(ctx: Context, path: str) -> str:
    from ...lib.disk import read

    return (read(ctx.path(path)) or b"").decode("ascii", "replace")


def waiting(ctx: Context, entries: dict[str, Entry], files: set[str]) -> list[str]:
    """Units that were started or reloaded with another content of a file than it has now: their restart waits, or a run was killed."""
    from ...lib.disk import digest_file

    hashes = {path: digest_file(ctx.path(path)) for path in files}
    found = set()
    for entry in entries.values():
        for unit, record in (entry.get("running") or {}).items():
            known = record.get("files") or {}
            if any(path in hashes and seen[0] != hashes[path] for path, seen in known.items()):
                found.add(unit)
    return sorted(found)


def using(entries: dict[str, Entry], component: str, paths: list[str]) -> list[str]:
    """Units that use a certificate: those that watch one of its files, and those of its own component.

    :param entries: the ledger's
    :param component: the one that has the certificate; empty where no component has it
    :param paths: of key, certificate and authority
    """
    found = set()
    for name, entry in entries.items():
        for unit, record in (entry.get("running") or {}).items():
            if name == component or any(path in (record.get("files") or {}) for path in paths):
                found.add(unit)
    return sorted(found)


def _row(ctx: Context, row: Row) -> Row:
    """A certificate with what it says.

    :return: ``row`` with ``problem`` (empty where it can be read), ``common_name``, ``names``, ``addresses``, ``issuer`` (its common name),
        ``authority`` (the key identifier of the authority, hexadecimal), ``serial`` (hexadecimal), ``not_before`` and ``not_after``
        (seconds since the epoch), ``key_fits`` (None where there is no key to compare)
    """
    from ...lib.disk import read
    from ...lib.x509 import parse_text

    unknown: Row = {"problem": "", "common_name": "", "names": [], "addresses": [], "issuer": "", "authority": "", "serial": ""}
    row.update(unknown)
    row.update({"not_before": None, "not_after": None, "key_fits": None})
    data = read(ctx.path(row["path"])) if row["path"] else None
    if data is None:
        row["problem"] = "the file does not exist" if row["path"] else "it was requested and not issued yet"
        return row
    result = ctx.run(["openssl", "x509", *SHOW, EXTENSIONS], input=data.decode("ascii", "replace"), check=False)
    if result.rc == 127:
        raise AgentError("program-missing", "openssl is not on this host. Fix: converge the host, which installs it")
    if result.rc != 0:
        row["problem"] = "the file is not a certificate"
        return row
    found = parse_text(result.out)
    row.update({"common_name": found.common_name, "names": found.names, "addresses": found.addresses})
    row.update({"not_before": found.not_before, "not_after": found.not_after})
    shown = said(result.out)
    row.update({"issuer": shown["issuer"], "serial": shown["serial"], "authority": shown["authority"]})
    if row["key"]:
        row["key_fits"] = _public_key(ctx, row["key"]) == found.key
        if not row["key_fits"]:
            row["problem"] = f"it does not belong to the key {row['key']}"
    return row


def _public_key(ctx: Context, path: str) -> str:
    from ...lib.x509 import public_key

    try:
        return public_key(ctx, path)
    except AgentError:
        return ""


def said(text: str) -> Said:
    """``issuer``, ``serial`` and ``authority`` out of what ``openssl x509`` prints. OpenSSL 3.0 writes ``keyid:`` before the identifier."""
    found: Said = {"issuer": "", "serial": "", "authority": ""}
    extension = ""
    for line in text.splitlines():
        part = line.strip()
        if part.startswith("issuer="):
            issuer = part[7:].strip()
            found["issuer"] = next((piece[3:] for piece in issuer.split(",") if piece.startswith("CN=")), issuer)
        elif part.startswith("serial="):
            found["serial"] = part[7:].strip().upper()
        elif part.startswith("X509v3 "):
            extension = part
        elif part and "Authority Key Identifier" in extension and not found["authority"]:
            found["authority"] = part.removeprefix("keyid:").replace(":", "").upper()
    return found


CALLS = {"certificates": certificates}
