# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over a site.

Documentation: addresses_of.yml, ports_hosts.yml, ports_roles.yml, rolling_group.yml, rolling_hosts.yml,
rolling_role.yml, together_hosts.yml, wave_hosts.yml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils.addresses import addresses_of
from ..module_utils.controller import planning, port_changes, rolling, waves


def rolling_group(groups: Mapping[str, Sequence[str]], role: str, part: str) -> str:
    """The members of a cluster to which something is done, see :func:`rolling.group`."""
    return planning.pattern(groups, [rolling.group(role, part)])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "addresses_of": addresses_of,
            "ports_hosts": port_changes.hosts,
            "ports_roles": port_changes.roles,
            "rolling_group": rolling_group,
            "rolling_hosts": waves.rolling_hosts,
            "rolling_role": waves.rolling_role,
            "together_hosts": waves.together_hosts,
            "wave_hosts": waves.hosts,
        }
