# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.recovery_kit``: one encrypted file that rebuilds the site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import kit, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError, lock, read_file, write_file
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory

#: The project's folder; this file may have been found through a link.
PROJECT = str(Path(__file__).resolve().parent.parent.parent)
LOCK_FILES = ("requirements/python.txt", "requirements.yml", "galaxy.yml")


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.recovery_kit``."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        "path": {"type": "str", "required": True},
        "passphrase": {"type": "str", "no_log": True},
        "passphrase_file": {"type": "path", "no_log": False},
    }

    def perform(self, arguments: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """Write the kit unless the one that is there holds the same."""
        site = site_directory(known)
        path = kit.check_path(arguments["path"], site, PROJECT)
        passwords = {name: secret.bytes for name, secret in self._loader._vault.secrets or ()}
        passphrase = _passphrase(arguments["passphrase"], arguments["passphrase_file"])
        kit.check_passphrase(passphrase, passwords.values())
        store.read(self._loader, site)  # a kit whose secrets do not open is none
        files = kit.collect(site, {name: os.path.join(PROJECT, name) for name in LOCK_FILES}, passwords)
        changed = not _same(path, files, passphrase)
        if changed and not self._task.check_mode:
            with lock(os.path.dirname(path)):
                write_file(path, kit.seal(files, passphrase), 0o600)
            if not _same(path, files, passphrase):
                raise SecretsError("kit-damaged", f"{path} does not read back as it was written: use another medium.")
        name = os.path.basename(os.path.realpath(site))
        return {"changed": changed, "path": path, "files": sorted(files), "instructions": kit.instructions(path, name)}


def _passphrase(given: str | None, file: str | None) -> str:
    if not file:
        return given or ""
    data = read_file(file)
    if data is None:
        raise SecretsError("kit-passphrase", f"recovery_kit_passphrase_file {file} does not exist.")
    return data.decode("utf-8", "replace").removesuffix("\n")


def _same(path: str, files: kit.Files, passphrase: str) -> bool:
    data = read_file(path)
    try:
        return data is not None and kit.unseal(data, passphrase) == files
    except ValueError:
        return False
