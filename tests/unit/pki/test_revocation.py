# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is meant, and where it is in use."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import revocation

NOW = 1796119200.0
OWN = ["AA01"]


def item(name: str, serial: str, **more: Any) -> dict[str, Any]:
    found = {
        "component": name,
        "name": name,
        "serial": serial,
        "authority": "AA01",
        "issuer": "clinic internal CA",
        "not_before": NOW - 9000,
    }
    return {**found, **more}


ANSWERS = {
    "db1": {"certificates": [item("etcd", "0A1B2C3D4E"), item("postgresql", "0F0F0F0F0F")]},
    "db2": {"certificates": [item("etcd", "99AABBCCDD", not_before=NOW - 300)]},
    "edge1": {"certificates": [item("public", "123456789A", component="", authority="BB02", issuer="R3")]},
}


@pytest.mark.parametrize(
    ("given", "serials"),
    [
        (("db1", "etcd", ""), ["0A1B2C3D4E"]),
        (("db2", "etcd", ""), []),  # what an interrupted run has put in its place
        (("", "", "0a:1b:2c:3d:4e"), ["0A1B2C3D4E"]),
    ],
)
def test_what_is_meant(given: tuple[str, str, str], serials: list[str]) -> None:
    assert revocation.wanted(ANSWERS, OWN, *given, NOW) == (serials, "")


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (("", "", ""), "no certificate is named"),
        (("db1", "", ""), "no certificate is named"),
        (("db1", "etcd", "0A1B2C3D4E"), "not both"),
        (("db9", "etcd", ""), "db9 gave no answer"),
        (("db1", "minio", ""), "db1 has no certificate minio. Fix: use one of etcd, postgresql"),
        (("edge1", "public", ""), "is of R3, not of the site's CA"),
        (("", "", "db1"), "is not the serial number"),
        (("", "", "0A1B2C3D4X"), "is not the serial number"),
    ],
)
def test_what_cannot_be_meant(given: tuple[str, str, str], part: str) -> None:
    serials, refused = revocation.wanted(ANSWERS, OWN, *given, NOW)
    assert serials == [] and part in refused and "Fix: " in refused


def test_what_is_in_use_is_found_however_its_number_is_written() -> None:
    assert revocation.in_use(ANSWERS, OWN, ["A1B2C3D4E", "123456789A"]) == {"db1": ["etcd"]}
    assert revocation.in_use(ANSWERS, OWN, []) == {}


def test_what_is_done_is_told() -> None:
    told = revocation.planned(["0A1B2C3D4E"], ["A1B2C3D4E"], {"db1": ["etcd"]}, NOW)
    assert told[:2] == ["revoked: A1B2C3D4E", "db1 gets a new key and certificate: etcd"]
    assert revocation.planned(["0A1B2C3D4E"], [], {}, NOW)[0] == "revoked already: A1B2C3D4E"
    assert "nothing more is revoked" in revocation.planned([], [], {}, NOW)[0]
