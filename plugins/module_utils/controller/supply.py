# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent asks for and the controller brings: artifacts that the host does not have, certificates.

Artifacts are checked against their hash before the first one is uploaded. Certificates are signed for names out of the
component's definition, whatever the request says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError

from . import beat

if TYPE_CHECKING:
    from ..agent.contract import Component


class SupplyError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """The controller cannot bring what a host needs; the text says what to do."""


def verified(needs: Iterable[str], artifacts: Mapping[str, str]) -> dict[str, str]:
    """Paths of the artifacts that a host needs, all of them proved to be what their hash says.

    :param needs: sha256
    :param artifacts: sha256 -> path on the controller
    :raises SupplyError: one is missing or another file; nothing was uploaded
    """
    found = {}
    for digest in dict.fromkeys(needs):
        path = artifacts.get(digest)
        if path is None:
            raise SupplyError(f"the host asks for an artifact that no component names: {digest}")
        try:
            with open(path, "rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SupplyError(f"artifact {path}: {error.strerror}: fetch it to the controller first") from None
        if actual != digest:
            raise SupplyError(
                f"artifact {path} is not what its definition says: its sha256 is {actual}, not {digest}. Nothing was installed"
            )
        found[digest] = path
    return found


def upload(action: Any, files: Mapping[str, str]) -> dict[str, str]:
    """Bring files to a temporary directory of the host, which the action removes at its end.

    :param files: sha256 -> path on the controller
    :return: sha256 -> path on the host
    """
    if not files:
        return {}
    shell = action._connection._shell
    if shell.tmpdir is None:
        action._make_tmp_path()
    staged = {}
    for digest, path in files.items():
        there = shell.join_path(shell.tmpdir, digest)
        with beat.beside(action):
            action._transfer_file(os.path.abspath(path), there)
        staged[digest] = there
    return staged


def issue(
    authority: Any, components: Iterable[Component], answers: Iterable[Mapping[str, Any]], lists: Callable[[], Sequence[str]] = tuple
) -> int:
    """Sign what the hosts asked for; each certificate goes into its component as ``issued``.

    :param authority: with ``sign(csr, days, usages, names, addresses, common_name, lists=...)``
    :param lists: gives the URLs below which the authority's revocation list is served; called only where something is signed
    :return: how many were signed
    :raises SupplyError: a host asks for a certificate that its components do not name
    """
    by_name = {component["name"]: component for component in components}
    signed = 0
    for answer in answers:
        for request in answer.get("csrs") or ():
            wanted = next((item for item in by_name[answer["name"]]["certificates"] if item["name"] == request["name"]), None)
            if wanted is None:
                raise SupplyError(f"component {answer['name']} asks for a certificate that it does not name: {request['name']}")
            wanted["issued"] = authority.sign(
                request["pem"],
                wanted["days"],
                wanted["usages"],
                wanted["names"],
                wanted["addresses"],
                wanted["common_name"],
                lists=lists(),
            )
            signed += 1
    return signed
