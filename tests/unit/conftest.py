# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests of several areas share."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from tests.unit.lib import instructions
from tests.unit.lib.playbook_runs import Run

REPOSITORY = Path(__file__).resolve().parents[2]
#: A worker of pytest-xdist gets the folders of pythonpath twice; Ansible refuses a namespace package that lies in two places.
sys.path[:] = dict.fromkeys(sys.path)


@pytest.fixture(scope="session", autouse=True)
def ansible_plugins() -> None:
    """Ansible's plugin loader, which may be set up once in a process, with this collection.

    Before any test: a template that is rendered earlier remembers that the collection has no filters.
    """
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader([str(REPOSITORY / "collections")])
    # pytest imports the collection as any package; ansible-core wants to have read its metadata, of which we need none, and to find
    # a folder of plugins by its package's file.
    package = importlib.import_module("ansible_collections.vannah.healthcloud")
    if not hasattr(package, "_collection_meta"):
        package._collection_meta = {}  # type: ignore[attr-defined]
    for kind in ("action", "filter", "lookup", "modules"):
        folder = importlib.import_module(f"ansible_collections.vannah.healthcloud.plugins.{kind}")
        if getattr(folder, "__file__", None) is None:
            folder.__file__ = str(REPOSITORY / "plugins" / kind / "__init__.py")


@pytest.fixture(autouse=True)
def fixes(ansible_plugins: None) -> Iterator[None]:
    """Whatever the code says in a test: each fix is an instruction."""
    with instructions.watched() as wrong:
        yield
    assert not wrong, f"begin each fix with a verb: {sorted(set(wrong))}"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run playbooks on hosts whose answers the test makes up."""
    return Run(tmp_path)
