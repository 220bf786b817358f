# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pki/rotate_certificates.yml: the whole site is converged with one time, what waits is restarted, and what was left is told."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

from tests.unit.lib.playbook_runs import REPOSITORY, Run

PLAYBOOK = "pki/rotate_certificates.yml"
SITE = {"etcd": ["db1", "db2", "db3"]}
ETCD = {"answers": True, "problems": [], "leader": "db1", "members": [], "healthy": True, "pending_restart": []}


def host(age: float, **more: Any) -> dict[str, Any]:
    """A host whose certificate of etcd is some seconds old."""
    begins = time.time() - age - 300
    item = {"component": "etcd", "name": "etcd", "path": "/etc/vannah/pki/etcd/cert.pem", "units": ["etcd.service"], "not_before": begins}
    return {"pki_certificates": {"certificates": [item], "trusted": []}, "converge": {"pending_restart": []}, "etcd_health": ETCD, **more}


def hosts(age: float) -> dict[str, Any]:
    return {name: host(age) for name in SITE["etcd"]}


def test_whole_site_is_converged_and_what_is_old_afterwards_is_an_error(run: Run) -> None:
    """The stand-ins do not replace anything: the last question finds the old certificates."""
    done = run(PLAYBOOK, SITE, hosts(3600))
    assert "new keys and certificates in place of those that were signed before" in done.printed
    assert "db1: etcd (/etc/vannah/pki/etcd/cert.pem), used by etcd.service" in done.printed
    kinds = [call.rpartition(" ")[0] for call in done.calls]
    assert kinds.index("pki_certificates") < kinds.index("preflight") < kinds.index("host_facts") < kinds.index("converge base")
    assert done.of("converge base") == ["db1", "db2", "db3"]
    assert done.code != 0
    assert "these certificates were not replaced: db1: etcd, db2: etcd, db3: etcd" in done.printed
    assert "-e certificate_issued_before=20" in done.printed


def test_certificates_that_are_new_enough_end_it_well(run: Run) -> None:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7200))
    done = run(PLAYBOOK, SITE, hosts(3600), certificate_issued_before=before)
    assert done.code == 0, done.printed
    assert f"all certificates were signed after {before}: nothing is replaced" in done.printed


def test_check_mode_ends_well(run: Run) -> None:
    done = run(PLAYBOOK, SITE, hosts(3600), "--check")
    assert done.code == 0, done.printed
    assert "db3: etcd" in done.printed


@pytest.mark.parametrize("policy", ["manual", "rolling"])
def test_what_waits_is_restarted_whatever_the_policy_is(run: Run, policy: str) -> None:
    """One member after the other, each once a run has found that it waits; every other host is asked and left alone."""
    waits = {"pending_restart": [{"role": "etcd", "component": "etcd", "unit": "etcd.service"}]}
    said = {**hosts(3600), "db2": host(3600, converge=waits)}
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7200))
    done = run(PLAYBOOK, SITE, said, certificate_issued_before=before, etcd_restart_policy=policy)
    assert done.code == 0, done.printed
    assert set(done.of("component_restart")) == {"db2"}
    restarted = [number for number, call in enumerate(done.calls) if call.startswith("component_restart")]
    assert done.calls[restarted[0] - 1].startswith("etcd_health"), "it asks whether the cluster can spare the member"


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"certificate_components": "etcd,postgres"}, "no host has a certificate of postgres. Fix: use one or more of etcd"),
        ({"certificate_issued_before": "2999-01-01T00:00:00Z"}, "has not come yet"),
        ({"certificate_issued_befor": "2026-01-01T00:00:00Z"}, "Did you mean certificate_issued_before?"),
    ],
)
def test_nothing_is_done_with_what_cannot_be_meant(run: Run, values: dict[str, str], part: str) -> None:
    done = run(PLAYBOOK, SITE, hosts(3600), **values)
    assert done.code != 0 and part in done.printed
    assert not any(call.startswith("converge") for call in done.calls)


def test_every_wave_is_looked_at() -> None:
    text = (REPOSITORY / "playbooks" / "pki" / "converge_now.yml").read_text(encoding="utf-8")
    assert [wave for wave in site_map.load().waves if f"'{wave}' | vannah.healthcloud.rolling_role(0)" not in text] == []
