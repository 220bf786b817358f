# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python's own cache of bytecode (``__pycache__``) for the modules of this collection.

Ansible's loader of collections compiles each module again at each start (``_AnsibleCollectionPkgLoaderBase.get_code`` in
https://github.com/ansible/ansible/blob/devel/lib/ansible/utils/collection_loader/_collection_finder.py): 120 modules, a tenth of the CPU
time of a run without changes. Python's loader finds out whether a cached file belongs to the source, and writes none where it cannot, or
where PYTHONDONTWRITEBYTECODE forbids it. With another loader than the one known here, Ansible compiles as before.
"""

from __future__ import annotations

import contextlib
from importlib.machinery import SourceFileLoader
from typing import Any

from ansible.utils.collection_loader import _collection_finder

PREFIX = "ansible_collections.vannah.healthcloud."


def use_cache(finder: Any = _collection_finder) -> bool:
    """Let modules that are imported from now on come from Python's cache.

    :param finder: Ansible's module with the loader
    :return: False where the loader is not the one that is known here
    """
    loader = getattr(finder, "_AnsibleCollectionPkgLoaderBase", None)
    compiles = getattr(loader, "get_code", None)
    if loader is None or compiles is None or not hasattr(loader, "get_filename"):
        return False
    if getattr(compiles, "by_cache", False):
        return True

    def get_code(self: Any, fullname: str) -> Any:
        if fullname.startswith(PREFIX) and getattr(self, "_compiled_code", True) is None:
            path = self.get_filename(fullname)
            if path and path.endswith(".py"):
                with contextlib.suppress(ImportError, OSError):  # Ansible's own way says what is wrong
                    self._compiled_code = SourceFileLoader(fullname, path).get_code(fullname)
        return compiles(self, fullname)

    get_code.by_cache = True  # type: ignore[attr-defined]
    loader.get_code = get_code
    return True
