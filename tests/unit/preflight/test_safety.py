# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that would leave something out, and halves of clusters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import areas, rules
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Finding
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, Site, has_playbook

from tests.unit.lib.sites import Judge, codes, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("ssh", "variables", "refused"),
    [(True, "", False), (False, "", True), (False, "ansible_connection: local", False), (False, "ansible_connection: ssh", True)],
)
def test_ssh_client(judged: Judge, ssh: bool, variables: str, refused: bool) -> None:
    """Before any server is asked."""
    report = judged(site(THREE, variables), controller=Controller(key_files=("id_rsa",), ssh=ssh))
    assert ("safety-no-ssh-client" in codes(report)) is refused


@pytest.mark.parametrize(("tags", "refused"), [((), False), (("--tags postgresql",), True), (("--skip-tags always",), True)])
def test_tags(judged: Judge, tags: tuple[str, ...], refused: bool) -> None:
    """A run that does nothing, and says that nothing is to be changed."""
    controller = Controller(key_files=("id_rsa",), tags=tags, has_playbook=lambda role: role in ("firewall", "haproxy"))
    report = judged(site(THREE, ""), controller=controller)
    assert ("safety-run-by-tags" in codes(report)) is refused
    # Not each role of the site has one.
    assert has_playbook("firewall") and not has_playbook("sshd")
    fixes = [finding.fix for finding in report.errors if finding.code == "safety-run-by-tags"]
    assert all("the playbook converge.yml of one service (firewall, haproxy)" in fix for fix in fixes), fixes


@pytest.mark.parametrize(
    ("strategy", "refused"),
    [("linear", False), ("ansible.builtin.linear", False), ("debug", False), ("mitogen_linear", False)]
    + [(name, True) for name in ("free", "ansible.builtin.free", "host_pinned", "mitogen_free")],
)
def test_strategies(judged: Judge, strategy: str, refused: bool) -> None:
    """Gates and tasks that run once need hosts that wait for each other at each task."""
    report = judged("all: {children: {haproxy: {hosts: {a: }}}}\n", controller=Controller(key_files=("id_rsa",), strategy=strategy))
    assert ("safety-run-by-strategy" in codes(report)) is refused


def test_a_broken_rule_is_a_finding(judged: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """And hides no other."""

    def check_nothing(site: Site) -> Iterator[Finding]:
        yield Finding("domain-missing", "all", "-", "it is said before that.", "set x")
        raise TypeError("hunter2")

    monkeypatch.setattr(areas, "AREAS", (rules.Area("x", (), (check_nothing,)), *areas.AREAS))
    report = judged(site(THREE, "site_domain: x_y.health"))
    assert codes(report) == {"preflight-rule-broken", "domain-missing", "domain-invalid"}
    assert "check_nothing" in report.text() and "TypeError" in report.text() and "hunter2" not in report.text()


@pytest.mark.parametrize(
    ("limit", "where"),
    [
        ({"db1"}, {"etcd", "postgresql"}),
        ({"db1", "db2", "app1"}, {"etcd", "postgresql"}),
        ({"db1", "db2", "db3"}, set()),
        ({"app1"}, set()),
    ],
)
def test_limit(judged: Judge, limit: set[str], where: set[str]) -> None:
    """A part of a cluster is a warning; one client of it is none."""
    report = judged(site(THREE), controller=Controller(limit=frozenset(limit), agent=True))
    assert report.errors == ()
    assert {finding.where for finding in report.warnings} == where


def test_alerts(judged: Judge) -> None:
    """Monitoring without a receiver of alerts."""
    assert "safety-no-alert-receiver" in codes(judged(site(f"{THREE}\nmonitoring: mon1")))
    told = judged(site(f"{THREE}\nmonitoring: mon1", "site_alert_receivers: [ops@clinic.health]"))
    assert "safety-no-alert-receiver" not in codes(told)
    assert "safety-no-alert-receiver" not in codes(judged(site(THREE)))
