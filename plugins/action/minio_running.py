# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask what an object store's server runs with. Documentation: plugins/modules/minio_running.py."""

from __future__ import annotations

from ..module_utils.controller.action import Answer, DomainAction
from ..module_utils.minio_verb_specs import RUNNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_running``."""

    DOMAIN = "minio"
    CALL = "running"
    ARGUMENT_SPEC = RUNNING

    def converse(self, part: Mapping[str, Any], lease: str = "none") -> Answer:
        """Looking disturbs nobody, whoever holds the host."""
        return super().converse(part, lease)
