# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme/converge.yml: one host obtains, the others get the files, and the key is shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

PLAYBOOK = "acme/converge.yml"
GROUPS = {"edge": ["edge1", "edge2", "edge3"]}
KEY = "the-private-key-of-web"
GIVEN = [{"name": "web", "fullchain": "chain", "private_key": KEY, "directory": "https://acme"}]
CERTIFICATES = [{"name": "web", "names": ["www.hospital.com"]}]


def hosts(**more: Any) -> dict[str, Any]:
    said = {"acme_export": {"certificates": GIVEN}, "acme_certificates": {"certificates": []}, **more}
    return dict.fromkeys(GROUPS["edge"], said)


@pytest.mark.parametrize(("variables", "obtaining"), [({}, "edge1"), ({"acme_host": "edge3"}, "edge3")])
def test_one_obtains_and_the_others_install_what_it_gave(run: Run, variables: dict[str, str], obtaining: str) -> None:
    done = run(PLAYBOOK, GROUPS, hosts(), "-vvv", acme_certificates=CERTIFICATES, **variables)
    assert done.code == 0, done.printed
    others = [host for host in GROUPS["edge"] if host != obtaining]
    calls = [call for call in done.calls if call.startswith("acme_")]
    assert calls[0] == f"acme_certificates {obtaining}"
    assert done.of("acme_export") == others, "each asks, through the host that obtains"
    assert sorted(calls[-2:]) == [f"acme_certificates {host}" for host in others]
    given = [arguments for action, arguments in done.arguments if action == "acme_certificates"]
    assert [one.get("given") for one in given] == [None, GIVEN, GIVEN] and [one["obtains"] for one in given] == [True, False, False]
    assert KEY not in done.printed, "with -vvv neither"


def test_check_mode_reads_no_key(run: Run) -> None:
    done = run(PLAYBOOK, GROUPS, hosts(), "--check", "--diff", acme_certificates=CERTIFICATES)
    assert done.code == 0, done.printed
    assert done.of("acme_export (check)") == [] and done.of("acme_certificates (check)") == GROUPS["edge"]


def test_without_certificates_nothing_is_asked(run: Run) -> None:
    done = run(PLAYBOOK, GROUPS, hosts())
    assert done.code == 0, done.printed
    assert not any(call.startswith("acme_") for call in done.calls)


def test_a_failure_is_told_and_the_key_is_not(run: Run) -> None:
    refused = {"acme_certificates": {"failed": True, "msg": "no certificate was issued: web: rateLimited"}}
    done = run(PLAYBOOK, GROUPS, hosts(**refused), "-vvv", acme_certificates=CERTIFICATES)
    assert done.code != 0 and "web: rateLimited" in done.printed and KEY not in done.printed
