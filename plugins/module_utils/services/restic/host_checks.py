# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts answered: whether the files to back up are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding

ROLE = "restic"

CODES = (
    Code(
        "contact-backup-path",
        "A path of restic_paths does not exist on the host: its backup would fail each day.",
        "Create it, or remove it from restic_paths.",
    ),
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Paths of the inventory that a host does not have."""
    for answer in answers:
        for path in answer.of_service(ROLE).get("missing") or ():
            fix = f"create {path} on the host, or remove it from restic_paths"
            yield Finding("contact-backup-path", answer.host, "restic_paths", f"{path} does not exist.", fix)
