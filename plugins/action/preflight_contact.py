# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.preflight_contact``: what all hosts answered is judged on the controller before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.template import trust_as_template
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented, site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import closed
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.contact import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_contact
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import COLLECTION
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.templates import HostValues, plain


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.preflight_contact``."""

    ARGUMENT_SPEC = documented.spec("preflight_contact")

    def perform(self, arguments: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """Judge the answers of all hosts of the play, those that failed among them."""
        defaults = self._defaults()
        folder = known.get("playbook_dir")
        answers = [
            self._answer(name, known["hostvars"], arguments["answers"], defaults, folder) for name in known["ansible_play_hosts_all"]
        ]
        report = judge_contact(answers)
        return {"changed": False, "msg": report.text(), **({"failed": True} if report.errors else {})}

    def _answer(self, name: str, hostvars: Any, register: str, defaults: Mapping[str, Any], folder: str | None) -> Answer:
        variables = hostvars.raw_get(name)
        given = variables.get(register)
        given = plain(given) if isinstance(given, Mapping) else {}
        roles = tuple(site_map.load().roles_of(variables.get("group_names") or ()))
        values = HostValues(variables, defaults, self._loader)
        asked = {option: values(f"postgresql_{option}") for option in ("version", "cluster")} if "postgresql" in roles else {}
        facts = (given.get("ansible_facts") or {}).get("vannah") or {}
        first = "firewall" in roles and (facts.get("listening") or facts.get("firewalls"))
        return Answer(
            host=name,
            roles=roles,
            facts=facts,
            ports=self._ports(name, hostvars, folder) if first else None,
            offset=given.get("clock_offset"),
            failure=str(given.get("msg") or "") if given.get("failed") or given.get("unreachable") else "",
            reached=bool(given.get("failed")) and not given.get("unreachable"),
            **{option: str(value) for option, value in asked.items() if value is not None and value is not UNKNOWN},
        )

    def _ports(self, name: str, hostvars: Any, folder: str | None) -> tuple[closed.Port, ...] | None:
        """What the firewall will know of a host's ports; None where it shall have none."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports, templating

        role = collect.load(self._loader, "firewall", folder or self._loader.get_basedir())
        variables = role.variables(exports.host_variables(hostvars, name))
        templates = templating.Templates(self._templar, variables, [])

        def value(variable: str) -> Any:
            return templates.value(trust_as_template(f"{{{{ {variable} }}}}"), f"role firewall, host {name}")

        if not value("firewall_enabled | bool"):
            return None
        rules = [*value("__firewall_exported"), *value("firewall_ports")]
        return closed.ports(value("firewall_ssh_ports"), rules, value("firewall_extra_rules"))

    def _defaults(self) -> Mapping[str, Any]:
        path = COLLECTION / "roles" / "postgresql" / "defaults" / "main.yml"
        found = self._loader.load_from_file(str(path), cache="none", unsafe=True, trusted_as_template=True) if path.is_file() else None
        return found or {}
