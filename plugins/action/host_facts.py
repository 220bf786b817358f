# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..module_utils import addresses, documented, site_map
from ..module_utils.agent.core.identity import differences
from ..module_utils.artifacts.cache import COLLECTION
from ..module_utils.controller import clocks, clusters, collect, host_needs, identity, planning, shell, templating
from ..module_utils.controller.action import Failure, Result
from ..module_utils.controller.converge import ComponentAction
from ..module_utils.controller.site_plan import SitePlan
from ..module_utils.preflight.formation import DATA_LOST
from ..module_utils.preflight.model import parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..module_utils.agent.contract import Answer, Facts, Params, Payload, Survey
    from ..module_utils.task_types import Written

    class Asked(Survey, total=False):
        """A host's survey beside what it was asked about."""

        needs: list[Written]
        memory_mb: int
        ports: list[host_needs.JudgedPort]


#: Seconds to wait for cloud-init, which installs packages and writes the system's files at a first boot; seconds between two looks.
PATIENCE, PAUSE = 300, 10


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = documented.spec("host_facts")
    #: Where the last call has looked for clusters and their data.
    _looked = clusters.Places({}, {})

    def perform(self) -> Result:
        """Ask the host, and compare its clock with the controller's; where a role is new to it, ask for more."""
        plan = SitePlan(self) if self.params["plan"] else None
        try:
            answer, offset = self._planned(plan) if plan else self._ask()
        except shell.BareHost as error:
            # In check mode nothing is known of a host without python3: each wave reports it.
            return {**self.bare(error), **(plan.result(None) if plan else {})}
        survey: Asked = {}
        if self.params["survey"]:
            survey = self._survey(answer)
            if survey.get("cloud_init"):
                survey = self._after_cloud_init(answer)
                answer, offset = self._ask()  # it may have changed the known facts
        if self.params["survey"] and "calls" not in answer:
            self._let_services_refuse(answer)
        facts = answer.get("facts") or {}
        facts["senders"] = self._senders(facts)
        facts["clusters"], facts["data_missing"], facts["clusters_ran"] = self._clusters(answer, facts)
        result: Result = {"changed": False, "ansible_facts": {"vannah": facts}}
        if offset is not None:
            result["clock_offset"] = offset
        if survey:
            result["survey"] = survey
        if plan:
            plan.refuse(answer)
            plan.remember(facts)
            result.update(plan.result(answer))
            if answer.get("cost"):
                result["cost"] = answer["cost"]
        return result

    def _planned(self, plan: SitePlan) -> tuple[Answer, float | None]:
        """The answer to a planning call with the facts of the last run; with the new ones where they are unknown or different."""
        facts = plan.known_facts()
        if facts is not None:
            try:
                answer, offset = self._ask(plan.payload(facts), facts)
                if not answer.get("stale"):
                    return answer, offset
            except (AnsibleConnectionFailure, Failure):
                raise
            except AnsibleError:
                pass  # python3 is missing, or the components cannot be rendered with the facts of the last run
        answer, offset = self._ask()
        if not answer.get("made") or differences(answer["facts"].get("site") or {}, self.belonging()):
            return answer, offset  # nothing is on it yet, or it is another site's: that one gets no secrets of this site
        return self._ask(plan.payload(answer["facts"]), answer["facts"])[0], offset

    def _let_services_refuse(self, answer: Answer) -> None:
        """Ask what a planning call would have asked, of a host that was not planned. Of another site's the judge speaks.

        :raises Failure: a service refuses the host
        """
        facts = answer.get("facts") or {}
        if not self.takeover and differences(facts.get("site") or {}, self.belonging()):
            return
        plan = SitePlan(self)
        questions = plan.questions(facts, self.params["roles"])
        if questions:
            plan.refuse(self.converse(questions, lease="none"))

    def _ask(self, part: Payload | None = None, known: Mapping[str, Any] | None = None) -> tuple[Answer, float | None]:
        """Ask the host.

        :param part: a planning call; None for the facts alone
        :param known: facts of the host, which say where the data of its clusters are; None for those of the last run
        """
        asked: Payload = part or {"op": "facts"}
        known = self._remembered() if known is None else known
        if known is not None:
            self._looked = self._places(known)
            asked = {**asked, "places": self._looked.exists, "data": self._looked.data}
        before = time.time()
        asked = {**asked, "look": self._data() if self.takeover else [], "firewall": self._has_firewall()}
        asked["services"] = self._services()
        if self.params.get("listeners"):
            asked["listeners"] = True
        if self.params["survey"]:
            asked["packages"] = self._packages()
        answer = self.converse(asked, lease="none")
        after = time.time()
        if known is not None and planning.stable(answer.get("facts") or {}) != planning.stable(known):
            # They were looked for in the places of another release.
            answer.pop("data", None)
            answer.pop("members", None)
        return answer, clocks.offset((answer.get("facts") or {}).get("clock"), before, after)

    def _survey(self, answer: Answer) -> Asked:
        """A call of its own, and only where a role was not on the host yet."""
        roles = site_map.load().roles_of(self.vars.get("group_names") or ())
        new = host_needs.unmade(roles, answer.get("made") or ())
        if not new:
            return {}
        asked = host_needs.request(self, roles, new, answer.get("facts") or {})
        if not asked["checks"] and not asked["ports"] and not any(need["role"] in new for need in asked["needs"]):
            return {}
        paths = list(dict.fromkeys(str(need["path"]) for need in asked["needs"]))
        ports = sorted({item["port"] for item in asked["ports"]})
        told = self.converse({"op": "survey", "paths": paths, "checks": asked["checks"], "ports": ports}, lease="none")
        return {**(told.get("survey") or {}), "needs": asked["needs"], "memory_mb": asked["memory_mb"], "ports": asked["ports"]}

    def _after_cloud_init(self, answer: Answer) -> Asked:
        begun = time.monotonic()
        while True:
            waited = int(time.monotonic() - begun)
            survey = self._survey(answer)
            if not survey.get("cloud_init") or waited >= PATIENCE:
                return survey
            Display().display(f"{self.host}: waits for cloud-init, which sets the server up, {waited} s of at most {PATIENCE} s")
            time.sleep(PAUSE)

    def _remembered(self) -> dict[str, object] | None:
        """The host's stable facts as it told them the last time; None where they are unknown."""
        folder = self.inventory_dir
        return planning.FactsCache(COLLECTION / ".cache" / "facts", folder).get(self.host) if folder else None

    def _places(self, facts: Mapping[str, Any]) -> clusters.Places:
        """Where on the host its clusters show, and where their data are; nothing where a template fails, which preflight reports."""
        variables = {**self.host_vars, "ansible_facts": {**(self.host_vars.get("ansible_facts") or {}), "vannah": dict(facts)}}
        try:
            return clusters.places(clusters.of(self.host_vars.get("group_names") or ()), variables, self._loader, self._templar)
        except AnsibleError:
            return clusters.Places({}, {})

    def _clusters(self, answer: Answer, facts: Facts) -> tuple[dict[str, bool], dict[str, list[str]], list[str]]:
        """Whether each cluster that the host is a member of is known to exist, those whose data are missing here, those that have run here.

        The ledger knows whether a member has run on the host. Where it has and no data are there, a disk is not mounted, or they are lost.
        """
        mine = clusters.of(self.host_vars.get("group_names") or ())
        ran = [cluster.name for cluster in mine if cluster.component in (answer.get("ran") or ())]
        members, data = dict(answer.get("members") or {}), dict(answer.get("data") or {})
        places = self._looked if "data" in answer else self._places(facts) if mine else clusters.Places({}, {})
        if "data" not in answer and set(places.exists) - set(ran):
            told = self.converse({"op": "facts", "places": places.exists, "data": places.data}, lease="none")
            members, data = dict(told.get("members") or {}), dict(told.get("data") or {})
        taken = self.takeover or self.host in identity.named(self._templar.template(self.vars.get(DATA_LOST)), DATA_LOST)
        gone = {name: places.data[name] for name in ran if not data.get(name, True) and places.data.get(name)}
        # Nothing is told of a cluster that the settings do not form here, nor by a host that was not asked: then the ledger alone knows.
        known = {name: members.get(name, True) or (name in ran and data.get(name, True)) for name in {*members, *ran}}
        if taken:
            known.update(dict.fromkeys(gone, False))
            gone = {}
        return known, gone, ran

    def _senders(self, facts: Facts) -> dict[str, str]:
        """Which address the host sends from to each member of a cluster, where the site is to know it by another one than before."""
        before = facts.get("known_by")
        if not before:
            return {}
        try:
            told = self._templar.template(self.host_vars.get("site_address") or self.host_vars.get("ansible_host") or self.host)
            if told == before:
                return {}
            groups = self.vars["groups"]
            members = {
                host
                for group in {cluster.group for cluster in clusters.declared()}
                for host in groups.get(group) or ()
                if host != self.host
            }
            known = addresses.addresses_of(sorted(members), self.vars["hostvars"])
        except AnsibleError:
            return {}  # who judges the inventory says what is wrong
        peers = {item["name"]: item["address"] for item in known if parse_address(item["address"]) is not None}
        if not peers:
            return {}
        answer = self.converse({"op": "facts", "peers": peers}, lease="none")
        return dict((answer.get("facts") or {}).get("senders") or {})

    def _given(self, name: str, default: Any, unclear: Any) -> Any:
        """What the inventory says of a variable; ``unclear`` where its template fails, which who judges the inventory says."""
        try:
            return self._templar.template(self.host_vars.get(name, default))
        except AnsibleError:
            return unclear

    def _has_firewall(self) -> bool:
        """Whether the host is to have a firewall: what the first one would close is looked for at length."""
        return bool(boolean(self._given("firewall_enabled", True, unclear=True), strict=False))

    def _services(self) -> dict[str, Params]:
        """What the host's services are asked of it. Where a template fails, who judges the inventory says what is wrong."""
        found: dict[str, Params] = {}
        for name in site_map.load().roles_of(self.vars.get("group_names") or ()):
            role = collect.load(self._loader, name, self._loader.get_basedir())
            with contextlib.suppress(AnsibleError):
                templates = templating.Templates(self._templar, role.variables(self.host_vars), [])
                for asked in collect.items(role.exports.get("host_facts") or [], templates, f"role {name}: meta/exports.yml: host_facts"):
                    found[name] = {**found.get(name, {}), **asked}
        return found

    def _packages(self) -> dict[str, list[str]]:
        """Packages that the site wishes for, by variable, to be looked up before anything is changed. Those of the roles exist."""
        found = {}
        for name in site_map.load().roles_of(self.vars.get("group_names") or ()):
            for variable in collect.load(self._loader, name, self._loader.get_basedir()).package_variables.values():
                listed = self._given(variable, [], unclear=[])
                found[variable] = [str(item) for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
        return {variable: names for variable, names in found.items() if names}

    def _data(self) -> list[str]:
        """Where the host's roles keep data that they are not told to adopt: on a host that is taken over they may be another site's."""
        from ..module_utils.controller.exports import exports_of

        found = exports_of("takeover_paths", self.host, hostvars=self.vars["hostvars"], loader=self._loader)
        return [str(item["path"]) for item in found if not boolean(item["adopt"], strict=False)]
