# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a site's certificates: what is urgent, and what is done about it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import report

NOW = 1795543200.0  # 2026-11-24T18:00:00Z
DAY = 86400
SITE = {"AA01": "clinic internal CA"}


def item(days: float = 60, life: float = 90, **more: Any) -> dict[str, Any]:
    end = NOW + days * DAY
    found = {"component": "web", "name": "web", "path": "/etc/web/cert.pem", "key": "/etc/web/key.pem", "units": ["web.service"]}
    found.update(problem="", common_name="web1", names=["web1", "localhost"], addresses=["10.0.0.1"], issuer="clinic internal CA")
    return {**found, "authority": "AA01", "serial": "0A1B", "not_before": end - life * DAY, "not_after": end, "key_fits": True, **more}


def judged(*items: dict[str, Any], **more: Any) -> list[report.Row]:
    return report.rows({"web1": {"certificates": list(items)}}, SITE, NOW, **more)


@pytest.mark.parametrize(
    ("given", "state", "days"),
    [
        (item(60), "ok", 60),
        (item(21.5), "ok", 21),
        (item(20.9), "close", 20),
        (item(0.5), "close", 0),
        (item(0), "expired", 0),
        (item(-1.5), "expired", -2),
        (item(4, life=10), "ok", 4),  # short-lived: its last third has only begun
        (item(1.9, life=10), "close", 1),
        (item(60, authority="BB02", issuer="another"), "wrong", 60),
        (item(60, authority="BB02", issuer="R3", component=""), "ok", 60),  # of a public authority
        (item(60, problem="it does not belong to the key /etc/web/key.pem"), "wrong", 60),
        (item(-1, problem="it does not belong to the key /etc/web/key.pem"), "expired", -1),
    ],
)
def test_state(given: dict[str, Any], state: str, days: int) -> None:
    (row,) = judged(given)
    assert (row["state"], row["days"]) == (state, days)


def test_a_file_that_is_missing_is_wrong() -> None:
    (row,) = judged(item(problem="the file does not exist", not_before=None, not_after=None, serial="", authority="", issuer=""))
    assert (row["state"], row["days"], row["not_after"]) == ("wrong", None, None)
    assert report.problems([row], {}) == [
        "web1: certificate web (/etc/web/cert.pem): the file does not exist. Fix: run make converge, which renews it"
    ]


def test_revoked_is_found_by_authority_and_serial() -> None:
    assert judged(item(), revoked=["a1b"])[0]["state"] == "revoked", "as OpenSSL and as the list write the number"
    assert judged(item(), revoked=["A1C"])[0]["state"] == "ok"
    assert judged(item(authority="BB02", component=""), revoked=["A1B"])[0]["state"] == "ok", "the number is another authority's"


def test_the_authority_needs_a_plan_half_a_year_before() -> None:
    rows = [report.authority_row("clinic internal CA", "pki/ca.crt", "1", NOW - DAY, NOW + days * DAY, NOW, "signs") for days in (179, 181)]
    assert [row["state"] for row in rows] == ["close", "ok"]
    assert report.problems(rows, {}) == [
        "controller: certificate clinic internal CA (pki/ca.crt) expires on 2027-05-22. Fix: run playbooks/pki/rotate_ca.yml"
    ]


def test_table_has_the_most_urgent_first_and_every_column() -> None:
    rows = judged(item(60, name="good"), item(-3, name="old"), item(5, name="near"))
    lines = report.table(rows)
    assert lines[0].split() == ["host", "name", "state", "days", "until", "issuer", "used", "by", "path", "names"]
    assert [line.split()[1:4] for line in lines[1:]] == [["old", "expired", "-3"], ["near", "close", "5"], ["good", "ok", "60"]]
    assert lines[3].split()[4:] == [
        *("2027-01-23", "clinic", "internal", "CA", "web.service", "/etc/web/cert.pem", "web1,", "localhost,", "10.0.0.1")
    ]


def test_hosts_that_cannot_be_asked_are_problems() -> None:
    found = report.problems(judged(item()), {"web2": "no route to host"})
    assert found == ["web2 could not be asked: no route to host"]


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        (item(3), "run make converge"),
        (item(3, component="", authority="", issuer="R3"), "renew it where it comes from"),
    ],
)
def test_each_problem_has_its_fix(given: dict[str, Any], fix: str) -> None:
    (text,) = report.problems(judged(given), {})
    assert f"Fix: {fix}" in text
