# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.host_checks``: what all hosts answered is judged on the controller before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from ansible.errors import AnsibleError
from ansible.template import trust_as_template
from ansible_collections.vannah.healthcloud.plugins.module_utils import addresses, documented, effects, site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.identity import SITE_NAME
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import clusters
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.whose import Whose
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import changes, closed, formation, membership
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_clocks, judge_host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.templates import HostValues, plain
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars, Written


class Ran(TypedDict, total=False):
    """The fields of :class:`Answer` that say what a host runs with."""

    changes: tuple[effects.Change, ...]
    left: tuple[changes.Left, ...]
    unrecorded: tuple[changes.Unrecorded, ...]
    taken: tuple[changes.Taken, ...]


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.host_checks``."""

    ARGUMENT_SPEC = documented.spec("host_checks")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge the answers of all hosts of the play, those that failed among them."""
        if arguments.get("only_clocks"):
            return self._clocks(arguments["answers"], known)
        folder = known.get("playbook_dir")
        known_as = Whose(known, self._templar, self._loader, bool(self._task.check_mode))
        answers = [
            self._answer(name, known["hostvars"], arguments["answers"], folder, known_as) for name in known["ansible_play_hosts_all"]
        ]
        found = [
            self._cluster(cluster, known["groups"], answers)
            for cluster in clusters.declared()
            if known["groups"].get(cluster.group) and (arguments["roles"] is None or cluster.role in arguments["roles"])
        ]
        verb = arguments["changing"]
        groups = [self._group(cluster, known) for cluster in clusters.declared()]
        report = judge_host_checks(answers, found, verb, int(known.get("ansible_forks") or 0), groups)
        result: Result = {"changed": False, "msg": report.text(), "report": True}
        if report.warnings:
            result["warnings"] = [finding.line() for finding in report.warnings]
        if report.errors:
            named = {name for finding in report.errors for name in finding.where.split(",")}
            return {**result, "failed": True, "blamed": [name for name in known["ansible_play_hosts_all"] if name in named]}
        new = [cluster for cluster in found if cluster.new]
        result["new_clusters"] = [
            {"name": cluster.name, "group": cluster.group, "role": cluster.role, "members": sorted(cluster.members)} for cluster in new
        ]
        if new and not self._task.check_mode:
            # Plays that only a first run needs have hosts where the group exists, and none on every other run.
            result.update(add_group="site_forming", parent_groups=[f"site_forming_{cluster.role}" for cluster in new])
        if verb:
            asked = [change for answer in answers for change in answer.changes if change.statement.verb == verb]
            result["before"] = effects.before(asked)
            result["changes"] = sorted(
                {f"{change.variable}: {effects.shown(change.running)} -> {effects.shown(change.wanted)}" for change in asked}
            )
        return result

    @staticmethod
    def _clocks(register: str, known: TaskVars) -> Result:
        """Judge the clocks alone; a host that did not answer has none."""
        answers = []
        for name in known["ansible_play_hosts_all"]:
            said = known["hostvars"].raw_get(name).get(register)
            answers.append(Answer(name, offset=said.get("clock_offset") if isinstance(said, Mapping) else None))
        report = judge_clocks(answers)
        return {"changed": False, "msg": report.text(), "report": True, **({"failed": True} if report.errors else {})}

    @staticmethod
    def _group(cluster: clusters.Declared, known: Mapping[str, Any]) -> membership.Group:
        """The hosts that the inventory has in a cluster's group, whether or not the run includes them."""
        hosts: dict[str, str] = {}
        for host in known["groups"].get(cluster.group) or ():
            try:
                hosts.update((item["name"], item["address"]) for item in addresses.addresses_of([host], known["hostvars"]))
            except AnsibleError:
                hosts[host] = host  # who judges the inventory says what is wrong
        return membership.Group(cluster.name, cluster.group, hosts, cluster.remove)

    def _cluster(self, cluster: clusters.Declared, groups: Mapping[str, list[str]], answers: list[Answer]) -> formation.Cluster:
        given = {answer.host: answer for answer in answers}
        members: dict[str, str | None] = {}
        for name in groups[cluster.group]:
            answer = given.get(name)
            there = answer is not None and bool(answer.facts or answer.bare)
            members[name] = formation.absence(answer.failure if answer else "", there, answer is not None)
        said = {answer.host: answer.facts.get("clusters") or {} for answer in answers if answer.host in members}
        exists = {host: bool(known[cluster.name]) for host, known in said.items() if cluster.name in known}
        joining = tuple(sorted(host for host, known in exists.items() if not known))
        missing = {answer.host: list((answer.facts.get("data_missing") or {}).get(cluster.name) or ()) for answer in answers}
        holding = tuple(sorted(host for host, known in exists.items() if known and not missing[host]))
        voters = {name for answer in answers if answer.host in holding for name in answer.of_service(cluster.role).get("voters") or ()}
        ran = {answer.host for answer in answers if cluster.name in (answer.facts.get("clusters_ran") or ())}
        return formation.Cluster(
            cluster.name,
            cluster.group,
            cluster.role,
            members,
            tuple(exists.values()),
            joining,
            cluster.majority,
            cluster.odd,
            {host: paths for host, paths in missing.items() if paths and host in members},
            holding,
            cluster.lost,
            tuple(sorted(voters)),
            tuple(sorted(host for host in ran & voters if missing[host] or not exists.get(host, True))),
        )

    def _answer(self, name: str, hostvars: Any, register: str, folder: str | None, known_as: Whose) -> Answer:
        variables = hostvars.raw_get(name)
        given = variables.get(register)
        given = plain(given) if isinstance(given, Mapping) else {}
        roles = tuple(site_map.load().roles_of(variables.get("group_names") or ()))
        values = HostValues(variables, self._defaults(roles, folder), self._loader)
        facts = (given.get("ansible_facts") or {}).get("vannah") or {}
        belonging = known_as.of(name, values)
        first = "firewall" in roles and (facts.get("listening") or facts.get("firewalls"))
        return Answer(
            host=name,
            roles=roles,
            facts=facts,
            ports=self._ports(name, hostvars, folder) if first else None,
            admins=self._admins(name, hostvars, folder, facts["caller"]) if "firewall" in roles and facts.get("caller") else None,
            values=values,
            belonging=belonging,
            offset=given.get("clock_offset"),
            survey=given.get("survey") or {},
            bare=bool(given.get("bare")),
            failure=str(given.get("msg") or "") if given.get("failed") or given.get("unreachable") else "",
            reached=bool(given.get("failed")) and not given.get("unreachable"),
            **({} if belonging.is_foreign(name, facts) else self._values(name, roles, hostvars, facts, folder, belonging.takeover)),
        )

    def _values(
        self, name: str, roles: tuple[str, ...], hostvars: Any, facts: Mapping[str, Any], folder: str | None, takeover: bool = False
    ) -> Ran:
        """What a host runs with and its inventory says otherwise, and the clusters that it is a member of without their role."""
        running, before = facts.get("running") or {}, facts.get("unrecorded") or ()
        if not running and not before:
            return {}
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports, templating, values

        changed: list[effects.Change] = []
        left: list[changes.Left] = []
        unrecorded: list[changes.Unrecorded] = []
        taken: list[changes.Taken] = []
        raw = exports.host_variables(hostvars, name)
        where = folder or self._loader.get_basedir()
        for entry in running.values():
            role = entry.get("role") or ""
            if role and role not in roles and entry.get("enabled"):
                said = collect.load(self._loader, role, where).exports.get("membership") or {}
                left.append(changes.Left(role, entry["unit"], said.get("fix", "")))
        for role_name in roles:
            role = collect.load(self._loader, role_name, where)
            recorder = values.recorder(role, [str(item["name"]) for item in role.components if isinstance(item, dict)])
            if recorder in running or recorder in before:
                templates = templating.Templates(self._templar, role.variables(raw), [])
            if recorder in running:
                changed += values.changes(role, running[recorder]["values"], templates, self._loader, where)
                mine = (facts.get("units") or {}).get(recorder) or ()
                taken += values.taken(role, running[recorder], mine, facts.get("served") or {}, templates, self._loader, where)
            elif recorder in before:
                unrecorded += values.unrecorded(role, facts.get("tcp") or (), templates, self._loader, where)
        if takeover:
            changed = [change for change in changed if change.variable != SITE_NAME]
        return {"changes": tuple(changed), "left": tuple(left), "unrecorded": tuple(unrecorded), "taken": tuple(taken)}

    def _firewall(self, name: str, hostvars: Any, folder: str | None) -> Callable[[str], Any]:
        """A function that gives the value of an expression as the role firewall has it on a host."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, exports, templating

        role = collect.load(self._loader, "firewall", folder or self._loader.get_basedir())
        variables = role.variables(exports.host_variables(hostvars, name))
        templates = templating.Templates(self._templar, variables, [])

        def value(variable: str) -> Any:
            return templates.value(trust_as_template(f"{{{{ {variable} }}}}"), f"role firewall, host {name}")

        return value

    def _admins(self, name: str, hostvars: Any, folder: str | None, caller: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The networks for which the firewall opens SSH; None for any address, or where the site's own rules may accept Ansible."""
        if not hostvars.raw_get(name).get("site_admin_addresses"):
            return None
        value = self._firewall(name, hostvars, folder)
        if not value("firewall_enabled | bool") or value("firewall_extra_rules"):
            return None
        opened = closed.ports([], [rule for rule in value("firewall_ports") if rule.get("from", "any")], [])
        if any(kind == "tcp" and first <= int(caller["port"]) <= last for kind, first, last in opened):
            return None
        found: list[str] = []
        for item in value("[__firewall_admin] | flatten"):
            if item == "any":
                return None
            hosts = f"groups[{item!r}]" if item in value("groups") else f"[{item!r}]" if item in hostvars else ""
            found += value(f"{hosts} | vannah.healthcloud.addresses_of(hostvars) | map(attribute='address')") if hosts else [str(item)]
        return tuple(found)

    def _ports(self, name: str, hostvars: Any, folder: str | None) -> tuple[closed.Port, ...] | None:
        """What the firewall will know of a host's ports; None where it is to have none."""
        value = self._firewall(name, hostvars, folder)
        if not value("firewall_enabled | bool"):
            return None
        rules = [*value("__firewall_exported"), *value("firewall_ports")]
        return closed.ports(value("firewall_ssh_ports"), rules, value("firewall_extra_rules"))

    def _defaults(self, roles: tuple[str, ...], folder: str | None) -> Written:
        """The defaults of a host's roles, below what the inventory says."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

        loaded = [collect.load(self._loader, name, folder or "") for name in roles]
        return {name: value for role in loaded for name, value in role.defaults.items()}
