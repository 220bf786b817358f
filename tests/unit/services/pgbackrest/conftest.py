# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of cron, as tests run them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .job_place import Place


@pytest.fixture
def job(program: Callable[[str, str], ModuleType]) -> Any:
    return program("pgbackrest", "pgbackrest-job")


@pytest.fixture
def place(tmp_path: Path, job: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path, job)
    monkeypatch.setattr(job, "run", made.run)
    monkeypatch.setattr(job, "POLL", 0.05)
    return made
