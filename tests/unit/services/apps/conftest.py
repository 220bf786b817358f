# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five apps of a medical-imaging cloud, and what they refer to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import caprover, rules

FIVE = Path(__file__).parent / "data" / "five_apps.yml"
SERVICES: dict[str, dict[str, Any]] = {
    "database": {"host": "192.0.2.11", "port": 5000},
    "object_store": {"endpoint": "https://192.0.2.15:9000"},
}
SECRETS = {"postgresql_role_vhc": "p@ss/word", "postgresql_role_orthanc": "another"}


@pytest.fixture
def five() -> list[dict[str, Any]]:
    """The catalogue."""
    found: list[dict[str, Any]] = yaml.safe_load(FIVE.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def around() -> rules.Surroundings:
    """What it may refer to."""
    return rules.Surroundings(secrets=SECRETS, services=SERVICES)


@pytest.fixture
def values() -> caprover.Values:
    """What its references stand for."""
    return caprover.Values(secrets=SECRETS, services=SERVICES)
