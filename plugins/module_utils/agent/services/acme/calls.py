# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a public authority: what the program of the role acme (roles/acme/files/acme-certificates) says and does."""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from .types import Answer, CertificatesParams, Export, Given, Status

PROGRAM = "/usr/local/lib/vannah/acme-certificates"
#: Seconds. lego waits for the authority, and for records of a zone to spread.
TIMEOUT = 1800
#: States in which services have a certificate that clients accept.
GOOD = ("valid", "due")
UNFINISHED = "Fix: run journalctl -u vannah-acme on the host; -e acme_retry=true tries again at once"


def certificates(params: CertificatesParams, ctx: Context) -> tuple[list[Step], Answer]:
    """Certificates of this host as the role wants them.

    :param params: ``obtains``: it asks the authority for them; ``given``: those of the host that does (None where it is not asked now);
        ``retry``: also what failed a short time ago
    :return: one step where something is obtained, one for each certificate that is installed; ``certificates``: name and state
    :raises AgentError: ``acme-failed``
    """
    rows = _status(ctx)
    if rows is None:  # the component that brings the program is not there yet: check mode of a first run
        return [], {"certificates": []}
    result: Answer = {"certificates": [{"name": row["name"], "state": row["state"], "reason": row["reason"]} for row in rows]}
    if params["obtains"]:
        return _obtain(rows, result, params["retry"], ctx), result
    return _install(rows, params["given"], ctx), result


def _obtain(rows: list[Status], result: Answer, retry: bool, ctx: Context) -> list[Step]:
    todo = [row for row in rows if row["state"] != "valid" and (retry or not row["waits"])]
    waits = [row for row in rows if row["state"] != "valid" and row["waits"] and not retry]
    _tell([f"{row['name']}: {row['failed']} (not asked again before {row['again']})" for row in waits], waits, ctx)
    if not todo:
        return []

    def apply(ctx: Context) -> None:
        done = ctx.run([PROGRAM, "renew", *(["--now"] if retry else [])], check=False, timeout=TIMEOUT)
        now = _status(ctx) or []
        result["certificates"] = [{"name": row["name"], "state": row["state"], "reason": row["reason"]} for row in now]
        if done.rc:
            _tell([line for line in done.err.splitlines() if "was issued" not in line], now, ctx)

    detail = "; ".join(f"{row['name']}: {row['reason']}" for row in todo)
    return [Step("certificates", "of the public authority", "obtain", detail, apply=apply)]


def _tell(problems: list[str], rows: list[Status], ctx: Context) -> None:
    """A failure that leaves a valid certificate is a warning: the timer tries again.

    :raises AgentError: ``acme-failed``
    """
    if not problems:
        return
    text = "; ".join(problems)[-1500:]
    if all(row["state"] in GOOD for row in rows):
        ctx.warn_of_host(f"a certificate was not renewed, and the present one is valid still: {text}. {UNFINISHED}")
        return
    raise AgentError("acme-failed", f"no certificate was issued: {text}. {UNFINISHED}")


def _install(rows: list[Status], given: list[Given] | None, ctx: Context) -> list[Step]:
    import hashlib
    import json

    if given is None:
        wanting = [row for row in rows if row["state"] != "valid"]
        return [Step("certificate", row["name"], "install", f"{row['reason']}; from the host that obtains it") for row in wanting]
    mine = {row["name"]: row for row in rows}
    new = [item for item in given if item["name"] in mine and _digest(hashlib, item) != mine[item["name"]]["digest"]]

    def install(item: Given) -> Step:
        def apply(ctx: Context) -> None:
            done = ctx.run([PROGRAM, "install"], input=json.dumps([item]), check=False, timeout=TIMEOUT)
            if done.rc:
                raise AgentError("acme-failed", f"the certificate {item['name']} was not installed: {done.err.strip()[-1500:]}")

        return Step("certificate", item["name"], "install", mine[item["name"]]["reason"] or "a newer one was issued", apply=apply)

    missing = [row["name"] for row in rows if row["state"] not in GOOD and row["name"] not in {item["name"] for item in given}]
    if missing and not ctx.check:
        ctx.warn_of_host(f"the host that obtains certificates has none for {', '.join(missing)} yet")
    return [install(item) for item in new]


def _digest(hashlib: Any, item: Given) -> str:
    return str(hashlib.sha256(item["fullchain"].encode()).hexdigest())


def export(params: object, ctx: Context) -> tuple[list[Step], Export]:
    """Valid certificates with their keys, for the other hosts. Asked by tasks that show nothing of it.

    :raises AgentError: ``program-missing``, ``program-failed``
    """
    import json

    del params
    return [], {"certificates": json.loads(ctx.run([PROGRAM, "export"]).out)}


def _status(ctx: Context) -> list[Status] | None:
    import json
    import os

    if not os.path.exists(ctx.path(PROGRAM)):
        return None
    rows: list[Status] = json.loads(ctx.run([PROGRAM, "status"]).out)
    return rows


CALLS = {"certificates": certificates, "export": export}
