# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every certificate of a site with its days left, from what the hosts answered: rows, a table, and what has to be done. Pure.

A row is a mapping of texts and numbers, the same in the table and as JSON, see :data:`COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from ..agent.services.pki.types import Row as Certificate


DAY = 86400
#: A host's certificate is renewed 30 days before its end. One that has less than this was not renewed by several runs.
CLOSE_DAYS = 21
#: Preflight warns of the site's own authority from here on: its renewal has to be planned.
AUTHORITY_DAYS = 180
#: What is wrong with a row, the worst first. ``ok`` is not.
STATES = ("expired", "revoked", "wrong", "close", "ok")
COLUMNS = ("host", "name", "state", "days", "until", "issuer", "used by", "path", "names")


class Row(TypedDict, total=False):
    """A certificate in the report."""

    host: str
    component: str
    name: str
    path: str
    serial: str
    common_name: str
    names: list[str]
    units: list[str]
    problem: str
    not_after: str | None
    days: int | None
    state: str
    issuer: str


def rows(
    answers: Mapping[str, Mapping[str, Any]],
    authorities: Mapping[str, str],
    now: float,
    close_days: int = CLOSE_DAYS,
    revoked: Iterable[str] = (),
) -> list[Row]:
    """The certificates of all hosts.

    :param answers: host -> result of ``pki_certificates``
    :param authorities: key identifier (hexadecimal) of each authority of the site -> what it is called
    :param now: seconds since the epoch
    :param close_days: a certificate with fewer days is ``close``, see :func:`limit`
    :param revoked: serial numbers (hexadecimal) on the site's revocation list
    """
    gone = {serial.upper().lstrip("0") for serial in revoked}
    found = []
    for host, answer in answers.items():
        for item in answer.get("certificates") or ():
            issuer = authorities.get(str(item["authority"]), "")
            problem = str(item["problem"])
            if item["component"] and not problem and not issuer:
                problem = "an authority signed it that is not the site's"
            row = _row(host, item, now, limit(item, close_days), problem)
            row["issuer"] = issuer or str(item["issuer"])
            if issuer and str(item["serial"]).lstrip("0") in gone:
                row.update({"state": "revoked", "problem": "it is on the site's revocation list"})
            found.append(row)
    return found


def authority_row(name: str, path: str, serial: str, not_before: float, not_after: float, now: float, used_by: str = "") -> Row:
    """The site's own authority, which lies on the controller."""
    item: Certificate = {"component": "", "name": name, "path": path, "units": [used_by] if used_by else [], "names": [], "addresses": []}
    item.update({"serial": serial, "common_name": name, "not_before": not_before, "not_after": not_after})
    row = _row("controller", item, now, AUTHORITY_DAYS, "")
    row["issuer"] = "itself"
    return row


def limit(item: Mapping[str, Any], close_days: int) -> float:
    """Below how many days left a certificate is ``close``: a short-lived one is renewed in its last third, so a quarter of its life."""
    if item["not_before"] is None:
        return close_days
    return min(float(close_days), float(item["not_after"] - item["not_before"]) / DAY / 4)


def _row(host: str, item: Mapping[str, Any], now: float, close: float, problem: str) -> Row:
    row: Row = {"host": host, "component": item["component"], "name": item["name"], "path": item["path"], "serial": item["serial"]}
    row.update({"common_name": item["common_name"], "names": [*item["names"], *item["addresses"]], "units": list(item["units"])})
    row["problem"] = problem
    end = item["not_after"]
    row["not_after"] = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if end is not None else None
    row["days"] = int((end - now) // DAY) if end is not None else None
    if end is not None and end <= now:
        row["state"] = "expired"
    elif problem:
        row["state"] = "wrong"
    else:
        row["state"] = "close" if (end - now) / DAY < close else "ok"
    return row


def table(found: Sequence[Row]) -> list[str]:
    """The rows as lines for a terminal, the most urgent first."""
    cells = [COLUMNS, *map(_cells, sorted(found, key=_urgency))]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, ...]:
    days = "-" if row["days"] is None else str(row["days"])
    until = (row["not_after"] or "-")[:10]
    used, names = ", ".join(row["units"]) or "-", ", ".join(row["names"]) or row["common_name"] or "-"
    return (row["host"], row["name"], row["state"], days, until, row["issuer"] or "-", used, row["path"] or "-", names)


def _urgency(row: Row) -> tuple[int, float, str, str]:
    return (STATES.index(row["state"]), row["days"] if row["days"] is not None else -1, row["host"], row["name"])


def problems(found: Sequence[Row], silent: Mapping[str, str]) -> list[str]:
    """What has to be done, a text each, the most urgent first.

    :param silent: host that could not be asked -> why
    """
    texts = [f"{host} could not be asked: {why}" for host, why in sorted(silent.items())]
    for row in sorted(found, key=_urgency):
        if row["state"] == "ok":
            continue
        what = f"{row['host']}: certificate {row['name']} ({row['path'] or 'no file'})"
        if row["state"] == "expired":
            texts.append(f"{what} expired on {(row['not_after'] or '')[:10]}. Fix: {_fix(row)}")
        elif row["state"] == "close":
            texts.append(f"{what} expires on {(row['not_after'] or '')[:10]}. Fix: {_fix(row)}")
        else:
            texts.append(f"{what}: {row['problem']}. Fix: {_fix(row)}")
    return texts


def _fix(row: Row) -> str:
    if row["host"] == "controller":
        return "run playbooks/pki/rotate_ca.yml"
    if row["component"]:
        return "run make converge, which renews it" if row["state"] != "revoked" else "run playbooks/pki/rotate_certificates.yml"
    return f"renew it where it comes from; {row['path']} is not signed by the site's authority"
