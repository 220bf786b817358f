# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that work on one member of a cluster by what its role says (``rolling`` in ``meta/exports.yml``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ansible.errors import AnsibleError

from .. import documented
from ..maintenance import restart_due
from ..task_types import TaskVars
from . import collect, report, role_calls, rolling, templating, together
from .action import Failure, Result
from .converge import ComponentAction

if TYPE_CHECKING:
    from ..agent.contract import Action


def declared(loader: Any, name: str, playbook_dir: str) -> tuple[collect.Role, rolling.Rolling]:
    """A role, and its ``rolling``, not templated.

    :raises AnsibleError: it has none, or one that cannot be meant
    """
    role = collect.load(loader, name, playbook_dir)
    found = role.exports.get("rolling")
    where = f"role {role.name}: meta/exports.yml: rolling"
    if not isinstance(found, Mapping):
        raise AnsibleError(f"{where}: must be a mapping: it says how members of the cluster are restarted")
    problems = rolling.problems(found, together.KEYS)
    if problems:
        raise AnsibleError(f"{where}: {', '.join(problems)}")
    return role, cast("rolling.Rolling", found)


class MemberAction(ComponentAction):
    """An action on one member of a cluster; its option ``role`` names the service."""

    #: What was done so far, for a result that is complete also where a step fails.
    done: Result

    def run(self, tmp: str | None = None, task_vars: TaskVars | None = None) -> Result:
        """Ansible's entry."""
        self.done = {"changed": False, "steps": []}
        return super().run(tmp, task_vars)

    def perform(self) -> Result:
        """Read what the role says, and act; a failure keeps what was done before it."""
        playbook_dir = str(self.vars.get("playbook_dir", self._loader.get_basedir()))
        role, said = declared(self._loader, self.params["role"], playbook_dir)
        self._raw: Mapping[str, Any] = said
        self.role = role.name
        self._where = f"role {role.name}: meta/exports.yml: rolling"
        self._known = role.variables(self.vars)
        self._templates = templating.Templates(self._templar, self._known, [])
        try:
            return self.act()
        except Failure as failure:
            raise Failure(failure.message, {**self.done, **failure.result}) from None

    def act(self) -> Result:
        """The action's own work.

        :raises Failure: a step of it fails
        """
        raise NotImplementedError

    # --- what the role says -----------------------------------------------------------------------------------------------

    def has(self, call: str) -> bool:
        """Whether the service knows such a call."""
        return call in self._raw

    def value(self, name: str, default: Any = None, variables: Mapping[str, Any] | None = None) -> Any:
        """A value, templated for this host.

        :param variables: what its template sees beside the host's
        """
        templates = self._templates
        if variables:
            templates = templating.Templates(self._templar, {**self._known, **variables}, [])
        return templates.value(self._raw.get(name, default), f"{self._where}: {name}")

    def all_together(self) -> None:
        """From here on what the role says of restarting all members together is what it says."""
        self._raw = {**self._raw, **self._raw["together"]}

    def refuse(self) -> None:
        """End where the site has no such servers.

        :raises Failure: with what the role says of that
        """
        refused = str(self.value("refused") or "").strip()
        if refused:
            raise Failure(refused)

    def due(self, policy: str) -> str:
        """A text of what a restart waits for; empty where it is done now. A verb does it at once, a run of the site by its policy.

        :param policy: the role's, one of :data:`..maintenance.POLICIES`
        :raises AnsibleError: a policy or a window is invalid
        """
        try:
            return str(restart_due(policy, self._templar.template(self.vars.get("site_maintenance_windows") or []))["why"])
        except ValueError as error:
            raise AnsibleError(f"{self.role}: {error}") from None

    # --- what is done -----------------------------------------------------------------------------------------------------

    def call(self, call: str) -> Result:
        """Run a call of the service on this host.

        :raises Failure: it fails; the text begins with what was tried
        """
        where = f"{self._where}: {call}"
        asked, secrets = role_calls.prepared(self._templates.value(self._raw[call], where), where)
        self.hidden |= secrets
        lease: Action = "take" if documented.takes_lease(f"{asked['domain']}_{asked['call']}") else "none"
        return self.note(
            report.domain(
                self.converse({"op": "domain", "domain": asked["domain"], "call": asked["call"], "params": asked["params"]}, lease),
                self.host,
            )
        )

    def units(self) -> list[rolling.Unit]:
        """Converge the role, and give its units that wait for a restart.

        :raises Failure: it fails
        """
        result = self.note(self.make(*self.role_components([self.role])))
        return self.own(result)

    def cut_off(self, result: Mapping[str, Any]) -> bool:
        """Whether a result reports that a restart of all members together was interrupted: none is known to work with the others."""
        kept = set(result.get("kept") or ())
        return bool(kept) and any(unit["component"] in kept for unit in self.value("units", []))

    def own(self, result: Mapping[str, Any]) -> list[rolling.Unit]:
        """The units of this role that a result says wait."""
        return [unit for unit in result.get("pending_restart") or () if unit["role"] == self.role]

    def restart_unit(self, unit: rolling.Unit) -> None:
        """Restart a unit, and see it ready.

        :raises Failure: it does not become ready; the previous files were restored
        """
        self.note(self.restart(unit["role"], unit["component"], unit["unit"]))

    def note(self, result: Result) -> Result:
        """Keep what a step has done.

        :raises Failure: it has failed
        """
        self.done["changed"] = self.done["changed"] or bool(result.get("changed"))
        for key in ("steps", "diff", "warnings"):
            if result.get(key):
                self.done[key] = [*(self.done.get(key) or ()), *result[key]]
        if result.get("failed"):
            raise Failure(str(result.get("msg") or ""), {"code": result.get("code", "unknown")})
        return result
