# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heal an object store. Documentation: plugins/modules/minio_heal.py."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ansible.utils.display import Display

from ..module_utils.agent.services.minio.cluster import SHOWN
from ..module_utils.controller import report
from ..module_utils.controller.action import ServiceAction
from ..module_utils.task_types import Result

if TYPE_CHECKING:
    from ..module_utils.agent.contract import Error

#: Seconds of the first call, and at most: each is followed by a line that says how far it is.
FIRST, MOST = 5, 300


class ActionModule(ServiceAction):
    """The action ``vannah.healthcloud.minio_heal``: asks again and again with the heal's token, and says in between how far it is."""

    _more: Result

    def prepare(self) -> Result:
        """With the token, and the seconds of this call."""
        return {**self.params, **self._more}

    def perform(self) -> Result:
        """One heal, however many calls it takes."""
        result = follow(self._call, self.params["wait"], lambda text: Display().display(f"{self.host}: {text}"))
        unfinished = bool(result.pop("token", "")) and not result.get("finished")
        if unfinished and not result.get("failed"):
            said = f"the heal has not ended within {self.params['wait']} s ({progress(result)}); the object store continues it by itself."
            said += " Fix: run it again, with a longer wait (minio_wait of minio/heal.yml)"
            error: Error = {"code": "heal-not-finished", "msg": said}
            result |= {"failed": True, "code": error["code"], "msg": report.message(error, self.host)}
        return result

    def _call(self, token: str, seconds: int) -> Result:
        self._more = {"token": token, "wait": seconds}
        return super().perform()


def follow(
    call: Callable[[str, int], Result], wait: int, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Result:
    """Call until it is finished, has failed, or the time is up.

    :param call: with the token (empty for the first) and the seconds it may take; returns the progress of that time
    :param wait: seconds in all
    :param show: takes a line of progress
    :return: the whole progress
    """
    deadline = clock() + wait
    seconds = FIRST
    total = call("", min(seconds, wait))
    # In check mode nothing was begun, and there is no token.
    while total.get("token") and not (total.get("finished") or total.get("failed")):
        show(progress(total))
        left = math.ceil(deadline - clock())
        if left <= 0:
            break
        seconds = min(2 * seconds, MOST)
        total = together(total, call(total["token"], min(seconds, left)))
    return total


def together(first: Result, more: Result) -> Result:
    """The progress of two calls."""
    made = {**first, **more}
    for name in ("scanned", "healed", "unhealed"):
        made[name] = first.get(name, 0) + more.get(name, 0)
    made["damaged"] = [*first.get("damaged", ()), *more.get("damaged", ())][:SHOWN]
    return made


def progress(result: Result) -> str:
    """How far it is, for people."""
    return f"{result.get('scanned', 0)} checked, {result.get('healed', 0)} healed, {result.get('unhealed', 0)} still damaged"
