# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over a site.

Documentation: addresses_of.yml, firewall_match.yml, rolling_group.yml, rolling_hosts.yml, rolling_role.yml, together_hosts.yml,
wave_hosts.yml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils import ip_protocols
from ..module_utils.addresses import addresses_of
from ..module_utils.controller import planning, rolling, waves


def firewall_match(rule: Mapping[str, Any], owner: str = "") -> dict[str, str]:
    """The statements of nft that match a rule's packets."""
    try:
        return ip_protocols.matches(rule)
    except ValueError as error:
        raise AnsibleFilterError(f"firewall: {owner or rule.get('name') or 'a rule'}: {error}") from error


def rolling_group(groups: Mapping[str, Sequence[str]], role: str, part: str) -> str:
    """The members of a cluster to which something is done, see :func:`rolling.group`."""
    return planning.pattern(groups, [rolling.group(role, part)])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "addresses_of": addresses_of,
            "firewall_match": firewall_match,
            "rolling_group": rolling_group,
            "rolling_hosts": waves.rolling_hosts,
            "rolling_role": waves.rolling_role,
            "together_hosts": waves.together_hosts,
            "wave_hosts": waves.hosts,
        }
