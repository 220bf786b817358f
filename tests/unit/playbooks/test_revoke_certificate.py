# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pki/revoke_certificate.yml: the list is written once, and only the host that uses the certificate gets a new one."""

from __future__ import annotations

from typing import Any

from tests.unit.lib.playbook_runs import Run

PLAYBOOK = "pki/revoke_certificate.yml"
SITE = {"etcd": ["db1", "db2", "db3"]}
ETCD = {"answers": True, "problems": [], "leader": "db1", "members": [], "healthy": True, "pending_restart": []}
#: What the action on the controller says.
REVOKED = {"plan": ["revoked: A1B2C3D4E5"], "serials": ["A1B2C3D4E5"], "replace": {"db1": ["etcd"]}}


def hosts(**db3: Any) -> dict[str, Any]:
    one = {
        "pki_certificates": {"certificates": [], "trusted": []},
        "converge": {"pending_restart": []},
        "etcd_health": ETCD,
        "certificate_revoke": REVOKED,
    }
    return {"db1": one, "db2": one, "db3": {**one, **db3}}


def test_the_list_comes_before_the_converge_and_is_written_once(run: Run) -> None:
    done = run(PLAYBOOK, SITE, hosts(), certificate_host="db1", certificate_name="etcd")
    assert done.code == 0, done.printed
    kinds = [call.rpartition(" ")[0] for call in done.calls]
    assert kinds.index("pki_certificates") < kinds.index("certificate_revoke") < kinds.index("converge base")
    assert kinds.count("certificate_revoke") == 1
    (given,) = [arguments for action, arguments in done.arguments if action == "certificate_revoke"]
    assert (given["host"], given["name"], given["serial"]) == ("db1", "etcd", "")
    assert f"time of this revocation: {given['before']}" in done.printed
    assert done.of("converge base") == ["db1", "db2", "db3"]


def test_continues_with_the_time_that_it_printed(run: Run) -> None:
    done = run(PLAYBOOK, SITE, hosts(), certificate_host="db1", certificate_name="etcd", certificate_revoked_at="2026-12-01T08:00:00Z")
    (given,) = [arguments for action, arguments in done.arguments if action == "certificate_revoke"]
    assert given["before"] == "2026-12-01T08:00:00Z"


def test_what_is_refused_changes_nothing(run: Run) -> None:
    refused = {name: {**host, "certificate_revoke": {"failed": True, "msg": "no certificate is named"}} for name, host in hosts().items()}
    done = run(PLAYBOOK, SITE, refused)
    assert done.code != 0 and "no certificate is named" in done.printed
    assert not any(call.startswith("converge") for call in done.calls)
