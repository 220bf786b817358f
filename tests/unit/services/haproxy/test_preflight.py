# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that HAProxy would take for another one: refused before it is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.lib.sites import Judge, points, site

SITE = "postgresql: db1\netcd: db1\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("variable", "option", "value", "refused"),
    [
        ("haproxy_settings", "maxconn", "abc", True),
        ("haproxy_settings", "maxconn", "10k", True),  # 10
        ("haproxy_settings", "maxconn", 1.5, True),
        ("haproxy_settings", "maxconn", -5, True),
        ("haproxy_settings", "retries", True, True),
        ("haproxy_settings", "fullconn", [10], True),
        ("haproxy_global", "maxconnrate", "5x", True),
        ("haproxy_global", "tune.ssl.cachesize", "1m", True),
        ("haproxy_check", "rise", "two", True),
        ("haproxy_settings", "maxconn", 10000, False),
        ("haproxy_settings", "maxconn", "10000", False),
        ("haproxy_settings", "maxconn", None, False),  # the role's own is removed
        ("haproxy_settings", "timeout client", "1x", False),  # HAProxy refuses it itself
        ("haproxy_global", "nbthread", "abc", False),
        ("haproxy_check", "inter", "2s", False),
    ],
)
def test_numbers(judged: Judge, variable: str, option: str, value: Any, refused: bool) -> None:
    found = points(judged(site(SITE, f"{variable}: {json.dumps({option: value})}")))
    said = {(code, path) for code, _where, path in found if code == "haproxy-number-invalid"}
    assert said == ({("haproxy-number-invalid", f"{variable}.{option}")} if refused else set())
