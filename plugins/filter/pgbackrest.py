# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the backups of PostgreSQL. Documentation: pgbackrest_configuration.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.services.pgbackrest.configuration import ConfigurationError, database, scratch, server, text_of
from ..module_utils.task_types import Written


def pgbackrest_configuration(site: Written, host: str, restore_path: str = "") -> str:
    """The text of pgbackrest.conf of the backup server or of a database server.

    :param restore_path: the configuration for restores on the backup server, into this folder
    :raises AnsibleFilterError: a value cannot be written
    """
    try:
        if restore_path:
            return text_of(scratch(site, restore_path))
        return text_of(server(site) if host == site["server"] else database(site, host))
    except ConfigurationError as error:
        raise AnsibleFilterError(f"pgbackrest.conf of {host}: {error}. Fix: correct the variable pgbackrest_* that sets it") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"pgbackrest_configuration": pgbackrest_configuration}
