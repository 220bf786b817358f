# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's actions share: conversing with the agent of a host.

:class:`AgentAction` fills in what every payload says (run, lease, mode), makes the call and the ones that follow from its
answer (a dead run's lease is taken over, a lock-out guard is disarmed), and hands over a result in which no secret is left.
:class:`ServiceAction` is all that a module for one tool or API needs: its name says what to call on the host, its documentation the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ansible import context
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from .. import documented
from ..task_types import Arguments, TaskVars
from ..task_types import Result as Result
from . import (  # noqa: F401 # preloaded for the forks
    bundle,
    commands,
    grouping,
    identity,
    lockouts,
    preloaded,
    reissue,
    report,
    run,
    scrub,
    shell,
    transport,
)

if TYPE_CHECKING:
    from ..agent.contract import Action, Answer, Guard, Lease, LeaseAnswer, Params, Payload, Policy, Site


SKIPPED_CHECKS = (
    "--start-at-task skips preflight and the host checks, which keep a change from breaking the site. Fix: run the playbook without it;"
    " completed work is not repeated"
)

# Read and packed before Ansible forks: every worker inherits it.
bundle.preload()


class Failure(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """A host's answer is an error.

    :ivar result: what the task's result says beside the message
    """

    def __init__(self, msg: str, result: Result | None = None) -> None:
        super().__init__(msg)
        self.result = result or {}


class AgentAction(ActionBase):  # type: ignore[misc]
    """An action that talks to the agent. Subclasses say what in :meth:`perform`."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    #: Ansible's argument spec; None where :meth:`perform` validates by itself.
    ARGUMENT_SPEC: ClassVar[documented.Spec | None] = {}

    vars: Mapping[str, Any]
    params: Arguments
    #: Packages that a bare host got, or in check mode would get, before the agent could run at all.
    installed: list[str]
    #: Values of the task that must not be shown, beside the site's own secrets.
    hidden: frozenset[str] = frozenset()

    def run(self, tmp: str | None = None, task_vars: TaskVars | None = None) -> Result:
        """Ansible's entry. Errors become a failed result whose text, like all of it, holds no secret."""
        super().run(tmp, task_vars)
        self.vars = task_vars or {}
        self.params = dict(self._task.args)
        self.installed = []
        scrubbing = True
        try:
            if context.CLIARGS.get("start_at_task") and commands.is_of_this_collection():
                raise AnsibleError(SKIPPED_CHECKS)
            scrub.require_origins()
            self._refuse_misspelt()
            spec = self.argument_spec()
            if spec is not None:
                self.hidden = frozenset(documented.secrets(spec, self.params))
                self.params = self.validate_argument_spec(argument_spec=spec)[1]
            result = self.perform()
            grouping.join(self, result)
            scrubbing = report.worth_scrubbing(result)
        except AnsibleConnectionFailure as error:
            raise type(error)(self._scrubber().text(self._explained(error.message))) from None
        except shell.BareHost as error:
            result = self.bare(error)
        except Failure as error:
            result = {"changed": False, **error.result, "failed": True, "msg": error.message}
        except AnsibleError as error:
            result = {"changed": False, "failed": True, "msg": error.message}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        commands.complete(result)
        if result.get("failed"):
            result.pop("ansible_facts", None)  # all of it would be printed between the reader and the reason
        if self.installed:
            result["changed"] = True
            result["steps"] = [*(f"package {name}: install" for name in self.installed), *(result.get("steps") or ())]
        return report.scrubbed(result, self._scrubber()) if scrubbing else result

    def _explained(self, message: str) -> str:
        """The error of a failed connection, explained where its cause is known."""
        from .unresolved import explain

        return explain(message, self.host, self.vars.get("groups", {}).get("all", ()))

    def _refuse_misspelt(self) -> None:
        """A verb without preflight reads no variable that is misspelt.

        :raises AnsibleError: it names the variable that was probably meant
        """
        found = commands.misspelt(self.vars)
        if found:
            raise AnsibleError(found)

    def perform(self) -> Result:
        """Do the action's work; ``self.params`` are validated, ``self.vars`` are the task's variables."""
        raise NotImplementedError

    # --- for subclasses ---------------------------------------------------------------------------------------------------

    def argument_spec(self) -> documented.Spec | None:
        """The argument spec of the task's module."""
        return self.ARGUMENT_SPEC

    def bare(self, error: shell.BareHost) -> Result:
        """The result of a task in check mode on a host of which nothing more is known."""
        self.installed = error.missing
        return {"changed": True, "msg": error.message, "steps": [], "components": [], "pending_restart": [], "bare": True}

    @property
    def host(self) -> str:
        """Name of the host that is acted upon."""
        return str(self._task.delegate_to or self.vars.get("inventory_hostname", ""))

    @property
    def host_vars(self) -> Mapping[str, Any]:
        """Variables of the connection to that host."""
        if self._task.delegate_to:
            delegated: Mapping[str, Any] = self.vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, self.vars)
            return delegated
        return self.vars

    @property
    def check(self) -> bool:
        """Whether nothing may be changed."""
        return bool(self._task.check_mode)

    @property
    def inventory_dir(self) -> str | None:
        """The site's folder; None where the inventory lies in none."""
        from ..secrets.files import SecretsError
        from ..secrets.site import site_directory

        try:
            return site_directory(self.vars)
        except SecretsError:
            return None

    def site(self) -> str:
        """The site's folder.

        :raises AnsibleError: the inventory lies in none
        """
        from ..secrets.site import site_directory

        return site_directory(self.vars)

    def flag(self, name: str) -> bool:
        """A yes-or-no variable that switches a run (``-e takeover=true``).

        :raises AnsibleError: it is neither yes nor no
        """
        value = self._templar.template(self.vars.get(name, False))
        try:
            return bool(boolean(value))
        except TypeError:
            raise AnsibleError(f"variable {name} must be true or false") from None

    @property
    def takeover(self) -> bool:
        """Whether this run takes the host over from another site, or from another name (``-e site_takeover_hosts=db1,db2``).

        :raises AnsibleError: the switch does not name hosts
        """
        return self.host in identity.named(self._templar.template(self.vars.get(identity.TAKEOVER)))

    def belonging(self) -> Site:
        """Which site this run is of, for the host to compare with its own record."""
        name = self._templar.template(self.vars.get("site_name")) or ""
        return {**identity.of(self.inventory_dir, str(name)), "host": self.host, "takeover": self.takeover}

    def converse(self, part: Payload, lease: Action = "take") -> Answer:
        """Send one payload and return its answer, whatever its components report.

        :param part: ``op`` and what belongs to it
        :param lease: ``take``, ``release`` or ``none``
        :raises Failure: the lease is held by a run that is not known to be dead, or the call as a whole failed
        :raises AnsibleError: see :func:`transport.call`
        """
        answer = self._send(part, {"action": lease, "takeover": self.flag("takeover"), "takeover_of": None})
        error = answer.get("error")
        held: LeaseAnswer = answer.get("lease") or {}
        holder = held.get("holder") or {}
        if error and error.get("code") == "lease-held" and run.is_dead(holder):
            answer = self._send(part, {"action": lease, "takeover": False, "takeover_of": holder.get("id")})
            error = answer.get("error")
        guard = answer.get("guard")
        if guard and guard.get("armed"):
            self._disarm(guard)
        if error:
            raise Failure(*report.call_error(answer))
        return answer

    def _send(self, part: Payload, lease: Lease) -> Answer:
        if run.orphaned():
            raise AnsibleError("ansible-playbook has ended: this worker process changes nothing more")
        policy: Policy = {"container_host": None, "retry": self.flag("component_retry")}
        if self.vars.get(reissue.BEFORE):
            policy.update(
                reissue.policy(self._templar.template(self.vars[reissue.BEFORE]), self._templar.template(self.vars.get(reissue.ONLY)))
            )
        locked_out = self._lockouts().runs()
        if locked_out:
            policy["locked_out"] = locked_out
        payload: Payload = {
            "protocol": bundle.PROTOCOL,
            "mode": "check" if self.check else "apply",
            "diff": bool(self._task.diff),
            "run": run.run_info(_playbook()),
            "policy": policy,
            "lease": lease,
            "site": self.belonging(),
            **part,
        }
        return transport.call(self, payload, self.host_vars)

    def _disarm(self, guard: Guard) -> None:
        """Prove that a new connection gets in, and call off the revert that waits on the host."""
        late = f"the new configuration locks out the controller; the host reverts it by itself within {guard.get('seconds', 60)} s"
        late += " (site_admin_addresses, firewall_ssh_ports and base_ssh_settings control the access)"
        try:
            self._connection.reset()
            answer = self._send({"op": "disarm"}, {"action": "none", "takeover": False, "takeover_of": None})
        except AnsibleError as error:
            if isinstance(error, AnsibleConnectionFailure):
                self._lockouts().note(run.run_info(_playbook())["id"])
            raise Failure(f"no new connection succeeds: {late}. {error.message}") from None
        refused = answer.get("error")
        if refused:
            raise Failure(f"the revert could not be cancelled, so {late}. {refused.get('msg', '')}")

    def _lockouts(self) -> lockouts.Lockouts:
        return lockouts.Lockouts(lockouts.FOLDER, str(self.inventory_dir or ""), self.host)

    def _scrubber(self) -> scrub.Scrubber:
        return scrub.Scrubber(scrub.site_values(self._loader, self.vars, self.inventory_dir) | self.hidden)


class ServiceAction(AgentAction):
    """Calls a service's code on the host: module ``<domain>_<call>`` is ``CALLS["<call>"]`` of the agent's ``services/<domain>/calls.py``.

    The module's documentation says which arguments it takes and whether it takes the lease. Check mode, diff, validation and the result
    are done here. The result is ``{changed, diff, steps, warnings, **what the domain's function gave}``.
    """

    @property
    def module(self) -> str:
        """Name of the task's module, without the collection. The action may be another one's too, so its own name says nothing."""
        return str(self._task.resolved_action or self._task.action).rpartition(".")[2]

    def argument_spec(self) -> documented.Spec:
        """As the module's documentation says.

        :raises AnsibleError: the task names an action that is not a module
        """
        self._load_name = self._task.action  # validation errors name it
        try:
            return documented.spec(self.module)
        except LookupError as error:
            raise AnsibleError(f"{self._task.action}: {error}. Fix: name one of the modules in its plugins/modules") from None

    def prepare(self) -> Params:
        """Parameters for the agent; a subclass may add what only the controller knows."""
        return self.params

    def perform(self) -> Result:
        """Send the call and show what it did."""
        domain, call = documented.service_call(self.module)
        lease: Action = "take" if documented.takes_lease(self.module) else "none"
        answer = self.converse({"op": "domain", "domain": domain, "call": call, "params": self.prepare()}, lease)
        return report.domain(answer, self.host)


def _playbook() -> str:
    """The playbook of this run as an operator names it: below the folder ``playbooks``."""
    arguments = context.CLIARGS.get("args") or ()
    folder, name = os.path.split(str(arguments[0]) if arguments else "")
    service = os.path.basename(folder)
    return name if service in ("", "playbooks") else f"{service}/{name}"
