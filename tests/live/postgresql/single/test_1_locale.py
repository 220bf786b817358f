# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locales of databases, on the awkward server of tests/live/convergence/test_0_awkward.py."""

from __future__ import annotations

import json

from tests.live.postgresql.cluster import Cluster


def test_the_database_has_its_locale_and_the_owner_keeps_his(site: Cluster, host: str) -> None:
    """Beside the owner's line, and a locale that comes later restarts nothing."""
    sql = "SELECT datcollate FROM pg_database WHERE datname = '{}'"
    assert site.query(host, sql.format("klinik")) == "de_DE.UTF-8"
    lines = site.run(host, "cat", "/etc/locale.gen").stdout.splitlines()
    assert {"# mine", "en_GB.UTF-8 UTF-8", "de_DE.UTF-8 UTF-8"} <= set(lines), lines
    before = site.query(host, "SELECT pg_postmaster_start_time()")
    wanted = [{"name": "klinik", "locale": "de_DE.UTF-8"}, {"name": "clinique", "locale": "fr_FR.UTF-8"}]
    site.converge("-e", json.dumps({"postgresql_databases": wanted}))
    assert site.query(host, sql.format("clinique")) == "fr_FR.UTF-8"
    assert site.query(host, "SELECT 1", database="clinique") == "1"
    assert before and site.query(host, "SELECT pg_postmaster_start_time()") == before
    site.query(host, "DROP DATABASE clinique")
    site.converge()
