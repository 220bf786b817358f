# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.recovery_kit``: one encrypted file that rebuilds the site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import kit, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError, lock, read_file, write_file
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "passphrase": {"type": "str", "no_log": True},
    "passphrase_file": {"type": "path", "no_log": False},
}
#: The project's folder; this file may have been found through a link.
PROJECT = str(Path(__file__).resolve().parent.parent.parent)
LOCK_FILES = ("requirements/python.txt", "requirements.yml", "galaxy.yml")


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Runs on the controller, whatever host the task is for."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the kit unless the one that is there holds the same."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENT_SPEC)[1]
        site = site_directory(task_vars or {})
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
        result.update(changed=changed, path=path, files=sorted(files), instructions=kit.instructions(path, name))
        return result


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
