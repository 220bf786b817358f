# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts answered: whether the files to back up are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding, Level
from ...preflight.formation import DATA_LOST

ROLE = "restic"

CODES = (
    Code(
        "contact-backup-path",
        "A path of restic_paths does not exist on the host: its backup would fail each day.",
        "Create it, or remove it from restic_paths; or use -e site_data_lost_hosts=<host> where its files are to be restored.",
    ),
    Code(
        "contact-backup-path-new",
        "A path of restic_paths does not exist on a host that is new, or whose data are lost: there is no backup before it does.",
        "Create it, or restore it (backup/restore_files.yml).",
        Level.WARNING,
    ),
)


def _lost(answer: Answer) -> bool:
    """Whether this run is told that the host's data are lost."""
    said = answer.values(DATA_LOST)
    names = said.split(",") if isinstance(said, str) else said if isinstance(said, list | tuple) else ()
    return answer.host in {str(name).strip() for name in names}


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Paths of the inventory that a host does not have. A new one gets them after its first converge."""
    for answer in answers:
        said = answer.of_service(ROLE)
        new = not said.get("begun") or _lost(answer)
        for path in said.get("missing") or ():
            fix = f"create {path} on the host, or {'restore it' if new else 'remove it from restic_paths'}"
            code = "contact-backup-path-new" if new else "contact-backup-path"
            yield Finding(code, answer.host, "restic_paths", f"{path} does not exist.", fix)
