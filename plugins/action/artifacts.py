# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.artifacts``: the software that Debian does not carry comes into the controller's cache.

It is part of every run's preflight: what only a site with artifacts needs is imported where one is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented, site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.exports import exports_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.artifacts``."""

    ARGUMENT_SPEC = documented.spec("artifacts")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Fetch or build what is missing, with progress on the terminal."""
        # What --limit leaves out needs no programs in this run.
        chosen = frozenset(known.get("ansible_play_hosts_all") or ()) if context.CLIARGS.get("subset") else None
        names = exported(known["hostvars"], chosen) if arguments["names"] is None else arguments["names"]
        found: list[resolve.Had] = []
        if names:
            from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import cache, lock, resolve

            site, folder = (self._templar.template(known.get(name)) for name in ("site_artifacts", "site_artifact_cache"))
            try:
                found = resolve.ensure(
                    names,
                    lock.load(site),
                    cache.cache_of(folder, known),
                    Display().display,
                    check=bool(self._task.check_mode),
                    verify=arguments["verify"],
                )
            except lock.ArtifactError as error:
                # As a result: an exception would be printed with where in the playbook it came from, and the reason is not there.
                return {"failed": True, "code": error.code, "msg": error.message}
        return {"changed": any(item["state"] != "there" for item in found), "artifacts": found}


def exported(hostvars: Any, chosen: Collection[str] | None = None) -> list[str]:
    """Names of the artifacts that the roles of all hosts export, each once.

    :param chosen: the hosts that ``--limit`` leaves; None where there is none

    Most sites need none, and finding that out costs nothing: only hosts of groups whose roles' files have the word are asked.

    :raises AnsibleError: an export cannot be templated or is not a name, see :func:`exports_of`
    """
    roles = frozenset(entry.role for entry in site_map.load().roles if _exports_any(entry.role))
    if not roles:
        return []
    groups = {group for role in roles for group in site_map.load().groups_of(role)}
    found: dict[str, None] = {}
    for name, host in hostvars._inventory.hosts.items():
        if (
            host.implicit
            or (chosen is not None and name not in chosen)
            or not groups.intersection(group.name for group in host.get_groups())
        ):
            continue
        for item in exports_of("artifacts", name, hostvars=hostvars, loader=hostvars._loader, roles=roles):
            if not isinstance(item, str):
                raise AnsibleError(f"host {name}: meta/exports.yml: artifacts: a list of names is required, not {item!r}")
            found[item] = None
    return list(found)


def _exports_any(role: str) -> bool:
    path = collect.COLLECTION / "roles" / role / "meta" / "exports.yml"
    try:
        return b"artifacts:" in path.read_bytes()
    except OSError:
        return False
