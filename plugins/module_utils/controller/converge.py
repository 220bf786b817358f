# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making components of a host so: what the actions ``converge``, ``component`` and ``component_restart`` share."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError

from . import collect, package_defaults, render, report, rules, supply, templating, values
from .action import AgentAction, Failure, Result

if TYPE_CHECKING:
    from ..agent.contract import Answer, Component, Payload, Previous, Restart

#: Calls that one task may take: asked for nothing, asked once, asked again by what came with it.
_CALLS = 3


class ComponentAction(AgentAction):
    """An action that sends components."""

    #: What roles say beside what they do.
    notes: Sequence[str] = ()
    #: Names of components of which everything is put in place and no unit is touched.
    prepared: Sequence[str] = ()
    #: The other members of clusters that are being formed: where one fails, this host stops too.
    peers: Sequence[str] = ()
    #: Component -> the public variable that is its list of packages.
    sources: Mapping[str, str] = {}

    def role_components(self, names: Iterable[str]) -> tuple[list[Component], dict[str, str]]:
        """The normalised components of roles, and ``{sha256: path}`` of their artifacts.

        :raises AnsibleError: a role is missing, a template fails, a definition cannot be meant
        """
        playbook_dir = str(self.vars.get("playbook_dir", self._loader.get_basedir()))
        roles = [collect.load(self._loader, name, playbook_dir) for name in names]
        variables = self.vars
        if any(role.mentions_facts for role in roles) and "vannah" not in (variables.get("ansible_facts") or {}):
            facts = self.converse({"op": "facts"}, lease="none").get("facts") or {}
            variables = {**variables, "ansible_facts": {**(variables.get("ansible_facts") or {}), "vannah": facts}}
        components, artifacts = [], {}
        self.notes = []
        self.sources = {name: variable for role in roles for name, variable in role.package_variables.items()}
        found = package_defaults.definitions(roles, variables, self._templar, self._loader, playbook_dir)
        own = {}
        for one in roles:
            defined = collect.definitions(one, variables, self._templar)
            own[one.name] = values.recorder(one, [definition.data["name"] for definition in defined])
            found += defined
        for definition in found:
            role = definition.role
            if role is None:
                raise AssertionError("the definitions come from roles")
            if definition.note:
                self.notes.append(definition.note)
            made, files = render.normalise(
                definition.data,
                f"role {role.name}",
                role.find,
                lambda path, where, templates=definition.templates: templates.file(path, self._loader, where),  # type: ignore[misc]
                role.name,
            )
            if made["name"] in role.package_variables:
                made["packages_from"] = role.package_variables[made["name"]]
            components.append(made)
            artifacts.update(files)
            if made["name"] == own.get(role.name) and made["state"] == "present":
                verb = str(variables.get("site_changing") or "")
                recorded = values.for_agent(role, definition.templates, verb, self._loader, playbook_dir)
                if recorded is not None:
                    made["values"], made["fixes"] = recorded["values"], recorded["fixes"]
                    made["member"] = recorded["member"]
        return components, artifacts

    def inline_component(self, options: Mapping[str, Any]) -> tuple[Component, dict[str, str]]:
        """A component out of a task's own options. Templates and files are looked for where Ansible's own tasks look.

        :raises AnsibleError: see :meth:`role_components`
        """
        search = list(self.vars.get("ansible_search_path") or [self._loader.get_basedir()])
        templates = templating.Templates(self._templar, self.vars, [f"{folder}/templates" for folder in search] + search)
        data = collect.define(dict(options), templates, "component")
        return render.normalise(data, "task", self._find_needle, lambda path, where: templates.file(path, self._loader, where))

    def make(self, components: list[Component], artifacts: Mapping[str, str]) -> Result:
        """Send components, bring what the host asks for, and show what was done.

        Where a component arms a lock-out guard, the components after it are applied in the same call all the same. The
        countdown begins with the end of the call, so that no revert fires while packages are installed; then the guard is
        called off over a new connection (:meth:`AgentAction.converse`).

        :raises Failure: the call as a whole failed
        :raises AnsibleError: components contradict each other; see also :func:`transport.call`, :mod:`supply`
        """
        problems = rules.check_together(components)
        if problems:
            raise AnsibleError("; ".join(problems))
        self.add_authority(components)
        result = report.components(self._deliver(copy.deepcopy(components), artifacts), bool(self._task.diff), self.sources)
        if self.notes:
            result["warnings"] = [*self.notes, *result.get("warnings", ())]
        return result

    def restart(self, role: str, name: str, unit: str, previous: Previous | None = None, reason: str | None = None) -> Result:
        """Restart a unit of a role's component, and see it ready. Options as in ``plugins/modules/component_restart.py``.

        :raises Failure: the call as a whole failed
        :raises AnsibleError: there is no such component or unit
        """
        components, _artifacts = self.role_components([role])
        component = next((item for item in components if item["name"] == name), None)
        if component is None:
            raise AnsibleError(f"role {role} has no component {name}: it has {', '.join(item['name'] for item in components)}")
        if unit not in [item["name"] for item in component["units"]]:
            raise AnsibleError(f"component {name} has no unit {unit}: it has {', '.join(item['name'] for item in component['units'])}")
        self.add_authority([component])
        asked: Restart = {"component": name, "unit": unit, "previous": previous, "reason": reason}
        answer = self.converse({"op": "restart", "components": [component], "restart": asked})
        return report.components(answer, bool(self._task.diff))

    def _deliver(self, components: list[Component], artifacts: Mapping[str, str]) -> Answer:
        """Send components until the host needs nothing more for them; what it did before it asked is in the answer."""
        staged: dict[str, str] = {}
        asked: list[Answer] = []
        for left in reversed(range(_CALLS)):
            part: Payload = {
                "op": "converge",
                "components": components,
                "staged": staged,
                "prepare": list(self.prepared),
                "peers": bool(self.peers),
            }
            answer = self.converse(part)
            found = answer.get("components") or []
            needs = [digest for item in found for digest in item.get("needs") or ()]
            csrs = any(item.get("csrs") for item in found)
            if self.check or not (needs or csrs) or any(item.get("error") for item in found):
                return report.completed(asked, answer)
            if not left:
                raise Failure(f"the host requested the same files twice: {', '.join(needs) or 'certificates'}")
            asked.append(answer)
            files = supply.verified(needs, artifacts)
            if csrs:
                supply.issue(self._authority(), components, found, self._lists)
            staged = supply.upload(self, files)
        raise AssertionError("unreachable")

    def add_authority(self, components: Iterable[Component]) -> None:
        """Give each certificate of the components the text of the site's CA certificate, and of all that the site trusts."""
        with_certificates = [item for component in components for item in component["certificates"]]
        if with_certificates:
            from ..pki import trust
            from ..pki.authority import certificate_text

            pem = certificate_text(self.site(), self.check)
            known = trust.bundle(self.site()) if pem else ""
            for certificate in with_certificates:
                certificate["ca_pem"] = pem
                if known != pem:
                    certificate["trust_pem"] = known

    def _authority(self) -> Any:
        from ..pki.authority import load_authority

        return load_authority(self._loader, self.site())

    def _lists(self) -> list[str]:
        """URLs below which the site serves its revocation lists: what its roles export."""
        from .exports import exports_of

        hostvars, folder = self.vars["hostvars"], self.vars.get("playbook_dir")
        found = [
            url
            for host in hostvars
            for url in exports_of("revocation_urls", host, hostvars=hostvars, loader=self._loader, playbook_dir=folder)
        ]
        return list(dict.fromkeys(map(str, found)))
