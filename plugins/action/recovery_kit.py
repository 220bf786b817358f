# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.recovery_kit``: one encrypted file that rebuilds the site."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import keys, kit, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError, lock, read_file, write_file
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars

#: The project's folder; this file may have been found through a link.
PROJECT = str(Path(__file__).resolve().parent.parent.parent)
LOCK_FILES = ("requirements/python.txt", "requirements.yml", "galaxy.yml", "playbooks/vars/artifacts.yml", "roles/*/meta/artifacts.yml")


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.recovery_kit``."""

    ARGUMENT_SPEC = documented.spec("recovery_kit")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Write the kit unless the existing one has the same content."""
        site = site_directory(known)
        path = kit.check_path(arguments["path"], site, PROJECT)
        if arguments["passphrase"] is None and arguments["passphrase_file"] is None:
            return {"changed": False, "path": path}  # before a passphrase prompt
        passwords = kit.password_names((name, secret.bytes) for name, secret in self._loader._vault.secrets or ())
        passphrase = _passphrase(arguments["passphrase"], arguments["passphrase_file"])
        kit.check_passphrase(passphrase, passwords.values())
        store.read(self._loader, site)  # a kit whose secrets do not open is useless
        outside = keys.outside(site, keys.settings_of(known["hostvars"]))
        paths = [path for pattern in LOCK_FILES for path in sorted(Path(PROJECT).glob(pattern))]
        lock_files = {str(path.relative_to(PROJECT)): str(path) for path in paths}
        files = kit.collect(site, lock_files, passwords, software(PROJECT), outside)
        changed = not _same(path, files, passphrase)
        if changed and not self._task.check_mode:
            with lock(os.path.dirname(path)):
                write_file(path, kit.seal(files, passphrase), 0o600)
            if not _same(path, files, passphrase):
                raise SecretsError("kit-damaged", f"{path}: verification failed after writing", "use another medium")
        name = os.path.basename(os.path.realpath(site))
        written = not (changed and self._task.check_mode)
        result = {"changed": changed, "path": path, "files": sorted(files)}
        result["instructions"] = kit.instructions(path, name, outside, written)
        if outside:
            result["warnings"] = [f"not in the recovery kit, keep separately: {', '.join(outside)}"]
        return result


def software(project: str) -> str:
    """Version of the collection, and the commit where it is a checkout of git."""
    try:
        found = yaml.safe_load(Path(project, "galaxy.yml").read_text(encoding="utf-8"))["version"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        found = "unknown"
    text = f"version {found}"
    if os.path.exists(os.path.join(project, ".git")):
        commit = _git(project, "rev-parse", "HEAD")
        if commit:
            # The inventories may lie in the same repository: what they hold is in the kit.
            changed = _git(project, "status", "--porcelain", "--", "plugins", "roles", "playbooks", "scripts", "requirements", "Makefile")
            text += f", commit {commit}" + (", with changes that are not committed" if changed else "")
    return text


def _git(project: str, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", project, "--no-optional-locks", *words], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _passphrase(given: str | None, file: str | None) -> str:
    if not file:
        return given or ""
    data = read_file(file)
    if data is None:
        raise SecretsError("kit-passphrase", f"recovery_kit_passphrase_file {file} does not exist", "correct the path")
    return data.decode("utf-8", "replace").removesuffix("\n")


def _same(path: str, files: kit.Files, passphrase: str) -> bool:
    data = read_file(path)
    try:
        return data is not None and kit.unseal(data, passphrase) == files
    except ValueError:
        return False
