# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server that answers what a real one did, and keeps what it was sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import calls as postgresql

DATA = json.loads((Path(__file__).parent / "data/objects_17.json").read_text())
ROLES: list[dict[str, Any]] = DATA["wanted"]["roles"]
DATABASES: list[dict[str, Any]] = DATA["wanted"]["databases"]


class Server(Context):
    """A host whose psql says what was recorded, and keeps what it was sent."""

    def __init__(self, recorded: str, mode: str = "apply", root: str = "/nowhere") -> None:
        self.sent: list[tuple[list[str], str]] = []
        self.recorded = DATA["recorded"][recorded] if recorded else ""
        self.refused: list[tuple[int, str]] = []  # of the statements that are tried: number and why
        self.starting = 0  # so many questions find it starting
        super().__init__(mode, diff=True, root=root, runner=self._answer)

    def uid(self, name: str) -> int | None:
        """The user postgres, where there is a server."""
        return 105 if self.recorded else None

    def _answer(self, argv: list[str], *, input: str = "", timeout: float = 0, env: Any = None, user: str = "") -> Result:
        assert user == "postgres"
        if self.starting:
            self.starting -= 1
            return Result(2, "", "FATAL:  the database system is starting up")
        self.sent.append((argv, input))
        if "ROLLBACK;" in input:
            return Result(0, "".join(f"{json.dumps(refused)}\n" for refused in self.refused))
        if "jsonb_build_object" not in input:
            return Result(0)
        return Result(0, self.recorded) if isinstance(self.recorded, str) else Result(self.recorded["rc"], "", self.recorded["err"])

    def scripts(self) -> list[str]:
        """What was sent to change something."""
        return [script for _argv, script in self.sent if "jsonb_build_object" not in script and "ROLLBACK;" not in script]

    def written(self) -> list[str]:
        """The statements that were sent to change something, without the session's own."""
        lines = [line for script in self.scripts() for line in script.splitlines()]
        return [line for line in lines if not line.startswith(("SET ", "\\"))]


def plan(server: Server, roles: Any = None, databases: Any = None, wait: int = 60) -> tuple[list[Step], Mapping[str, Any]]:
    """The plan of the call; by default for what was recorded."""
    given = {
        "wait": wait,
        "roles": copy.deepcopy(ROLES if roles is None else roles),
        "databases": copy.deepcopy(DATABASES if databases is None else databases),
    }
    checked = ArgumentSpecValidator(documented.spec("postgresql_objects")).validate(given)
    assert not checked.error_messages
    return postgresql.CALLS["objects"](checked.validated_parameters, server)


def words(steps: list[Step]) -> list[str]:
    """Steps as a run prints them."""
    return [f"{step.target}: {step.action} {step.detail}".strip() for step in steps]
