# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.rolling_look``: what a member of a cluster waits for. Documentation: plugins/modules/rolling_look.py."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils import documented
from ..module_utils.controller import rolling
from ..module_utils.controller.action import Result
from ..module_utils.controller.rolling_action import MemberAction


class ActionModule(MemberAction):
    """The action ``vannah.healthcloud.rolling_look``."""

    ARGUMENT_SPEC = documented.spec("rolling_look")

    def act(self) -> Result:
        """Ask the host what the run of the site has not asked already."""
        if self.params["update"]:
            self.converse({"op": "lease"})
            asked = self._asked(False)
            return {**self.done, "leader": asked.leader, "problems": list(asked.problems), **_moved(asked)}
        said = self._said() if self.params["part_of_site"] else None
        units = self._converged() if said is None else self.own(said)
        asked = self._asked(said is not None)
        waits = bool(units) or bool(boolean(self.value("asked", False)))
        compared = self.call("compare") if waits and self.has("compare") else {}
        together = bool(compared.get("together"))
        return {
            **self.done,
            "role": self.role,
            "waits": waits,
            "cut_off": said is not None and self.cut_off(said),
            "leader": asked.leader,
            "names": list(asked.names),
            "together": together,
            "differs": (["version"] if compared.get("binary") else []) + list(compared.get("settings") or ()),
            "apart": compared.get("serves") is False,
            "why_alone": self.due(self._policy(False)) if together else "",
            "why": self.due(self._policy(together)),
            **_moved(asked),
        }

    def _converged(self) -> list[rolling.Unit]:
        self.refuse()
        return self.units()

    def _said(self) -> Result:
        """What the wave of the site said of this host; nothing where it left the host out."""
        return dict(self.vars.get(self.params["converged"]) or {})

    def _asked(self, part: bool) -> rolling.Asked:
        if not self.has("ask"):
            return rolling.Asked()
        known = self.vars.get(str(self.value("known"))) if part else None
        return rolling.Asked.of(known if known is not None else self.call("ask"))

    def _policy(self, together: bool) -> str:
        """A run of the site goes by the role's policy, the verb does at once what is done to one member after the other."""
        if not self.params["part_of_site"]:
            return "manual" if together else "rolling"
        if together:
            self.all_together()
        return str(self.value("policy"))


def _moved(asked: rolling.Asked) -> Result:
    """The members that can take over its work."""
    return {"member": asked.member, "directs": asked.directs, "directors": list(asked.directors)}
