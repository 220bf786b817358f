# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pki/certificate_report.yml: every host is a line of the report, and the exit status says whether something has to be done."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.unit.lib.playbook_runs import Run

PLAYBOOK = "pki/certificate_report.yml"
GROUPS = {"web": ["web1", "web2"]}


def answer(days: float, **more: Any) -> dict[str, Any]:
    end = time.time() + days * 86400 + 60
    item = {"component": "web", "name": "web", "path": "/etc/web/cert.pem", "units": ["web.service"], "problem": "", "names": ["web1"]}
    item.update(common_name="web1", addresses=[], issuer="R3", authority="", serial="1", not_before=end - 90 * 86400, not_after=end)
    return {"pki_certificates": {"certificates": [{**item, "component": "", **more}], "trusted": [], "clock": time.time()}}


def test_all_is_well(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = run(PLAYBOOK, GROUPS, {"web1": answer(60), "web2": answer(45)}, certificate_report_file=str(file))
    assert done.code == 0, done.printed
    assert done.of("pki_certificates") == ["web1", "web2"]
    assert "web1  web   ok     60" in done.printed and "web2  web   ok     45" in done.printed
    written = json.loads(file.read_text())
    assert written["problems"] == [] and [row["days"] for row in written["certificates"]] == [60, 45]


def test_close_and_away_are_both_told_and_end_with_an_error(run: Run) -> None:
    done = run(PLAYBOOK, GROUPS, {"web1": {"*": {"away": True}}, "web2": answer(5)})
    assert done.code != 0
    assert "web1 could not be asked" in done.printed and "no route to host" in done.printed
    assert "web2: certificate web (/etc/web/cert.pem) expires on" in done.printed


def test_a_host_that_fails_is_told(run: Run) -> None:
    done = run(PLAYBOOK, GROUPS, {"web1": {"pki_certificates": {"failed": True, "msg": "openssl is not on this host"}}, "web2": answer(50)})
    assert done.code != 0
    assert "web1 could not be asked: openssl is not on this host" in done.printed
    assert "web2  web   ok     50" in done.printed


def test_check_mode_writes_no_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = run(PLAYBOOK, GROUPS, {"web1": answer(60), "web2": answer(45)}, "--check", certificate_report_file=str(file))
    assert done.code == 0 and not file.exists()
    assert run(PLAYBOOK, GROUPS, {"web1": answer(20), "web2": answer(45)}, certificate_report_days=10).code == 0
