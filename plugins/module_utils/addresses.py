# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hosts of a site are reached by each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError


def addresses_of(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Names and addresses of hosts: ``site_address``, else ``ansible_host``, else the name.

    ``short`` is the name up to its first dot, or the name itself where another one of the hosts has the same beginning.

    :raises AnsibleFilterError: a host is not in the inventory
    """
    names = [str(host) for host in hosts]
    firsts = Counter(name.partition(".")[0] for name in names)
    found = []
    for host in names:
        if host not in hostvars:
            raise AnsibleFilterError(f"addresses_of: the inventory has no host {host!r}")
        variables = hostvars[host]
        address = next((variables[name] for name in ("site_address", "ansible_host") if variables.get(name)), host)
        first = host.partition(".")[0]
        found.append({"name": host, "address": str(address), "short": first if firsts[first] == 1 else host})
    return found
