# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hosts of a site are reached by each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError


def addresses_of(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Names and addresses of hosts: ``site_address``, else ``ansible_host``, else the name.

    :raises AnsibleFilterError: a host is not in the inventory
    """
    found = []
    for host in hosts:
        if host not in hostvars:
            raise AnsibleFilterError(f"addresses_of: the inventory has no host {host!r}")
        variables = hostvars[host]
        address = next((variables[name] for name in ("site_address", "ansible_host") if variables.get(name)), host)
        found.append({"name": str(host), "address": str(address)})
    return found
