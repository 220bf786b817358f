# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of the collection come from Python's cache of bytecode."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bytecode

NAME = "ansible_collections.vannah.healthcloud.plugins.module_utils.thing"


def finder(path: Path) -> Any:
    """A stand-in for Ansible's module: what use_cache changes in it stays here."""

    class Loader:
        """As far as Ansible's loader is used."""

        def __init__(self) -> None:
            self._compiled_code: Any = None

        def get_filename(self, _fullname: str) -> str:
            return str(path)

        def get_code(self, _fullname: str) -> Any:
            if self._compiled_code is None:
                self._compiled_code = compile("value = 'compiled by Ansible'", str(path), "exec")
            return self._compiled_code

    return SimpleNamespace(_AnsibleCollectionPkgLoaderBase=Loader)


def value_of(code: Any) -> str:
    """What the module's code sets."""
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102  # the test's own text
    return str(found["value"])


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module on disk, where Python may write its cache."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "thing.py"
    path.write_text("value = 'first'\n", encoding="utf-8")
    return path


def test_a_module_is_compiled_once(source: Path) -> None:
    found = finder(source)
    assert bytecode.use_cache(found) and bytecode.use_cache(found)
    assert value_of(found._AnsibleCollectionPkgLoaderBase().get_code(NAME)) == "first"
    cached = Path(importlib.util.cache_from_source(str(source)))
    before = cached.stat().st_mtime_ns
    assert value_of(found._AnsibleCollectionPkgLoaderBase().get_code(NAME)) == "first"
    assert cached.stat().st_mtime_ns == before


def test_a_changed_module_is_compiled_again(source: Path) -> None:
    found = finder(source)
    bytecode.use_cache(found)
    found._AnsibleCollectionPkgLoaderBase().get_code(NAME)
    source.write_text("value = 'second'\n", encoding="utf-8")
    os.utime(source, (1, 1))
    assert value_of(found._AnsibleCollectionPkgLoaderBase().get_code(NAME)) == "second"


@pytest.mark.parametrize("fullname", ["ansible_collections.community.general.plugins.thing", "ansible_collections.vannah"])
def test_other_collections_are_left_to_ansible(source: Path, fullname: str) -> None:
    found = finder(source)
    bytecode.use_cache(found)
    assert value_of(found._AnsibleCollectionPkgLoaderBase().get_code(fullname)) == "compiled by Ansible"


def test_what_cannot_be_read_is_left_to_ansible(source: Path) -> None:
    found = finder(source)
    bytecode.use_cache(found)
    source.unlink()
    assert value_of(found._AnsibleCollectionPkgLoaderBase().get_code(NAME)) == "compiled by Ansible"


@pytest.mark.parametrize("other", [SimpleNamespace(), SimpleNamespace(_AnsibleCollectionPkgLoaderBase=object)])
def test_another_loader_of_ansible_is_left_alone(other: Any) -> None:
    assert not bytecode.use_cache(other)


def test_the_installed_ansible_has_the_loader_that_is_known() -> None:
    """Otherwise nothing is broken, and every run compiles the collection again: look at the new loader."""
    assert bytecode.use_cache()
