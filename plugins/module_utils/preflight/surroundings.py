# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has around it: the collection's files, ``--limit``, and the keys that ssh would offer."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import yaml
from ansible import constants, context

from .. import documented
from ..controller import collect
from ..site_map import ALL, SiteMap
from .model import Controller
from .schema import Schema, read_schema

COLLECTION = Path(__file__).absolute().parent.parent.parent.parent
#: The names ssh(1) tries by itself.
_KEYS = tuple(f"id_{kind}" for kind in ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss", "dsa"))


#: Files that are read as they are: their templates are not evaluated here.
_PLAIN = ("argument_specs.yml", "artifacts.yml", "bounds.yml", "components.yml", "site_variables.yml")


def schema_of(loader: Any, site_map: SiteMap, collection: Path = COLLECTION) -> Schema:
    """The schema of this collection's roles. Defaults and exports are read by Ansible's loader, so that their templates count as such."""
    groups = {group for entry in site_map.roles for group in entry.groups}

    def load(path: Path) -> Any:
        if str(path) in collect.PRELOADED:
            return collect.PRELOADED[str(path)]
        if path.name in _PLAIN or path.parent.name == "vars":
            # Several times faster without Ansible's tags; a file that has one of Ansible's own (!unsafe, !vault) is read below.
            with contextlib.suppress(yaml.constructor.ConstructorError):
                return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 # both are safe
        return loader.load_from_file(str(path), cache="none", unsafe=True, trusted_as_template=True)

    schema = read_schema(collection / "roles", collection / "playbooks" / "vars" / "site_variables.yml", groups, load)
    schema.group_of_role = {entry.role: entry.groups[0] for entry in site_map.roles if entry.role not in groups and ALL not in entry.groups}
    if schema.declared is not None:
        plugins, playbooks = COLLECTION / "plugins" / "modules", COLLECTION / "playbooks"
        schema.declared = dataclasses.replace(
            schema.declared,
            sites=site_map,
            modules=frozenset(path.stem for path in plugins.glob("*.py")),
            module_options=documented.spec,
            module_changes=documented.changes,
            playbooks=frozenset(str(path.relative_to(playbooks)) for path in playbooks.rglob("*.yml")),
        )
    return schema


def controller_of(inventory: Any, check_mode: bool, home: Path | None = None) -> Controller:
    """What this run brings with it.

    :param inventory: InventoryManager
    """
    limit = None
    if inventory._subset:
        limit = frozenset(host.name for host in inventory.get_hosts("all", ignore_restrictions=True))
    ssh = (home or Path.home()) / ".ssh"
    return Controller(
        limit=limit,
        check_mode=check_mode,
        ask_pass=bool(context.CLIARGS.get("ask_pass") or context.CLIARGS.get("connection_password_file")),
        key_files=tuple(_keys(ssh)),
        agent=_is_socket(os.environ.get("SSH_AUTH_SOCK", "")),
        ssh=shutil.which("ssh") is not None,
        tags=chosen_by_tags(),
        strategy=str(constants.DEFAULT_STRATEGY),
    )


def chosen_by_tags() -> tuple[str, ...]:
    """The options of the command line that choose tasks by their tags, as they were written."""
    chosen = [f"--tags {tag}" for tag in context.CLIARGS.get("tags") or () if tag != "all"]
    return (*chosen, *(f"--skip-tags {tag}" for tag in context.CLIARGS.get("skip_tags") or ()))


def _keys(ssh: Path) -> list[str]:
    found = [str(ssh / name) for name in _KEYS if (ssh / name).is_file()]
    try:
        config = (ssh / "config").read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return found
    # Which host it is for is ssh's to tell.
    return [*found, str(ssh / "config")] if "identityfile" in config or "identityagent" in config else found


def _is_socket(path: str) -> bool:
    try:
        return bool(path) and stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
