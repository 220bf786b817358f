# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of whose a host is, for preflight to compare with what the host says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ..preflight.belonging import Belonging
from ..preflight.model import UNKNOWN
from ..preflight.templates import HostValues
from ..secrets.files import SecretsError
from ..secrets.site import site_directory
from . import identity
from .exports import exports_of

if TYPE_CHECKING:
    from ..agent.contract import Site


class Whose:
    """The site of this run, read once for all hosts."""

    def __init__(self, known: Mapping[str, Any], templar: Any, loader: Any, check_mode: bool) -> None:
        """Read it from ``known``, the task's variables."""
        self._hostvars, self._loader = known["hostvars"], loader
        self._taken = identity.named(templar.template(known.get(identity.TAKEOVER)))
        try:
            folder = site_directory(known)
        except SecretsError:
            folder = None
        self._own = identity.of(folder, str(templar.template(known.get("site_name")) or ""))
        if check_mode and folder and self._own["authorities"]:
            self._own.update(_planned(loader, folder))

    def of(self, host: str, values: HostValues) -> Belonging:
        """What is known of one host.

        :param values: its variables
        """
        variable, address = "", host
        for name in ("site_address", "ansible_host"):
            value = values(name)
            if value is UNKNOWN:
                variable, address = name, ""  # it depends on facts
                break
            if value:
                variable, address = name, str(value)
                break
        return Belonging(
            own=self._own,
            address=address,
            variable=variable,
            takeover=host in self._taken,
            adopted=partial(self._adopted, host),
            users=partial(self._users, address == values("ansible_host"), host),
            listens=partial(self._listens, host),
            binds=partial(self._binds, host),
        )

    def _exports(self, kind: str, host: str) -> list[Any]:
        return exports_of(kind, host, hostvars=self._hostvars, loader=self._loader)

    def _adopted(self, host: str) -> frozenset[str]:
        return frozenset(str(item["path"]) for item in self._exports("takeover_paths", host) if boolean(item["adopt"], strict=False))

    def _users(self, reached: bool, host: str) -> tuple[str, ...]:
        """The services that cannot use an address that is on no interface.

        Those that listen on it, and those that announce it although no connection used it.
        """
        return tuple(str(item["what"]) for item in self._exports("own_address", host) if item["listens"] or not reached)

    def _binds(self, host: str) -> tuple[tuple[str, str], ...]:
        """Variables, and the addresses in them that the host has to have."""
        try:
            found = self._exports("binds", host)
        except AnsibleError:
            return ()  # the role says what is wrong with it
        return tuple((str(item["variable"]), str(address)) for item in found for address in item["addresses"] or ())

    def _listens(self, host: str) -> bool:
        """Whether any of them listens on the address, which nothing can where it is on no interface."""
        return any(item["listens"] for item in self._exports("own_address", host))


def _planned(loader: Any, folder: str) -> Site:
    """The generation that a real run would note first: in check mode preflight has not written it."""
    from ..pki import crl
    from ..pki.authority import load_authority
    from ..secrets import history, store

    digest = history.digest(load_authority(loader, folder).key, store.read(loader, folder), crl.serials(folder))
    known = history.note(folder, digest, check_mode=True)
    return {"secrets": known[-1], "known": known}
