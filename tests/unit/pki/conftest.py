# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with an authority of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki


@pytest.fixture
def loader() -> DataLoader:
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
    return loader


@pytest.fixture
def site(tmp_path: Path, loader: DataLoader) -> str:
    assert pki.ensure_authority(loader, str(tmp_path), "clinic")
    return str(tmp_path)
