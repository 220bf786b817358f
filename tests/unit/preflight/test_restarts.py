# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies for restarts, and the windows that they wait for."""

from __future__ import annotations

import pytest

from tests.unit.lib.sites import Judge, codes, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\nobject_store: store1 store2 store3 store4"
OWN = {"maintenance-window-unreadable", "maintenance-window-missing", "restart-policy-differs", "variable-not-a-choice"}


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        ("site_maintenance_windows: [Sunday 02:00-04:00]", "maintenance-window-unreadable", "all", "site_maintenance_windows[0]"),
        ("site_maintenance_windows: ['02:00-04:00', 2-4]", "maintenance-window-unreadable", "all", "site_maintenance_windows[1]"),
        ("site_maintenance_windows: ['02:00-04:00 Europe/Berlijn']", "maintenance-window-unreadable", "all", "site_maintenance_windows[0]"),
        ("postgresql_restart_policy: window", "maintenance-window-missing", "all", "postgresql_restart_policy"),
        ("minio_update_policy: window\nsite_maintenance_windows: []", "maintenance-window-missing", "all", "minio_update_policy"),
        (
            "etcd_restart_policy: manual\n[@db2]\netcd_restart_policy: rolling",
            "restart-policy-differs",
            "etcd",
            "etcd_restart_policy",
        ),
    ],
)
def test_refused(judged: Judge, variables: str, code: str, where: str, variable: str) -> None:
    """What would wait forever, or for an unknown reason."""
    assert (code, where, variable) in points(judged(site(THREE, variables)))


@pytest.mark.parametrize("variables", ["minio_update_policy: rolling", "etcd_restart_policy: never"])
def test_no_policy(judged: Judge, variables: str) -> None:
    """All servers at once, whenever: not that."""
    assert "variable-not-a-choice" in codes(judged(site(THREE, variables)))


@pytest.mark.parametrize(
    "variables",
    [
        "",
        "site_maintenance_windows: ['Sat,Sun 01:00-05:00', 'Mon-Fri 22:00-05:00 Europe/Berlin']",
        "site_maintenance_windows: ['02:00-04:00']\npostgresql_restart_policy: window\nminio_update_policy: window",
        'site_maintenance_windows: \'{{ lookup("env", "WINDOWS") }}\'\nminio_update_policy: window',
        "etcd_restart_policy: manual\nminio_restart_policy: manual",
    ],
)
def test_taken(judged: Judge, variables: str) -> None:
    """What is well."""
    assert not OWN & codes(judged(site(THREE, variables)))
