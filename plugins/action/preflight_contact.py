# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.preflight_contact``: what all hosts answered is judged on the controller before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.contact import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_contact
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import COLLECTION
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.templates import HostValues, plain


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.preflight_contact``."""

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {"answers": {"type": "str", "required": True}}

    def perform(self, arguments: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """Judge the answers of all hosts of the play, those that failed among them."""
        defaults = self._defaults()
        answers = [self._answer(name, known["hostvars"], arguments["answers"], defaults) for name in known["ansible_play_hosts_all"]]
        report = judge_contact(answers)
        return {"changed": False, "msg": report.text(), **({"failed": True} if report.errors else {})}

    def _answer(self, name: str, hostvars: Any, register: str, defaults: Mapping[str, Any]) -> Answer:
        variables = hostvars.raw_get(name)
        given = variables.get(register)
        given = plain(given) if isinstance(given, Mapping) else {}
        roles = tuple(site_map.load().roles_of(variables.get("group_names") or ()))
        values = HostValues(variables, defaults, self._loader)
        asked = {option: values(f"postgresql_{option}") for option in ("version", "cluster")} if "postgresql" in roles else {}
        return Answer(
            host=name,
            roles=roles,
            facts=(given.get("ansible_facts") or {}).get("vannah") or {},
            offset=given.get("clock_offset"),
            failure=str(given.get("msg") or "") if given.get("failed") or given.get("unreachable") else "",
            **{option: str(value) for option, value in asked.items() if value is not None and value is not UNKNOWN},
        )

    def _defaults(self) -> Mapping[str, Any]:
        path = COLLECTION / "roles" / "postgresql" / "defaults" / "main.yml"
        found = self._loader.load_from_file(str(path), cache="none", unsafe=True, trusted_as_template=True) if path.is_file() else None
        return found or {}
