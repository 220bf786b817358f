# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over a site. Documentation: addresses_of.yml, firewall_match.yml, restart_due.yml, wave_hosts.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils import ip_protocols, site_map
from ..module_utils.addresses import addresses_of
from ..module_utils.controller import planning
from ..module_utils.maintenance import restart_due


def firewall_match(rule: Mapping[str, Any], owner: str = "") -> dict[str, str]:
    """The statements of nft that match a rule's packets."""
    try:
        return ip_protocols.matches(rule)
    except ValueError as error:
        raise AnsibleFilterError(f"firewall: {owner or rule.get('name') or 'a rule'}: {error}") from error


def wave_hosts(groups: Mapping[str, Sequence[str]], group: str, wave: str, only_planned: bool = False, planned: bool = True) -> str:
    """The hosts of a play of ``site.yml``, see :func:`planning.hosts_of`."""
    return planning.hosts_of(groups, group, wave, planning.order(site_map.load().waves), only_planned, planned)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "addresses_of": addresses_of,
            "firewall_match": firewall_match,
            "restart_due": restart_due,
            "wave_hosts": wave_hosts,
        }
