# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locales that a site asks of its databases."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import known_locales
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.postgresql import locales

from tests.unit.lib.sites import Judge, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3"


@pytest.mark.parametrize(
    ("name", "charset"),
    [
        ("de_DE.UTF-8", "UTF-8"),
        ("de_DE.utf8", "UTF-8"),
        ("de_DE", "ISO-8859-1"),
        ("de_DE@euro", "ISO-8859-15"),
        ("de_DE.ISO-8859-15@euro", "ISO-8859-15"),
        ("de_DE.ISO-8859-1", "ISO-8859-1"),
        ("am_ET", "UTF-8"),
        ("am_ET.UTF-8", "UTF-8"),
        ("sr_RS@latin", "UTF-8"),
        ("sr_RS.UTF-8@latin", "UTF-8"),
        ("en_US.ISO-8859-15", "ISO-8859-15"),
        ("ja_JP.eucJP", "EUC-JP"),
        ("ja_JP.EUC-JP", "EUC-JP"),
        ("C", ""),
        ("POSIX", ""),
        ("C.UTF-8", "UTF-8"),
        ("C.utf8", "UTF-8"),
        ("de_XX.UTF-8", None),
        ("de_de.UTF-8", None),
        ("german", None),
        ("de-DE", None),
        ("", None),
        ("de_DE.UTF-8; rm -rf /", None),
    ],
)
def test_charsets(name: str, charset: str | None) -> None:
    assert known_locales.charset_of(name) == charset


ASKED: dict[str, Any] = {
    "databases": [
        {"name": "a", "locale": "de_DE.UTF-8"},
        {"name": "b", "locale": "C.UTF-8", "settings": {"lc_monetary": "fr_FR.UTF-8", "work_mem": "xx_XX"}},
        {"name": "gone", "locale": "it_IT.UTF-8", "state": "absent"},
        {"name": "plain"},
        "no entry",
    ],
    "roles": [{"name": "r", "settings": {"lc_messages": "nl_NL.UTF-8"}}, {"name": "x", "settings": None}],
    "initdb": {"locale": "C.UTF-8", "lc-time": "en_GB.UTF-8", "icu-locale": "de-DE-x-icu", "locale-provider": "icu", "encoding": "UTF8"},
    "settings": {"lc_numeric": "de_DE.UTF-8", "lc_time": None, "timezone": "Europe/Berlin"},
}


def test_what_is_asked_for() -> None:
    assert dict(locales.asked(**ASKED)) == {
        "postgresql_databases[0].locale": "de_DE.UTF-8",
        "postgresql_databases[1].locale": "C.UTF-8",
        "postgresql_databases[1].settings.lc_monetary": "fr_FR.UTF-8",
        "postgresql_roles[0].settings.lc_messages": "nl_NL.UTF-8",
        "postgresql_initdb.locale": "C.UTF-8",
        "postgresql_initdb.lc-time": "en_GB.UTF-8",
        "postgresql_settings.lc_numeric": "de_DE.UTF-8",
    }
    assert locales.locales_of(**ASKED) == ["de_DE.UTF-8", "en_GB.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"]
    assert locales.locales_of([], [], {"locale": "C.UTF-8"}, {}) == []
    assert locales.locales_of("text", None, None, 3) == []


@pytest.mark.parametrize(
    ("variables", "code", "variable", "fix"),
    [
        ("postgresql_databases: [{name: a, locale: de_DE.UTF-8}]", None, "", ""),
        ("postgresql_databases: [{name: a, locale: de_DE.utf8, encoding: UTF8}]", None, "", ""),
        ("postgresql_databases: [{name: a, locale: de_DE, encoding: LATIN1}]", None, "", ""),
        ("postgresql_databases: [{name: a, locale: C, encoding: LATIN1}]", None, "", ""),
        (
            "postgresql_databases: [{name: a, locale: de_DR.UTF-8}]",
            "database-locale-unknown",
            "postgresql_databases[0].locale",
            "de_DE.UTF-8",
        ),
        (
            "postgresql_databases: [{name: a, locale: german}]",
            "database-locale-unknown",
            "postgresql_databases[0].locale",
            "such as de_DE.UTF-8",
        ),
        ("postgresql_databases: [{name: a, locale: de_DE}]", "database-locale-encoding", "postgresql_databases[0].locale", "de_DE.UTF-8"),
        (
            "postgresql_databases: [{name: a, locale: de_DE.UTF-8, encoding: LATIN1}]",
            "database-locale-encoding",
            "postgresql_databases[0].locale",
            "encoding: UTF8",
        ),
        ("postgresql_initdb: {locale: xx_YY.UTF-8}", "database-locale-unknown", "postgresql_initdb.locale", ""),
        ("postgresql_settings: {lc_time: Deutsch}", "database-locale-unknown", "postgresql_settings.lc_time", ""),
        (
            "postgresql_roles: [{name: r, settings: {lc_monetary: de_DE.UTF8x}}]",
            "database-locale-unknown",
            "postgresql_roles[0].settings.lc_monetary",
            "de_DE.UTF-8",
        ),
        ("postgresql_databases: [{name: a, locale: '{{ unknown_fact }}'}]", None, "", ""),
    ],
)
def test_names_and_encodings(judged: Judge, variables: str, code: str | None, variable: str, fix: str) -> None:
    report = judged(site(THREE, variables))
    found = [finding for finding in report.errors if finding.code.startswith("database-locale")]
    assert {(finding.code, finding.variable) for finding in found} == ({(code, variable)} if code else set()), points(report)
    assert all(fix in finding.fix for finding in found)
