# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hosts of a site are reached by each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.vars.hostvars import HostVars

#: Addresses by Ansible's own variables of hosts, which are put together for each look at a host. A task sees the same
#: ones to its end.
_known: dict[tuple[int, str], tuple[HostVars, str]] = {}


def addresses_of(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Names and addresses of hosts: ``site_address``, else ``ansible_host``, else the name.

    :raises AnsibleFilterError: a host is not in the inventory
    """
    return [{"name": str(host), "address": _address(str(host), hostvars)} for host in hosts]


def _address(host: str, hostvars: Mapping[str, Mapping[str, Any]]) -> str:
    key = (id(hostvars), host)
    if key in _known:
        return _known[key][1]
    if host not in hostvars:
        raise AnsibleFilterError(f"addresses_of: the inventory has no host {host!r}")
    variables = hostvars[host]
    address = str(next((variables[name] for name in ("site_address", "ansible_host") if variables.get(name)), host))
    if isinstance(hostvars, HostVars):
        _known[key] = (hostvars, address)  # with what it is of, whose identity no other object may get
    return address
