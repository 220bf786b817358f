# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.site_secrets``: what a site needs before its first host is contacted."""

from __future__ import annotations

import os
from typing import Any

from ansible.utils.display import Display
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.exports import exports_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import RENEW_HINT, ensured, is_begun
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import history, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars, Written


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.site_secrets``."""

    ARGUMENT_SPEC = documented.spec("site_secrets")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Make what is missing; answer with names only."""
        site = site_directory(known)
        check = bool(self._task.check_mode)
        wanted = exported(known["hostvars"]) if arguments["secrets"] is None else arguments["secrets"]
        begun, is_new, had_secrets = is_begun(site), not os.path.exists(store.path_of(site)), bool(store.read(self._loader, site))
        created = store.ensure(self._loader, site, wanted, check, established=begun)
        tell("secrets", created, check)
        result: Result = {"created": created, "authority_created": False}
        if arguments["authority"]:
            name = arguments["site_name"] or self._templar.template(known.get("site_name")) or "site"
            result["authority_created"], authority = ensured(self._loader, site, str(name), check)
            tell("CA", [f"{name} internal CA"] if result["authority_created"] else [], check)
            if result["authority_created"] and had_secrets and not begun:
                result["warnings"] = [LOST_AUTHORITY]
            if authority is not None:
                warnings = [self._lists(site, check)]
                digest = history.digest(authority.key, store.read(self._loader, site), crl.serials(site))
                warnings.append(self._note(site, digest, check, begun))
                result["warnings"] = [*result.get("warnings", ()), *filter(None, warnings)]
        if not result.get("warnings"):
            result.pop("warnings", None)
        return result | {"changed": bool(is_new or created or result["authority_created"])}

    def _lists(self, site: str, check: bool) -> str:
        """Renew the revocation lists; a warning where that is not possible. One is valid for another 60 days then, as far as it exists."""
        try:
            crl.ensure(self._loader, site, check)
        except SecretsError as error:
            if error.code not in ("secrets-unwritable", "secrets-unlockable"):
                raise
            return f"{error} {NOT_RENEWED}"
        return ""

    def _note(self, site: str, digest: str, check: bool, begun: bool) -> str:
        """Note the present secrets; a warning where that is not possible. A checkout may be read-only: nothing else needs the file."""
        before = history.read(site)
        try:
            after = history.note(site, digest, check)
        except SecretsError as error:
            if error.code not in ("secrets-unwritable", "secrets-unlockable"):
                raise
            return f"{error} {NOT_NOTED}"
        if begun and after != before and not check:
            Display().display(f"{history.FILE} has a new line: commit it with secrets.yml. {WITHOUT_NOTE}")
        return ""


def tell(what: str, names: list[str], check: bool) -> None:
    """Say on the terminal what is new: it is the moment for a recovery kit. Ansible itself prints nothing of a result without -v."""
    if names:
        Display().display(f"{what} {'that would be created' if check else 'created'}: {', '.join(names)}")


WITHOUT_NOTE = "A checkout without it is refused as out of date by hosts that have other secrets of this site."
NOT_NOTED = (
    f"The run continues, but this checkout cannot record its current secrets. Run `make check` once in a checkout that can be written,"
    f" and commit {history.FILE}. {WITHOUT_NOTE}"
)
NOT_RENEWED = (
    "The run continues with the revocation list as it is, which is made again every 30 days and valid for 90. Run `make check` in a"
    " checkout that can be written."
)
#: A site brings its first secrets itself where it keeps its objects elsewhere, so this is no error.
LOST_AUTHORITY = (
    "the site had secrets and no CA (pki/), so a new CA is created. On the site's first run this is expected. Where pki/ was lost,"
    " the hosts trust the old CA and refuse what the new one signs: restore pki/ from the recovery kit or from version control now,"
    f" instead of the new one. Without the old one {RENEW_HINT}."
)


def exported(hostvars: Any) -> list[Written]:
    """The secrets that the roles of all hosts export.

    :raises AnsibleError: an export cannot be templated, see :func:`exports_of`
    """
    hosts = [name for name, host in hostvars._inventory.hosts.items() if not host.implicit]
    found = [item for host in hosts for item in exports_of("secrets", host, hostvars=hostvars, loader=hostvars._loader)]
    owners: dict[str, str] = {}
    for item in found:
        if not isinstance(item, dict):
            raise SecretsError(
                "secret-name", "an exported secret is not a mapping", "write {name: ..., kind: ...} in the role's meta/exports.yml"
            )
        name, role = str(item.get("name")), str(item.get("role"))
        owner = owners.setdefault(name, role)
        if owner != role:
            raise SecretsError(
                "secret-name",
                f"the roles {owner} and {role} both have a secret {name} made (secrets in their meta/exports.yml)",
                f"use another name for that of {role}, in its variable or in roles/{role}/meta/exports.yml",
            )
    return found
