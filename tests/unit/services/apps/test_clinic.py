# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apps of the annotated reference: preflight has only to say what its owner decides."""

from __future__ import annotations

from collections import Counter

from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile

from tests.unit.lib.sites import REPOSITORY, Judge

CLINIC = REPOSITORY / "inventories" / "clinic"


def files() -> dict[str, str]:
    """Its variables, with a domain of its owner."""
    found = {str(path.relative_to(CLINIC)): path.read_text() for path in (CLINIC / "group_vars").rglob("*.yml")}
    found["group_vars/all/site.yml"] = found["group_vars/all/site.yml"].replace("clinic.example.org", "clinic.health")
    return found


def test_the_clinic(judged: Judge) -> None:
    """The digests of images are not known here."""
    given = files()
    given["group_vars/caprover.yml"] = given["group_vars/caprover.yml"].replace("# caprover_accept_terms", "caprover_accept_terms")
    # That the site has secrets: else nothing is said of those that apps refer to.
    secrets = [SecretsFile("secrets.yml", values={"caprover_password": "kX3vQ9zkX3vQ9zkX3vQ9zk7b"})]
    report = judged((CLINIC / "hosts.yml").read_text(), files=given, secrets=secrets)
    assert [finding.line() for finding in report.errors] == []
    found = Counter(finding.code for finding in report.warnings)
    assert found.pop("apps-image-tag") == 5 and set(found) <= {"object-store-unmaintained", "host-address-documentation"}, found


def test_nobody_accepts_the_terms_for_its_owner(judged: Judge) -> None:
    report = judged((CLINIC / "hosts.yml").read_text(), files=files())
    assert [finding.code for finding in report.errors] == ["caprover-terms"]
