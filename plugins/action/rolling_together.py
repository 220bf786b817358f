# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.rolling_together``: restart all members. Documentation: plugins/modules/rolling_together.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils import documented
from ..module_utils.controller import planning, together
from ..module_utils.controller.action import Failure, Result
from ..module_utils.controller.rolling_action import MemberAction

if TYPE_CHECKING:
    from ..module_utils.agent.contract import Previous


class ActionModule(MemberAction):
    """The action ``vannah.healthcloud.rolling_together``. Each step is a method; what they decide is in :mod:`together`."""

    ARGUMENT_SPEC = documented.spec("rolling_together")

    def act(self) -> Result:
        """Do the step."""
        self.all_together()
        self._forced = bool(boolean(self.value("forced", False), strict=False))
        step = getattr(self, f"_{self.params['step']}")
        found: Result = step() or {}
        return {**self.done, **found}

    # --- before -----------------------------------------------------------------------------------------------------------

    def _ask(self) -> Result:
        self.refuse()
        try:
            cut_off = self.cut_off(self.converse({"op": "lease"}))
        except AnsibleConnectionFailure as error:
            return {"away": str(error.message)}
        seen = self.call("info_before" if self.has("info_before") else "info")
        if not seen.get("answers") and self.has("info_before") and self.value("info") != self.value("info_before"):
            seen = self.call("info")
        return {"seen": seen, "cut_off": cut_off}

    def _judge(self) -> Result:
        asked = self._seen("together_asked")
        answers = {host: together.Answer.of(seen) for host, seen in asked.items()}
        members = planning.members(self.vars["groups"], self.role)
        texts = str(self.value("silent")), str(self.value("forcing", ""))
        cut_off = any(found.get("cut_off") for found in self._of("together_asked").values())
        away = {host: str(found["away"]) for host, found in self._of("together_asked").items() if found.get("away")}
        tolerated = self._forced or self.params["continues"]
        refused = together.refusal(self._hosts(), away, members, answers, *texts, tolerated, self.params["unanswered"], cut_off)
        if away:
            refused = f"{refused}: see {self.value('guide')}."
        return {"picture": self._picture(asked), **({"failed": True, "msg": refused} if refused else {})}

    def _converge(self) -> Result:
        return {"waits": bool(self.units())}

    def _decide(self) -> Result:
        waiting = any(found.get("waits") for found in self._of("together_converged").values())
        what = f"all servers are stopped and started: {', '.join(self._hosts())}" if waiting else "no server waits for anything"
        return {"waiting": waiting, "msg": what}

    # --- there ------------------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        self._restart("kept")

    def _stop(self) -> None:
        self.call("stop")

    def _start(self) -> Result:
        return self._tried(lambda: self._restart(None))

    def _healthy(self) -> Result:
        """Also where nothing waited: members that an interrupted run had stopped were started by their converge."""
        if self.check or not self._attempt().waits(self.host):
            return {}
        return self._tried(lambda: self.call("healthy"))

    def _confirm(self) -> None:
        attempt = self._attempt()
        if not attempt.going_back and self.host not in attempt.left_behind:
            self._restart("forgotten")

    # --- and back ---------------------------------------------------------------------------------------------------------

    def _stop_again(self) -> None:
        """All of them are stopped first: old and new servers wait for each other."""
        if self._attempt().going_back and self._one("together_decided").get("waiting"):
            self.call("stop")

    def _restore(self) -> Result:
        attempt = self._attempt()
        return self._tried(lambda: self._restart("restored", attempt.cause)) if attempt.going_back else {}

    def _healthy_again(self) -> Result:
        if not self._attempt().going_back:
            return {}
        return {"healthy": not self._tried(lambda: self.call("healthy_before")).get("problem")}

    # --- after ------------------------------------------------------------------------------------------------------------

    def _look(self) -> Result:
        return {} if self.check else {"seen": self.call("info")}

    def _show(self) -> Result:
        return {"picture": self._picture(self._seen("together_seen") or self._seen("together_asked"))}

    def _verdict(self) -> Result:
        again = any(found.get("healthy") for found in self._of("together_again").values())
        said = self._attempt().verdict(again, str(self.value("works")), str(self.value("broken")), str(self.value("guide")))
        return {"failed": True, "msg": said} if said else {}

    # --- what the steps share ---------------------------------------------------------------------------------------------

    def _hosts(self) -> list[str]:
        return [str(host) for host in self.vars["ansible_play_hosts"]]

    def _of(self, register: str) -> dict[str, Mapping[str, Any]]:
        """Host -> the result of an earlier step."""
        hostvars = self.vars["hostvars"]
        return {host: hostvars.raw_get(host).get(register) or {} for host in self._hosts()}

    def _one(self, register: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.vars.get(register) or {}
        return found

    def _seen(self, register: str) -> dict[str, Mapping[str, Any]]:
        return {host: found["seen"] for host, found in self._of(register).items() if found.get("seen")}

    def _picture(self, seen: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The cluster in lines, as the first member says that answers."""
        answered = [found for found in seen.values() if found.get("answers")]
        spoken = next((found for found in answered if together.speaks(found)), answered[0] if answered else None)
        if spoken is None:
            return ["no server answers"]
        return [str(line) for line in self.value("picture", variables={"together_seen": dict(spoken)})]

    def _attempt(self) -> together.Attempt:
        not_started = {host: str(found["problem"]) for host, found in self._of("together_started").items() if found.get("problem")}
        unhealthy = {host: str(found["problem"]) for host, found in self._of("together_formed").items() if found.get("problem")}
        return together.Attempt(self._hosts(), not_started, unhealthy, self._forced)

    def _restart(self, previous: Previous | None, reason: str | None = None) -> None:
        for unit in self.value("units"):
            self.note(self.restart(self.role, unit["component"], unit["unit"], previous, reason))

    def _tried(self, step: Any) -> Result:
        """What is new is taken over by all members or by none, so that one that fails is only noted here."""
        try:
            step()
        except AnsibleConnectionFailure:
            raise
        except (Failure, AnsibleError) as error:
            message = str(error.message)
            self.done["warnings"] = [*(self.done.get("warnings") or ()), message]
            return {"problem": message}
        return {}
