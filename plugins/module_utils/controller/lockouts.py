# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of this controller that could no longer connect to a host after they had changed its firewall or sshd.

The host itself cannot distinguish that from a run that was killed before it connected again. So a run records it here, and the next one
tells the host.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from ..artifacts.cache import COLLECTION

FOLDER = COLLECTION / ".cache" / "lockouts"
#: So many runs are remembered for a host: more than the agent asks for.
_KEPT = 8


class Lockouts:
    """The notes about one host.

    :param folder: where they lie; one that cannot be written costs the host another try
    :param site: the folder of the site's inventory
    """

    def __init__(self, folder: Path, site: str, host: str) -> None:
        self._path = folder / hashlib.sha256(f"{site}\n{host}".encode()).hexdigest()[:32]

    def runs(self) -> list[str]:
        """The ids of the runs, the latest last."""
        try:
            return self._path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError):
            return []

    def note(self, run: str) -> None:
        """Remember a run that was locked out."""
        known = [one for one in self.runs() if one != run]
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.write_text("\n".join([*known, run][-_KEPT:]) + "\n", encoding="utf-8")
            beside.replace(self._path)
