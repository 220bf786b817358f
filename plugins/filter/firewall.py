# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the firewall. Documentation: firewall_rules.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.services.firewall import ruleset


def firewall_rules(
    exported: Iterable[Mapping[str, Any]],
    own: Iterable[Mapping[str, Any]],
    ssh_ports: Iterable[int],
    administrators: Any,
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
) -> ruleset.Ruleset:
    """See :func:`ruleset.ruleset`."""
    try:
        return ruleset.ruleset(exported, own, ssh_ports, administrators, groups, hostvars)
    except ruleset.RuleError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"firewall_rules": firewall_rules}
