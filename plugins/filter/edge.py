# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the edge. Documentation: edge_merge.yml, edge_ports.yml, edge_rendered.yml, edge_revocation_urls.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.services.edge.plan import merge
from ..module_utils.services.edge.ports import ports, revocation_urls
from ..module_utils.services.edge.rendered import rendered
from ..module_utils.task_types import Written


def edge_rendered(entries: Any, settings: Any, groups: Any, hostvars: Any, given: Any) -> Written:
    """The files of an edge, see :func:`.rendered.rendered`."""
    try:
        return rendered(entries, settings, groups, hostvars, given)
    except ValueError as error:
        raise AnsibleFilterError(f"edge: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"edge_merge": merge, "edge_ports": ports, "edge_rendered": edge_rendered, "edge_revocation_urls": revocation_urls}
